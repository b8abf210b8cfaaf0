"""Spectra against slow arithmetic of our own, from the definitions."""

import warnings

import numpy as np
import pytest
import scipy.fft
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from unitvoice.features.spectral import FLOOR, Spectrum, decibel_mel, log_mel, mel_filters, mel_to_linear, mfcc

RATE = 16_000


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def slow_mel_scale(hertz):
    """Slaney's scale: linear up to 1 kHz, then logarithmic with 27 steps per factor of 6.4."""
    return hertz * 3 / 200 if hertz < 1000 else 15 + 27 * np.log(hertz / 1000) / np.log(6.4)


def slow_filters(fft, bands, low, high):
    """Triangles with corners at equal steps of the mel scale and an area of one hertz."""
    grid = np.linspace(0, 20_000, 400_001)
    scale = np.array([slow_mel_scale(hertz) for hertz in grid])
    corners = np.interp(np.linspace(slow_mel_scale(low), slow_mel_scale(high), bands + 2), scale, grid)
    filters = np.zeros((bands, 1 + fft // 2))
    for band in range(bands):
        left, top, right = corners[band : band + 3]
        for row in range(1 + fft // 2):
            hertz = row * RATE / fft
            height = min((hertz - left) / (top - left), (right - hertz) / (right - top))
            filters[band, row] = max(0.0, height) * 2 / (right - left)
    return filters


def slow_log_mel(wave, fft=1024, window=400, hop=160, bands=80, low=0.0, high=8000.0):
    """From the definition: reflected ends, a periodic Hann window, a Fourier sum, triangles, a logarithm."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    last = len(wave) - 1
    offsets = np.arange(window) - window // 2
    fourier = np.exp(-2j * np.pi * np.outer(np.arange(1 + fft // 2), offsets) / fft)
    frames = []
    for index in range(1 + len(wave) // hop):
        places = np.abs(index * hop + offsets)
        places = np.where(places > last, 2 * last - places, places)
        frames.append(np.abs(fourier @ (hann * wave[places].astype(np.float64))))
    return np.log(np.maximum(np.array(frames) @ slow_filters(fft, bands, low, high).T, FLOOR))


@pytest.mark.parametrize(
    "settings", [{}, {"bands": 40}, {"bands": 20, "low": 50.0, "high": 7600.0, "window": 800, "hop": 200}]
)
def test_log_mel_is_what_its_definition_says(settings):
    wave = noise(4321)
    np.testing.assert_allclose(log_mel(wave, Spectrum(**settings)), slow_log_mel(wave, **settings), atol=2e-4)


@pytest.mark.parametrize("bands", [40, 80])
def test_filters_are_slaneys_triangles(bands):
    np.testing.assert_allclose(mel_filters(Spectrum(bands=bands)), slow_filters(1024, bands, 0, 8000), atol=1e-6)
    assert (mel_filters(Spectrum(bands=bands)).sum(axis=1) > 0).all()


@examples(max_examples=150)
@given(st.integers(1, 2000))
def test_n_samples_give_1_and_a_frame_per_hop_and_no_warning(samples):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frames = log_mel(noise(samples))
    assert frames.shape == (1 + samples // 160, 80)
    assert frames.dtype == np.float32
    assert np.isfinite(frames).all()


@pytest.mark.parametrize("samples", [*range(155, 165), *range(508, 518), 800, 1023, 1024, 1025])
def test_frame_counts_hold_at_the_edges_of_padding(samples):
    assert log_mel(noise(samples)).shape == (1 + samples // 160, 80)
    assert mfcc(noise(samples)).shape == (1 + samples // 160, 39)


@pytest.mark.parametrize("index", [3, 10, 17])
def test_frame_i_is_centred_on_sample_160_i(index):
    wave = np.zeros(160 * 20, np.float32)
    wave[160 * index] = 1.0
    energy = np.exp(log_mel(wave)).sum(axis=1)
    assert energy.argmax() == index
    np.testing.assert_allclose(energy[index - 1], energy[index + 1], rtol=1e-4)
    assert (log_mel(wave)[[index - 2, index + 2]] == np.float32(np.log(FLOOR))).all()  # the window is 25 ms


def test_a_tone_is_in_its_band():
    frames = log_mel(np.sin(2 * np.pi * 1000 * np.arange(8000) / RATE).astype(np.float32))
    filters = mel_filters(Spectrum())
    assert (frames[10:-10].argmax(axis=1) == filters[:, 64].argmax()).all()  # 1 kHz is line 64 of 1024 points


def test_silence_is_the_floor():
    assert (log_mel(np.zeros(1600, np.float32)) == np.float32(np.log(FLOOR))).all()
    assert np.isfinite(mfcc(np.zeros(1600, np.float32))).all()


def test_loudness_is_an_offset():
    np.testing.assert_allclose(log_mel(0.5 * noise(3200)), log_mel(noise(3200)) + np.log(0.5), atol=1e-4)


def test_preemphasis_is_the_first_difference():
    wave = noise(2000)
    emphasised = np.concatenate([wave[:1], wave[1:] - np.float32(0.97) * wave[:-1]])
    np.testing.assert_allclose(log_mel(wave, Spectrum(preemphasis=0.97)), log_mel(emphasised), atol=1e-4)


def test_decibels_are_scaled_and_nothing_lies_80_below_the_loudest():
    wave = noise(4000) * np.where(np.arange(4000) < 2000, 1, 1e-6).astype(np.float32)
    decibels = 20 / np.log(10) * slow_log_mel(wave)
    expected = np.maximum(decibels, decibels.max() - 80) / 80 + 1
    found = decibel_mel(wave)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert found.max() - found.min() == pytest.approx(1)
    np.testing.assert_allclose(decibel_mel(np.zeros(1600, np.float32)), 1 - 100 / 80, atol=1e-6)


def test_mfcc_is_the_cosine_transform_of_decibels():
    wave = noise(5000)
    decibels = 20 / np.log(10) * slow_log_mel(wave, bands=40)
    expected = scipy.fft.dct(decibels, type=2, norm="ortho", axis=1)[:, :13]
    np.testing.assert_allclose(mfcc(wave)[:, :13], expected, atol=0.02)


def test_slopes_of_mfcc_are_least_squares_lines_and_parabolas_over_9_frames():
    static = mfcc(noise(8000))[:, :13].astype(np.float64)
    found = mfcc(noise(8000))
    places = np.arange(-4, 5)
    for middle in (4, 20, 40):
        curves = np.polyfit(places, static[middle - 4 : middle + 5], 2)
        np.testing.assert_allclose(found[middle, 13:26], curves[1], atol=1e-3)
        np.testing.assert_allclose(found[middle, 26:], 2 * curves[0], atol=1e-3)


@pytest.mark.parametrize("coefficients", [1, 13, 20])
def test_mfcc_has_three_columns_per_cepstrum(coefficients):
    assert mfcc(noise(1600), coefficients).shape == (11, 3 * coefficients)


def test_linear_spectrum_gives_its_bands_back():
    frames = log_mel(noise(16_000))
    linear = mel_to_linear(frames)
    assert linear.shape == (101, 513)
    assert (linear >= 0).all()
    again = np.log(np.maximum(linear @ mel_filters(Spectrum()).T, FLOOR))
    assert (
        np.abs(again - frames).mean() < 0.4 * np.abs(np.diff(frames)).mean()
    )  # neighbouring bands of noise differ more


def test_a_flat_spectrum_comes_back_flat():
    filters = mel_filters(Spectrum())
    frames = np.log(np.full((2, 513), 3.0, np.float32) @ filters.T)
    linear = mel_to_linear(frames)
    covered = filters.sum(axis=0) > 1e-6
    np.testing.assert_allclose(linear[:, covered], 3.0, rtol=1e-4)
