"""MelGAN as a vocoder: sizes, alignment, exact lengths, stages, and what it is not for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from unitvoice.errors import InputError
from unitvoice.features.spectral import log_mel
from unitvoice.settings import build
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.systems.speaking import SpeaksWaves, Vocodes
from unitvoice.training.turns import Turn

RECIPE = Path(__file__).parents[2] / "workflow" / "systems" / "melgan.yaml"
TINY = {"generator": {"channels": 2}, "critics": {"scales": 2, "channels": 4, "widest": 8}}


def recipe(**model):
    return build(Recipe, load_recipe(RECIPE, "paper", {"model": model}), "melgan")


def tiny(**changes):
    torch.manual_seed(0)
    return create_system(recipe(**(TINY | changes)), ["A"])


def batch(crops=4, frames=25):
    waves = [0.2 * np.random.default_rng(row).standard_normal(frames * 160).astype(np.float32) for row in range(crops)]
    kinds = {
        "logmel": torch.stack([torch.from_numpy(log_mel(wave)[:frames]) for wave in waves]),
        "wave": torch.from_numpy(np.stack(waves) * 32767).to(torch.int16)[..., None],
    }
    lengths = {kind: torch.full((crops,), one.shape[1]) for kind, one in kinds.items()}
    return Batch(kinds, torch.zeros(crops, dtype=torch.int64), tuple("abcd"[:crops]), lengths)


def means(of):
    return {"logmel": of.frames["logmel"].mean(dim=(0, 1))}


def ready(**changes):
    model = tiny(**changes)
    model.prepare("pretrain", batch(), means(batch()))
    return model.eval().requires_grad_(requires_grad=False)


def test_the_paper_size_speaks_160_samples_a_frame():
    model = create_system(recipe(), ["A"])
    assert model.gan.generator.hop == 160
    assert model.input == "logmel"
    assert isinstance(model, Vocodes)
    assert not isinstance(model, SpeaksWaves)
    critics = sum(parameter.numel() for parameter in model.gan.critics.parameters())
    assert round(critics / 1e6, 1) == 16.9


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 4000, 40_001])
def test_what_log_mel_frames_last_for_is_spoken_to_the_sample(samples):
    frames = torch.from_numpy(log_mel(np.random.default_rng(0).uniform(-0.1, 0.1, samples).astype(np.float32)))
    model = ready()
    wave = model.vocode(frames, samples)
    assert wave.shape == (samples,)
    assert wave.dtype == np.float32
    assert np.array_equal(wave, model.vocode(frames, samples))


def test_pieces_of_a_long_recording_fit_together():
    model = ready()
    frames = torch.randn(300, 80, generator=torch.Generator().manual_seed(0))
    whole = model.gan.generator(model._normalised(frames).mT[None])[0]
    np.testing.assert_allclose(model.vocode(frames, 48_000), whole.numpy(), atol=1e-6)


def test_frames_and_samples_of_a_crop_stand_at_the_same_time():
    """What is compared with the recording of a crop is spoken of the frames from the same sample on."""
    model, of, seen = ready(), batch(), []
    model.gan.critics.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    model.losses("melgan", of, 0, "critics")
    real, spoken = seen
    assert real.shape == spoken.shape == (4, 24 * 160)
    assert torch.equal(real, of.frames["wave"][:, : 24 * 160, 0] / 32767)
    expected = model.gan.generator(model._normalised(of.frames["logmel"]).mT)[:, : 24 * 160]
    assert torch.equal(spoken, expected)


def test_the_stages_train_the_generator_alone_and_then_against_critics():
    model = ready(mel=0.0)
    settings = replace(recipe().stages["melgan"], learning_rate=0.01)
    for stage, players, terms in (
        ("pretrain", ["generator"], {"mel"}),
        ("melgan", ["critics", "generator"], {"critics", "adversarial", "features"}),
    ):
        before = {name: value.clone() for name, value in model.state_dict().items()}
        turns = [Turn(model, stage, player, settings, torch.device("cpu")) for player in model.players(stage)]
        assert [turn.player for turn in turns] == players
        found = [turn.play(batch(), 0, 0.01) for turn in turns]
        assert set().union(*(names for names, _ in found)) == terms
        assert all(made for _, made in found)
        changed = {name.split(".")[1] for name, value in model.state_dict().items() if (value != before[name]).any()}
        assert changed == set(players)


def test_a_few_steps_bring_the_log_mel_frames_nearer():
    model = ready()
    settings = replace(recipe().stages["pretrain"], learning_rate=0.01)
    turn = Turn(model, "pretrain", "generator", settings, torch.device("cpu"))
    distances = [float(turn.play(batch(), step, 0.01)[0]["mel"]) for step in range(15)]
    assert distances[-1] < 0.7 * distances[0]


def test_it_converts_no_voices():
    model = ready()
    frames = batch().frames["logmel"][0]
    units = model.encode(frames, frames.mean(dim=0))
    assert units.indices.shape == (25, 0)
    assert torch.equal(units.vectors, frames)
    with pytest.raises(InputError, match="melgan is a vocoder, which converts no voices"):
        model.decode(units.indices, "A", 25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda of: replace(of, frames={"logmel": of.frames["logmel"][..., :40]}), "80 bands .* have 40"),
        (lambda of: replace(of, lengths={"logmel": torch.tensor([3] * 4)}), "not from whole utterances; set its crop"),
    ],
)
def test_what_it_cannot_learn_from_is_told(change, message):
    of = batch()
    with pytest.raises(InputError, match=message):
        tiny().prepare("melgan", change(of), means(of))


def test_a_missing_wave_an_unknown_stage_and_wrong_ratios_are_told():
    of = batch()
    with pytest.raises(InputError, match="must have wave among its features"):
        ready().losses("melgan", replace(of, frames={"logmel": of.frames["logmel"]}), 0, "critics")
    with pytest.raises(InputError, match=r"no stage 'vqvae'.*known are pretrain, melgan"):
        ready().players("vqvae")
    with pytest.raises(InputError, match=r"ratios \[8, 4\] make 32 samples of a vector, which must be 160"):
        tiny(generator={"ratios": [8, 4]})
