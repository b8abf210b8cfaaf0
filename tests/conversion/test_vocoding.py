"""Phase reconstruction: length, determinism, and that the sound has the spectrum it was made of."""

import warnings

import librosa
import numpy as np
import pytest

from unitvoice import audio
from unitvoice.conversion.vocoding import GriffinLim
from unitvoice.features.spectral import log_mel, mel_to_linear

QUICK = GriffinLim(iterations=3)


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 800, 1023, 1360, 5000])
@pytest.mark.parametrize("more", [0, -1, 3])
def test_the_wave_has_exactly_the_samples_asked_for_and_no_warning(samples, more):
    frames = np.full((max(1, 1 + samples // 160 + more), 80), -5, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wave = QUICK(frames, samples, 0)
    assert wave.shape == (samples,)
    assert wave.dtype == np.float32
    assert np.isfinite(wave).all()


def test_the_seed_decides_and_nothing_else():
    frames = np.random.default_rng(0).normal(-5, 1, (30, 80)).astype(np.float32)
    np.testing.assert_array_equal(QUICK(frames, 4800, 3), QUICK(frames, 4800, 3))
    assert not np.array_equal(QUICK(frames, 4800, 3), QUICK(frames, 4800, 4))


def test_the_floor_is_all_but_silent():
    assert np.abs(QUICK(np.full((30, 80), np.log(1e-5), np.float32), 4800, 0)).max() < 1e-4


def test_frames_that_end_before_the_sound_are_followed_by_silence():
    wave = QUICK(np.full((10, 80), -3, np.float32), 8000, 0)
    assert np.abs(wave[:1000]).max() > 0.01
    assert np.abs(wave[2500:]).max() < 1e-6


def test_momentum_brings_the_sound_nearer_to_its_spectrum(tiny_manifest):
    frames = log_mel(audio.read(tiny_manifest.path(tiny_manifest.subset("voice")[0]), stop=1.0))
    wanted = mel_to_linear(frames).T

    def distance(momentum):
        wave = GriffinLim(momentum=momentum)(frames, 16_000, 0)
        return np.linalg.norm(np.abs(librosa.stft(wave, n_fft=1024, hop_length=160, win_length=400)) - wanted)

    assert distance(0.99) < 0.8 * distance(0.0)


def test_copy_synthesis_keeps_the_mel_spectrum(tiny_manifest):
    utterance = max(tiny_manifest.subset("voice"), key=lambda utterance: utterance.seconds)
    wave = audio.read(tiny_manifest.path(utterance), stop=1.5)
    frames = log_mel(wave)
    again = log_mel(GriffinLim()(frames, len(wave), 0))
    loud = frames > frames.max() - 5  # within 43 dB of the loudest band
    assert np.abs(again - frames)[loud].mean() < 0.2  # nepers: 1.7 dB
    assert np.abs(again - frames[::-1])[loud].mean() > 0.8  # what another sound would give
