"""The recording channel adds what it is asked for and moves nothing."""

import numpy as np
import pytest

from unitvoice.audio import RATE
from unitvoice.corpora.channel import BANDS, Channel, transmit

PLAIN = Channel(gains=(0.0,) * len(BANDS), decay=0.2, wetness=0.0, snr=100.0, peak=0.5, room=1)


@pytest.fixture
def speech():
    """Noise bursts with silence between them."""
    rng = np.random.default_rng(0)
    return (rng.standard_normal(RATE) * (np.arange(RATE) % 4000 < 2000)).astype(np.float32)


def tone(frequency):
    return np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE).astype(np.float32)


def test_a_plain_channel_only_scales_to_the_peak(speech):
    heard = transmit(speech, PLAIN, np.random.default_rng(0))
    assert np.abs(heard).max() == pytest.approx(0.5)
    np.testing.assert_allclose(heard, speech * (0.5 / np.abs(speech).max()), atol=1e-4)


@pytest.mark.parametrize("snr", [0.0, 20.0])
def test_the_noise_has_the_asked_level(speech, snr):
    channel = Channel(PLAIN.gains, PLAIN.decay, 0.0, snr, PLAIN.peak, PLAIN.room)
    heard = transmit(speech, channel, np.random.default_rng(7)).astype(float)
    scale = np.dot(heard, speech) / np.dot(speech, speech)
    noise = heard - scale * speech
    assert 10 * np.log10(np.mean((scale * speech) ** 2) / np.mean(noise**2)) == pytest.approx(snr, abs=0.5)


@pytest.mark.parametrize(("band", "gain"), [(1, 6.0), (4, -6.0)])
def test_the_equaliser_changes_its_bands_only(band, gain):
    gains = [0.0] * len(BANDS)
    gains[band] = gain
    channel = Channel(tuple(gains), PLAIN.decay, 0.0, 100.0, 0.5, 1)
    wave = tone(BANDS[band]) + tone(BANDS[2])
    spectrum = np.abs(np.fft.rfft(transmit(wave, channel, np.random.default_rng(0))))
    ratio = spectrum[round(BANDS[band])] / spectrum[round(BANDS[2])]
    assert 20 * np.log10(ratio) == pytest.approx(gain, abs=0.1)


def test_the_room_rings_after_the_sound_and_never_before(speech):
    channel = Channel(PLAIN.gains, 0.3, 0.5, 100.0, 0.5, 1)
    burst = speech * (np.arange(RATE) // 2000 == 4)
    heard = transmit(burst, channel, np.random.default_rng(0))
    before, after = heard[:7900], heard[10_100:11_000]
    assert np.mean(before**2) < 1e-3 * np.mean(after**2)


def test_the_same_draw_gives_the_same_recording_and_another_gives_another(speech):
    channel = Channel.draw(np.random.default_rng(1)).varied(np.random.default_rng(2))
    first, again, other = (transmit(speech, channel, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
