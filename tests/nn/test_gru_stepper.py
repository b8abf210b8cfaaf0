"""The recurrent vocoder sample by sample is the network that was trained."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nn.stepping import spoken

from unitvoice.nn.gru_stepper import GruStepper
from unitvoice.nn.gru_vocoder import GruVocoder


@pytest.fixture(scope="module")
def vocoder():
    torch.manual_seed(0)
    sizes = {"speaker_width": 3, "conditioning": 5, "sample_width": 7, "hidden": 24, "head": 12, "hop": 4}
    return GruVocoder(6, speakers=3, **sizes).eval().requires_grad_(requires_grad=False)


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 1000))
@settings(max_examples=25)
def test_its_logits_are_those_of_the_network_taught_on_the_same_samples(vocoder, rows, vectors, seed):
    draw = torch.Generator().manual_seed(seed)
    units = torch.randn(rows, vectors, 6, generator=draw)
    speakers = torch.randint(0, 3, (rows,), generator=draw)
    codes = torch.randint(0, 256, (rows, vectors * 2 * 4), generator=draw)
    stepper = GruStepper(vocoder, rows)
    found = spoken(stepper, stepper.fold(vocoder.condition(units, speakers)), codes)
    torch.testing.assert_close(found, vocoder(units, speakers, codes), atol=1e-5, rtol=0)


def test_at_paper_size_too():
    torch.manual_seed(1)
    large = GruVocoder(64, speakers=2).eval().requires_grad_(requires_grad=False)
    units, speakers, codes = torch.randn(2, 1, 64), torch.tensor([0, 1]), torch.randint(0, 256, (2, 60))
    stepper = GruStepper(large, 2)
    found = spoken(stepper, stepper.fold(large.condition(units, speakers)), codes)
    torch.testing.assert_close(found, large(units, speakers, codes), atol=1e-5, rtol=0)


def test_a_cleared_row_forgets_what_was_spoken_in_it_and_the_others_do_not(vocoder):
    stepper, fresh = GruStepper(vocoder, 2), GruStepper(vocoder, 2)
    condition, noise = torch.randn(2, stepper.width), torch.rand(2, 1)
    for _ in range(5):
        stepper.step(condition, noise)
    stepper.clear(1)
    stepper.step(condition, noise)
    fresh.step(condition, noise)
    assert torch.equal(stepper.logits[1], fresh.logits[1])
    assert not torch.equal(stepper.logits[0], fresh.logits[0])


@pytest.mark.parametrize(("precision", "most"), [("bf16", 0.05), ("int8", 0.05)])
def test_a_lower_precision_is_near_the_network(vocoder, precision, most):
    units, speakers, codes = torch.randn(2, 3, 6), torch.tensor([0, 2]), torch.randint(0, 256, (2, 24))
    stepper = GruStepper(vocoder, 2, precision)
    found = spoken(stepper, stepper.fold(vocoder.condition(units, speakers)), codes)
    error = (found - vocoder(units, speakers, codes)).abs().max()
    assert 0 < error < most
