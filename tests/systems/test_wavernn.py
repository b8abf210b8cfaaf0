"""WaveRNN as a vocoder of mel frames: size, alignment, sound of any length, and what it is not for."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from nn.stepping import spoken

from unitvoice.errors import InputError
from unitvoice.features.spectral import log_mel
from unitvoice.settings import build
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.systems.speaking import SpeaksSamples, Vocodes

RECIPE = Path(__file__).parents[2] / "workflow" / "systems" / "wavernn.yaml"
TINY = {"hidden": 8, "head": 16}


def vocoder(**model):
    torch.manual_seed(0)
    return create_system(build(Recipe, load_recipe(RECIPE, "paper", {"model": model}), "wavernn"), ["A"])


def batch(crops=2, frames=6):
    waves = [0.2 * np.random.default_rng(row).standard_normal(frames * 160).astype(np.float32) for row in range(crops)]
    kinds = {
        "logmel": torch.stack([torch.from_numpy(log_mel(wave)[:frames]) for wave in waves]),
        "wave": torch.from_numpy(np.stack(waves) * 32767).to(torch.int16)[..., None],
    }
    lengths = {kind: torch.full((crops,), one.shape[1]) for kind, one in kinds.items()}
    return Batch(kinds, torch.zeros(crops, dtype=torch.int64), tuple("ab"[:crops]), lengths)


def ready(of):
    model = vocoder(**TINY)
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn(parameter.shape)
    model.prepare("wavernn", of, {"logmel": of.frames["logmel"].mean(dim=(0, 1))})
    return model.eval().requires_grad_(requires_grad=False)


def test_it_has_the_published_number_of_parameters():
    assert sum(parameter.numel() for parameter in vocoder().parameters()) == 3_900_824


def test_it_learns_the_samples_of_all_frames_but_the_first_and_the_last():
    crops = batch()
    model = ready(crops)
    seen = []
    model.network.register_forward_pre_hook(lambda _, given: seen.append(given))
    terms = model.losses("wavernn", crops, 0, "system")
    conditions, samples = seen[0]
    waves = crops.frames["wave"][..., 0].long()
    assert torch.equal(samples, waves[:, 159 : 5 * 160])  # one more before
    frames = (crops.frames["logmel"] - model.mean) / model.scale
    torch.testing.assert_close(conditions, model.upsampler(frames).mT[:, 160 : 5 * 160])
    assert set(terms) == {"coarse", "fine"}
    assert terms["fine"].item() == pytest.approx(math.log(256), rel=0.1)


def test_every_parameter_gets_gradient():
    crops = batch(frames=12)
    model = vocoder(**TINY)
    model.prepare("wavernn", crops, {"logmel": crops.frames["logmel"].mean(dim=(0, 1))})
    sum(model.losses("wavernn", crops, 0, "system").values()).backward()
    assert all(bool((parameter.grad != 0).any()) for parameter in model.parameters())


def test_sample_by_sample_it_says_what_the_network_learned():
    crops, model = batch(frames=2), ready(batch())
    assert isinstance(model, SpeaksSamples)
    assert isinstance(model, Vocodes)
    frames, samples = crops.frames["logmel"], crops.frames["wave"][..., 0].long()
    told = torch.stack([model.conditions(one, "anybody") for one in frames])
    found = spoken(model.stepper(2, "float32"), told, samples)
    conditions = model.upsampler((frames - model.mean) / model.scale).mT
    expected = model.network(conditions, torch.nn.functional.pad(samples, (1, 0)))
    assert found.std() > 0.1
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_a_cleared_row_forgets_what_was_spoken_in_it_and_the_others_do_not():
    model = ready(batch())
    stepper, fresh = model.stepper(2, "float32"), model.stepper(2, "float32")
    condition, noise = torch.randn(2, stepper.width), torch.rand(2, 2)
    for _ in range(stepper.hop):
        stepper.step(condition, noise)
    stepper.clear(1)
    stepper.step(condition, noise)
    fresh.step(condition, noise)
    assert torch.equal(stepper.logits[1], fresh.logits[1])
    assert not torch.equal(stepper.logits[0], fresh.logits[0])


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_a_lower_precision_is_near_the_network(precision):
    crops, model = batch(frames=1), ready(batch())
    told = torch.stack([model.conditions(one, "") for one in crops.frames["logmel"]])
    samples = crops.frames["wave"][..., 0].long()
    found, exact = (spoken(model.stepper(2, one), told, samples) for one in (precision, "float32"))
    assert 0 < (found - exact).abs().max() < 0.1


@pytest.mark.parametrize("samples", [1, 160, 161, 330])
def test_frames_are_spoken_for_just_so_long_and_the_same_way_each_time(samples):
    model = ready(batch())
    frames = torch.rand(2, 80)
    wave = model.vocode(frames, samples)
    assert wave.shape == (samples,)
    assert wave.dtype == np.float32
    np.testing.assert_array_equal(wave, model.vocode(frames, samples))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: vocoder(scales=[4, 4, 4]), r"the scales \[4, 4, 4\] make 64 samples of a frame, which has 160"),
        (lambda: vocoder(scales=[2, 2]), "too small for filters of 7 taps; change the recipe's scales"),
        (lambda: ready(batch()).prepare("wavernn", batch(frames=2), {}), "needs crops of 3 frames"),
        (lambda: ready(batch()).decode(torch.zeros(1, 0), "A", 1), "wavernn is a vocoder, which converts no voices"),
        (lambda: vocoder(**TINY | {"bands": 40}).prepare("wavernn", batch(), {}), "the recipe has 40 bands"),
    ],
)
def test_faults_are_told(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_batches_without_sound_or_of_whole_utterances_are_told():
    crops = batch()
    silent = replace(crops, frames={"logmel": crops.frames["logmel"]})
    with pytest.raises(InputError, match="must have wave among its features"):
        vocoder(**TINY).prepare("wavernn", silent, {})
    whole = replace(crops, lengths={"wave": torch.tensor([3, 3])})
    with pytest.raises(InputError, match="stage wavernn learns from crops"):
        vocoder(**TINY).prepare("wavernn", whole, {})
