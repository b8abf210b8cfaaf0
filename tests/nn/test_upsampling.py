"""Conditions from vectors: the chain of filters, computed in one go."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from unitvoice.nn.upsampling import RepeatingUpsampler, SmoothingUpsampler

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


@given(st.sampled_from([(4, 4, 4), (5, 4, 8), (8, 4)]), st.integers(1, 5), st.integers(0, 100))
@settings(max_examples=15)
def test_a_repeating_upsampler_is_holding_and_filtering_scale_by_scale(scales, units, seed):
    torch.manual_seed(seed)
    upsampler = RepeatingUpsampler(3, scales)
    for parameter in upsampler.parameters():
        parameter.data = torch.randn(parameter.shape)
    vectors = torch.randn(2, units, 3)
    x = F.pad(vectors.mT, (1, 1), mode="replicate").flatten(0, 1)[:, None]
    for scale, smooth in zip(scales, upsampler.filters, strict=True):
        x = smooth(x.repeat_interleave(scale, dim=-1))
    edge = (x.shape[-1] - units * upsampler.hop) // 2
    expected = x[:, 0, edge : edge + units * upsampler.hop].unflatten(0, (2, 3))
    torch.testing.assert_close(upsampler(vectors), expected, atol=1e-4, rtol=1e-4)


def test_a_repeating_upsampler_of_the_published_scales_takes_off_one_sample_on_each_side():
    upsampler = RepeatingUpsampler(80, (4, 4, 4))
    assert sum(parameter.numel() for parameter in upsampler.parameters()) == 24
    x = torch.zeros(1, 1, 16)
    for smooth in upsampler.filters:
        x = smooth(x.repeat_interleave(4, dim=-1))
    assert x.shape[-1] - 2 == 896 == 14 * upsampler.hop  # 16 frames without the first and the last


def test_a_repeating_upsampler_holds_what_does_not_change():
    upsampler = RepeatingUpsampler(2, (5, 4, 8))
    torch.testing.assert_close(upsampler(torch.full((1, 3, 2), 0.7)), torch.full((1, 2, 480), 0.7))


def test_scales_too_small_for_seven_taps_are_told():
    with pytest.raises(ValueError, match=r"\(2, 2\) are too small"):
        RepeatingUpsampler(2, (2, 2))
