"""The WaveNet auto-encoders: sizes, time, voices, bottlenecks, and every published fault."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from unitvoice.conversion.generation import Utterance, generate
from unitvoice.errors import InputError
from unitvoice.settings import build
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.systems.speaking import SpeaksSamples

RECIPES = Path(__file__).parents[2] / "workflow" / "systems"
SYSTEMS = ["in-wae", "any-wae", "svq-wae", "vq-wae", "wae", "gumbel-wae"]
DECODER = {"scales": [4, 4, 4, 5], "residual": 6, "gate": 8, "skip": 5, "layers": 4, "stacks": 2}
TINY = {"channels": 8, "width": 8, "spoken": 0, "guide": 0.0, "input": "highmfcc", "warp": 0.0, "stride": 2}
PAPER = [f"S{number:03}" for number in range(153)]


def recipe(name, size="paper", **model):
    values = load_recipe(RECIPES / f"{name}.yaml", size)
    values["model"] = values["model"] | model
    values["features"] = [values["model"].get("input", "highmfcc"), "highmulaw"]
    return build(Recipe, values, name)


def system(name, speakers=("A", "B", "C"), **model):
    torch.manual_seed(0)
    return create_system(recipe(name, **model), speakers)


def tiny(name, **changes):
    codes = [8] * len(recipe(name).model.get("codes", []))
    small = TINY | {"decoder": DECODER} | ({"codes": codes} if codes else {})
    return system(name, **(small | changes))


def batch(crops=6, frames=16, kind="highmfcc", values=39):
    draws = torch.Generator().manual_seed(1)
    kinds = {
        kind: torch.randn(crops, frames, values, generator=draws),
        "highmulaw": torch.randint(256, (crops, frames * 160, 1), generator=draws, dtype=torch.uint8),
    }
    lengths = {name: torch.full((crops,), one.shape[1]) for name, one in kinds.items()}
    return Batch(kinds, torch.arange(crops) % 3, tuple(f"u{number}" for number in range(crops)), lengths)


def turn(model, player):
    """What the training engine does before a player's turn."""
    modules = model.players("wae")[player]
    model.eval().requires_grad_(requires_grad=False)
    for module in modules:
        module.train().requires_grad_()
    return modules


def losses(model, of, player="system", step=0, seed=0):
    turn(model, player)
    torch.manual_seed(seed)
    return model.losses("wae", of, step, player)


def size(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


def ready(name, **changes):
    """A system that can speak as A: prepared, and it has heard A."""
    model = tiny(name, **changes)
    frames = batch()
    model.prepare("wae", frames, {"highmfcc": frames.frames["highmfcc"].mean(dim=(0, 1))})
    if model.hears:
        model.hear("A", list(frames.frames["highmfcc"][:2]))
    return model.eval()


def encoded(model, frames):
    with torch.no_grad():
        return model.encode(frames, torch.zeros(39))


def units_of(model, units):
    return units.indices if model.discrete else units.vectors


# table, adapters and everything else included, these are the published 19.4, 15.3, 19.2 and 7.56 million
@pytest.mark.parametrize(
    ("name", "model", "encoder", "parameters"),
    [
        ("in-wae", {}, 10_170_688, 19_426_674),
        ("in-wae", {"stride": 2, "decoder": {"scales": [4, 4, 4, 5]}}, 6_040_384, 15_296_362),
        ("svq-wae", {}, 10_219_904, 19_236_434),
        ("svq-wae", {"codes": [256, 32]}, 10_219_904, 19_222_098),
        ("vq-wae", {}, 1_556_288, 7_555_282),
    ],
)
def test_it_has_the_published_number_of_parameters(name, model, encoder, parameters):
    paper = system(name, PAPER, **model)
    assert size(paper.encoder) == encoder
    assert size(paper) == parameters
    assert paper.wavenet.field == 4093


def test_codebooks_of_slices_have_their_own_sizes():
    paper = system("svq-wae", PAPER, codes=[256, 32])
    assert [tuple(table.shape) for table in paper.quantiser.tables()] == [(256, 64), (32, 64)]
    assert size(system("svq-wae", PAPER).quantiser) == 32_768


@pytest.mark.parametrize("name", SYSTEMS)
def test_any_recording_gives_units_that_last_as_long_and_hardly_longer(name):
    model = ready(name)
    for samples in [1, 159, 160, 480, 639, 640, 641, 15_999, 16_000]:
        frames = 1 + samples // 160
        units = encoded(model, torch.randn(frames, 39))
        assert len(units.vectors) == len(units.indices) == math.ceil(frames / 2)
        assert samples <= 320 * len(units.vectors) <= samples + 320
        assert units.vectors.isfinite().all()


@pytest.mark.parametrize("name", SYSTEMS)
def test_encoding_is_the_same_each_time_and_changes_nothing(name):
    model, frames = ready(name), torch.randn(50, 39)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    first, again = encoded(model, frames), encoded(model, frames)
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("name", ["svq-wae", "vq-wae", "gumbel-wae"])
def test_vectors_are_those_of_the_codes(name):
    model = ready(name)
    units = encoded(model, torch.randn(50, 39))
    assert model.discrete
    assert units.indices.shape[1] == len(model.settings.codes)
    assert torch.equal(units.vectors, model.quantiser.lookup(units.indices))


@pytest.mark.parametrize("name", ["in-wae", "any-wae", "wae"])
def test_without_a_codebook_the_vectors_are_what_was_encoded_before_any_voice(name):
    model = ready(name)
    units = encoded(model, torch.randn(50, 39))
    assert not model.discrete
    assert units.indices.shape == (25, 0)
    assert torch.equal(units.vectors, units.continuous)


def test_units_of_in_wae_do_not_hear_how_far_an_utterance_swings():
    frames = torch.randn(60, 39)
    changes = []
    for name in ("in-wae", "wae"):
        model = ready(name)
        for layer in model.encoder.layers[:2]:
            layer.bias.data.zero_()
        first, wider = (encoded(model, model.input_mean + scale * frames).vectors for scale in (1, 3))
        changes.append((first - wider).abs().max())
    assert changes[0] < 1e-3
    assert changes[1] > 0.1


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_parameter_that_speaks_learns(name):
    model = ready(name)
    sum(losses(model, batch()).values()).backward()
    lazy = {key for key, parameter in model.named_parameters() if parameter.grad is None}
    assert not lazy
    still = {key for key, parameter in model.named_parameters() if not parameter.grad.any()}
    # biases that a normalisation takes away, and codes that no frame has
    assert all("bias" in key or "codebook" in key or "encoder.layers" in key for key in still)


def test_the_speaker_table_is_learned_and_saved():
    model = ready("svq-wae")
    losses(model, batch())["reconstruction"].backward()
    assert model.speaker_table.weight.grad.abs().sum(dim=1).all()
    assert "speaker_table.weight" in model.state_dict()


def test_slices_are_weighed_as_one_codebook_would_be():
    sliced, frames = ready("svq-wae"), batch()
    terms = losses(sliced, frames)
    with torch.no_grad():
        encoded_frames = sliced._encoded(frames.frames["highmfcc"], torch.zeros(6, 39))
        distance = (encoded_frames - sliced.quantiser(encoded_frames).vectors).square().mean()
    torch.testing.assert_close(terms["codebook"], distance)
    torch.testing.assert_close(terms["commitment"], 0.25 * distance)


def test_the_temperature_falls_by_halves_to_its_lowest_and_is_used():
    model = ready("gumbel-wae", halved_every=10)
    assert [model.temperature(step) for step in (0, 9, 10, 20, 30, 40, 1000)] == [1, 1, 0.5, 0.25, 0.125, 0.1, 0.1]
    state = {key: value.clone() for key, value in model.state_dict().items()}
    found = []
    for step in (0, 1000):
        model.load_state_dict(state)
        found.append(losses(model, batch(), step=step)["reconstruction"].item())
    assert found[0] != found[1]


def test_what_is_spoken_in_training_stands_where_it_was_said():
    model, frames = ready("wae", spoken=2), batch()
    seen = []
    model.wavenet.register_forward_pre_hook(lambda _, given: seen.append(given))
    whole = model._encoded(frames.frames["highmfcc"], torch.zeros(6, 39)).detach()
    for seed in range(6):
        losses(model, frames, seed=seed)
    firsts = set()
    for content, _, codes in seen:
        (first,) = [place for place in range(7) if torch.equal(content.detach(), whole[:, place : place + 2])]
        assert torch.equal(codes, frames.frames["highmulaw"][:, first * 320 : (first + 2) * 320, 0].long())
        firsts.add(first)
    assert len(firsts) > 2


def test_frames_beside_the_last_whole_unit_of_a_crop_are_left_out():
    model = ready("wae")
    assert losses(model, batch(frames=17))["reconstruction"].isfinite()


@pytest.mark.parametrize("name", SYSTEMS)
def test_speech_is_as_long_as_asked_for_and_another_voice_sounds_otherwise(name):
    model = ready(name)
    assert isinstance(model, SpeaksSamples)
    if model.hears:
        model.hear("B", list(batch().frames["highmfcc"][2:5]))
    units = units_of(model, encoded(model, torch.randn(2, 39)))
    asked = [Utterance(voice, 319, 3, lambda voice=voice: model.conditions(units, voice)) for voice in "AB"]
    with torch.inference_mode():
        sounds = [model.wave(samples) for _, samples in generate(model.stepper(2, "float32"), asked)]
    assert [len(sound) for sound in sounds] == [319, 319]
    assert all(np.isfinite(sound).all() for sound in sounds)
    assert not np.array_equal(*sounds)


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_is_spoken_is_what_training_predicts(name):
    model, frames = ready(name), batch(crops=1)
    codes = frames.frames["highmulaw"][..., 0].long()
    if model.hears:
        model.hear("A", list(frames.frames["highmfcc"]))
    seen = []
    model.wavenet.register_forward_hook(lambda *given: seen.append(given[-1]))
    with torch.no_grad():
        units = encoded(model, frames.frames["highmfcc"][0])
        model.losses("wae", frames, 0, "system")
        stepper = model.stepper(1, "float32")
        conditions = model.conditions(units_of(model, units), "A")
        for place in range(330):
            stepper.step(conditions[place // stepper.hop][None], torch.zeros(1, 1))
            torch.testing.assert_close(stepper.logits[0], seen[0][0, place], atol=1e-4, rtol=0)
            stepper.remember(codes[:, place])


def test_a_voice_is_the_mean_over_its_recordings_and_can_be_one_that_training_never_heard():
    model = ready("any-wae")
    recordings = [torch.randn(frames, 39) for frames in (1, 30, 77)]
    codes = []
    for recording in recordings:
        model.hear("one", [recording])
        codes.append(model._heard["one"])
    model.hear("new", recordings)
    torch.testing.assert_close(model._heard["new"], torch.stack(codes).mean(dim=0))
    assert model.conditions(torch.randn(3, 8), "new").isfinite().all()


def test_in_wae_has_a_table_and_hears_none_but_its_speakers():
    with pytest.raises(InputError, match="does not know the speaker 'new'; it knows A, B, C"):
        ready("in-wae").hear("new", [torch.randn(9, 39)])


def test_a_voice_that_was_not_heard_is_told():
    with pytest.raises(InputError, match="has not heard the speaker 'B'; give it recordings"):
        ready("any-wae").conditions(torch.randn(3, 8), "B")


def test_an_unknown_target_of_a_table_is_told():
    with pytest.raises(InputError, match="does not know the speaker 'X'"):
        ready("svq-wae").conditions(torch.zeros(3, 4, dtype=torch.int64), "X")


def test_an_adversary_learns_to_tell_speakers_and_the_system_to_avoid_it():
    model, frames = ready("wae", adversary=0.01), batch()
    players = model.players("wae")
    assert list(players) == ["system", "classifier"]
    assert size(*players["system"]) + size(*players["classifier"]) == size(model)
    terms = losses(model, frames, "classifier")
    assert list(terms) == ["speaker"]
    terms["speaker"].backward()
    assert all(p.grad is not None for p in model.classifier.parameters())
    assert all(p.grad is None for p in model.encoder.parameters())
    avoided = losses(model, frames)["adversary"]
    torch.testing.assert_close(avoided, -0.01 * terms["speaker"].detach())
    avoided.backward()
    assert model.encoder.layers[0].weight.grad.any()
    assert 0 <= model.monitor()["accuracy"] <= 1


@pytest.mark.parametrize("adversary", [0.0, 0.01])
def test_units_are_jittered_in_training_alone_with_an_adversary_too(adversary):
    model = ready("wae", adversary=adversary, jitter=0.5)
    found = {losses(model, batch(), seed=seed)["reconstruction"].item() for seed in range(3)}
    assert len(found) == 3
    model.eval()
    with torch.no_grad():
        assert len({model.losses("wae", batch(), 0, "system")["reconstruction"].item() for _ in range(3)}) == 1


def test_a_classifier_that_learns_becomes_accurate_where_units_tell_the_speaker():
    model, frames = ready("wae", adversary=0.01), batch()
    with torch.no_grad():
        for row, speaker in enumerate(frames.speakers):
            frames.frames["highmfcc"][row] += 3 * speaker
    optimiser = torch.optim.Adam(model.classifier.parameters(), 0.003)
    for _ in range(20):
        optimiser.zero_grad()
        losses(model, frames, "classifier")["speaker"].backward()
        optimiser.step()
    assert model.monitor()["accuracy"] == 1


def test_statistics_are_of_the_frames_that_are_trained_on():
    model, frames = tiny("wae"), batch()
    frames.frames["highmfcc"] = frames.frames["highmfcc"] * torch.arange(1, 40) + 5
    mean = frames.frames["highmfcc"].mean(dim=(0, 1))
    model.prepare("wae", frames, {"highmfcc": mean})
    normalised = model._normalised(frames.frames["highmfcc"])
    torch.testing.assert_close(normalised.mean(dim=(0, 1)), torch.zeros(39), atol=1e-4, rtol=0)
    torch.testing.assert_close(normalised.square().mean(dim=(0, 1)), torch.ones(39))
    assert {"input_mean", "input_scale"} <= set(model.state_dict())


def test_crops_less_their_own_mean_do_not_hear_an_offset():
    model, frames = ready("svq-wae", centred=True), torch.randn(40, 39)
    with torch.no_grad():
        found = [model.encode(given, given.mean(dim=0)).continuous for given in (frames, frames + 5)]
    torch.testing.assert_close(*found, atol=1e-3, rtol=0)
    assert model.prior == 16


def test_frames_guide_the_units_where_wanted():
    model = ready("in-wae", guide=0.5)
    terms = losses(model, batch())
    assert set(terms) == {"reconstruction", "guide"}
    terms["guide"].backward()
    assert model.encoder.last.weight.grad.any()


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_demo_learns_from_bands_through_random_vocal_tracts(name):
    torch.manual_seed(0)
    model = create_system(recipe(name, "demo"), ["A", "B", "C"])
    frames = batch(24, 64, "logmel", 80)
    model.prepare("wae", frames, {"logmel": frames.frames["logmel"].mean(dim=(0, 1))})
    terms = losses(model, frames)
    assert all(term.isfinite() for term in terms.values())
    assert terms["reconstruction"].item() == pytest.approx(math.log(256), rel=0.3)
    other = losses(model, frames, seed=1)
    assert other["reconstruction"].item() != terms["reconstruction"].item()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"decoder": DECODER | {"scales": [4, 4, 5]}}, "scales make 80 samples of a unit that lasts for 320"),
        ({"table": 0}, "must know who speaks"),
        ({"codes": []}, "the quantiser is gradient, but codes are"),
        ({"codes": [8, 8, 8]}, "8 cannot be cut into 3 equal slices"),
        ({"warp": 0.1}, "highmfcc has no bands to warp"),
        ({"decoder": DECODER | {"layers": 5}}, "a WaveNet cannot have 5 layers in 2 stacks"),
        ({"decoder": DECODER | {"scales": [320, 1]}}, "must be 2 or more"),
    ],
)
def test_settings_that_do_not_fit_are_told(changes, told):
    with pytest.raises(InputError, match=told):
        tiny("svq-wae", **changes)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda of: replace(of, frames={"highmfcc": of.frames["highmfcc"]}), "must have highmulaw among its features"),
        (lambda of: replace(of, lengths={"highmfcc": torch.tensor([3] * 6)}), "crops, not from whole utterances"),
        (lambda _: batch(frames=1), "needs crops of 2 frames"),
        (lambda _: batch(crops=1, frames=8), "fewer codes"),
    ],
)
def test_batches_that_nothing_can_be_learned_from_are_told(change, told):
    with pytest.raises(InputError, match=told):
        tiny("svq-wae").prepare("wae", change(batch()), {"highmfcc": torch.zeros(39)})
