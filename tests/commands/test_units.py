"""Units as text and back: the codes of the model, every line, and speech of text alone."""

import numpy as np
import pytest

from unitvoice import audio
from unitvoice.errors import InputError
from unitvoice.models import load_model
from unitvoice.store import Store
from unitvoice.units.encode import encode

QUICK = ("--iterations", 1)


def test_the_units_of_a_recording_are_those_that_the_pipeline_finds(
    run, tiny_model, tiny_manifest, tiny_features, tmp_path, capsys
):
    one = tiny_manifest.subset("test")[0]
    encode(load_model(tiny_model), [one], tiny_features, tmp_path / "u")
    run("units", tiny_model, tiny_manifest.path(one))
    codes = Store(tmp_path / "u" / "indices")[one.utterance][:, 0]
    assert capsys.readouterr().out == f"{tiny_manifest.path(one).stem}|{' '.join(map(str, codes))}\n"


def test_units_of_a_folder_have_a_line_each_and_are_spoken_from_text(run, tiny_model, recordings, speakers, tmp_path):
    run("units", tiny_model, recordings, "--output", tmp_path / "u.txt")
    lines = (tmp_path / "u.txt").read_text().splitlines()
    assert [line.partition("|")[0] for line in lines] == ["deep/two", "one"]
    run("speak", tiny_model, tmp_path / "u.txt", tmp_path / "o", "--target", speakers[0], *QUICK)
    for line in lines:
        name, _, codes = line.partition("|")
        made = audio.read(tmp_path / "o" / f"{name}.wav")
        assert len(made) == 320 * len(codes.split())
        assert np.sqrt(np.mean(made**2)) == pytest.approx(0.07, rel=0.01)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a|1 2\nb|1 x\nc|\n|3\na|1\n", "line 2, line 3, line 4, line 5"),
        ("a|16\n", "line 1"),
        ("a|-1\n", "line 1"),
        ("a|1,2\n", "line 1"),
        ("1 2 3\n", "line 1"),
        (f"a|{'1' * 5000}\n", "line 1"),
        ("", "it is empty"),
    ],
)
def test_lines_that_are_not_units_of_the_model_are_all_told(run, tiny_model, speakers, tmp_path, text, wrong):
    (tmp_path / "u.txt").write_text(text)
    with pytest.raises(InputError, match=rf"u\.txt must have lines 'name\|units', .* codes below 16: {wrong}$"):
        run("speak", tiny_model, tmp_path / "u.txt", tmp_path / "o.wav", "--target", speakers[0])


def test_names_that_are_no_text_are_told(run, tiny_model, speakers, tmp_path):
    (tmp_path / "u.txt").write_bytes(b"a|1\n\xff|2\n")
    with pytest.raises(InputError, match=r"line 2$"):
        run("speak", tiny_model, tmp_path / "u.txt", tmp_path / "o", "--target", speakers[0])


def test_a_text_cannot_write_outside_the_output(run, tiny_model, speakers, tmp_path):
    (tmp_path / "u.txt").write_text("../x|1\n/x|1\n")
    with pytest.raises(InputError, match="line 1, line 2"):
        run("speak", tiny_model, tmp_path / "u.txt", tmp_path / "o", "--target", speakers[0])
