"""The official bitrate and the rates beside it, against values worked out by hand."""

import json
import math

import numpy as np
import pytest

from unitvoice.errors import InputError
from unitvoice.evaluation.bitrate import bitrate, main, read_durations
from unitvoice.store import create_store

CODES = np.eye(2)[[0, 0, 0, 1]]  # one symbol three times, the other once
ENTROPY = 2 - 0.75 * math.log2(3)


def test_rates_of_a_known_sequence():
    found = bitrate({"u": CODES}, [("u", 0.5)])
    assert found.entropy == pytest.approx(ENTROPY)
    assert found.bitrate == pytest.approx(8 * ENTROPY)
    assert found.run_collapsed_bitrate == pytest.approx(4 * 1.0)
    assert found.perplexity == pytest.approx(2**ENTROPY)
    assert (found.distinct_frames, found.frames, found.frames_per_second, found.files) == (2, 4, 8.0, 1)


def test_distinct_frames_give_the_official_number():
    frames = {"u": np.arange(48829 * 2, dtype=np.float64).reshape(-1, 2)}
    assert bitrate(frames, [("u", 1708.692065)]).bitrate == pytest.approx(445.096980029, abs=1e-9)


def test_two_equal_symbols_give_the_official_number():
    frames = {"u": np.eye(2)[[0, 1] * 252]}
    assert bitrate(frames, [("u", 1708.692065)]).bitrate == pytest.approx(0.2949624512945814, abs=1e-15)


def test_symbols_are_counted_over_all_files_and_runs_end_with_the_file():
    found = bitrate({"u": CODES, "v": CODES}, [("u", 1.0), ("v", 1.0)])
    assert found.bitrate == pytest.approx(4 * ENTROPY)
    assert found.run_collapsed_bitrate == pytest.approx(2.0)


def test_absent_file_is_left_out_with_its_seconds(caplog):
    assert bitrate({"u": CODES}, [("u", 0.5), ("w", 100.0)]) == bitrate({"u": CODES}, [("u", 0.5)])
    assert "1 listed utterances have no frames and are left out: w" in caplog.text


def test_one_symbol_carries_nothing():
    assert str(bitrate({"u": np.ones((5, 2))}, [("u", 1.0)]).bitrate) == "0.0"


def test_zeros_of_both_signs_are_one_symbol():
    assert bitrate({"u": np.array([[0.0, 1.0], [-0.0, 1.0]])}, [("u", 1.0)]).distinct_frames == 1


def test_nothing_to_measure_is_an_error():
    with pytest.raises(InputError, match="no utterance with frames"):
        bitrate({"u": CODES}, [("w", 1.0)])


def test_list_with_bad_lines_names_them(tmp_path):
    (tmp_path / "list.txt").write_text("u.txt 1.5\nv.txt\nw.txt x\n")
    with pytest.raises(InputError, match="line 2, line 3"):
        read_durations(tmp_path / "list.txt")


@pytest.fixture
def folder(tmp_path):
    """A folder with one file of the challenge's form."""
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "u.txt").write_text("1 0\n1 0\n1 0\n0 1\n")
    return tmp_path / "test"


def test_command_with_a_list(folder, tmp_path, capsys):
    (tmp_path / "list.txt").write_text("u.txt 0.5\nabsent.txt 3\n")
    main([str(folder), "--list", str(tmp_path / "list.txt"), "--json", "--output", str(tmp_path / "out.json")])
    printed = json.loads(capsys.readouterr().out)
    assert printed["bitrate"] == pytest.approx(8 * ENTROPY)
    assert json.loads((tmp_path / "out.json").read_text()) == printed


def test_command_on_text_needs_the_list(folder):
    with pytest.raises(InputError, match="give --list"):
        main([str(folder)])


def test_command_on_a_store_takes_its_rate(tmp_path, capsys):
    with create_store(tmp_path / "store", kind="units", rate=8.0) as writer:
        writer.append("u", CODES)
    main([str(tmp_path / "store")])
    assert f"bitrate                 {8 * ENTROPY:.6g}\n" in capsys.readouterr().out
