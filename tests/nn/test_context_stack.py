"""The context stack: its size, and what each prediction depends on."""

import pytest
import torch

from unitvoice.nn.context_stack import ContextStack

SIZES = {"channels": 4, "width": 6, "hidden": 8, "head": 24}


def stack(inputs=3, voice=2, warmup=8, **sizes):
    torch.manual_seed(0)
    return ContextStack(inputs, voice, warmup=warmup, **(SIZES | sizes))


def speech(net, units, batch=1):
    draw = torch.Generator().manual_seed(1)
    samples = torch.randint(-32768, 32768, (batch, net.before + units * net.hop), generator=draw)
    vectors = torch.randn(batch, net.steps + units, net.inputs, generator=draw)
    return samples, vectors, torch.randn(batch, 2, generator=draw)


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_it_has_the_published_numbers_of_parameters():
    made = ContextStack(128, voice=109)
    assert size(made) == 14_557_696
    assert [size(part) for part in made.down] == [188_416, 318_464, 318_464]
    assert [size(part) for part in made.up] == [2_989_056, 2_989_056, 2_399_232]
    assert size(made.wavernn) == 5_355_008
    assert size(ContextStack(0)) == 13_398_400


def test_alignment_constants_are_the_published_ones():
    made = ContextStack(128, voice=109, hidden=2, head=2, width=2, channels=2)
    assert (made.reach, made.before, made.steps, made.hop) == (189, 5629, 85, 64)


@pytest.mark.parametrize(("warmup", "steps", "before"), [(64, 85, 5629), (8, 11, 893), (1, 2, 317)])
def test_they_follow_from_the_warm_up(warmup, steps, before):
    made = stack(warmup=warmup)
    assert (made.steps, made.before) == (steps, before)


@pytest.mark.parametrize(("levels", "hop", "reach"), [(1, 4, 9), (2, 16, 45), (3, 64, 189)])
def test_and_from_the_number_of_rates(levels, hop, reach):
    made = stack(levels=levels)
    assert (made.hop, made.reach) == (hop, reach)
    samples, vectors, voice = speech(made, 2)
    assert made(samples, vectors, voice).shape == (1, 2 * hop, 2, 256)


def test_a_frame_of_the_slowest_convolution_sees_190_samples():
    made = stack()
    coarse = torch.randn(1, 1, 400, requires_grad=True)
    x = coarse
    for halvings in made.down:
        x = halvings(x, torch.zeros(1, 2))
    (gradient,) = torch.autograd.grad(x[..., 1].sum(), coarse)
    assert gradient[0, 0].nonzero().flatten().tolist() == list(range(64, 64 + 190))


def test_a_prediction_knows_no_sample_to_come_and_only_coarse_numbers_reach_the_stack():
    made = stack().eval()
    samples, vectors, voice = speech(made, 2)
    found = made(samples, vectors, voice)
    changed = samples.clone()
    place = 70
    changed[:, made.before + place :] = -changed[:, made.before + place :] - 1
    other = made(changed, vectors, voice)
    assert torch.equal(found[:, :place], other[:, :place])
    assert torch.equal(found[:, place, 0], other[:, place, 0])
    assert not torch.equal(found[:, place, 1], other[:, place, 1])
    assert (found[:, place + 1 :] != other[:, place + 1 :]).any(dim=-1).all()
    fine = samples.clone()
    fine[:, made.before - 100] ^= 255  # long ago, where it has reached nothing but WaveRNN's dropped states
    coarse = samples.clone()
    coarse[:, made.before - 100] ^= 256 * 255
    assert torch.equal(made(fine, vectors, voice), found)
    assert not torch.equal(made(coarse, vectors, voice), found)


@pytest.mark.parametrize("unit", [0, 1])
def test_a_vector_is_heard_from_its_own_samples_on(unit):
    made = stack().eval()
    samples, vectors, voice = speech(made, 2)
    changed = vectors.clone()
    changed[:, made.steps + unit] += 1
    same = (made(samples, changed, voice) == made(samples, vectors, voice)).flatten(2).all(dim=-1)[0]
    assert same[: 64 * unit].all()
    assert not same[64 * unit :].any()


def test_the_voice_is_told_to_every_layer():
    made = stack()
    samples, vectors, voice = speech(made, 1)
    made(samples, vectors, voice).square().sum().backward()
    told = [gated.voice.weight for level in made.down for gated in (level.first, level.second)]
    told += [context.recurrence.weight_ih_l0[:, -2:] for context in made.up]
    for weight in told[:6]:
        assert bool((weight.grad != 0).any())
    for context in made.up:
        assert bool((context.recurrence.weight_ih_l0.grad[:, -2:] != 0).any())
    assert bool((made.wavernn.recurrence.weight_ih_l0.grad[:, 6:8] != 0).any())


def test_what_does_not_belong_together_is_told():
    made = stack()
    samples, vectors, voice = speech(made, 2)
    with pytest.raises(ValueError, match="do not belong together"):
        made(samples[:, 1:], vectors, voice)
    with pytest.raises(ValueError, match="do not belong together"):
        made(samples[:, : made.before], vectors[:, : made.steps], voice)
