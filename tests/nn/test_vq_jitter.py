"""Time jitter, by its definition."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unitvoice.nn.vq import jitter


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@given(st.integers(1, 4), st.integers(1, 12), st.floats(0, 1), st.integers(0, 999))
@settings(deadline=None, max_examples=60)
def test_each_step_is_itself_or_a_neighbour_as_it_was_before(batch, steps, probability, seed):
    values = torch.arange(batch * steps).reshape(batch, steps)
    moved = jitter(values, probability, generator(seed)) - values
    assert moved.abs().max() <= 1
    assert moved[:, 0].min() >= 0
    assert moved[:, -1].max() <= 0


def test_neighbours_come_with_half_the_probability_each():
    values = torch.arange(200_000)[None]
    moved = (jitter(values, 0.12, generator()) - values)[0, 1:-1]
    for step, share in {-1: 0.06, 0: 0.88, 1: 0.06}.items():
        assert abs((moved == step).double().mean() - share) < 0.003


def test_each_utterance_has_a_pattern_of_its_own():
    values = torch.arange(100).expand(2, 100)
    first, second = jitter(values, 0.5, generator())
    assert not torch.equal(first, second)


def test_without_probability_nothing_changes():
    values = torch.randn(2, 9, 3)
    assert torch.equal(jitter(values, 0.0), values)


def test_padding_is_never_copied():
    values = torch.tensor([[0, 1, 2, -7, -7]])
    mask = values >= 0
    seen = torch.cat([jitter(values, 1.0, generator(seed), mask)[:, :3] for seed in range(50)])
    assert set(seen.flatten().tolist()) == {0, 1, 2}
    assert set(seen[:, 2].tolist()) == {1, 2}


def test_the_groups_of_a_step_move_together():
    values = torch.arange(50)[None, :, None].expand(1, 50, 3)
    moved = jitter(values, 0.5, generator())
    assert torch.equal(moved[..., 0], moved[..., 2])


def test_the_gradient_reaches_the_step_that_was_copied():
    values = torch.zeros(1, 40, 2, requires_grad=True)
    source = jitter(torch.arange(40)[None], 0.5, generator())[0]
    jitter(values, 0.5, generator()).sum().backward()
    expected = torch.bincount(source, minlength=40).float()
    assert torch.equal(values.grad[0, :, 0], expected)
