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


def test_so_many_wavs_of_so_many_seconds_that_a_seed_decides(run, babbler, tmp_path):
    for folder, seed in (("a", 1), ("again", 1), ("other", 2)):
        run("babble", babbler, tmp_path / folder, "--count", "2", "--seconds", "1", "--seed", seed)
    content = {
        folder: [audio.read(tmp_path / folder / f"{n}.wav") for n in "01"] for folder in ("a", "again", "other")
    }
    assert len(list((tmp_path / "a").iterdir())) == 2
    assert all(len(wave) == audio.RATE for waves in content.values() for wave in waves)
    first, second = content["a"]
    assert (first == content["again"][0]).all()
    assert (first != second).any()
    assert (first != content["other"][0]).any()


def test_a_model_with_units_does_not_babble_and_one_that_babbles_has_no_units(run, babbler, tiny_model, tmp_path):
    with pytest.raises(InputError, match="does not babble"):
        run("babble", tiny_model, tmp_path / "out")
    with pytest.raises(InputError, match="has no units"):
        run("units", babbler, tmp_path)
    assert not list(tmp_path.iterdir())
