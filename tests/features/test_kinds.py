"""Kinds of frames by name."""

import warnings
from importlib.util import find_spec

import librosa
import numpy as np
import pytest

from unitvoice.audio import mu_law_decode
from unitvoice.errors import InputError
from unitvoice.features import highpass
from unitvoice.features.kinds import KINDS, feature_kind
from unitvoice.features.spectral import Spectrum, log_mel, mfcc

WAVE = (0.1 * np.random.default_rng(0).standard_normal(1600)).astype(np.float32)


def test_names_mean_what_they_say():
    np.testing.assert_array_equal(feature_kind("logmel").compute(WAVE), log_mel(WAVE))
    np.testing.assert_array_equal(feature_kind("mfcc39").compute(WAVE), mfcc(WAVE, 13, Spectrum(bands=40)))


def there(name):
    needed = {"f0-world": "pyworld"}.get(name)
    skipped = pytest.mark.skipif(needed is not None and find_spec(needed) is None, reason=f"{needed} is not installed")
    return pytest.param(name, marks=skipped)


@pytest.mark.parametrize("name", [there(name) for name in KINDS])
def test_each_kind_gives_frames_at_its_rate_in_a_type_that_holds_them(name):
    kind = feature_kind(name)
    frames = kind.compute(WAVE)
    assert frames.ndim == 2
    assert len(frames) / kind.rate == pytest.approx(0.1, abs=0.0161)
    np.testing.assert_array_equal(frames.astype(kind.dtype), frames)


def test_samples_are_kept_to_16_bits_and_clipped():
    found = feature_kind("wave").compute(np.array([0.0, 0.5, 1.0, -1.0, 1.5, -1.5], np.float32))
    assert found[:, 0].tolist() == [0, 16384, 32767, -32767, 32767, -32767]


def test_an_unknown_kind_lists_the_known_ones():
    with pytest.raises(InputError, match="unknown kind of features 'logmell'; known are logmel, peakmel, "):
        feature_kind("logmell")


@pytest.mark.parametrize("factor", [1e-30, 0.01, 3.0])
def test_kinds_at_peak_do_not_hear_the_level_of_the_recording(factor):
    for name in ("peakmel", "mulaw", "htkmfcc", "htkbank"):
        compute = feature_kind(name).compute
        found = compute(np.float32(factor) * WAVE).astype(np.float64)
        np.testing.assert_allclose(found, compute(WAVE), atol=1 if name == "mulaw" else 1e-3)


def test_codes_are_of_the_wave_as_it_is_but_with_its_peak_at_0_999():
    codes = feature_kind("mulaw").compute(WAVE)
    assert codes.shape == (1600, 1)
    expected = WAVE * 0.999 / np.abs(WAVE).max()
    np.testing.assert_allclose(mu_law_decode(codes[:, 0]), expected, atol=0.022)


def test_peakmel_is_its_published_analysis():
    wave = WAVE * 0.999 / np.abs(WAVE).max()
    wave = np.append(wave[:1], wave[1:] - 0.97 * wave[:-1]).astype(np.float32)
    decibels = 20 * np.log10(np.exp(log_mel(wave, Spectrum(2048, 400, 160, 80, 50.0, 8000.0))))
    expected = np.maximum(decibels, decibels.max() - 80) / 80 + 1
    np.testing.assert_allclose(feature_kind("peakmel").compute(WAVE), expected, atol=1e-3)


@pytest.mark.parametrize("samples", [1, 2, 159, 160, 1023, 1024, 1025, 3000])
def test_silence_and_very_short_recordings_have_finite_frames_at_peak(samples):
    for wave in (np.zeros(samples, np.float32), WAVE[:samples], np.full(samples, 1e-40, np.float32)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frames = feature_kind("peakmel").compute(wave)
            codes = feature_kind("mulaw").compute(wave)
        assert frames.shape == (1 + len(wave) // 160, 80)
        assert np.isfinite(frames).all()
        assert codes.shape == (len(wave), 1)
    assert (feature_kind("mulaw").compute(np.zeros(samples, np.float32)) == 128).all()


@pytest.mark.parametrize("samples", [1, 255, 256, 257, 1600])
def test_hops_are_whole_so_that_nothing_of_a_recording_is_lost_and_waves_and_frames_agree(samples):
    frames, wave = (feature_kind(name).compute(WAVE[:samples]) for name in ("hopmel", "hopwave"))
    assert len(frames) == -(-samples // 256)
    assert len(wave) == 256 * len(frames)
    peak = np.abs(WAVE[:samples]).max()
    np.testing.assert_allclose(wave[:samples, 0] / 32767, 0.95 / peak * WAVE[:samples], atol=2e-5)
    assert (wave[samples:] == 0).all()


def test_hopmel_is_its_published_analysis():
    wave = np.pad(0.95 * WAVE / np.abs(WAVE).max(), (0, 192)).astype(np.float64)
    padded = np.pad(wave, 384, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    spectra = [np.fft.rfft(window * padded[first : first + 1024]) for first in range(0, 7 * 256, 256)]
    magnitudes = np.sqrt(np.square(np.abs(spectra)) + 1e-8)
    filters = librosa.filters.mel(sr=16000, n_fft=1024, n_mels=80, fmin=0, fmax=8000)
    expected = np.log10(np.maximum(magnitudes @ filters.T, 1e-5))
    np.testing.assert_allclose(feature_kind("hopmel").compute(WAVE), expected, atol=1e-4)
    assert feature_kind("hopmel").first == 128 / 16000


def test_highmfcc_is_its_published_analysis():
    wave = highpass.high_passed(WAVE)
    powers = librosa.feature.melspectrogram(y=wave, sr=16000, n_fft=400, hop_length=160, n_mels=80, pad_mode="reflect")
    static = librosa.feature.mfcc(S=librosa.power_to_db(powers, top_db=80.0), n_mfcc=13)
    found = feature_kind("highmfcc").compute(WAVE)
    assert found.shape == (11, 39)
    np.testing.assert_allclose(found[:, :13], static.T, atol=1e-2)
    # librosa's slopes, but for the frames at the ends, which it extrapolates
    np.testing.assert_allclose(found[4:-4, 13:26], librosa.feature.delta(static).T[4:-4], atol=1e-2)
    np.testing.assert_allclose(found[4:-4, 26:], librosa.feature.delta(static, order=2).T[4:-4], atol=1e-2)


def test_a_frame_of_highmfcc_owns_160_samples_of_highmulaw():
    for samples in (1, 159, 160, 161, 1600):
        frames, codes = (feature_kind(kind).compute(WAVE[:samples]) for kind in ("highmfcc", "highmulaw"))
        assert len(codes) == 160 * len(frames)
