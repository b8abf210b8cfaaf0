"""Conditions from vectors: the chain of filters, computed in one go."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from unitvoice.nn.upsampling import SmoothingUpsampler

SCALES = st.lists(st.integers(2, 5), min_size=1, max_size=4).map(tuple)


def random_filters(upsampler):
    for smooth in upsampler.filters:
        smooth.weight = torch.randn(smooth.weight.shape)
    return upsampler


@given(SCALES, st.integers(1, 6), st.integers(0, 100))
@settings(max_examples=20)
def test_it_is_stretching_and_filtering_scale_by_scale(scales, units, seed):
    torch.manual_seed(seed)
    upsampler = random_filters(SmoothingUpsampler(3, scales))
    vectors = torch.randn(2, units, 3)
    held = 3  # vectors beyond each end, so that the zeros beside them are out of reach
    expected = F.pad(upsampler.enter(vectors.mT), (held, held), mode="replicate").flatten(0, 1)[:, None]
    for scale, smooth in zip(scales, upsampler.filters, strict=True):
        expected = F.conv1d(expected.repeat_interleave(scale, dim=-1), smooth.weight, padding=scale)
    expected = expected[:, 0, held * upsampler.hop : -held * upsampler.hop].unflatten(0, (2, 3))
    torch.testing.assert_close(upsampler(vectors), expected, atol=1e-4, rtol=1e-4)


@given(SCALES, st.integers(1, 5))
@settings(max_examples=20)
def test_at_the_start_a_constant_condition_stays_constant_up_to_the_ends(scales, units):
    upsampler = SmoothingUpsampler(2, scales)
    vectors = torch.tensor([1.0, -2.0]).expand(1, units, 2)
    constant = upsampler.enter(vectors.mT)[..., :1].expand(1, 2, units * upsampler.hop)
    torch.testing.assert_close(upsampler(vectors), constant)


def test_every_weight_learns():
    upsampler = SmoothingUpsampler(4, (4, 5))
    upsampler(torch.randn(1, 6, 4)).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in upsampler.parameters())


def test_a_scale_that_changes_nothing_is_refused():
    with pytest.raises(ValueError, match="scales"):
        SmoothingUpsampler(4, (4, 1))
