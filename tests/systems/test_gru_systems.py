"""The two systems that speak sample by sample: sizes, timing, gradients, and every fault of a recipe."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from unitvoice.audio import mu_law_decode
from unitvoice.errors import InputError
from unitvoice.settings import build
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe
from unitvoice.systems.speaking import SpeaksSamples
from unitvoice.systems.vqcpc_gru import by_speaker

TINY = {"channels": 12, "codes": 8, "width": 6, "speaker_width": 3, "conditioning": 4, "sample_width": 5}
TINY |= {"hidden": 7, "head": 6}
SYSTEMS = ["vqvae-gru", "vqcpc-gru"]
PAPER = [f"S{number:03}" for number in range(102)]


def system(name, speakers=("A", "B", "C", "D"), **model):
    stage = {"steps": 1, "batch": 1, "crop": 1.0, "learning_rate": 0.1}
    values = {"system": name, "description": "", "features": ["peakmel", "mulaw"], "model": model}
    torch.manual_seed(0)
    return create_system(build(Recipe, values | {"stages": {"one": stage}}, "the tests"), speakers)


def tiny(name, **changes):
    return system(name, **(TINY | changes))


def batch(crops=8, frames=30, bands=80, speakers=4):
    draws = torch.Generator().manual_seed(1)
    rows = torch.arange(speakers).repeat_interleave(crops // speakers)
    mel = torch.rand(crops, frames, bands, generator=draws)
    codes = torch.randint(256, (crops, frames * 160, 1), generator=draws, dtype=torch.uint8)
    kinds = {"peakmel": mel.half(), "mulaw": codes}
    lengths = {kind: torch.full((crops,), one.shape[1]) for kind, one in kinds.items()}
    return Batch(kinds, rows, tuple(f"u{number}" for number in range(crops)), lengths)


def stages(name):
    return ("vqvae",) if name == "vqvae-gru" else ("cpc", "vocoder")


def turn(model, stage):
    """What the training engine does before a player's turn."""
    ((player, modules),) = model.players(stage).items()
    model.eval().requires_grad_(requires_grad=False)
    for module in modules:
        module.train().requires_grad_()
    return player, modules


def losses(model, stage, of, seed=0):
    player, modules = turn(model, stage)
    torch.manual_seed(seed)
    terms = model.losses(stage, of, 0, player)
    return terms, modules


def size(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


def test_vqvae_gru_has_the_published_number_of_parameters():
    paper = system("vqvae-gru", PAPER)
    assert size(paper.encoder) == 7_908_928
    assert size(paper.vocoder) == 4_652_160
    assert size(paper) == 12_561_088
    assert [tuple(table.shape) for table in paper.quantiser.tables()] == [(512, 64)]


def test_vqcpc_gru_has_the_published_number_of_parameters():
    paper = system("vqcpc-gru", PAPER)
    assert size(paper.encoder, paper.memory) == 1_580_096
    assert size(paper.contrast) == 98_688
    assert size(paper.vocoder, paper.code_table) == 4_684_928
    assert size(*paper.players("cpc")["encoder"]) + size(*paper.players("vocoder")["vocoder"]) == size(paper)


@pytest.mark.parametrize(("name", "lost"), [("vqvae-gru", 2), ("vqcpc-gru", 0)])
@pytest.mark.parametrize("frames", [4, 34, 100, 101, 140])
def test_before_padding_the_encoder_gives_the_published_number_of_units(name, lost, frames):
    model = tiny(name).eval()
    mel = torch.zeros(1, frames, 80)
    encoded = model.encoder(mel.mT).mT if name == "vqvae-gru" else model.encoder(mel)
    assert encoded.shape == (1, (frames - lost) // 2, 6)


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("samples", [1, 159, 160, 319, 320, 321, 15_999, 16_000, 16_001])
def test_units_last_as_long_as_the_recording_and_hardly_longer(name, samples):
    model = tiny(name).eval()
    frames = 1 + samples // 160
    units = model.encode(torch.rand(frames, 80).half(), torch.zeros(80))
    assert len(units.indices) == math.ceil(frames / 2)
    assert samples <= 320 * len(units.indices) <= samples + 320


@pytest.mark.parametrize(("name", "side"), [("vqvae-gru", 7), ("vqcpc-gru", 1)])
def test_a_unit_sees_its_own_two_frames_and_so_many_on_each_side(name, side):
    model = tiny(name).eval()
    mel = torch.rand(1, 60, 80, requires_grad=True)
    encoded = model.continuous(mel)
    for unit in (8, 13, 20):
        (gradient,) = torch.autograd.grad(encoded[0, unit].sum(), mel, retain_graph=True)
        seen = gradient[0].abs().sum(dim=1).nonzero().flatten().tolist()
        assert seen == list(range(2 * unit - side, 2 * unit + 2 + side))


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_time_of_a_unit_is_the_middle_of_what_it_sees(name):
    model = tiny(name).eval()
    mel = torch.rand(1, 60, 80, requires_grad=True)
    (gradient,) = torch.autograd.grad(model.continuous(mel)[0, 10].sum(), mel)
    seen = gradient[0].abs().sum(dim=1).nonzero().flatten().float() / 100  # frame i is centred at 10 i ms
    assert model.unit_first + 10 / model.unit_rate == pytest.approx((seen.min() + seen.max()).item() / 2)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_crop_with_context_has_the_units_of_the_whole_recording(name):
    model = tiny(name).eval()
    mel = torch.rand(1, 100, 80)
    context = model.settings.context
    crop = Batch({"peakmel": mel[:, 20:60]}, torch.tensor([0]), ("u",))
    whole = model.continuous(mel)
    first, count = (20 + context) // 2, (40 - 2 * context) // 2
    torch.testing.assert_close(model._inner(crop), whole[:, first : first + count])


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_vocoder_learns_the_samples_of_the_units_that_it_reads(name):
    model = tiny(name, context=8)
    crops = batch(frames=31)
    seen = []
    model.vocoder.register_forward_hook(lambda _, given, __: seen.append(given))
    losses(model, stages(name)[-1], crops)
    vectors, speakers, codes, _ = seen[-1]
    assert vectors.shape == (8, 7, 6)  # 30 frames without 8 on each side
    assert torch.equal(codes, crops.frames["mulaw"][:, 8 * 160 : (8 + 14) * 160, 0].long())
    assert torch.equal(speakers, crops.speakers)


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize(("window", "first", "units"), [(1, 3, 1), (2, 2, 2), (3, 2, 3), (7, 0, 7), (9, 0, 7)])
def test_a_window_is_the_middle_of_what_is_between_the_contexts(name, window, first, units):
    model = tiny(name, context=8, window=window)
    crops = batch(frames=30)
    seen = []
    model.vocoder.register_forward_hook(lambda _, given, __: seen.append(given))
    losses(model, stages(name)[-1], crops)
    vectors, _, codes, frame = seen[-1]
    assert vectors.shape == (8, 7, 6)  # the conditions know more than what is learned
    assert frame == 2 * first
    expected = crops.frames["mulaw"][:, (8 + frame) * 160 : (8 + frame + 2 * units) * 160, 0]
    assert torch.equal(codes, expected.long())


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_parameter_of_a_stage_gets_gradient_and_no_other(name):
    model = tiny(name)
    crops = batch()
    for stage in stages(name):
        model.prepare(stage, crops, {})
        model.zero_grad()
        terms, modules = losses(model, stage, crops)
        torch.stack(list(terms.values())).sum().backward()
        trained = {p for module in modules for p in module.parameters()}
        for label, parameter in model.named_parameters():
            assert (parameter.grad is not None and bool((parameter.grad != 0).any())) == (parameter in trained), label


@pytest.mark.parametrize("name", SYSTEMS)
def test_an_untrained_vocoder_guesses(name):
    model = tiny(name)
    model.prepare(stages(name)[0], batch(), {})
    terms, _ = losses(model, stages(name)[-1], batch())
    assert terms["reconstruction"].item() == pytest.approx(math.log(256), rel=0.03)


def test_an_untrained_encoder_guesses():
    model = system("vqcpc-gru", codes=64)
    crops = batch(crops=16, frames=80)
    model.prepare("cpc", crops, {})
    terms, _ = losses(model, "cpc", crops)
    assert terms["contrast"].item() == pytest.approx(math.log(18), rel=0.02)
    assert model.monitor()["accuracy"] == pytest.approx(1 / 18, abs=0.03)


def test_what_predictions_are_made_from_knows_no_unit_to_come():
    model = tiny("vqcpc-gru")
    quantised = torch.rand(1, 20, 6, requires_grad=True)
    (gradient,) = torch.autograd.grad(model.memory(quantised)[0][0, 12].sum(), quantised)
    assert gradient[0].abs().sum(dim=1).nonzero().flatten().tolist() == list(range(13))


@pytest.mark.parametrize("name", SYSTEMS)
def test_codes_start_among_encoded_data_and_usage_does_not_fall(name):
    model = tiny(name)
    crops = batch()
    model.prepare(stages(name)[0], crops, {})
    (table,) = model.quantiser.tables()
    encoded = model.eval()._inner(crops)
    assert table.norm(dim=1).max() <= encoded.norm(dim=-1).max() + 1e-5
    used = []
    for _ in range(3):
        losses(model, stages(name)[0], crops)
        used.append(model.monitor()["usage"])
    assert min(used[1:]) >= 0.75 * used[0] > 0.5


@pytest.mark.parametrize("name", SYSTEMS)
def test_jitter_and_dropped_edges_do_not_touch_encoding(name):
    model = tiny(name)
    model.prepare(stages(name)[0], batch(), {})
    model.eval()
    frames = torch.rand(41, 80).half()
    first, second = (model.encode(frames, torch.zeros(80)) for _ in range(2))
    assert first.indices.shape == (21, 1)
    assert torch.equal(first.indices, second.indices)
    assert torch.equal(first.vectors, model.quantiser.lookup(first.indices))
    assert first.continuous.shape == (21, 6)


def test_vqvae_gru_jitters_in_training_alone():
    found = {}
    for probability in (0.0, 1.0):
        model = tiny("vqvae-gru", jitter=probability)
        model.prepare("vqvae", batch(), {})
        seen = []
        model.vocoder.register_forward_hook(lambda _, given, __, seen=seen: seen.append(given[0]))
        losses(model, "vqvae", batch())
        found[probability] = seen[-1]
    moved = (found[0.0] != found[1.0]).any(dim=-1)
    assert moved.float().mean() > 0.5
    assert (found[1.0][:, 1:-1, None] == found[0.0][:, None]).all(dim=-1).any(dim=-1).all()  # all are codes nearby


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_vocoder_reads_codes_one_way(name):
    model = tiny(name).eval()
    indices = torch.tensor([[3], [0], [7]])
    table = model.quantiser.tables()[0] if name == "vqvae-gru" else model.code_table.weight
    assert torch.equal(model.vectors(indices), table[[3, 0, 7]])
    assert model.vectors(indices[None]).shape == (1, 3, 6)


@torch.no_grad()
@pytest.mark.parametrize("name", SYSTEMS)
def test_sample_by_sample_it_says_what_the_vocoder_learned(name):
    model = tiny(name).eval()
    assert isinstance(model, SpeaksSamples)
    indices, codes = torch.tensor([[3], [0]]), torch.randint(256, (1, 640))
    expected = model.vocoder(model.vectors(indices)[None], torch.tensor([2]), codes)[0]
    stepper, conditions = model.stepper(1, "float32"), model.conditions(indices, "C")
    assert conditions.shape == (4, stepper.width)
    for time in range(640):
        stepper.step(conditions[None, time // stepper.hop], torch.zeros(1, 1))
        torch.testing.assert_close(stepper.logits[0], expected[time], atol=1e-5, rtol=1e-5)
        stepper.remember(codes[:, time])
    np.testing.assert_array_equal(model.wave(codes[0]), mu_law_decode(codes[0].numpy()))


def test_a_voice_that_the_model_does_not_know_is_told():
    with pytest.raises(InputError, match="does not know the speaker 'X'"):
        tiny("vqvae-gru").conditions(torch.tensor([[3]]), "X")


@pytest.mark.parametrize("name", SYSTEMS)
def test_wave_codes_of_the_vocoder_are_those_of_the_features(name):
    model = tiny(name)
    assert mu_law_decode(torch.tensor([model.vocoder.start]).numpy())[0] == pytest.approx(0, abs=1e-4)
    assert model.vocoder.levels == 256
    assert model.vocoder.hop * model.vocoder.upsample * model.unit_rate == 16_000


def test_the_vocoder_of_vqcpc_gru_leaves_the_encoder_as_it_is():
    model = tiny("vqcpc-gru")
    model.prepare("cpc", batch(), {})
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.prepare("vocoder", batch(), {})
    losses(model, "vocoder", batch())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert model.monitor() == {}


def test_the_order_of_speakers_does_not_matter_but_their_groups_do():
    values = torch.arange(12).view(6, 2)
    assert by_speaker(values, torch.tensor([2, 2, 0, 0, 1, 1])).shape == (3, 2, 2)
    assert torch.equal(by_speaker(values, torch.tensor([2, 2, 0, 0, 1, 1])).flatten(0, 1), values)
    assert by_speaker(values, torch.tensor([4] * 6)).shape == (1, 6, 2)
    assert by_speaker(values, torch.tensor([4, 4, 4, 4, 0, 0])).shape == (3, 2, 2)


def test_negatives_are_drawn_within_groups_of_a_speaker():
    model = tiny("vqcpc-gru")
    model.prepare("cpc", batch(), {})
    seen = []
    model.contrast.register_forward_hook(lambda _, given, __: seen.append(given))
    losses(model, "cpc", batch())
    assert [tuple(one.shape) for one in seen[-1]] == [(4, 2, 13, 6), (4, 2, 13, 256)]


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: replace(one, frames={"peakmel": one.frames["peakmel"]}), "must have mulaw among its features"),
        (lambda _: batch(bands=40), "the recipe has 80 bands but the frames have 40"),
        (lambda _: batch(frames=3), r"stage \w+ needs crops of \d+ frames, context included, not 3"),
        (lambda one: replace(one, lengths={"mulaw": torch.tensor([3] * 8)}), r"stage \w+ learns from crops"),
    ],
)
def test_batches_that_a_stage_cannot_learn_from_are_told(name, change, message):
    for stage in stages(name):
        with pytest.raises(InputError, match=message):
            tiny(name).prepare(stage, change(batch()), {})


def test_a_crop_too_short_for_the_predictions_is_told():
    with pytest.raises(InputError, match="stage cpc needs crops of 20 frames, context included, not 19"):
        tiny("vqcpc-gru").prepare("cpc", batch(frames=19), {})
    model = tiny("vqcpc-gru")
    model.prepare("cpc", batch(frames=20), {})
    losses(model, "cpc", batch(frames=20))


@pytest.mark.parametrize("name", SYSTEMS)
def test_too_few_units_for_the_codes_are_told(name):
    with pytest.raises(InputError, match=r"stage \w+: 300 codes cannot be placed among \d+ frames; give more"):
        tiny(name, codes=300).prepare(stages(name)[0], batch(), {})


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_context_that_is_no_number_of_units_is_told(name):
    with pytest.raises(InputError, match=rf"the model section of {name} is not valid: context"):
        tiny(name, context=3)


def test_an_unknown_stage_of_vqcpc_gru_is_told():
    with pytest.raises(InputError, match="has the stages cpc and vocoder, not 'vqvae'"):
        tiny("vqcpc-gru").players("vqvae")


@pytest.mark.parametrize("name", SYSTEMS)
def test_normalised_units_do_not_depend_on_the_level_of_each_band(name):
    frames, offset = torch.rand(40, 80), torch.linspace(-0.3, 0.3, 80)
    for normalise in (True, False):
        model = tiny(name, normalise=normalise).eval()
        model.quantiser.initialise(torch.randn(50, 6), torch.Generator().manual_seed(0))
        plain = model.encode(frames, frames.mean(dim=0))
        moved = model.encode(frames + offset, (frames + offset).mean(dim=0))
        assert torch.allclose(plain.continuous, moved.continuous, atol=1e-5) is normalise


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_vocal_tract_is_warped_in_training_alone(name):
    stage = stages(name)[0]
    warped, plain = tiny(name, warp=0.3), tiny(name)
    same = {key: value.item() for key, value in losses(plain, stage, batch())[0].items()}
    assert {key: value.item() for key, value in losses(warped, stage, batch())[0].items()} != same
    frames = torch.rand(40, 80)
    units = [
        model.eval().encode(frames, frames.mean(dim=0)).continuous for model in (tiny(name, warp=0.3), tiny(name))
    ]
    assert torch.equal(*units)
