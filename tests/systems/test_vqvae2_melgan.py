"""VQ-VAE-2 with MelGAN: sizes, the three methods of training, units at true length, voices, every published fault."""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from unitvoice.errors import InputError
from unitvoice.features.extract import extract
from unitvoice.features.kinds import HOP_SPECTRUM, feature_kind
from unitvoice.features.spectral import hop_mel
from unitvoice.models import load_model, save_model
from unitvoice.settings import build
from unitvoice.store import Store
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.systems.speaking import SpeaksWaves
from unitvoice.training.run import learning_rate
from unitvoice.training.train import train
from unitvoice.training.turns import Turn

RECIPES = Path(__file__).parents[2] / "workflow" / "systems"
METHODS = {
    "vqvae2-melgan": ["vqvae", "pretrain", "melgan"],
    "vqvae2-melgan-finetune": ["vqvae", "pretrain", "finetune"],
    "vqvae2-melgan-joint": ["joint"],
}
TINY = {
    "channels": 8,
    "codes": 6,
    "width": 4,
    "speaker_width": 3,
    "generator": {"ratios": [8, 8, 4, 2, 2], "channels": 1},
    "critics": {"scales": 2, "channels": 4, "widest": 8},
}
NAMES = ("A", "B", "C")
FRAMES = 16
CPU = torch.device("cpu")


def recipe(name="vqvae2-melgan", size="paper", **model):
    return build(Recipe, load_recipe(RECIPES / f"{name}.yaml", size, {"model": model}), name)


def tiny(**changes):
    torch.manual_seed(0)
    return create_system(recipe(**(TINY | changes)), NAMES)


def batch(crops=6, frames=FRAMES, seed=1, shift=0.0):
    draws = torch.Generator().manual_seed(seed)
    waves = 0.2 * torch.randn(crops, frames * 256, generator=draws)
    mels = torch.stack([torch.from_numpy(hop_mel(wave.numpy(), HOP_SPECTRUM)) for wave in waves])
    kinds = {"hopmel": mels + shift, "hopwave": (waves * 32767).to(torch.int16)[..., None]}
    lengths = {kind: torch.full((crops,), one.shape[1]) for kind, one in kinds.items()}
    return Batch(kinds, torch.arange(crops) % 3, tuple(f"u{number}" for number in range(crops)), lengths)


def ready(**changes):
    """A system whose codes are placed."""
    model = tiny(**changes)
    of = batch()
    model.prepare("vqvae", of, {"hopmel": of.frames["hopmel"].mean(dim=(0, 1))})
    return model.eval()


def turn(model, stage, player):
    """What the training engine does before a player's turn."""
    model.eval().requires_grad_(requires_grad=False)
    for module in model.players(stage)[player]:
        module.train().requires_grad_()


def losses(model, stage, player, step=0, seed=0):
    turn(model, stage, player)
    torch.manual_seed(seed)
    return model.losses(stage, batch(), step, player)


def played(model, stage, steps=2):
    """The names of what some steps of a stage change."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    settings = replace(recipe().stages["melgan"], learning_rate=0.01)
    turns = [Turn(model, stage, player, settings, CPU) for player in model.players(stage)]
    for step in range(steps):
        torch.manual_seed(step)
        assert all(turn.play(batch(), step, 0.01)[1] for turn in turns)
    model.eval()
    return {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}


def size(*modules):
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


@pytest.fixture(scope="module")
def speaking():
    """A system that has learned a little to speak as all."""
    model = ready()
    played(model, "pretrain", 1)
    return model.requires_grad_(requires_grad=False)


@pytest.mark.parametrize("name", METHODS)
def test_the_paper_sizes_of_all_methods(name):
    model = create_system(recipe(name), [f"S{number:03}" for number in range(102)])
    assert round(size(model.encoder, model.decoder, model.decoder_voices) / 1e6, 1) == 18.2
    assert round(size(model.gan.generator) / 1e6, 1) == 17.2
    assert round(size(model.gan.critics) / 1e6, 1) == 16.9
    assert list(recipe(name).stages) == METHODS[name]
    assert (model.unit_rate, model.unit_first) == (15.625, 0.032)
    assert isinstance(model, SpeaksWaves)


def test_units_have_the_published_ceiling_of_164_bits_a_second():
    model = tiny(**{key: recipe().model[key] for key in ("codes", "halvings")})
    bits = model.unit_rate * (math.log2(128) + math.log2(128) / 2)
    assert bits == pytest.approx(164.1, abs=0.05)
    assert model.encoder.top_codes.codes == model.encoder.bottom_codes.codes == (128,)


@pytest.mark.parametrize("seconds", [0.0001, 0.09, 0.235, 1.0, 17.03])
def test_units_are_as_long_as_the_utterance_and_never_padded_or_cut(seconds):
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, round(16_000 * seconds)).astype(np.float32)
    frames = torch.from_numpy(feature_kind("hopmel").compute(wave))
    with torch.no_grad():
        units = ready().encode(frames, frames.mean(dim=0))
    assert len(units.indices) == len(units.vectors) == len(units.continuous) == math.ceil(len(wave) / 1024)


def test_a_unit_stands_in_the_middle_of_its_sound():
    """A click changes the unit around it most; units are 64 ms and the first one's middle is at 32 ms."""
    model = ready()
    quiet = np.full(64 * 1024, 1e-3, np.float32)
    for place in (20, 31):
        loud = quiet.copy()
        loud[place * 1024 : (place + 1) * 1024] = np.random.default_rng(0).uniform(-1, 1, 1024)
        with torch.no_grad():
            here, there = (
                model.encode(frames, torch.zeros(80)).continuous[:, 4:]
                for frames in (torch.from_numpy(hop_mel(wave, HOP_SPECTRUM)) for wave in (quiet, loud))
            )
        changed = (here - there).abs().sum(dim=1)
        centre = float((changed * torch.arange(64)).sum() / changed.sum())
        assert abs(centre - place) < 0.7


@pytest.mark.parametrize(("scored", "width"), [("both", 8), ("top", 4), ("bottom", 4)])
def test_codes_of_one_level_never_look_like_codes_of_the_other(scored, width):
    """Rows have the code vectors of both levels in columns of their own; an option scores one level alone."""
    model = ready(scored=scored)
    frames = batch().frames["hopmel"][0]
    with torch.no_grad():
        units = model.encode(frames, frames.mean(dim=0))
    assert units.indices.shape == (4, 2)
    assert units.vectors.shape == units.continuous.shape == (4, width)
    whole = model.encoder.rows(units.indices)
    assert torch.equal(units.vectors, {"both": whole, "top": whole[:, :4], "bottom": whole[:, 4:]}[scored])


def test_what_is_spoken_of_codes_is_what_is_spoken_of_the_quantised_vectors(speaking):
    of = batch()
    with torch.no_grad():
        frames = of.frames["hopmel"]
        coded = speaking._encoded(frames, frames.mean(dim=1))
        expected = speaking._spoken(coded.vectors, torch.tensor([1] * 6))
        for row in range(2):
            wave = speaking.speak(coded.indices[row], "B", FRAMES * 256)
            np.testing.assert_allclose(wave, expected[row].numpy(), atol=1e-6)


@pytest.mark.parametrize(("units", "samples"), [(1, 1), (1, 1024), (3, 2049), (150, 153_000), (2, 5000)])
def test_what_is_spoken_is_exactly_as_long_as_asked_and_always_the_same(speaking, units, samples):
    indices = torch.randint(6, (units, 2), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wave, again = (speaking.speak(indices, "A", samples) for _ in range(2))
    assert wave.shape == (samples,)
    assert wave.dtype == np.float32
    assert np.array_equal(wave, again)
    assert (wave[units * 1024 :] == 0).all()


def test_voices_differ_and_those_that_were_not_learned_are_refused(speaking):
    indices = torch.zeros(3, 2, dtype=torch.int64)
    with torch.no_grad():
        assert not np.array_equal(speaking.speak(indices, "A", 3000), speaking.speak(indices, "B", 3000))
    with pytest.raises(InputError, match="does not know the speaker 'X'; it knows A, B, C"):
        speaking.speak(indices, "X", 3000)
    with pytest.raises(InputError, match="has not learned to speak as A, but as nobody yet"):
        ready().speak(indices, "A", 3000)
    other = ready()
    other.voices.learned[1] = 5
    with pytest.raises(InputError, match="has not learned to speak as A, but as B; train"):
        other.speak(indices, "A", 3000)


PLAYERS = {
    "vqvae": {"vqvae": {"encoder", "decoder", "decoder_voices"}},
    "pretrain": {"generator": {"gan.generator", "voices"}},
    "melgan": {"critics": {"gan.critics"}, "generator": {"gan.generator", "voices"}},
    "finetune": {"critics": {"gan.critics"}, "generator": {"encoder", "gan.generator", "voices"}},
    "joint": {
        "critics": {"gan.critics"},
        "generator": {"encoder", "decoder", "decoder_voices", "gan.generator", "voices"},
    },
}


@pytest.mark.parametrize("stage", PLAYERS)
def test_each_stage_trains_just_its_parts(stage):
    model = ready()
    changed = played(model, stage)
    wanted = set().union(*PLAYERS[stage].values())
    places = {name.rpartition(".")[0] if name.startswith("gan.") else name for name in changed} - {"voices.learned"}
    found = {".".join(place.split(".")[: 2 if place.startswith("gan.") else 1]) for place in places}
    assert found == wanted
    assert list(model.players(stage)) == list(PLAYERS[stage])


def test_the_units_stay_bit_identical_while_the_generator_learns_and_in_the_model_folder(tmp_path):
    model = ready()
    frames = batch(seed=7).frames["hopmel"][0]

    def codes(system):
        with torch.no_grad():
            return system.eval().encode(frames, frames.mean(dim=0)).indices

    before = codes(model)
    changed = played(model, "melgan", 3)
    assert not any(name.startswith("encoder") for name in changed)
    assert torch.equal(codes(model), before)
    save_model(tmp_path / "model", model, recipe(**TINY))
    loaded = load_model(tmp_path / "model")
    assert torch.equal(codes(loaded), before)
    with torch.no_grad():
        assert np.array_equal(loaded.speak(before, "A", 4000), model.speak(before, "A", 4000))


@pytest.mark.parametrize("stage", ["finetune", "joint"])
def test_what_the_generator_needs_reaches_the_encoder(stage):
    model = ready(consistency=0.0)
    terms = losses(model, stage, "generator")
    terms["adversarial"].backward()
    assert float(model.encoder.bottom[0][0].weight.grad.abs().max()) > 0


@pytest.mark.parametrize("milestones", range(3))
def test_critics_and_generator_have_the_same_learning_rate_after_each_milestone(milestones):
    stage = recipe().stages["melgan"]
    step = [0, 400_000, 600_000][milestones]
    rates = {learning_rate(stage, step, player) for player in ("critics", "generator")}
    assert rates == {0.0002 / 2**milestones}


AGAINST = {"adversarial": 0.2, "features": 0.0, "mel": 0.0, "consistency": 0.0, "cycle": 0.0}


@pytest.mark.parametrize(
    ("weights", "critics", "spectra", "encodings", "generated"),
    [
        ({}, 1, 0, 1, 1),
        ({"features": 0.5}, 2, 0, 1, 1),
        ({"mel": 0.5}, 1, 2, 1, 1),
        ({"consistency": 1.0}, 1, 1, 2, 1),
        ({"cycle": 1.0}, 2, 1, 2, 2),
    ],
    ids=["none", "features", "mel", "consistency", "cycle"],
)
def test_a_term_of_weight_zero_is_not_computed(weights, critics, spectra, encodings, generated):
    model = ready(**(AGAINST | weights))
    parts = [model.gan.critics, model.gan.spectrum, model.encoder, model.gan.generator]
    calls = [0] * 4

    def count(place, *_):
        calls[place] += 1

    for place, part in enumerate(parts):
        part.register_forward_hook(partial(count, place))
    terms = losses(model, "melgan", "generator")
    assert calls == [critics, spectra, encodings, generated]
    assert set(terms) == {"adversarial", *weights} | ({"converted"} if "cycle" in weights else set())


def test_conversions_are_judged_too_and_heard_by_the_encoder_as_it_is():
    model = ready(cycle=1.0, consistency=1.0)
    heard = []
    model.gan.critics.register_forward_pre_hook(lambda _, arguments: heard.append(len(arguments[0])))
    losses(model, "melgan", "critics")
    assert heard == [6, 12]
    before = {name: value.clone() for name, value in model.encoder.state_dict().items()}
    terms = losses(model, "joint", "generator")
    (terms["cycle"] + terms["consistency"]).backward()
    assert float(model.gan.generator.layers[-2].bias.grad.abs().max()) > 0
    used = int(model.encoder.bottom_codes.used.sum())
    assert used == 6 * FRAMES // 4  # of the recordings alone: what is spoken moves no code
    assert any(not torch.equal(value, before[name]) for name, value in model.encoder.state_dict().items())


def adversarial_gradients(step):
    """Of the encoder and of the adversary."""
    model = ready(adversary=0.5, ramp=10)
    losses(model, "vqvae", "vqvae", step)["adversary"].backward()
    return model.encoder.to_bottom.weight.grad, model.adversary.last.weight.grad


def test_the_adversary_turns_the_encoder_away_from_the_speaker_with_a_weight_that_rises():
    full, own = adversarial_gradients(10)
    half, same = adversarial_gradients(5)
    none, _ = adversarial_gradients(0)
    assert float(full.abs().max()) > 0
    torch.testing.assert_close(half, full / 2)
    torch.testing.assert_close(own, same)  # the adversary itself always learns
    assert float(none.abs().max()) == 0
    assert torch.equal(adversarial_gradients(99)[0], full)


def test_the_probe_says_in_the_log_how_much_of_the_speaker_is_left_and_changes_no_unit():
    model = ready(probe=True, adversary=0.1)
    assert list(model.players("vqvae")) == ["vqvae", "probe"]
    assert list(model.players("melgan")) == ["critics", "generator"]
    losses(model, "vqvae", "probe")["probe"].backward()
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
    assert float(model.probe.classifier.last.weight.grad.abs().max()) > 0
    assert set(model.monitor()) == {"speaker_accuracy"}
    losses(model, "vqvae", "vqvae")
    assert set(model.monitor()) == {"usage", "perplexity", "revived"}
    assert model.monitor() == {}


def test_crops_have_levels_of_their_own_in_training_which_frames_and_waves_share():
    model = ready()
    of = batch()
    turn(model, "melgan", "generator")
    torch.manual_seed(0)
    frames, waves = model._crops(of)
    gains = (waves / (of.frames["hopwave"][..., 0] / 32767)).nanmedian(dim=1).values
    assert float(gains.min()) >= 0.3
    assert float(gains.max()) <= 1.0
    assert len(gains.unique()) == 6
    found = model.gan.spectrum(waves)
    torch.testing.assert_close(frames, found, atol=2e-3, rtol=0)
    model.eval()
    same, plain = model._crops(of)
    assert torch.equal(same, of.frames["hopmel"])
    assert float(plain.abs().max()) > float(waves.abs().max())


def test_own_mean_makes_the_level_of_a_recording_irrelevant():
    model = ready(centred=True)
    frames = batch().frames["hopmel"][0]
    with torch.no_grad():
        one, two = (model.encode(x, x.mean(dim=0)).continuous for x in (frames, frames - 0.3))
    torch.testing.assert_close(one, two, atol=1e-4, rtol=0)
    assert (model.prior, ready().prior) == (16.0, 0.0)


def test_a_generator_cannot_be_trained_before_there_are_units():
    of = batch()
    for stage in ("pretrain", "melgan", "finetune"):
        with pytest.raises(InputError, match=f"stage {stage} needs units to speak; put a stage vqvae before it"):
            tiny().prepare(stage, of, {"hopmel": torch.zeros(80)})


def test_a_later_stage_places_no_codes_again():
    model = ready()
    before = model.encoder.bottom_codes.codebook.clone()
    model.prepare("joint", batch(seed=5), {"hopmel": torch.zeros(80)})
    assert torch.equal(model.encoder.bottom_codes.codebook, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda of: replace(of, frames={"hopmel": of.frames["hopmel"]}), "must have hopwave among its features"),
        (lambda of: replace(of, frames=of.frames | {"hopmel": of.frames["hopmel"][..., :40]}), "80 bands .* have 40"),
        (lambda of: replace(of, lengths={"hopmel": torch.tensor([3] * 6)}), "not from whole utterances; set its crop"),
        (lambda _: batch(frames=12), r"needs a crop that is 2, 3, ... times 0\.128 s; correct its crop"),
        (lambda _: batch(frames=8), "correct its crop"),
        (lambda _: batch(crops=2), "6 codes cannot be placed among 4 frames.* by a larger batch"),
    ],
    ids=["wave", "bands", "whole", "uneven", "short", "few"],
)
def test_what_a_stage_cannot_learn_from_is_told(change, message):
    with pytest.raises(InputError, match=message):
        tiny().prepare("vqvae", change(batch()), {"hopmel": torch.zeros(80)})


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"halvings": 1}, r"ratios \[8, 8, 4, 2, 2\] make 1024 samples of a vector, which must be 512"),
        ({"generator": {"rations": [2]}}, r"generator\.rations: unknown key"),
        ({"gain": 0}, "gain: "),
    ],
)
def test_settings_that_do_not_fit_are_told(model, message):
    with pytest.raises(InputError, match=message):
        tiny(**model)


def test_an_unknown_stage_lists_the_known_ones():
    with pytest.raises(InputError, match=r"no stage 'gan'.*known are vqvae, pretrain, melgan, finetune, joint"):
        tiny().players("gan")


def test_a_method_trains_from_stage_to_stage_and_the_generator_knows_the_target_voices_alone(
    tiny_manifest, once, tmp_path
):
    stores = {kind: Store(once(kind, partial(extract, tiny_manifest, kind))) for kind in ("hopmel", "hopwave")}
    small = {"steps": 2, "batch": 6, "crop": 0.256, "learning_rate": 0.001}
    overrides = {"model": TINY | {"probe": True}, "stages": dict.fromkeys(METHODS["vqvae2-melgan"], small)}
    wanted = build(Recipe, load_recipe(RECIPES / "vqvae2-melgan.yaml", "paper", overrides), "the test")
    train(wanted, tiny_manifest, stores, tmp_path / "model", tmp_path / "state", seed=0)
    model = load_model(tmp_path / "model")
    learned = {name for name, crops in zip(model.speakers, model.voices.learned.tolist(), strict=True) if crops}
    assert learned == set(tiny_manifest.voices)
    log = (tmp_path / "model" / "log.jsonl").read_text()
    assert all(name in log for name in ("speaker_accuracy", "reconstruction", "critics", "consistency"))
