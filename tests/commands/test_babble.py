"""Babble by the command: as many wavs as asked for, alike for alike seeds, and only of a model that babbles."""

import pytest
import torch

from unitvoice import audio
from unitvoice.errors import InputError
from unitvoice.models import save_model
from unitvoice.settings import build
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe

MODEL = {"channels": 4, "stack": 8, "warmup": 1, "hidden": 16, "head": 16}
STAGE = {"steps": 1, "batch": 1, "crop": 0.1, "learning_rate": 0.001}


@pytest.fixture(scope="module")
def babbler(tmp_path_factory):
    described = {"system": "wavernn-unconditional", "description": "", "features": ["wave"], "model": MODEL}
    recipe = build(Recipe, described | {"stages": {"wavernn": STAGE}}, "the test")
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("babbler") / "model"
    save_model(folder, create_system(recipe, ["A"]), recipe, features={})
    return folder


def test_each_wav_is_as_long_as_asked_for_and_another_sound(run, babbler, tmp_path):
    for seed in "12":
        run("babble", babbler, tmp_path / seed, "--count", "2", "--seconds", "1", "--seed", seed)
    paths = sorted(tmp_path.rglob("*.wav"))
    assert [str(path.relative_to(tmp_path)) for path in paths] == ["1/0.wav", "1/1.wav", "2/0.wav", "2/1.wav"]
    waves = [audio.read(path) for path in paths]
    assert [len(wave) for wave in waves] == [audio.RATE] * 4
    assert len({wave.tobytes() for wave in waves}) == 4


def test_a_model_with_units_does_not_babble_and_one_that_babbles_has_no_units(run, babbler, tiny_model, tmp_path):
    with pytest.raises(InputError, match="does not babble"):
        run("babble", tiny_model, tmp_path / "out")
    with pytest.raises(InputError, match="has no units"):
        run("units", babbler, tmp_path)
    assert not list(tmp_path.iterdir())
