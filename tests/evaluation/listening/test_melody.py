"""The judge of melody: what is known of voices that sing the same, higher, flat, or not at all."""

import numpy as np
import pytest

from unitvoice.audio import RATE
from unitvoice.evaluation.listening.judge import Heard
from unitvoice.evaluation.listening.melody import Melody


def voice(hertz):
    """Pulses of such an F0, (N,) Hz or 0 for silence."""
    phase = np.cumsum(hertz / RATE)
    pulses = np.diff(np.floor(phase), prepend=0.0)
    return np.convolve(pulses, np.hanning(20), "same").astype(np.float32)


def melody(mean=120.0, swing=0.2):
    times = np.arange(RATE) / RATE
    return mean * np.exp(swing * np.sin(2 * np.pi * 2 * times))


def judged(converted, source):
    return Melody().score(Heard(converted, source))


def test_the_same_melody_in_a_higher_voice_has_no_errors():
    found = judged(voice(melody(200.0)), voice(melody(120.0)))
    assert found["f0_correlation"] > 0.99
    assert found["f0_gross_errors"] == 0
    assert found["f0_difference"] < 0.3


def test_a_flat_voice_has_the_spread_of_the_source_as_difference():
    found = judged(voice(melody(120.0, 0.001)), voice(melody(120.0, 0.2)))
    assert found["f0_difference"] == pytest.approx(12 * 0.2 / 2**0.5 / np.log(2), rel=0.1)


def test_an_upside_down_melody_is_told_by_the_correlation():
    assert judged(voice(melody(120.0, -0.2)), voice(melody(120.0, 0.2)))["f0_correlation"] < -0.95


def test_silence_has_voicing_errors_alone():
    source = voice(melody())
    found = judged(np.zeros_like(source), source)
    assert found.keys() == {"f0_voicing_errors"}
    assert found["f0_voicing_errors"] > 90


def test_a_shorter_conversion_is_compared_as_far_as_it_goes_and_one_of_a_frame_not_at_all():
    source = voice(melody())
    assert judged(source[: RATE // 2], source)["f0_correlation"] > 0.99
    assert judged(source[:40], source) == {}
