"""The context stack sample by sample is the network that was trained."""

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nn.stepping import spoken
from torch.nn import functional as F

from unitvoice.conversion import generation
from unitvoice.conversion.generation import Utterance, divergence, generate
from unitvoice.nn.context_stack import ContextStack
from unitvoice.nn.context_stepper import ContextStepper
from unitvoice.nn.sixteen_bits import combine

VOICES = torch.randn(18, 2, generator=torch.Generator().manual_seed(3))


@cache
def stack(inputs=3, voice=2, warmup=8):
    torch.manual_seed(0)
    made = ContextStack(inputs, voice, channels=4, width=6, hidden=8, head=16, warmup=warmup)
    for parameter in made.parameters():  # biases too must be in the right place
        parameter.data += 0.2 * torch.randn(parameter.shape)
    return made.eval().requires_grad_(requires_grad=False)


def taught(net, samples, vectors, voices, silence):
    """Logits of an utterance that silence stands before, (B, S), of which (B, U) vectors are told."""
    rows = len(samples)
    before = torch.zeros(rows, net.before, dtype=torch.int64)
    told = torch.cat([silence.expand(rows, net.steps, -1), vectors], dim=1)
    return net(torch.cat([before, samples], dim=1), told, voices)


def conditions(vectors, numbers):
    return F.pad(vectors, (0, 1)) + F.pad(numbers[:, None, None].float(), (vectors.shape[-1], 0))


def utterance(rows, units, inputs=3, seed=0, voices=18):
    draw = torch.Generator().manual_seed(seed)
    vectors = torch.randn(rows, units, inputs, generator=draw)
    numbers = torch.randint(voices, (rows,), generator=draw)
    samples = torch.randint(-32768, 32768, (rows, 64 * units), generator=draw)
    return vectors, numbers, samples


@given(st.integers(1, 3), st.integers(1, 2), st.sampled_from([1, 8, 64]), st.integers(0, 1000))
@settings(max_examples=5)
def test_its_logits_are_those_of_the_network_taught_on_the_same_samples(rows, units, warmup, seed):
    net, silence = stack(warmup=warmup), torch.tensor([0.3, -1.0, 0.5])
    vectors, numbers, samples = utterance(rows, units, seed=seed)
    stepper = ContextStepper(net, VOICES, silence, rows)
    found = spoken(stepper, conditions(vectors, numbers), samples)
    expected = taught(net, samples, vectors, VOICES[numbers], silence)
    assert found.std() > 0.1
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("inputs", "voice"), [(0, 0), (3, 0), (0, 2)])
def test_without_vectors_or_voices_too(inputs, voice):
    net, silence, voices = stack(inputs, voice), torch.ones(inputs), VOICES[:2, :voice]
    vectors, numbers, samples = utterance(2, 2, inputs, voices=2)
    stepper = ContextStepper(net, voices, silence, 2)
    found = spoken(stepper, conditions(vectors, numbers), samples)
    torch.testing.assert_close(found, taught(net, samples, vectors, voices[numbers], silence), atol=1e-5, rtol=0)


def test_at_paper_size_too():
    torch.manual_seed(1)
    large = ContextStack(128, 4, warmup=2).eval().requires_grad_(requires_grad=False)
    voices, silence = torch.eye(4)[:1], torch.randn(128)
    vectors, numbers, samples = utterance(1, 1, 128, voices=1)
    found = spoken(ContextStepper(large, voices, silence, 1), conditions(vectors, numbers), samples)
    torch.testing.assert_close(found, taught(large, samples, vectors, voices, silence), atol=1e-5, rtol=0)


def test_an_utterance_that_follows_another_in_its_row_begins_after_silence_too():
    net, silence = stack(), torch.zeros(3)
    stepper = ContextStepper(net, VOICES, silence, 2)
    first, second = utterance(2, 2, seed=1), utterance(2, 1, seed=2)
    spoken(stepper, conditions(*first[:2]), first[2])
    stepper.clear(1)
    told = conditions(*second[:2])
    found = []
    for place in range(64):
        stepper.step(told[:, 0], torch.full((2, 2), 0.5))
        stepper.remember(second[2][:, place])
        found.append(stepper.logits.clone())
    expected = taught(net, second[2], second[0], VOICES[second[1]], silence)
    found = torch.stack(found, dim=1)
    torch.testing.assert_close(found[1], expected[1], atol=1e-5, rtol=0)
    assert (found[0] - expected[0]).abs().max() > 1e-3  # the other row goes on where it was


def test_steps_change_its_tensors_in_place_so_that_a_graph_can_be_captured():
    stepper = ContextStepper(stack(), VOICES, torch.zeros(3), 2)

    def places():
        parts = {"stepper": stepper, "cell": stepper._cell} | dict(enumerate(stepper._levels))
        return {
            (part, name): value.data_ptr()
            for part, holder in parts.items()
            for name, value in vars(holder).items()
            if isinstance(value, torch.Tensor)
        }

    before = places()
    for _ in range(stepper.hop + 1):
        stepper.step(torch.zeros(2, stepper.width), torch.rand(2, 2))
    stepper.clear(0)
    stepper.remember(torch.zeros(2, dtype=torch.int64))
    assert places() == before


@pytest.mark.parametrize(("precision", "most"), [("bf16", 0.1), ("int8", 0.1)])
def test_a_lower_precision_is_near_the_network(precision, most):
    net, silence = stack(), torch.zeros(3)
    vectors, numbers, samples = utterance(2, 2)
    found = spoken(ContextStepper(net, VOICES, silence, 2, precision), conditions(vectors, numbers), samples)
    error = (found - taught(net, samples, vectors, VOICES[numbers], silence)).abs().max()
    assert 0 < error < most


def test_the_divergence_of_a_precision_is_that_of_both_numbers_of_a_sample():
    net, silence = stack(), torch.zeros(3)
    vectors, numbers, samples = utterance(1, 1)
    steppers = [ContextStepper(net, VOICES, silence, 1, precision) for precision in ("float32", "bf16")]
    told = conditions(vectors, numbers)
    true, near = (spoken(one, told, samples).log_softmax(dim=-1) for one in steppers)
    expected = (true.exp() * (true - near)).sum(dim=(2, 3)).mean()
    assert divergence(*steppers, told[0], samples[0]) == pytest.approx(expected.item(), rel=1e-4)


def test_both_numbers_are_drawn_from_their_distributions_with_noise_of_their_own():
    net = stack()
    stepper = ContextStepper(net, VOICES, torch.zeros(3), 3)
    told, noise = torch.zeros(3, 4), torch.tensor([[0.2, 0.9], [0.2, 0.1], [0.7, 0.9]])
    for _ in range(5):
        sample = stepper.step(told, noise)
        chances = stepper.logits.softmax(dim=-1).cumsum(dim=-1)
        drawn = (chances <= noise[..., None]).sum(dim=-1)
        assert torch.equal(sample, combine(drawn))
    assert len(sample.unique()) == 3


def test_the_company_of_an_utterance_does_not_matter():
    net = stack()
    vectors, numbers, _ = utterance(5, 3)
    told = conditions(vectors, numbers)
    wanted = [Utterance(f"u{row}", 64 * (1 + row % 3), row, lambda row=row: told[row]) for row in range(5)]

    def said(stepper, some):
        return {one.name: samples for one, samples in generate(stepper, some)}

    together = said(ContextStepper(net, VOICES, torch.zeros(3), 2), wanted)
    for one in wanted:
        alone = said(ContextStepper(net, VOICES, torch.zeros(3), 2), [one])
        assert torch.equal(alone[one.name], together[one.name])
        assert len(alone[one.name]) == one.samples


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_on_a_gpu_the_captured_graph_speaks_what_single_steps_do(precision, monkeypatch):
    net = ContextStack(3, 2, channels=4, width=6, hidden=8, head=16, warmup=8).cuda().eval()
    vectors, numbers, _ = utterance(5, 3)
    told = conditions(vectors, numbers)
    wanted = [Utterance(f"u{row}", 64 * (1 + row % 3), row, lambda row=row: told[row]) for row in range(5)]

    def said():
        stepper = ContextStepper(net, VOICES.cuda(), torch.zeros(3, device="cuda"), 2, precision)
        return {one.name: samples for one, samples in generate(stepper, wanted)}

    captured = said()
    monkeypatch.setattr(generation, "_captured", lambda _, speak_frame: speak_frame)
    assert all(torch.equal(samples, captured[name]) for name, samples in said().items())
