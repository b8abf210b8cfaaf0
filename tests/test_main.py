"""The command of the package: what it can do, exit codes, and the Python of a few lines."""

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from unitvoice import api, audio, cli
from unitvoice.__main__ import COMMANDS, main, run
from unitvoice.commands import units
from unitvoice.commands.convert import CONVERT
from unitvoice.errors import InputError
from unitvoice.models import save_model
from unitvoice.settings import build
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe

DECODER = {"scales": (4, 4, 4, 5), "residual": 4, "gate": 4, "skip": 4, "layers": 2, "stacks": 1}
HEARS = {"channels": 4, "stride": 2, "instance_norm": True, "width": 4, "decoder": DECODER, "table": 0, "reference": 3}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    place = tmp_path_factory.mktemp("said") / "said.wav"
    audio.write(place, 0.1 * np.random.default_rng(0).standard_normal(1601))
    return place


@pytest.fixture(scope="module")
def hearing(tmp_path_factory):
    """A model that hears voices, and whose units have no codes."""
    stage = {"steps": 1, "batch": 1, "crop": 0.1, "learning_rate": 0.1}
    values = {"system": "any-wae", "description": "", "features": ["highmfcc", "highmulaw"], "model": HEARS}
    recipe = build(Recipe, values | {"stages": {"wae": stage}}, "the tests")
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("hears") / "model"
    save_model(folder, create_system(recipe, ["S1"]), recipe)
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_tells_what_it_does(name, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert re.match(rf"usage: python -m \S+ {name} ", told)
    assert (COMMANDS[name].run.__doc__ or "?") in told


@pytest.mark.parametrize("arguments", [[], ["nope"], ["convert"], ["units", "m", "i", "--nope"]])
def test_wrong_arguments_leave_with_2(arguments):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)


@pytest.mark.parametrize(("fault", "code"), [(None, 2), (RuntimeError("ours"), 1)])
def test_bad_input_leaves_with_2_and_a_fault_of_ours_with_1(fault, code, recording, tmp_path, monkeypatch, capsys):
    def failing(_):
        raise fault

    if fault:
        monkeypatch.setattr(units, "chosen_coder", failing)
    monkeypatch.setattr(sys, "argv", ["unitvoice", "units", str(tmp_path), str(recording)])
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as left:
        run()
    assert left.value.code == code
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert ("is not a model" in told) == (code == 2)


def test_the_installed_command_is_the_module_s():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["unitvoice"].partition(":")
    assert getattr(import_module(module), name).__name__ == "run"


def test_a_few_lines_give_units_another_voice_and_the_own_voice(tiny_model, recording, tmp_path):
    model = api.load(str(tiny_model))
    one, other = model.system.speakers[:2]
    found = api.units(model, recording)
    assert found.indices.shape == (6, 1)
    wave = api.convert(model, str(recording), other)
    assert wave.shape == (1601,)
    api.write(tmp_path / "x.wav", wave)
    np.testing.assert_allclose(api.read(tmp_path / "x.wav"), wave, atol=1e-4)
    again = api.resynthesise(model, api.read(recording), one)
    np.testing.assert_array_equal(again, api.convert(model, recording, one))
    assert not np.array_equal(again, wave)


def test_embeddings_are_scored(tmp_path):
    lines = ["#file onset offset #phone prev-phone next-phone speaker"]
    for number, (phone, speaker) in enumerate([("a", "s"), ("b", "s"), ("a", "t"), ("b", "t")]):
        lines.append(f"u{number} 0.0 0.1 {phone} x x {speaker}")
        (tmp_path / f"u{number}.txt").write_text(f"{int(phone == 'a')} {int(phone == 'b')}\n" * 5)
    (tmp_path / "t.item").write_text("\n".join(lines) + "\n")
    assert api.abx(tmp_path / "t.item", tmp_path).error == 0


def test_a_model_that_hears_is_given_recordings_of_the_voice(hearing, recording):
    model = api.load(hearing)
    assert api.convert(model, recording, "anybody", heard=[recording]).shape == (1601,)
    np.testing.assert_array_equal(
        api.resynthesise(model, recording, "me"), api.convert(model, recording, "me", heard=[recording])
    )
    with pytest.raises(InputError, match="speaks in voices that it hears; give recordings of the voice as --heard"):
        api.convert(model, recording, "anybody")


def test_a_model_that_hears_resynthesises_without_names(hearing, recording, tmp_path):
    main(["resynthesise", str(hearing), str(recording), str(tmp_path / "o.wav"), "--rows", "1"])
    assert audio.info(tmp_path / "o.wav").frames == 1601
    with pytest.raises(InputError, match="leave out the speaker"):
        main(["resynthesise", str(hearing), str(recording), str(tmp_path / "o.wav"), "--speaker", "S1"])


@pytest.mark.parametrize("command", ["units", "encode"])
def test_units_without_codes_are_not_written_as_codes(command, hearing, recording, tmp_path):
    output = [str(tmp_path / "o")] if command == "encode" else []
    with pytest.raises(InputError, match="has no codes"):
        main([command, str(hearing), str(recording), *output])


def test_a_recording_that_is_too_short_is_told_with_its_name(tiny_model, recording):
    model = api.load(tiny_model)
    model.system.shortest = 12
    with pytest.raises(InputError, match=r"said\.wav: 11 frames are fewer than the 12 that the model needs"):
        model.code_all({"said": recording})


def test_the_conversion_of_the_command_is_that_of_python(tiny_model, recording, tmp_path):
    model = api.load(tiny_model)
    target = model.system.speakers[0]
    assert COMMANDS["convert"] is CONVERT
    main(["convert", str(tiny_model), str(recording), str(tmp_path / "o.wav"), "--target", target])
    api.write(tmp_path / "p.wav", api.convert(model, recording, target))
    assert len(audio.read(tmp_path / "o.wav")) == len(audio.read(tmp_path / "p.wav"))


@pytest.mark.parametrize(
    ("modules", "slow"),
    [
        ("unitvoice.api", ("torch._dynamo",)),
        ("unitvoice.conversion.convert, unitvoice.training.train", ("torch._dynamo", "numba")),
        ("unitvoice.corpora.demo, unitvoice.features.extract", ("torch", "numba", "scipy.signal")),
    ],
)
def test_commands_do_not_wait_for_what_they_may_not_need(modules, slow):
    code = f"import sys, {modules}; print(*sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {*slow} & {*told.stdout.split()}
