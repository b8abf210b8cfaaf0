"""The target wave of the WaveNet auto-encoders: what is done to it, and undone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unitvoice.audio import mu_law_decode
from unitvoice.features.highpass import codes_of, high_passed, wave_of

SECOND = np.arange(16000) / 16000


def tone(hertz):
    return (0.5 * np.sin(2 * np.pi * hertz * SECOND)).astype(np.float32)


def test_a_click_stays_where_it_is():
    wave = np.zeros(2000, np.float32)
    wave[700] = 1
    assert int(np.abs(high_passed(wave)).argmax()) == 700
    assert int(np.abs(wave_of(codes_of(wave))).argmax()) == 700


@pytest.mark.parametrize(("hertz", "gain"), [(0, 0.11), (10, 0.12), (300, 1.0), (4000, 1.0)])
def test_what_is_below_speech_falls_by_19_decibels_and_speech_does_not(hertz, gain):
    wave = tone(hertz) if hertz else np.full(16000, 0.5, np.float32)
    inner = slice(1000, -1000)
    found = np.sqrt(np.mean(high_passed(wave)[inner] ** 2) / np.mean(wave[inner] ** 2))
    assert found == pytest.approx(gain, abs=0.02)


@given(st.integers(1, 1000))
def test_codes_fill_whole_frames_with_silence_after_the_end(samples):
    codes = codes_of(np.random.default_rng(0).uniform(-0.5, 0.5, samples).astype(np.float32))
    assert codes.dtype == np.uint8
    assert len(codes) == 160 * (1 + samples // 160)
    assert (codes[samples:] == 128).all()


@pytest.mark.parametrize("hertz", [200, 1000, 3000])
def test_gain_pre_emphasis_and_companding_are_undone(hertz):
    wave = high_passed(tone(hertz))
    again = wave_of(codes_of(tone(hertz)))[: len(wave)]
    noise = np.mean((again - wave)[1000:-1000] ** 2) / np.mean(wave[1000:-1000] ** 2)
    assert 10 * np.log10(noise) < -20


def test_pre_emphasis_is_that_of_the_paper():
    impulse = np.zeros(4000, np.float32)
    impulse[2000] = 0.5
    loud = mu_law_decode(codes_of(impulse))
    kept = high_passed(impulse)[2000]
    assert loud[2000] == pytest.approx(0.55 * kept, rel=0.03)
    assert loud[2001] == pytest.approx(-0.85 * 0.55 * kept, rel=0.05)


def test_silence_decodes_to_nearly_nothing_for_ever():
    assert np.abs(wave_of(np.full(16000, 128))).max() < 0.0011  # 1 / (1 - 0.85) / 0.55 of the smallest step
