"""``vqvae-wavenet``: the published sizes, exact lengths, what a sample hears of the units, and every option."""

import numpy as np
import pytest
import torch

from unitvoice.conversion.speaking import Request, SampleVoice
from unitvoice.errors import InputError
from unitvoice.models import load_model, save_model
from unitvoice.settings import build
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe
from unitvoice.systems.speaking import SpeaksSamples

TINY = {"channels": 12, "codes": 8, "width": 6, "speaker_width": 3, "blocks": 1, "condition": 5, "residual": 6}
TINY |= {"gate": 8, "skip": 7, "layers": 4, "stacks": 2}
KINDS = ("htkmfcc", "mulaw", "logmel")


def recipe(features=KINDS, **model):
    stage = {"steps": 1, "batch": 1, "crop": 1.0, "learning_rate": 0.1}
    values = {"system": "vqvae-wavenet", "description": "", "features": features, "model": model}
    return build(Recipe, values | {"stages": {"vqvae": stage}}, "the tests")


def system(features=KINDS, **model):
    torch.manual_seed(0)
    return create_system(recipe(features, **(TINY | model)), ["A", "B", "C"])


def batch(crops=4, frames=16):
    draws = torch.Generator().manual_seed(1)
    found = {"htkmfcc": torch.randn(crops, frames, 39, generator=draws)}
    found["mulaw"] = (128 + 40 * torch.arange(frames * 160).div(5).sin()).to(torch.uint8).expand(crops, -1)[..., None]
    found["logmel"] = torch.randn(crops, frames, 80, generator=draws)
    lengths = {kind: torch.full((crops,), values.shape[1]) for kind, values in found.items()}
    return Batch(found, torch.arange(crops) % 3, tuple("abcd"[:crops]), lengths)


def prepared(**model):
    found, of = system(**model), batch()
    found.prepare("vqvae", of, {kind: frames.float().flatten(0, 1).mean(dim=0) for kind, frames in of.frames.items()})
    return found


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_published_sizes_but_for_blocks_of_their_own_and_the_upsampler():
    paper = create_system(recipe(["htkmfcc", "mulaw"], width=64), [f"p{number}" for number in range(109)])
    assert paper.wavenet.field == 4093
    assert (paper.wavenet.layers, len(set(paper.wavenet.dilations))) == (20, 10)
    assert size(paper.encoder) == 10_120_704 + 2_359_296 + 768 * 64 + 64
    # what a layer has: taps, condition, voice, outputs; with a length for each output of its three convolutions
    layer = 768 * (768 * 3 + 2) + 768 * (768 + 1) + 768 * (128 + 1) + (768 + 256) * (384 + 2)
    assert size(paper.wavenet) - size(paper.wavenet.upsampler) == 20 * layer + 768 * (256 + 2) + 2 * 256 * (256 + 2)
    whole = size(paper) - 2_359_296 - size(paper.wavenet.upsampler)
    assert whole == pytest.approx(67.8e6, rel=0.002)


@pytest.mark.parametrize("samples", [1, 159, 160, 319, 320, 321, 479, 480, 640, 1599])
def test_the_wave_is_as_long_as_its_source(samples):
    model = prepared().eval().requires_grad_(requires_grad=False)
    units = model.encode(torch.randn(1 + samples // 160, 39), torch.zeros(39))
    conditions = model.conditions(units.indices, "A")
    assert 320 * len(conditions) >= samples
    assert isinstance(model, SpeaksSamples)
    ((_, wave),) = SampleVoice(model, rows=1)([Request("one", units.indices, "B", samples)])
    assert wave.shape == (samples,)
    assert wave.dtype == np.float32


def test_crops_are_wholly_predicted_from_their_own_units():
    model = prepared(dropout=0.0, jitter=0.0).eval()
    of = batch(frames=48)
    vectors, _ = model._quantised(of)
    assert vectors.shape[1] == 25
    codes = of.frames["mulaw"][..., 0].long()
    assert model.wavenet(model._conditions(vectors), model._voice(of.speakers), codes).shape == (4, 7680, 256)


def test_a_sample_hears_the_units_around_its_time():
    model = prepared().eval()
    vectors = torch.randn(1, 20, 6, requires_grad=True)
    conditions = model.wavenet.upsampler(model._conditions(vectors))
    for sample in (3200, 3360, 3519):
        (gradient,) = torch.autograd.grad(conditions[..., sample].sum(), vectors, retain_graph=True)
        weights = gradient[0].abs().sum(dim=1)
        times = model.unit_first + torch.arange(20) / model.unit_rate
        assert (weights * times).sum() / weights.sum() == pytest.approx(sample / 16_000, abs=0.015)


@pytest.mark.parametrize(("window", "first", "count"), [(2, 3, 2), (3, 2, 3), (8, 0, 8), (None, 0, 8), (9, 0, 8)])
def test_the_middle_of_a_crop_keeps_units_and_samples_together(window, first, count):
    model = system(window=window)
    conditions = torch.arange(9.0)[None, :, None]
    found, codes = model._windowed(conditions, torch.arange(8 * 320)[None])
    assert found[0, :count, 0].tolist() == list(range(first, first + count))
    assert codes[0].tolist() == list(range(320 * first, 320 * (first + count)))


@pytest.mark.parametrize("options", [{}, {"guide": 0.5, "window": 3}, {"speaker_width": 0, "quantiser": "ema"}])
def test_every_weight_is_learned_and_the_loss_falls(options):
    model, of = prepared(**options), batch()
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    found = []
    for step in range(60):
        torch.manual_seed(step)
        terms = model.losses("vqvae", of, step, "system")
        optimiser.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        missing = {name for name, part in model.named_parameters() if part.grad is None or not part.grad.any()}
        assert step or missing == set()
        optimiser.step()
        found.append(terms["reconstruction"].item())
    assert min(found[-10:]) < 0.75 * found[0]
    assert ("guide" in terms) is ("guide" in options)


def test_the_voice_changes_what_is_spoken_and_must_be_known():
    model = prepared().eval()
    indices = torch.zeros(4, 1, dtype=torch.int64)
    assert not torch.equal(model.conditions(indices, "A"), model.conditions(indices, "B"))
    with pytest.raises(InputError, match="does not know the speaker 'D'"):
        model.conditions(indices, "D")
    silent = prepared(speaker_width=0).eval()
    assert torch.equal(silent.conditions(indices, "A"), silent.conditions(indices, "B"))


def test_a_model_folder_speaks_as_the_model_did(tmp_path):
    known = recipe(**TINY)
    model = prepared()
    save_model(tmp_path / "model", model, known)
    indices = torch.randint(8, (4, 1), generator=torch.Generator().manual_seed(0))
    waves = []
    for one in (model.eval(), load_model(tmp_path / "model")):
        waves.extend(wave for _, wave in SampleVoice(one, rows=2)([Request("x", indices, "A", 900)]))
    np.testing.assert_array_equal(*waves)


def test_features_that_lack_the_sound_or_the_guide_are_told():
    of = batch()
    del of.frames["mulaw"], of.frames["logmel"]
    means = {"htkmfcc": torch.zeros(39)}
    with pytest.raises(InputError, match="must have mulaw among its features"):
        system().prepare("vqvae", of, means)
    with pytest.raises(InputError, match="must have mulaw, logmel among its features"):
        system(guide=1.0).prepare("vqvae", of, means)
