"""The systems of VQ-VAE-Speech: every fault of the original that concerns a system, and every option."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from unitvoice.errors import InputError
from unitvoice.features.kinds import feature_kind
from unitvoice.models import load_model, save_model
from unitvoice.settings import build
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe
from unitvoice.systems.vqvae_speech import WIDTHS

TINY = {"channels": 12, "codes": 8, "width": 6, "speaker_width": 3, "blocks": 1}


def recipe(features=("htkmfcc", "logmel"), **model):
    stage = {"steps": 1, "batch": 1, "crop": 1.0, "learning_rate": 0.1}
    values = {"system": "vqvae-deconv", "description": "", "features": features, "model": model}
    return build(Recipe, values | {"stages": {"vqvae": stage}}, "the tests")


def system(features=("htkmfcc", "logmel"), seed=0, **model):
    torch.manual_seed(seed)
    return create_system(recipe(features, **(TINY | model)), ["A", "B", "C"])


def batch(crops=4, frames=20, kinds=("htkmfcc", "logmel")):
    draws = torch.Generator().manual_seed(1)
    sounds = torch.randint(4, (crops, -(-frames // 5)), generator=draws).repeat_interleave(5, dim=1)[:, :frames]
    found = {kind: 3 + 2 * torch.randn(4, WIDTHS[kind], generator=draws)[sounds] for kind in kinds}
    found = {kind: values + 0.1 * torch.randn(values.shape, generator=draws) for kind, values in found.items()}
    lengths = {kind: torch.full((crops,), frames) for kind in kinds}
    return Batch(found, torch.arange(crops) % 3, tuple(f"u{number}" for number in range(crops)), lengths)


def means(of):
    return {kind: frames.flatten(0, 1).mean(dim=0) for kind, frames in of.frames.items()}


def prepared(of=None, **model):
    found = system(**model)
    of = of or batch()
    found.prepare("vqvae", of, means(of))
    return found


def total(model, of, seed=0):
    torch.manual_seed(seed)
    return torch.stack(list(model.losses("vqvae", of, 0, "system").values())).sum()


class Given(nn.Module):
    """An encoder that returns what it is told to, (B, width, T), whatever it hears."""

    def __init__(self, encoded):
        super().__init__()
        self.encoded = nn.Parameter(encoded)

    def forward(self, x):
        return self.encoded[: len(x)]


def test_the_whole_has_the_published_number_of_parameters_with_blocks_of_their_own():
    paper = create_system(recipe(["htkmfcc"], output="htkmfcc", speaker_width=0), ["A"])
    assert sum(part.numel() for part in paper.parameters()) == 21_097_575
    assert 21_097_575 - 2 * 2_359_296 == 16_378_983  # as published, where blocks share their weights


def test_the_widths_are_those_of_the_kinds():
    wave = torch.randn(1600, generator=torch.Generator().manual_seed(0)).numpy()
    assert {kind: feature_kind(kind).compute(wave).shape[1] for kind in WIDTHS} == WIDTHS


@pytest.mark.parametrize("quantiser", ["gradient", "ema"])
@pytest.mark.parametrize("crops", [1, 2, 3])
@pytest.mark.parametrize("units", [1, 2, 5, 24])
def test_frames_that_are_codes_get_these_codes_whatever_the_batch(quantiser, crops, units):
    model = system(quantiser=quantiser).eval()
    codes = torch.arange(crops * units).reshape(crops, units) * 3 % 8
    model.quantiser.codebook.data.copy_(torch.randn(8, 6))
    table = model.quantiser.tables()[0]
    model.encoder = Given(table[codes].mT)
    vectors, losses = model._quantised(batch(crops))
    torch.testing.assert_close(vectors, table[codes])
    assert all(term == 0 for term in losses.values())
    assert model.encode(torch.zeros(20, 39), torch.zeros(39)).indices[:, 0].tolist() == codes[0].tolist()


def test_an_utterance_gets_the_same_units_alone_and_in_company():
    model = prepared().eval()
    frames = batch(3).frames["htkmfcc"]
    together = model.quantiser(model._encoded(frames, frames.mean(dim=1))).indices
    for number, one in enumerate(frames):
        torch.testing.assert_close(model.encode(one, one.mean(dim=0)).indices, together[number])


def test_a_share_of_the_frames_is_replaced_by_neighbours_in_training_alone():
    model = system(jitter=0.12, codes=3)
    codes = torch.arange(3000)[None] % 3  # neighbours differ
    model.encoder = Given(model.quantiser.tables()[0].detach()[codes].mT.clone())
    model.train()
    torch.manual_seed(0)
    vectors, _ = model._quantised(batch(1))
    there = model.quantiser(vectors).indices[0, :, 0]
    assert (there != codes[0]).double().mean().item() == pytest.approx(0.12, abs=0.02)
    vectors.sum().backward()
    assert model.encoder.encoded.grad.sum() == pytest.approx(3000 * 6, rel=1e-4)  # each copy passes its gradient on
    still, _ = model.eval()._quantised(batch(1))
    assert model.quantiser(still).indices[0, :, 0].tolist() == codes[0].tolist()


def test_the_speaker_table_is_learned_and_kept():
    of = batch()
    model = prepared(of)
    ((_, modules),) = model.players("vqvae").items()
    optimiser = torch.optim.Adam([part for module in modules for part in module.parameters()], 0.01)
    before = model.decoder.speaker_table.weight.detach().clone()
    assert torch.equal(model.eval().decoder.speaker_table(torch.tensor([1])), before[1:2])
    total(model.train(), of).backward()
    optimiser.step()
    assert (model.state_dict()["decoder.speaker_table.weight"] != before).all()


def test_the_voice_is_heard_only_where_the_decoder_is_told_of_it():
    for width, differ in ((3, True), (0, False)):
        model = prepared(speaker_width=width).eval()
        indices = model.encode(batch().frames["htkmfcc"][0], torch.zeros(39)).indices
        assert torch.equal(model.decode(indices, "A", 20), model.decode(indices, "B", 20)) is not differ
        with pytest.raises(InputError, match="does not know the speaker 'D'; it knows A, B, C"):
            model.decode(indices, "D", 20)


@pytest.mark.parametrize("frames", [*range(1, 12), 47, 48, 199, 200])
def test_units_and_decoded_frames_have_the_length_of_the_utterance(frames):
    model = prepared().eval()
    units = model.encode(torch.randn(frames, 39), torch.zeros(39))
    assert units.indices.shape == (frames // 2 + 1, 1)
    assert units.vectors.shape == units.continuous.shape == (frames // 2 + 1, 6)
    assert model.decode(units.indices, "A", frames).shape == (frames, 80)


def test_a_unit_stands_in_the_middle_of_what_it_sees():
    model = prepared().eval()
    frames = torch.randn(1, 60, 39, requires_grad=True)
    encoded = model._encoded(frames, frames.mean(dim=1).detach())
    (gradient,) = torch.autograd.grad(encoded[0, 14].sum(), frames)
    seen = gradient[0].abs().sum(dim=1).nonzero().flatten().tolist()
    assert (seen[0] + seen[-1]) / 2 / 100 == pytest.approx(model.unit_first + 14 / model.unit_rate)


def test_input_and_output_are_normalised_with_their_own_statistics():
    of = batch(crops=16)
    of.frames["logmel"] = 10 * of.frames["logmel"] - 50
    model = prepared(of)
    frames, target = of.frames["htkmfcc"], of.frames["logmel"]
    torch.testing.assert_close(model.input_mean, frames.flatten(0, 1).mean(dim=0))
    torch.testing.assert_close(model.input_scale, frames.flatten(0, 1).std(dim=0, correction=0))
    torch.testing.assert_close(model.decoder.mean, target.flatten(0, 1).mean(dim=0))
    torch.testing.assert_close(model.decoder.scale, target.flatten(0, 1).std(dim=0, correction=0))
    for part in model.decoder.parameters():
        nn.init.zeros_(part)
    assert model.losses("vqvae", of, 0, "system")["reconstruction"].item() == pytest.approx(1.0, rel=1e-4)
    torch.testing.assert_close(model.decode(torch.zeros(2, 1, dtype=torch.int64), "A", 3)[0], model.decoder.mean)


def test_a_value_that_never_changes_does_not_divide_by_zero():
    of = batch()
    of.frames["htkmfcc"][..., 5] = -36.0
    assert torch.isfinite(total(prepared(of), of))


def test_centred_frames_do_not_hear_a_constant_and_others_do():
    of = batch()
    shifted = replace(of, frames=of.frames | {"htkmfcc": of.frames["htkmfcc"] + 5})
    for centred in (True, False):
        model = prepared(of, centred=centred).eval()
        heard = [model._encoded(b.frames["htkmfcc"], b.frames["htkmfcc"].mean(dim=1)) for b in (of, shifted)]
        assert torch.allclose(*heard, atol=1e-4) is centred
        assert (model.prior == 16.0) is centred


@pytest.mark.parametrize("quantiser", ["gradient", "ema"])
@pytest.mark.parametrize("options", [{}, {"kaiming": True, "weight_norm": True, "speaker_width": 0}])
def test_learning_lowers_the_error_with_every_quantiser_and_initialisation(quantiser, options):
    of = batch()
    model = prepared(of, quantiser=quantiser, **options)
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    first = total(model, of).item()
    for step in range(40):
        loss = total(model, of, step)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.8 * first
    assert set(model.monitor()) == {"usage", "perplexity", "revived"}
    terms = model.eval().losses("vqvae", of, 0, "system")
    assert set(terms) == {"reconstruction", "commitment"} | ({"codebook"} if quantiser == "gradient" else set())


def test_the_commitment_is_weighted_and_the_codebook_is_not():
    of = batch()
    found = []
    for commitment in (0.25, 1.0):
        model = prepared(of, commitment=commitment).eval()
        found.append(model.losses("vqvae", of, 0, "system"))
    assert found[1]["commitment"].item() == pytest.approx(4 * found[0]["commitment"].item())
    assert found[1]["codebook"] == found[0]["codebook"] == found[1]["commitment"]


def test_bands_are_warped_in_training_alone():
    of = batch(kinds=("logmel",))
    model = prepared(of, features=("logmel",), input="logmel", warp=0.3, jitter=0.0)
    model.train()
    quantised = [model._quantised(of)[0] for _ in range(2)]
    assert not torch.equal(*quantised)
    model.eval()
    assert torch.equal(*(model._quantised(of)[0] for _ in range(2)))


def test_codes_start_among_encoded_data_by_option():
    of = batch()
    placed, even = prepared(of), prepared(of, placed=False)
    assert even.quantiser.tables()[0].abs().max() <= 1 / 8
    encoded = placed.eval()._encoded(of.frames["htkmfcc"], of.frames["htkmfcc"].mean(dim=1)).flatten(0, 1)
    nearest = torch.cdist(placed.quantiser.tables()[0], encoded).min(dim=1).values
    assert nearest.max() < encoded.std()


def test_a_model_folder_keeps_weights_in_every_form(tmp_path):
    of = batch()
    for options in ({}, {"kaiming": True, "weight_norm": True, "quantiser": "ema"}):
        known = recipe(**(TINY | options))
        torch.manual_seed(0)
        model = create_system(known, ["A", "B", "C"])
        model.prepare("vqvae", of, means(of))
        folder = tmp_path / str(len(options))
        save_model(folder, model, known)
        again = load_model(folder)
        units = [one.eval().encode(of.frames["htkmfcc"][0], torch.zeros(39)) for one in (model, again)]
        assert torch.equal(units[0].vectors, units[1].vectors)


def test_the_seed_decides_the_weights():
    states = [system(seed=seed).state_dict() for seed in (3, 3, 4)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert not torch.equal(states[0]["decoder.speaker_table.weight"], states[2]["decoder.speaker_table.weight"])


def test_cepstra_that_are_decoded_cannot_be_spoken():
    of = batch(kinds=("htkmfcc",))
    model = prepared(of, features=("htkmfcc",), output="htkmfcc")
    with pytest.raises(InputError, match=r"decodes htkmfcc, of which no sound can be made.* whose output is logmel"):
        model.decode(torch.zeros(3, 1, dtype=torch.int64), "A", 5)


def test_what_does_not_fit_is_told():
    with pytest.raises(InputError, match="htkmfcc has no bands to warp; set warp to 0, or input to htkbank, logmel"):
        system(warp=0.1)
    with pytest.raises(InputError, match="reads htkbank, but the first of the recipe's features is htkmfcc"):
        system(input="htkbank")
    with pytest.raises(InputError, match="must have logmel among its features"):
        prepared(batch(kinds=("htkmfcc",)), features=("htkmfcc",))
    with pytest.raises(InputError, match=r"200 codes cannot be placed among 44 frames; .* or set placed to false"):
        prepared(codes=200)
    with pytest.raises(InputError, match="stage vqvae learns from crops, not from whole utterances"):
        prepared(replace(batch(), lengths={"htkmfcc": torch.tensor([20, 20, 20, 7])}))
