"""Units as text and back: the codes of the model, every line, and speech of text alone."""

import numpy as np
import pytest
import torch

from unitvoice import audio
from unitvoice.commands import units
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


@pytest.mark.parametrize(("form", "line"), [("tabbed", "one\t"), ("jsonl", '{"audio": "one", "units": [')])
def test_the_forms_of_others_are_written_and_spoken(run, tiny_model, recordings, speakers, tmp_path, form, line):
    run("units", tiny_model, recordings / "one.wav", "--output", tmp_path / "u.txt", "--form", form)
    assert (tmp_path / "u.txt").read_text().startswith(line)
    run("units", tiny_model, recordings / "one.wav", "--output", tmp_path / "n.txt")
    for text, other in (("u", form), ("n", "named")):
        texts = (tmp_path / f"{text}.txt", tmp_path / text / "one.wav", "--form", other)
        run("speak", tiny_model, texts[0], texts[1].parent, *texts[2:], "--target", speakers[0], *QUICK)
    assert (tmp_path / "u" / "one.wav").read_bytes() == (tmp_path / "n" / "one.wav").read_bytes()


def test_runs_with_durations_are_spoken_at_their_length(run, tiny_model, speakers, tmp_path):
    (tmp_path / "u.jsonl").write_text('{"name": "a", "units": [3, 5], "durations": [4, 7]}\n')
    output = (tmp_path / "a.wav", "--form", "jsonl", "--target", speakers[0])
    run("speak", tiny_model, tmp_path / "u.jsonl", *output, *QUICK)
    assert audio.info(tmp_path / "a.wav").frames == 11 * 320


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a|1 2\nb|16\nc|1\n../d|1\n", "codes below 16: line 2, line 4"),
        ("a|1 x\n", "line 1: 'x' is not a unit"),
        ("a|1\na|2\n", "line 2: a is on line 1 too"),
        (f"a|{'1' * 5000}\n", "line 1"),
        ("", "is empty"),
    ],
)
def test_lines_that_are_not_units_of_the_model_are_told(run, tiny_model, speakers, tmp_path, text, wrong):
    (tmp_path / "u.txt").write_text(text)
    with pytest.raises(InputError, match=wrong):
        run("speak", tiny_model, tmp_path / "u.txt", tmp_path / "o.wav", "--target", speakers[0])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a|1,2 3,4\nb|1\nc|\n|3,1\na|1,1\n", "line 2, line 3, line 4, line 5"),
        ("a|16,1\n", "line 1"),
        ("a|1,20\n", "line 1"),
        ("a|-1,0\n", "line 1"),
        ("../a|1,0\n", "line 1"),
        (f"a|1,{'1' * 5000}\n", "line 1"),
        ("", "it is empty"),
    ],
)
def test_lines_that_are_not_of_the_codebooks_are_all_told(tmp_path, text, wrong):
    (tmp_path / "u.txt").write_text(text)
    with pytest.raises(InputError, match=rf"u\.txt must have lines 'name\|units', .* codes below 16 and 20: {wrong}$"):
        units._read(tmp_path / "u.txt", "named", (16, 20))


def test_codes_of_several_codebooks_come_back(tmp_path):
    codes = torch.tensor([[3, 17], [3, 19], [0, 0]])
    (tmp_path / "u.txt").write_text(units._text("a", codes, "named") + "\n")
    assert (tmp_path / "u.txt").read_text() == "a|3,17 3,19 0,0\n"
    assert torch.equal(units._read(tmp_path / "u.txt", "named", (16, 20))["a"], codes)


def test_a_text_cannot_write_outside_the_output(run, tiny_model, speakers, tmp_path):
    (tmp_path / "u.txt").write_text("../x|1\n/x|1\n")
    with pytest.raises(InputError, match=r"names of files, .*: line 1, line 2"):
        run("speak", tiny_model, tmp_path / "u.txt", tmp_path / "o", "--target", speakers[0])
