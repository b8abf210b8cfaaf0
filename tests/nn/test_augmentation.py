"""Warped mel axes."""

import numpy as np
import pytest
import torch

from unitvoice.nn.augmentation import random_warp, warp_bands

FRAMES = torch.randn(4, 5, 12, generator=torch.Generator().manual_seed(0))


def test_a_factor_of_one_changes_nothing():
    torch.testing.assert_close(warp_bands(FRAMES, torch.ones(4)), FRAMES)


def test_each_utterance_is_read_at_its_own_stretched_places():
    factors = torch.tensor([0.5, 0.88, 1.12, 2.0])
    found = warp_bands(FRAMES, factors)
    for utterance, factor in enumerate(factors.tolist()):
        for time in range(5):
            expected = np.interp(np.arange(12) * factor, np.arange(12), FRAMES[utterance, time].numpy())
            np.testing.assert_allclose(found[utterance, time].numpy(), expected, atol=1e-5)


def test_a_factor_above_one_holds_the_last_band_and_moves_peaks_down():
    frames = torch.zeros(1, 1, 12)
    frames[..., 6] = 1.0
    assert warp_bands(frames, torch.tensor([1.5])).argmax() == 4
    assert warp_bands(frames, torch.tensor([0.75])).argmax() == 8
    held = warp_bands(torch.arange(12.0).expand(1, 1, 12), torch.tensor([2.0]))
    assert held[0, 0, 6:].tolist() == [11.0] * 6


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_type_and_gradient_pass_through(dtype):
    frames = FRAMES.to(dtype, copy=True).requires_grad_()
    found = warp_bands(frames, torch.full((4,), 0.9, dtype=dtype))
    assert found.shape == frames.shape
    assert found.dtype == dtype
    found.sum().backward()
    torch.testing.assert_close(frames.grad.sum(), found.new_tensor(float(found.numel())))


def test_random_factors_differ_between_utterances_and_keep_within_bounds():
    frames = torch.arange(80.0).expand(500, 1, 80)
    factors = random_warp(frames, 0.2)[:, 0, 10] / 10  # band d is read at d * factor
    assert 0.8 <= factors.min() < 0.82
    assert 1.18 < factors.max() <= 1.2
    assert torch.equal(random_warp(frames, 0.0), frames)
