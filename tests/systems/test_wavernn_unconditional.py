"""WaveRNN that is told nothing: size, what it learns, and what it babbles."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from nn.stepping import spoken

from unitvoice.audio import RATE
from unitvoice.errors import InputError
from unitvoice.settings import build
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.systems.speaking import SpeaksSamples
from unitvoice.training.turns import Turn

RECIPE = Path(__file__).parents[2] / "workflow" / "systems" / "wavernn-unconditional.yaml"
TINY = {"channels": 4, "stack": 8, "warmup": 1, "hidden": 16, "head": 16}


def recipe(size="paper", **model):
    return build(Recipe, load_recipe(RECIPE, size, {"model": model}), "the test")


def network(**model):
    torch.manual_seed(0)
    return create_system(recipe(**model), ["A", "B"])


def batch(samples, crops=2):
    waves = torch.randint(-(2**15), 2**15, (crops, samples, 1), dtype=torch.int16)
    lengths = {"wave": torch.full((crops,), samples)}
    return Batch({"wave": waves}, torch.zeros(crops, dtype=torch.int64), ("a", "b")[:crops], lengths)


def test_it_has_the_published_number_of_parameters():
    assert sum(parameter.numel() for parameter in network().parameters()) == 13_398_400


@pytest.mark.parametrize(("size", "learned"), [("paper", 1024), ("demo", 1024)])
def test_crops_of_the_recipe_teach_whole_hops_after_those_that_warm_up(size, learned):
    made = recipe(size)
    system, samples = create_system(made, ["A"]), round(made.stages["wavernn"].crop * RATE)
    assert samples == system.decoder.before + learned


def test_it_learns_all_samples_that_it_can_and_every_parameter_gets_gradient():
    system = network(**TINY)
    crops = batch(system.decoder.before + 2 * 64 + 9)
    system.prepare("wavernn", crops, {})
    terms = system.losses("wavernn", crops, 0, "system")
    assert set(terms) == {"coarse", "fine"}
    assert terms["coarse"].item() == pytest.approx(math.log(256), rel=0.1)
    samples = crops.frames["wave"][..., 0].long()[:, : system.decoder.before + 128]
    logits = system.decoder(samples, torch.zeros(2, system.decoder.steps + 2, 0), torch.zeros(2, 0))
    chances = logits.log_softmax(dim=-1)[:, :, 0]
    coarse = ((samples[:, -128:] + 2**15) // 256)[..., None]
    assert terms["coarse"].item() == pytest.approx(-chances.gather(2, coarse).mean().item(), rel=1e-5)
    sum(terms.values()).backward()
    assert all(bool((parameter.grad != 0).any()) for parameter in system.parameters())


def test_too_short_crops_are_told():
    system = network(**TINY)
    with pytest.raises(InputError, match="lengthen the crop of stage wavernn"):
        system.prepare("wavernn", batch(system.decoder.before + 63), {})


def test_a_few_steps_make_a_tone_likelier():
    system = network(**TINY)
    tone = 8000 * torch.sin(torch.arange(system.decoder.before + 256) * 0.2)
    crops = replace(batch(1), frames={"wave": tone.to(torch.int16).expand(2, -1)[..., None]}, lengths={})
    stage = replace(recipe().stages["wavernn"], learning_rate=0.02, batch=2)
    turn = Turn(system, "wavernn", "system", stage, torch.device("cpu"))
    losses = [float(turn.play(crops, step, 0.02)[0]["coarse"]) for step in range(15)]
    assert losses[-1] < 0.8 * losses[0]


def test_sample_by_sample_it_says_what_it_learned():
    system = network(**TINY).eval().requires_grad_(requires_grad=False)
    assert isinstance(system, SpeaksSamples)
    samples = batch(128).frames["wave"][..., 0].long()
    told = torch.stack([system.conditions(torch.zeros(2, 0), "")] * 2)
    found = spoken(system.stepper(2, "float32"), told, samples)
    silent = torch.cat([torch.zeros(2, system.decoder.before, dtype=torch.int64), samples], dim=1)
    logits = system.decoder(silent, torch.zeros(2, system.decoder.steps + 2, 0), torch.zeros(2, 0))
    assert found.std() > 0.01
    torch.testing.assert_close(found, logits, atol=1e-5, rtol=0)
