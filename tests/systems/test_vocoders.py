"""MelGAN and HiFi-GAN as vocoders: sizes, alignment, exact lengths, stages, and what they are not for."""

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

RECIPES = Path(__file__).parents[2] / "workflow" / "systems"
TINY = {
    "melgan": {"generator": {"channels": 2}, "critics": {"scales": 2, "channels": 4, "widest": 8}},
    "hifigan": {
        "generator": {"channels": 32, "kernels": [3]},
        "critics": {"periods": [2, 3], "scales": 1, "period_channels": 2, "widest": 8, "scale_channels": 4},
    },
}

each = pytest.mark.parametrize("name", TINY)


def recipe(name, **model):
    return build(Recipe, load_recipe(RECIPES / f"{name}.yaml", "paper", {"model": model}), name)


def tiny(name, **changes):
    torch.manual_seed(0)
    return create_system(recipe(name, **(TINY[name] | changes)), ["A"])


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


def ready(name, **changes):
    model = tiny(name, **changes)
    model.prepare("pretrain", batch(), means(batch()))
    return model.eval().requires_grad_(requires_grad=False)


@pytest.mark.parametrize(("name", "generator", "critics"), [("melgan", 4.1, 16.9), ("hifigan", 13.1, 70.7)])
def test_the_paper_sizes_speak_160_samples_a_frame(name, generator, critics):
    with torch.device("meta"):
        gan = create_system(recipe(name), ["A"]).gan
    assert gan.generator.hop == 160
    sizes = [sum(parameter.numel() for parameter in part.parameters()) for part in (gan.generator, gan.critics)]
    assert [round(size / 1e6, 1) for size in sizes] == [generator, critics]


@each
def test_it_speaks_for_other_systems_and_not_by_itself(name):
    model = tiny(name)
    assert model.input == "logmel"
    assert isinstance(model, Vocodes)
    assert not isinstance(model, SpeaksWaves)


def test_hifigan_has_the_published_weights_and_optimiser():
    paper = recipe("hifigan")
    weights = tiny("hifigan").gan.weights
    assert (weights.adversarial, weights.features, weights.mel) == (1.0, 2.0, 45.0)
    stage = paper.stages["hifigan"]
    assert (stage.learning_rate, stage.betas, stage.weight_decay, stage.batch) == (2e-4, (0.8, 0.99), 0.01, 16)


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 4000, 40_001])
@each
def test_what_log_mel_frames_last_for_is_spoken_to_the_sample(name, samples):
    frames = torch.from_numpy(log_mel(np.random.default_rng(0).uniform(-0.1, 0.1, samples).astype(np.float32)))
    model = ready(name)
    wave = model.vocode(frames, samples)
    assert wave.shape == (samples,)
    assert wave.dtype == np.float32
    assert np.array_equal(wave, model.vocode(frames, samples))


@each
def test_pieces_of_a_long_recording_fit_together(name):
    model = ready(name)
    frames = torch.randn(300, 80, generator=torch.Generator().manual_seed(0))
    whole = model.gan.generator(model._normalised(frames).mT[None])[0]
    np.testing.assert_allclose(model.vocode(frames, 48_000), whole.numpy(), atol=1e-6)


@each
def test_frames_and_samples_of_a_crop_stand_at_the_same_time(name):
    """What is compared with the recording of a crop is spoken of the frames from the same sample on."""
    model, of, seen = ready(name), batch(), []
    model.gan.critics.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    model.losses(name, of, 0, "critics")
    real, spoken = seen
    assert real.shape == spoken.shape == (4, 24 * 160)
    assert torch.equal(real, of.frames["wave"][:, : 24 * 160, 0] / 32767)
    expected = model.gan.generator(model._normalised(of.frames["logmel"]).mT)[:, : 24 * 160]
    assert torch.equal(spoken, expected)


@each
def test_the_stages_train_the_generator_alone_and_then_against_critics(name):
    model = ready(name, mel=0.0)
    settings = replace(recipe(name).stages[name], learning_rate=0.01)
    for stage, players, terms in (
        ("pretrain", ["generator"], {"mel"}),
        (name, ["critics", "generator"], {"critics", "adversarial", "features"}),
    ):
        before = {name: value.clone() for name, value in model.state_dict().items()}
        turns = [Turn(model, stage, player, settings, torch.device("cpu")) for player in model.players(stage)]
        assert [turn.player for turn in turns] == players
        found = [turn.play(batch(), 0, 0.01) for turn in turns]
        assert set().union(*(names for names, _ in found)) == terms
        assert all(made for _, made in found)
        changed = {name.split(".")[1] for name, value in model.state_dict().items() if (value != before[name]).any()}
        assert changed == set(players)


@each
def test_a_few_steps_bring_the_log_mel_frames_nearer(name):
    model = ready(name)
    settings = replace(recipe("melgan").stages["pretrain"], learning_rate=0.01)
    turn = Turn(model, "pretrain", "generator", settings, torch.device("cpu"))
    distances = [float(turn.play(batch(), step, 0.01)[0]["mel"]) for step in range(15)]
    assert distances[-1] < 0.7 * distances[0]


@each
def test_it_converts_no_voices(name):
    model = ready(name)
    with pytest.raises(InputError, match=f"{name} is a vocoder, which converts no voices"):
        model.decode(torch.zeros(25, 1), "A", 25)


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
        tiny("melgan").prepare("melgan", change(of), means(of))


@each
def test_a_missing_wave_an_unknown_stage_and_wrong_ratios_are_told(name):
    of = batch()
    with pytest.raises(InputError, match="must have wave among its features"):
        ready(name).losses(name, replace(of, frames={"logmel": of.frames["logmel"]}), 0, "critics")
    with pytest.raises(InputError, match=rf"no stage 'vqvae'.*known are pretrain, {name}"):
        ready(name).players("vqvae")
    with pytest.raises(InputError, match=r"ratios \[8, 4\] make 32 samples of a vector, which must be 160"):
        tiny(name, generator={"ratios": [8, 4], "channels": 4})


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"generator": {"channels": 20}}, "20 channels cannot be halved 5 times"),
        ({"critics": {"periods": [], "scales": 0}}, "there must be critics"),
    ],
)
def test_a_hifigan_that_cannot_be_is_told(model, message):
    with pytest.raises(InputError, match=message):
        tiny("hifigan", **model)
