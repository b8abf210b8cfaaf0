"""Warped mel axes."""

import numpy as np
import pytest
import torch

from unitvoice.nn.augmentation import random_tract, random_warp, warp_bands, warp_tract

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


def voiced(formant, seconds=0.5, pitch=125.0):
    """A buzz of harmonics under one formant, at 16 kHz."""
    time = torch.arange(int(16_000 * seconds)) / 16_000
    harmonics = torch.arange(1, 60) * pitch
    loud = torch.exp(-((harmonics - formant) / 300.0).square()) + 1e-3
    return (loud[:, None] * torch.cos(2 * torch.pi * harmonics[:, None] * time)).sum(dim=0) / 100


def spectrum(wave):
    return torch.fft.rfft(wave * torch.hann_window(len(wave))).abs(), torch.fft.rfftfreq(len(wave), 1 / 16_000)


def test_a_tract_of_the_same_length_changes_nothing():
    waves = torch.randn(2, 4001, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(warp_tract(waves, torch.ones(2)), waves, atol=1e-4, rtol=0)


@pytest.mark.parametrize("factor", [0.85, 1.15])
def test_another_tract_moves_the_formant_and_keeps_pitch_and_length(factor):
    wave = voiced(1500.0)
    changed = warp_tract(wave[None], torch.tensor([factor]))[0]
    assert changed.shape == wave.shape
    before, frequencies = spectrum(wave)
    after, _ = spectrum(changed)

    def centre(found):
        return ((found.square() * frequencies).sum() / found.square().sum()).item()

    assert centre(before) == pytest.approx(1500, rel=0.02)
    assert centre(after) == pytest.approx(1500 / factor, rel=0.05)
    loudest = frequencies[after.argmax()].item()
    assert loudest == pytest.approx(125 * round(loudest / 125), abs=3)


def test_random_tracts_differ_between_utterances_and_none_is_asked_for_without_a_range():
    waves = torch.randn(1, 2000).expand(2, -1)
    torch.manual_seed(0)
    first, second = random_tract(waves, 0.2)
    assert not torch.allclose(first, second)
    assert random_tract(waves, 0.0) is waves
