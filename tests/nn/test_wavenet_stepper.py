"""The WaveNet sample by sample is the network that was trained."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nn.stepping import spoken

from unitvoice.conversion import generation
from unitvoice.conversion.generation import Utterance, generate
from unitvoice.nn.output_heads import CategoricalHead, GaussianHead, LogisticMixtureHead
from unitvoice.nn.upsampling import SmoothingUpsampler
from unitvoice.nn.wavenet import WaveNet
from unitvoice.nn.wavenet_stepper import WaveNetStepper, fold

HEADS = {"codes": CategoricalHead(8), "logistics": LogisticMixtureHead(2), "gaussian": GaussianHead()}


def network(head=HEADS["codes"], voice=2, scales=(4, 4), **sizes):
    torch.manual_seed(0)
    sizes = {"residual": 6, "gate": 8, "skip": 5, "layers": 6, "stacks": 2} | sizes
    made = WaveNet(head, SmoothingUpsampler(3, scales), voice=voice, **sizes)
    for parameter in made.parameters():  # biases too must be in the right place
        parameter.data += 0.1 * torch.randn(parameter.shape)
    return made.eval().requires_grad_(requires_grad=False)


def speech(head, shape, draw):
    if head.dtype == torch.int64:
        return torch.randint(0, head.inputs, shape, generator=draw)
    return torch.rand(shape, generator=draw) * 2 - 1


def folded(taught, vectors, voices):
    return torch.stack([fold(taught, *given) for given in zip(vectors, voices, strict=True)])


@given(
    st.sampled_from(sorted(HEADS)),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(2, 3),
    st.sampled_from([0, 2]),
    st.integers(0, 1000),
)
@settings(max_examples=30)
def test_its_logits_are_those_of_the_network_taught_on_the_same_samples(head, rows, units, kernel, voice, seed):
    draw = torch.Generator().manual_seed(seed)
    taught = network(HEADS[head], voice, kernel=kernel)
    vectors = torch.randn(rows, units, 3, generator=draw)
    voices = torch.randn(rows, voice, generator=draw) if voice else None
    samples = speech(taught.head, (rows, units * taught.hop), draw)
    stepper = WaveNetStepper(taught, rows)
    found = spoken(stepper, folded(taught, vectors, [None] * rows if voices is None else voices), samples)
    torch.testing.assert_close(found, taught(vectors, voices, samples), atol=1e-5, rtol=0)


def test_at_paper_size_too():
    large = network(CategoricalHead(), 32, (4, 4, 8, 5), residual=256, gate=368, skip=256, layers=20)
    draw = torch.Generator().manual_seed(0)
    vectors, voices = torch.randn(2, 1, 3, generator=draw), torch.randn(2, 32, generator=draw)
    samples = torch.randint(0, 256, (2, 40), generator=draw)
    stepper = WaveNetStepper(large, 2)
    found, expected = spoken(stepper, folded(large, vectors, voices), samples), large(vectors, voices, samples)
    torch.testing.assert_close(found, expected, atol=1e-5 * float(expected.abs().max()), rtol=0)


def test_a_cleared_row_forgets_what_was_spoken_in_it_and_the_others_do_not():
    taught = network()
    stepper, fresh = WaveNetStepper(taught, 2), WaveNetStepper(taught, 2)
    condition = torch.randn(2, stepper.width)
    noise = torch.rand(3 * stepper.hop, 2, 1)
    for now in noise:
        stepper.step(condition, now)
    stepper.clear(1)
    for now in noise[: stepper.hop]:
        stepper.step(condition, now)
        fresh.step(condition, now)
        torch.testing.assert_close(stepper.logits[1], fresh.logits[1])
    assert not torch.allclose(stepper.logits[0], fresh.logits[0])


@pytest.mark.parametrize("head", sorted(HEADS))
def test_the_company_of_a_row_does_not_matter(head):
    stepper = WaveNetStepper(network(HEADS[head]), 3)
    condition, noise = torch.randn(3, stepper.width), torch.rand(20, 3, stepper.draws)
    together = torch.stack([stepper.step(condition, now).clone() for now in noise])
    other = WaveNetStepper(network(HEADS[head]), 3)
    condition[1:], noise[:, 1:] = 0, 0.3
    assert torch.equal(torch.stack([other.step(condition, now).clone() for now in noise])[:, 0], together[:, 0])


def test_nothing_moves_while_it_speaks():
    stepper = WaveNetStepper(network(), 2)
    places = {name: value.data_ptr() for name, value in vars(stepper).items() if isinstance(value, torch.Tensor)}
    for _ in range(stepper.hop + 1):
        stepper.step(torch.randn(2, stepper.width), torch.rand(2, 1))
    stepper.clear(0)
    assert {name: getattr(stepper, name).data_ptr() for name in places} == places


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_a_lower_precision_is_near_the_network(precision):
    taught = network(residual=32, gate=32, skip=32)
    draw = torch.Generator().manual_seed(0)
    vectors, voices = torch.randn(2, 3, 3, generator=draw), torch.randn(2, 2, generator=draw)
    samples = torch.randint(0, 8, (2, 48), generator=draw)
    stepper = WaveNetStepper(taught, 2, precision)
    found, expected = spoken(stepper, folded(taught, vectors, voices), samples), taught(vectors, voices, samples)
    error = (found - expected).abs().max() / expected.std()
    assert 0 < error < 0.15


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_on_a_gpu_the_captured_graph_speaks_what_single_steps_do(precision, monkeypatch):
    taught = network(residual=32, gate=32, skip=32).cuda()
    vectors, voice = torch.randn(5, 3, device="cuda"), torch.randn(2, device="cuda")
    asked = [
        Utterance(name, samples, number, lambda: fold(taught, vectors, voice))
        for number, (name, samples) in enumerate({"a": 80, "b": 17, "c": 50, "d": 64}.items())
    ]

    def spoken():
        return {one.name: samples.tolist() for one, samples in generate(WaveNetStepper(taught, 3, precision), asked)}

    captured = spoken()
    monkeypatch.setattr(generation, "_captured", lambda _stepper, speak_frame: speak_frame)
    assert spoken() == captured
