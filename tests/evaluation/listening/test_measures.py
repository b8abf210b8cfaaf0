"""Judges that are formulas: distances that are known in decibels."""

import numpy as np
import pytest

from unitvoice.audio import RATE
from unitvoice.evaluation.listening import measures
from unitvoice.evaluation.listening.judge import Heard
from unitvoice.evaluation.listening.measures import CepstralDistortion, Duration


def distortion(one, other):
    return CepstralDistortion().score(Heard(one, one, None, other))["mel_cepstral_distortion"]


@pytest.fixture
def wave():
    return np.random.default_rng(0).standard_normal(RATE // 2).astype(np.float32) / 10


@pytest.mark.parametrize("cepstrum", [1, 5, 24])
def test_a_ripple_of_the_spectrum_has_its_root_mean_square(monkeypatch, cepstrum):
    """A log spectrum that differs by a cosine of 3 dB differs by 3 / sqrt(2) dB in the mean."""
    ripple = 3 * np.cos(np.pi * cepstrum * (np.arange(80) + 0.5) / 80) * np.log(10) / 20
    plain = np.random.default_rng(1).standard_normal((20, 80))
    frames = {"one": plain, "other": plain + ripple}
    monkeypatch.setattr(measures, "log_mel", lambda name: frames[name])
    assert distortion("one", "other") == pytest.approx(3 / 2**0.5)


def test_loudness_does_not_count_and_neither_does_tempo(wave):
    assert distortion(wave, wave) == 0
    assert distortion(wave, 0.5 * wave) == pytest.approx(0, abs=1e-3)
    held = np.repeat(wave.reshape(-1, 160), 2, axis=0).ravel()
    other = np.random.default_rng(5).standard_normal(len(wave)).astype(np.float32) / 10
    assert distortion(held, wave) < distortion(held, np.diff(other, prepend=0).astype(np.float32))


def test_without_a_reference_there_is_no_distortion(wave):
    assert CepstralDistortion().score(Heard(wave, wave)) == {}


def test_a_length_is_told_as_a_ratio(wave):
    assert Duration().score(Heard(wave[: len(wave) // 2], wave)) == {"length_ratio": 0.5}
