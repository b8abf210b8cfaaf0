"""Units of raw waves spoken by WaveRNN: sizes, timing, augmentation, stages, and every fault of a recipe."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from unitvoice.errors import InputError
from unitvoice.nn.sixteen_bits import amplitude
from unitvoice.settings import build
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.systems.speaking import SpeaksSamples

RECIPE = Path(__file__).parents[2] / "workflow" / "systems" / "vqvae-wavernn.yaml"
PAPER = (2, 2, 2, 1, 2, 1, 2, 1, 2, 1)
TINY = {"channels": 6, "codes": 8, "width": 5, "stack_channels": 4, "stack": 6, "hidden": 8, "head": 16, "warmup": 1}
PLAIN = {"shift": 0, "gain": 0.0, "noise": 0.0, "silence": 0.0}
ALL = {"normalised": True, "placed": True, "quantiser": "ema", "speaker_width": 3, "level": 1.0, "emphasis": 0.9}
ALL |= {"centred": True, "warp": 0.1, "guide": 1.0, "jitter": 0.3, "revive_below": 0.1, "window": 2}
SPEAKERS = ("A", "B", "C")


def system(speakers=SPEAKERS, **model):
    stage = {"steps": 1, "batch": 1, "crop": 1.0, "learning_rate": 0.1}
    values = {"system": "vqvae-wavernn", "description": "", "features": ["wave"], "model": TINY | model}
    torch.manual_seed(0)
    return create_system(build(Recipe, values | {"stages": {"vqvae": stage}}, "the tests"), speakers)


def batch(samples=1700, crops=4, seed=1):
    draws = torch.Generator().manual_seed(seed)
    waves = (3000 * torch.randn(crops, samples, 1, generator=draws)).round().short()
    rows = torch.arange(crops) % len(SPEAKERS)
    names = tuple(f"u{number}" for number in range(crops))
    return Batch({"wave": waves}, rows, names, {"wave": torch.full((crops,), samples)})


def ramp(samples=1700):
    """A crop whose samples are their own places."""
    return replace(batch(samples, 1), frames={"wave": torch.arange(samples, dtype=torch.int16)[None, :, None]})


def train(model, stage="vqvae"):
    ((player, modules),) = model.players(stage).items()
    model.eval().requires_grad_(requires_grad=False)
    for module in modules:
        module.train().requires_grad_()
    return player


def losses(model, of, stage="vqvae", step=0, seed=0):
    player = train(model, stage)
    torch.manual_seed(seed)
    return model.losses(stage, of, step, player)


def heard_and_spoken(model, of, **options):
    """What the encoder and the decoder are given."""
    seen = {}
    hooks = [
        model.encoder.register_forward_pre_hook(lambda _, given: seen.update(waves=given[0])),
        model.decoder.register_forward_pre_hook(
            lambda _, given: seen.update(zip(("samples", "vectors", "voice"), given, strict=True))
        ),
    ]
    losses(model, of, **options)
    for hook in hooks:
        hook.remove()
    return seen


def size(*modules):
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def published():
    recipe = build(Recipe, load_recipe(RECIPE), str(RECIPE))
    return recipe, create_system(recipe, [f"S{number:03}" for number in range(109)])


def test_it_has_the_published_numbers_of_parameters_and_its_crops_are_the_published_ones():
    recipe, paper = published()
    assert size(paper.encoder) == 1_381_376
    assert size(paper.quantiser) == 65_536
    assert size(paper.decoder) == 14_557_696
    assert size(paper) == 16_004_608
    assert paper.quantiser.radius == pytest.approx(0.6788, abs=1e-4)
    alignment = paper.alignment
    assert (alignment.left, alignment.heard_before, alignment.ahead, alignment.earlier) == (5629, 4966, 960, 85)
    for stage in recipe.stages.values():
        place = paper._place(round(16_000 * stage.crop))
        assert (place.made, place.spoken * alignment.stride) == (101, 1024)


@pytest.mark.parametrize(("more", "rate"), [((), 250.0), ((2, 2), 62.5), ((2, 2, 2), 31.25), ((2, 1, 2, 1), 62.5)])
def test_more_strides_make_fewer_units(more, rate):
    model = system(strides=PAPER + more).eval()
    assert model.unit_rate == rate
    for samples in (model.shortest, 1440, 16_000, 16_001):
        units = model.encode(torch.ones(samples, 1, dtype=torch.int16), torch.zeros(1))
        assert len(units.indices) == math.ceil(samples * rate / 16_000)
    losses(model, batch(4000, 1))


def test_utterances_of_any_length_have_as_many_units_as_they_last_for():
    model = system().eval()
    for seconds in (0.09, 17.0):
        samples = round(16_000 * seconds)
        units = model.encode(torch.zeros(samples, 1, dtype=torch.int16), torch.zeros(1))
        assert units.indices.shape == (math.ceil(samples / 64), 1)
        assert len(units.indices) / seconds * math.log2(8) <= 250 * 3 * (1 + 64 / samples)


def test_the_time_of_a_unit_is_the_middle_of_what_it_sees():
    model = system(channels=16).double().eval()
    wave = torch.randn(1, 4000, dtype=torch.float64, requires_grad=True)
    before, after = model.alignment.padding(4000)
    padded = torch.nn.functional.pad(wave, (before, after))
    (gradient,) = torch.autograd.grad(model._continuous(padded)[0, 20].sum(), wave)
    seen = gradient[0].nonzero().flatten().double()
    middle = (seen.min() + seen.max() + 1).item() / 2
    assert model.unit_first + 20 / model.unit_rate == pytest.approx(middle / 16_000)


@pytest.mark.parametrize("more", [(), (2, 2)])
def test_units_of_crops_are_those_of_whole_utterances_and_are_told_where_they_were_learned(more):
    model = system(strides=PAPER + more, **PLAIN).eval()
    alignment = model.alignment
    whole = batch(12_000, 1).frames["wave"]
    units = model.encode(whole[0], torch.zeros(1))
    place = model._place(4000)
    offset = 12 * 256 - place.start  # so that what is learned begins where a unit is spoken
    crop = whole[:, offset : offset + 4000]
    encoded = model._encoded(crop[..., 0].long(), place)[0]
    first = (offset + place.start) // alignment.stride + place.first + alignment.skipped
    torch.testing.assert_close(encoded, units.continuous[first : first + place.made])
    seen = heard_and_spoken(model, replace(batch(4000, 1), frames={"wave": crop}))
    told = model.conditions(units.indices, "A")[:, :-1]
    spoken = (offset + place.start) // model.decoder.hop
    expected = told[spoken - model.decoder.steps : spoken + place.spoken * alignment.hold]
    torch.testing.assert_close(seen["vectors"][0], expected)


def test_a_unit_ends_960_samples_after_its_own_and_the_decoder_learns_what_is_between_the_pads():
    model = system(**PLAIN)
    place = model._place(1700)
    seen = heard_and_spoken(model, ramp())
    before = model.decoder.before
    assert seen["samples"][0].tolist() == list(range(place.start - before, place.start + 64 * place.spoken))
    assert seen["vectors"].shape == (1, model.decoder.steps + place.spoken, 5)
    last = place.start + 64 * place.spoken + 960 - 1
    torch.testing.assert_close(seen["waves"][0, -1], amplitude(torch.tensor(last)))
    assert seen["waves"].shape == (1, 550 + 64 * (place.made - 1))


def test_a_voice_is_its_number_or_a_row_of_a_table():
    assert heard_and_spoken(system(), batch())["voice"].tolist() == torch.eye(3)[[0, 1, 2, 0]].tolist()
    model = system(speaker_width=7)
    assert torch.equal(heard_and_spoken(model, batch())["voice"], model.speaker_table.weight[[0, 1, 2, 0]])


def test_a_shift_moves_what_the_encoder_hears_and_nothing_else():
    model = system(**PLAIN | {"shift": 128})
    place = model._place(1700)
    assert heard_and_spoken(model, ramp())["samples"][0, 0] == place.start - model.decoder.before
    heard = []
    model.encoder.register_forward_pre_hook(lambda _, given: heard.append(given[0][:, 0]))
    many = ramp().frames["wave"][..., 0].long().expand(2000, -1)
    torch.manual_seed(0)
    model._encoded(many, place)
    shifts = (heard[0] * 32767.5 - 0.5).round() - model.alignment.heard(place)[0]
    assert (shifts.min(), shifts.max(), len(shifts.unique())) == (-128, 127, 256)
    model.eval()._encoded(many[:2], place)
    assert (heard[1] * 32767.5 - 0.5).round().tolist() == [model.alignment.heard(place)[0]] * 2


@pytest.mark.parametrize("options", [{"gain": 0.5}, {"noise": 0.1}, {"warp": 0.3}])
def test_augmentation_touches_the_encoders_input_alone_and_is_off_in_evaluation(options):
    model = system(**PLAIN | options)
    clean, changed = heard_and_spoken(system(**PLAIN), batch()), heard_and_spoken(model, batch())
    assert torch.equal(clean["samples"], changed["samples"])
    assert not torch.allclose(clean["waves"][:, :300], changed["waves"][:, :300], atol=1e-3)
    model.eval()
    place = model._place(1700)
    samples = batch().frames["wave"][..., 0].long()
    expected = system(**PLAIN).eval()._encoded(samples, place)
    assert torch.equal(model._encoded(samples, place), expected)
    train(model, "decoder")
    assert torch.equal(model._encoded(samples, place), expected)


def test_the_gain_is_one_of_an_utterance_and_the_noise_one_of_a_sample():
    clean = heard_and_spoken(system(**PLAIN), batch())["waves"]
    ratio = heard_and_spoken(system(**PLAIN | {"gain": 0.02}), batch())["waves"] / clean
    assert ratio.std(dim=1).max() < 1e-4
    assert 0 < ratio.mean(dim=1).log().abs().max() < 0.1
    noise = heard_and_spoken(system(**PLAIN | {"noise": 0.003}), batch())["waves"] - clean
    assert noise.std().item() == pytest.approx(0.003, rel=0.05)


def test_some_crops_have_silence_before_or_after_what_is_learned_which_stays():
    model = system(silence=0.5)
    place = model._place(1700)
    whole = torch.ones(400, 1700, dtype=torch.int64)
    torch.manual_seed(0)
    silenced = model._silenced(whole, place)
    learned = slice(place.start, place.start + 64 * place.spoken)
    assert silenced[:, learned].all()
    for side in (silenced[:, : place.start], silenced[:, learned.stop :]):
        assert (~side.bool()).any(dim=1).float().mean().item() == pytest.approx(0.5, abs=0.1)
    edges = silenced[:, : place.start].diff(dim=1)
    assert edges.min() >= 0  # silence first, speech then
    assert silenced[:, learned.stop :].diff(dim=1).max() <= 0
    assert torch.equal(system(silence=0.0)._silenced(whole, place), whole)


def test_codes_stay_on_the_sphere_in_each_step_and_units_have_exactly_their_vectors():
    model = system()
    model.prepare("vqvae", batch(), {})
    train(model)
    optimiser = torch.optim.AdamW(model.parameters(), 0.05)
    radius = 0.06 * 5**0.5
    for step in range(4):
        sum(losses(model, batch(), step=step).values()).backward()
        assert torch.allclose(model.quantiser.table().norm(dim=1), torch.tensor(radius))
        optimiser.step()
        optimiser.zero_grad()
    units = model.eval().encode(batch().frames["wave"][0], torch.zeros(1))
    assert torch.equal(units.vectors, model.quantiser.lookup(units.indices))
    torch.testing.assert_close(units.vectors.norm(dim=1), torch.full((27,), radius))


@pytest.mark.parametrize(("step", "weight"), [(0, 0.001), (1100, 0.001), (1550, 0.0055), (2000, 0.01), (10_000, 0.01)])
def test_the_penalty_of_the_encoder_rises_as_published_and_is_a_sum_over_the_width(step, weight):
    model = system(width=7)
    weights = model._weights(step)
    assert weights == pytest.approx({"codebook": 7.0, "commitment": 7 * weight, "radius": 7 * weight})
    assert system(width=7, quantiser="ema", commitment=0.25)._weights(step) == {"commitment": 0.25}


def test_an_untrained_decoder_guesses_both_numbers():
    model = system()
    model.prepare("vqvae", batch(), {})
    terms = losses(model, batch())
    assert set(terms) == {"coarse", "fine", "codebook", "commitment", "radius"}
    assert terms["coarse"].item() == pytest.approx(math.log(256), rel=0.05)
    assert terms["fine"].item() == pytest.approx(math.log(256), rel=0.05)


@pytest.mark.parametrize("options", [{}, ALL])
def test_every_parameter_of_a_stage_gets_gradient_and_no_other(options):
    model = system(**options)
    model.prepare("vqvae", batch(2600), {})
    for stage in ("vqvae", "decoder"):
        model.zero_grad()
        sum(losses(model, batch(2600), stage, step=3000).values()).backward()
        trained = {
            parameter for module in next(iter(model.players(stage).values())) for parameter in module.parameters()
        }
        for name, parameter in model.named_parameters():
            moved = parameter.grad is not None and bool((parameter.grad != 0).any())
            assert moved == (parameter in trained), (stage, name)


def test_the_decoder_goes_on_with_units_as_they_are():
    model = system(**ALL)
    model.prepare("vqvae", batch(2600), {})
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.prepare("decoder", batch(2600), {})
    assert set(losses(model, batch(2600), "decoder")) == {"coarse", "fine"}
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.monitor() == {}


def test_levels_and_means_do_not_matter_where_they_are_taken_out():
    frames = batch(4000, 1).frames["wave"][0]
    model = system(level=1.0).eval()
    loud, soft = (model.encode(given, torch.zeros(1)).continuous for given in (frames, frames // 2))
    torch.testing.assert_close(loud, soft, atol=1e-3, rtol=1e-2)
    centred = system(centred=True, prior=0.0).eval().encode(frames, torch.zeros(1)).continuous
    torch.testing.assert_close(centred.mean(dim=0), torch.zeros(5), atol=1e-6, rtol=0)
    plain = system().eval().encode(frames, torch.zeros(1)).continuous
    torch.testing.assert_close(centred, plain - plain.mean(dim=0))
    drawn = system(centred=True, prior=63.0).eval().encode(frames, torch.zeros(1)).continuous
    torch.testing.assert_close(drawn, plain - plain.mean(dim=0) / 2)  # 63 units


def test_emphasis_takes_out_slow_changes():
    model = system(emphasis=0.9)
    waves = torch.ones(1, 10)
    torch.testing.assert_close(model._levelled(waves), torch.tensor([[1.0] + [0.1] * 9]))


def test_frames_of_the_guide_are_the_own_ones_of_their_unit():
    model = system(guide=1.0, strides=(*PAPER, 2, 2))
    place = model._place(8000)
    quiet = torch.zeros(1, 8000, dtype=torch.int64)
    for unit in (2, place.made - 3):
        waves = quiet.clone()
        number = place.first + unit + model.alignment.skipped  # of the unit, counted from what is learned
        waves[:, place.start + number * 256 + 64] = 20_000  # within the first of its two frames
        frames = model._frames(waves, place)
        assert frames.shape == (1, 2 * place.made, 40)
        assert frames.mean(dim=-1).argmax() == 2 * unit


@torch.no_grad()
@pytest.mark.parametrize("options", [{}, {"strides": (*PAPER, 2), "speaker_width": 3}])
def test_sample_by_sample_it_says_what_the_decoder_learned(options):
    model = system(**options).eval()
    assert isinstance(model, SpeaksSamples)
    indices = torch.randint(8, (15, 1))
    samples = torch.randint(-32768, 32768, (1, 70))
    stepper, conditions = model.stepper(1, "float32"), model.conditions(indices, "C")
    hold = model.alignment.hold
    assert conditions.shape == (15 * hold, stepper.width)
    silence = model._silence()
    skipped = model.alignment.skipped
    vectors = torch.cat([model.quantiser.lookup(indices[skipped:]), silence.expand(skipped, -1)])
    vectors = vectors.repeat_interleave(hold, dim=0)
    told = torch.cat([silence.expand(model.decoder.steps, -1), vectors])[None]
    length = len(vectors) * 64
    before = torch.zeros(1, model.decoder.before, dtype=torch.int64)
    whole = torch.cat([before, samples, torch.zeros(1, length - 70, dtype=torch.int64)], dim=1)
    expected = model.decoder(whole, told, model._voice(torch.tensor([2])))[0]
    for time in range(70):
        stepper.step(conditions[None, time // stepper.hop], torch.zeros(1, 2))
        stepper.remember(samples[:, time])
        torch.testing.assert_close(stepper.logits[0], expected[time], atol=1e-5, rtol=0)
    np.testing.assert_allclose(model.wave(samples[0]), (samples[0].numpy() + 0.5) / 32767.5, rtol=1e-6)


def test_a_very_short_utterance_is_spoken_too():
    model = system().eval()
    assert model.conditions(torch.tensor([[3]]), "A").shape == (1, 6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: system(strides=(2, 2, 2)), "units of 8 samples, which must be a multiple of the decoder's 64"),
        (lambda: system(strides=()), "strides"),
        (lambda: system(warmup=0), "warmup"),
        (lambda: system(quantiser="none"), "quantiser"),
        (lambda: system().players("cpc"), "no stage 'cpc' of this system; known are vqvae, decoder"),
        (lambda: system().prepare("decoder", batch(), {}), "stage decoder needs units to speak"),
        (lambda: system().prepare("vqvae", batch(1467), {}), r"a crop of 0\.0916875 s is too short: 1468 samples"),
        (lambda: system(placed=True, codes=900).prepare("vqvae", batch(), {}), "900 codes cannot be placed"),
        (lambda: system().conditions(torch.tensor([[3]]), "X"), "does not know the speaker 'X'"),
    ],
)
def test_faults_are_told(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_whole_utterances_are_not_what_it_learns_from():
    whole = replace(batch(), lengths={"wave": torch.tensor([1700, 1600, 1700, 1700])})
    with pytest.raises(InputError, match="stage vqvae learns from crops"):
        system().prepare("vqvae", whole, {})
