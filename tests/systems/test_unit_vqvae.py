"""Units of raw waves with their HiFi-GAN: sizes, levels, lengths, voices, and codes that survive a restart."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from unitvoice.errors import InputError
from unitvoice.features.kinds import feature_kind
from unitvoice.settings import build
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.training.distributed import Place
from unitvoice.training.run import Run

RECIPE = Path(__file__).parents[2] / "workflow" / "systems" / "unit-vqvae.yaml"
TINY = {
    "channels": 4,
    "codes": 5,
    "width": 6,
    "table": 3,
    "generator": {"channels": 32, "kernels": [3], "dilations": [1]},
    "critics": {"periods": [2], "scales": 1, "period_channels": 2, "widest": 4, "scale_channels": 4},
}
NAMES = ("A", "B")
STAGE = "unit-vqvae"


def recipe(**model):
    return build(Recipe, load_recipe(RECIPE, "paper", {"model": model}), "unit-vqvae")


def tiny(**changes):
    torch.manual_seed(0)
    return create_system(recipe(**(TINY | changes)), NAMES)


def waves(count, samples, seed=0):
    return 0.2 * np.random.default_rng(seed).standard_normal((count, samples)).astype(np.float32)


def batch(seed=0, samples=1600):
    frames = np.stack([feature_kind("peakwave").compute(wave) for wave in waves(4, samples, seed)])
    kinds = {"peakwave": torch.from_numpy(frames)}
    return Batch(kinds, torch.arange(4) % 2, tuple("abcd"), {"peakwave": torch.full((4,), samples)})


def running(**changes):
    settings = replace(recipe().stages[STAGE], learning_rate=0.01)
    run = Run(tiny(**changes), STAGE, settings, 0, Place())
    run.system.prepare(STAGE, batch(), {})
    return run


@pytest.fixture(scope="module")
def speaking():
    """A system that has learned a little to speak."""
    run = running()
    run.step(batch())
    return run.system.eval().requires_grad_(requires_grad=False)


def frames_of(wave):
    return torch.from_numpy(feature_kind("peakwave").compute(wave))


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_published_sizes():
    with torch.device("meta"):
        model = create_system(recipe(table=0, critics=TINY["critics"]), NAMES)
    assert size(model.encoder) == 140_224
    assert round((size(model.encoder) + size(model.gan.generator)) / 1e6, 2) == 13.37
    assert model.quantiser.codebook.shape == (256, 128)
    assert (model.unit_rate, model.unit_first) == (100.0, 0.005)
    kernels = [(part[0].kernel_size[0], part[0].stride[0], part[0].padding[0]) for part in model.encoder[:-1]]
    assert kernels == [(4, 2, 1)] * 5 + [(11, 5, 3)]


def test_all_learn_together_and_all_terms_are_there():
    run = running()
    before = {name: value.clone() for name, value in run.system.state_dict().items()}
    run.step(batch())
    assert set(run.figures()) >= {"critics", "adversarial", "features", "mel", "commitment"}
    changed = {name for name, value in run.system.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.split(".")[0] for name in changed} == {"encoder", "quantiser", "gan", "voices"}
    assert "quantiser.codebook" in changed


def test_a_restart_keeps_the_codes_and_goes_on_exactly():
    straight = running()
    straight.step(batch(0))
    resumed = Run(tiny(), STAGE, straight.settings, 0, Place())
    resumed.load_state(deepcopy(straight.state()))
    for run in (straight, resumed):
        run.step(batch(1))
    for name, value in straight.system.state_dict().items():
        assert torch.equal(value, resumed.system.state_dict()[name]), name


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 5000])
def test_units_cover_a_recording_to_its_end_and_are_spoken_to_the_sample(speaking, samples):
    units = speaking.encode(frames_of(waves(1, samples)[0]), torch.zeros(1))
    assert units.indices.shape == (-(-samples // 160), 1)
    wave = speaking.speak(units.indices, "A", samples)
    assert wave.shape == (samples,)
    assert wave.dtype == np.float32


@pytest.mark.parametrize("level", [0.5, 0.01, 2.0])
def test_units_do_not_depend_on_the_level(speaking, level):
    wave = waves(1, 8000)[0]
    one, other = (speaking.encode(frames_of(scale * wave), torch.zeros(1)).indices for scale in (1.0, level))
    assert torch.equal(one, other)


def test_a_crop_is_encoded_as_a_recording_is(speaking):
    """Training and encoding see waves of the same level and scale."""
    of = batch(5)
    seen = []
    handle = speaking.encoder.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    speaking.losses(STAGE, of, 0, "critics")
    speaking.encode(of.frames["peakwave"][2], torch.zeros(1))
    handle.remove()
    assert torch.equal(seen[0][2], seen[1][0])
    assert float(seen[0].abs().max()) == pytest.approx(0.95, abs=1e-4)


def test_voices_are_told_by_a_table_and_without_it_there_is_none_of_choice(speaking):
    units = speaking.encode(frames_of(waves(1, 4000)[0]), torch.zeros(1)).indices
    assert not np.array_equal(speaking.speak(units, "A", 4000), speaking.speak(units, "B", 4000))
    with pytest.raises(InputError, match="does not know the speaker 'C'"):
        speaking.speak(units, "C", 4000)
    with pytest.raises(InputError, match="has not learned to speak as A, but as nobody yet"):
        tiny().speak(units, "A", 4000)
    with pytest.raises(InputError, match="was trained without speakers"):
        tiny(table=0).speak(units, "A", 4000)


def test_what_it_cannot_learn_from_is_told():
    with pytest.raises(InputError, match=r"needs a crop that is a multiple of 0\.01 s"):
        tiny().prepare(STAGE, batch(samples=1601), {})
    with pytest.raises(InputError, match="not from whole utterances"):
        tiny().prepare(STAGE, replace(batch(), lengths={"peakwave": torch.tensor([3] * 4)}), {})
    with pytest.raises(InputError, match="100 codes cannot be placed among 40 frames"):
        tiny(codes=100).prepare(STAGE, batch(), {})
    with pytest.raises(InputError, match="no stage 'vqvae' of this system; known is unit-vqvae"):
        tiny().players("vqvae")
    with pytest.raises(InputError, match="make 320 samples of a vector, which must be 160"):
        tiny(generator={"ratios": [5, 4, 4, 2, 2], "channels": 32})
