"""HTK's cepstra against slow arithmetic of our own, from the definitions."""

import math
import warnings

import numpy as np
import pytest

from unitvoice.features.htk import Analysis, filter_bank, log_bank, mfcc_with_slopes, slopes

RATE = 16_000


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def slow_powers(wave, preemphasis=0.97):
    """Of each frame: cut around its centre from the emphasised wave, reflected at its ends; a Fourier sum."""
    emphasised = [wave[0], *(wave[i] - np.float32(preemphasis) * wave[i - 1] for i in range(1, len(wave)))]
    last = len(wave) - 1
    fourier = np.exp(-2j * np.pi * np.outer(np.arange(257), np.arange(400)) / 512)
    found = []
    for index in range(1 + len(wave) // 160):
        places = [abs(index * 160 + offset) for offset in range(-200, 200)]
        frame = np.array([emphasised[place if place <= last else 2 * last - place] for place in places])
        found.append(np.abs(fourier @ frame.astype(np.float64)) ** 2 / 512)
    return np.array(found)


def slow_filters(bands=26):
    top = 2595 * math.log10(1 + 8000 / 700)
    bins = [
        math.floor(513 * 700 * (10 ** (top * corner / (bands + 1) / 2595) - 1) / RATE) for corner in range(bands + 2)
    ]
    filters = np.zeros((bands, 257))
    for band in range(bands):
        low, middle, high = bins[band : band + 3]
        for place in range(low, middle):
            filters[band, place] = (place - low) / (middle - low)
        for place in range(middle, high):
            filters[band, place] = (high - place) / (high - middle)
    return filters


def slow_mfcc(wave):
    powers = slow_powers(wave)
    bands = np.log(powers @ slow_filters().T)
    cepstra = np.zeros((len(bands), 13))
    for number in range(13):
        scale = math.sqrt((1 if number == 0 else 2) / 26) * (1 + 11 * math.sin(math.pi * number / 22))
        cosines = [math.cos(math.pi * number * (band + 0.5) / 26) for band in range(26)]
        cepstra[:, number] = scale * bands @ cosines
    cepstra[:, 0] = np.log(powers.sum(axis=1))
    return cepstra


def slow_slopes(frames):
    found = np.zeros_like(frames)
    for index in range(len(frames)):
        for step in (1, 2):
            after, before = min(index + step, len(frames) - 1), max(index - step, 0)
            found[index] += step * (frames[after] - frames[before]) / 10
    return found


def test_filters_are_triangles_between_bins():
    np.testing.assert_allclose(filter_bank(Analysis()), slow_filters())
    assert (filter_bank(Analysis()).max(axis=1) == 1).all()


def test_bands_and_cepstra_are_what_their_definitions_say():
    wave = noise(4321)
    np.testing.assert_allclose(log_bank(wave), np.log(slow_powers(wave) @ slow_filters().T), atol=1e-4)
    cepstra = slow_mfcc(wave)
    first = slow_slopes(cepstra)
    expected = np.concatenate([cepstra, first, slow_slopes(first)], axis=1)
    np.testing.assert_allclose(mfcc_with_slopes(wave), expected, atol=1e-4)


def test_the_preemphasis_is_applied():
    wave = noise(16_000)
    gain = (log_bank(wave) - log_bank(wave, Analysis(preemphasis=0.0))).mean(axis=0)
    middles = RATE / 512 * filter_bank(Analysis()).argmax(axis=1)
    expected = 2 * np.log(np.abs(1 - 0.97 * np.exp(-2j * np.pi * middles / RATE)))
    # a window without a taper leaks into the lowest bands
    np.testing.assert_allclose(gain[10:], expected[10:], atol=0.1)
    assert (gain[:5] < -2).all()


def test_slopes_of_a_line_are_its_slope_and_do_not_depend_on_its_height():
    line = 3.0 * np.arange(20)[:, None] + np.array([0.0, 50.0])
    np.testing.assert_allclose(slopes(line, 2)[2:-2], 3.0)


@pytest.mark.parametrize("samples", [1, 2, 159, 160, 200, 201, 202, 399, 400, 3000])
def test_silence_and_very_short_recordings_have_finite_frames(samples):
    for wave in (np.zeros(samples, np.float32), noise(samples)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frames = mfcc_with_slopes(wave)
        assert frames.shape == (1 + samples // 160, 39)
        assert frames.dtype == np.float32
        assert np.isfinite(frames).all()
