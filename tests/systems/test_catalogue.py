"""Systems by name."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from unitvoice.errors import InputError
from unitvoice.settings import build
from unitvoice.systems.base import System
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.systems.speaking import SpeaksSamples, SpeaksWaves, Vocodes
from unitvoice.systems.table import DECODE_FRAMES, SYSTEMS, WITHOUT_UNITS

RECIPES = Path(__file__).parents[2] / "workflow" / "systems"


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_has_a_recipe_that_makes_it(name):
    recipe = build(Recipe, load_recipe(RECIPES / f"{name}.yaml", "demo"), name)
    system = create_system(recipe, ["B", "A"])
    assert isinstance(system, System)
    assert system.speakers == ("B", "A")
    assert system.input in recipe.features
    assert [system.speaker_row(name) for name in ("A", "B")] == [1, 0]
    assert (name in DECODE_FRAMES) != isinstance(system, SpeaksSamples | SpeaksWaves | Vocodes)
    assert (name in WITHOUT_UNITS) != system.has_units


def test_the_same_random_state_gives_the_same_weights(tiny_recipe):
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(create_system(tiny_recipe, ["A"]).state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_an_unknown_system_lists_the_known_ones(tiny_recipe):
    with pytest.raises(InputError, match=r"unknown system 'nope'; known are .*vqvae-mel"):
        create_system(replace(tiny_recipe, system="nope"), ["A"])


@pytest.mark.parametrize("model", [{"nope": 1}, {"channels": "many"}])
def test_an_unknown_or_wrong_setting_of_a_system_is_told(tiny_recipe, model):
    with pytest.raises(InputError, match=r"the model section of vqvae-mel is not valid: (nope|channels)"):
        create_system(replace(tiny_recipe, model=model), ["A"])


def test_an_unknown_speaker_lists_the_known_ones(tiny_recipe):
    with pytest.raises(InputError, match="does not know the speaker 'C'; it knows A, B"):
        create_system(tiny_recipe, ["A", "B"]).speaker_row("C")
