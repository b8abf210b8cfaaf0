"""Every fault of a task or of frames gives one sentence that names the place, and all bad files at once."""

import json
import re

import h5py
import numpy as np
import pytest

from unitvoice import cli
from unitvoice.errors import InputError
from unitvoice.evaluation.abx import abx, main
from unitvoice.evaluation.frames import read_features
from unitvoice.evaluation.task import Item, read_task, task_from_items

HEADER = "#file onset offset #phone prev-phone next-phone speaker\n"
LINES = ["u 0 1 a p q s", "v 0 1 b p q s", "w 0 1 a p q t"]
GOOD = b"1 0\n0.5 0.25\n"


@pytest.fixture
def task(tmp_path):
    """The smallest task: one triplet of u, v and w."""
    path = tmp_path / "task.item"
    path.write_text(HEADER + "\n".join(LINES) + "\n")
    return path


@pytest.fixture
def folder(tmp_path):
    """A folder of good files for the task."""
    path = tmp_path / "features"
    path.mkdir()
    for name in "uvw":
        (path / f"{name}.txt").write_bytes(GOOD)
    return path


def write_hdf5(path, leave_out=None):
    """A task as ABXpy writes it, with names that are all digits, and possibly without a node."""
    with h5py.File(path, "w") as file:
        by = "('p', 'q')"
        file["bys"] = np.array([by], dtype=h5py.string_dtype())
        file["triplets/data"] = np.array([[0, 1, 2]], dtype=np.int8)
        file["triplets/by_index"] = np.array([[0, 1]])
        kind = np.dtype([("index", "i8"), ("values_block_0", "i8", (1,)), ("values_block_1", "f8", (2,))])
        rows = [(i, [7 + i], [0.0, 1.0]) for i in range(3)]
        table = file.create_dataset(f"feat_dbs/{by}/table", data=np.array(rows, dtype=kind))
        table.attrs["values_block_0_kind"] = b"(lp0\nVfile\np1\na."
        table.attrs["values_block_1_kind"] = b"(lp0\nVonset\np1\naVoffset\np2\na."
        group = file.create_group(f"regressors/{by}")
        names = ["phone_1", "speaker_1", "phone_2", "speaker_2"]
        group["indexed_datasets"] = np.array(names, dtype=h5py.string_dtype())
        group["indexed_data"] = np.array([[0, 0, 1, 1]], dtype=np.uint8)
        for name in names:
            labels = ["a", "b"] if "phone" in name else ["s", "t"]
            group[f"indexes/{name}"] = np.array(labels, dtype=h5py.string_dtype())
        if leave_out:
            del file[leave_out]


def test_task_with_names_of_digits_is_read_and_scored(tmp_path):
    write_hdf5(tmp_path / "task.abx")
    task = read_task(tmp_path / "task.abx")
    assert task.utterances == ("7", "8", "9")
    result = abx(task, {"7": np.eye(2), "8": np.eye(2)[::-1], "9": np.eye(2)})
    assert (result.error, result.triplets, result.pairs) == (0.0, 1, 2)


def test_digits_with_leading_zeros_are_explained(tmp_path):
    write_hdf5(tmp_path / "task.abx")
    for name in ("007", "008", "009"):
        (tmp_path / f"{name}.txt").write_bytes(GOOD)
    with pytest.raises(InputError, match=r"lacks 3 of the 3 .*: 7, 8, 9; .*007 must be called 7"):
        read_features(tmp_path, read_task(tmp_path / "task.abx").utterances)


NODES = ["bys", "triplets", "triplets/data", "triplets/by_index", "feat_dbs", "regressors/('p', 'q')/indexed_data"]


@pytest.mark.parametrize("node", [*NODES, "regressors/('p', 'q')/indexes/phone_2", "feat_dbs/('p', 'q')/table"])
def test_hdf5_without_a_node_is_no_task(tmp_path, node):
    write_hdf5(tmp_path / "task.abx", leave_out=node)
    with pytest.raises(InputError, match=r"task\.abx is no ABX task"):
        read_task(tmp_path / "task.abx").triplets(0)


def test_truncated_hdf5(tmp_path):
    write_hdf5(tmp_path / "task.abx")
    content = (tmp_path / "task.abx").read_bytes()
    (tmp_path / "task.abx").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"task\.abx is not a readable HDF5 file .*fetch the task file again"):
        read_task(tmp_path / "task.abx")


@pytest.mark.parametrize("kind", [b"(lp0\nVfile\np1\na.", b"(lp0\nS'file'\np1\na."])
def test_columns_named_by_either_python_are_read(tmp_path, kind):
    write_hdf5(tmp_path / "task.abx")
    with h5py.File(tmp_path / "task.abx", "a") as file:
        file["feat_dbs/('p', 'q')/table"].attrs["values_block_0_kind"] = kind
    assert read_task(tmp_path / "task.abx").utterances == ("7", "8", "9")


def test_hdf5_without_triplets(tmp_path):
    write_hdf5(tmp_path / "task.abx", leave_out="bys")
    with h5py.File(tmp_path / "task.abx", "a") as file:
        file["bys"] = np.array([], dtype=h5py.string_dtype())
    with pytest.raises(InputError, match=r"task\.abx has no triplet"):
        read_task(tmp_path / "task.abx")


def test_triplet_of_an_item_that_is_not_there(tmp_path):
    write_hdf5(tmp_path / "task.abx")
    with h5py.File(tmp_path / "task.abx", "a") as file:
        file["triplets/data"][0, 2] = 9
    with pytest.raises(InputError, match="names an item that is not there"):
        read_task(tmp_path / "task.abx").triplets(0)


def test_task_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"task\.abx is not there"):
        read_task(tmp_path / "task.abx")


def test_task_of_the_other_mode(tmp_path):
    write_hdf5(tmp_path / "task.abx")
    with pytest.raises(InputError, match="is a task across speakers, not within"):
        read_task(tmp_path / "task.abx", "within")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "first line must begin with #file"),
        ("u 0 1 a p q s\n", "first line must begin with #file"),
        (HEADER, "has no triplet"),
        (HEADER + "u 0 1 a p q s\nv 0 1 b p q s\n", "has no triplet"),
        (HEADER + "u 0 x a p q s\n" + LINES[0] + "\nu 0 1 a p q\nu 1 0 a p q s\n", "line 2, line 4, line 5"),
    ],
)
def test_item_tables_that_are_none(tmp_path, content, message):
    (tmp_path / "task.item").write_text(content)
    with pytest.raises(InputError, match=message):
        read_task(tmp_path / "task.item")


def test_item_table_that_is_not_text(tmp_path):
    (tmp_path / "task.item").write_bytes(b"#file\xff\xfe\n")
    with pytest.raises(InputError, match="not text"):
        read_task(tmp_path / "task.item")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"1 nan\n", "line 1 has a value that is not finite"),
        (b"1 2\n1e999 0\n", "line 2 has a value that is not finite"),
        (b"1 2\n1 2 3\n", "line 2 has 3 columns, line 1 has 2"),
        (b"1\n2\n", "one column only"),
        (b"1 2 \n", "line 1 begins or ends with a blank"),
        (b"1 \t2\n", "where a number must be"),
        (b"1  2\n", "where a number must be"),
        (b"1 b\n", "line 1 has 'b' where a number must be"),
        (b"1 1_0\n", "line 1 has '1_0' where a number must be"),
        (b"1 \xc3\xa9\n", "not plain ASCII"),
        (b"1 2 3\n", "3 columns, most have 2"),
    ],
)
def test_broken_text_is_named_with_all_its_fellows(folder, content, message):
    for name in ("x", "y"):
        (folder / f"{name}.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"2 of 5 files") as caught:
        read_features(folder)
    for name in ("x", "y"):
        assert re.search(rf"{name}(\.txt)? .*{re.escape(message)}", str(caught.value))


def test_windows_line_ends_and_a_missing_last_one_are_accepted(folder):
    (folder / "u.txt").write_bytes(b"1 0\r\n0.5 0.25")
    frames, _ = read_features(folder)
    assert frames["u"].tolist() == frames["v"].tolist()


def test_blank_lines_count_in_the_time_and_are_warned_of(folder, caplog):
    (folder / "u.txt").write_bytes(b"1 0\n\n\n0.5 0.25\n")
    frames, times = read_features(folder)
    assert frames["u"].shape == (2, 2)
    assert times["u"].tolist() == [0.0, 0.75]
    assert times["v"].tolist() == [0.0, 0.5]
    assert "1 files have lines that are no frames" in caplog.text


def test_missing_and_double_files(folder, task):
    (folder / "u.fea").write_bytes(GOOD)
    with pytest.raises(InputError, match=r"two files for one utterance: u\.fea and u\.txt"):
        read_features(folder)
    (folder / "u.fea").unlink()
    (folder / "u.txt").unlink()
    with pytest.raises(InputError, match=r"lacks 1 of the 3 utterances .*: u;"):
        read_features(folder, read_task(task).utterances)


@pytest.mark.parametrize("exists", [True, False])
def test_folder_without_features(tmp_path, exists):
    if exists:
        (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="has no text files" if exists else "is not a folder"):
        read_features(tmp_path / "none")


def triplet(**bounds):
    onsets = {"u": 0.0} | bounds
    items = [Item("u", onsets["u"], onsets["u"] + 1, "a", "p", "q", "s"), Item("v", 0, 1, "b", "p", "q", "s")]
    return task_from_items((*items, Item("w", 0, 1, "a", "p", "q", "t")))


FRAMES = {name: np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]]) for name in "uvw"}


def test_item_outside_its_file_is_an_error_and_officially_has_no_frames():
    with pytest.raises(InputError, match=r"1 items lie outside their file: u from 1.5 to 2.5"):
        abx(triplet(u=1.5), FRAMES)
    assert abx(triplet(u=1.5), FRAMES, official_quirks=True).error == 100.0


def test_item_that_ends_late_or_is_too_short_is_only_counted(caplog):
    abx(triplet(u=0.5), FRAMES)
    assert "1 items end after their file, 0 items have no frame" in caplog.text
    short = task_from_items((Item("u", 0.4, 0.5, "a", "p", "q", "s"), *(Item(*line) for line in REST)))
    abx(short, FRAMES)
    assert "0 items end after their file, 1 items have no frame" in caplog.text


REST = [("v", 0, 1, "b", "p", "q", "s"), ("w", 0, 1, "a", "p", "q", "t")]
NEGATIVE, NAN = FRAMES["u"] * [1, -1], FRAMES["u"] * [1, np.nan]
ZEROS = np.array([[0.0, 0.0], [1.0, 1.0]])


def test_negative_values_under_kl_are_an_error_and_officially_ties():
    frames = FRAMES | {"u": NEGATIVE, "w": NEGATIVE}
    with pytest.raises(InputError, match="KL means nothing here: 2 of 3 utterances have negative values: u, w;"):
        abx(triplet(), frames, distance="KL")
    assert abx(triplet(), frames, distance="KL", official_quirks=True).error == 50.0


def test_frames_of_zeros_are_an_error_under_kl_and_a_warning_under_cosine(caplog):
    frames = FRAMES | {"v": ZEROS}
    with pytest.raises(InputError, match="1 of 3 utterances have frames of zeros only"):
        abx(triplet(), frames, distance="KL")
    assert abx(triplet(), frames).error == abx(triplet(), frames, official_quirks=True).error
    assert "cosine: 1 of 3 utterances have frames of zeros only" in caplog.text


@pytest.mark.parametrize("distance", ["cosine", "KL", "levenshtein"])
def test_nan_is_an_error_and_for_cosine_officially_too(distance):
    frames = FRAMES | {"v": NAN}
    with pytest.raises(InputError, match="1 of 3 utterances have values that are not finite: v;"):
        abx(triplet(), frames, distance=distance)
    if distance == "cosine":
        with pytest.raises(InputError, match="not finite"):
            abx(triplet(), frames, distance=distance, official_quirks=True)
    else:
        expected = {"KL": 50.0, "levenshtein": 0.0}[distance]
        assert abx(triplet(), frames, distance=distance, official_quirks=True).error == expected


def test_frames_that_do_not_fit():
    with pytest.raises(InputError, match="1 of 3 utterances have no frame: w"):
        abx(triplet(), FRAMES | {"w": np.ones((0, 2))}, official_quirks=True)
    with pytest.raises(InputError, match="needs 1 utterances that have no frames: w"):
        abx(triplet(), {name: FRAMES[name] for name in "uv"})
    with pytest.raises(InputError, match=r"most have 2 columns, but not w \(3\)"):
        abx(triplet(), FRAMES | {"w": np.ones((2, 3))})
    with pytest.raises(InputError, match="cosine needs at least 2 columns; these frames have 1"):
        abx(triplet(), {name: np.ones((2, 1)) for name in "uvw"})


@pytest.mark.parametrize("limits", [{"jobs": 0}, {"max_cells": 0}])
def test_limits_below_one(limits):
    with pytest.raises(InputError, match="must be at least 1"):
        abx(triplet(), FRAMES, **limits)


def test_times_that_do_not_increase_are_refused(folder):
    (folder / "v.txt").write_bytes(b"0.1 1\n0.1 2\n")
    (folder / "u.txt").write_bytes(b"0.1 1\n0.2 2\n")
    with pytest.raises(InputError, match=r"2 of 3 files .*v\.txt \(the times .* w\.txt \(the times"):
        read_features(folder, year=2017)


def test_numbers_of_units_can_be_compared_by_levenshtein():
    frames = {name: np.array([[code], [4]]) for name, code in zip("uvw", [3, 5, 3], strict=True)}
    assert abx(triplet(), frames, distance="levenshtein").error == 0.0


def test_command_ends_with_code_two_and_one_sentence(task, folder, capsys):
    (folder / "v.txt").write_bytes(b"1 nan\n")
    with pytest.raises(SystemExit) as end:
        cli.run(lambda: main([str(task), str(folder), "--json"]))
    printed = capsys.readouterr()
    assert (end.value.code, printed.out, printed.err.count("\n")) == (2, "", 1)
    assert "v.txt (line 1 has a value that is not finite)" in printed.err


def test_all_distances_leave_out_the_one_that_means_nothing(task, folder, capsys, caplog):
    (folder / "v.txt").write_bytes(b"1 -1\n")
    main([str(task), str(folder), "--distance", "all", "--json"])
    assert set(json.loads(capsys.readouterr().out)) == {"cosine", "levenshtein"}
    assert "no KL score: KL means nothing here: 1 of 3 utterances have negative values: v" in caplog.text
    with pytest.raises(InputError, match="negative values"):
        main([str(task), str(folder), "--distance", "KL"])
    main([str(task), str(folder), "--distance", "KL", "--official-quirks", "--json"])
    assert capsys.readouterr().out.startswith('{"KL": ')
