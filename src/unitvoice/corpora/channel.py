"""A recording channel for synthetic speech: microphone colour, a small room and noise."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy  # it loads its parts when they are used
from numpy.typing import NDArray

from unitvoice.audio import RATE

__all__ = ["Channel", "transmit"]

BANDS = (100.0, 300.0, 700.0, 1500.0, 3000.0, 5000.0, 8000.0)  # Hz; where the equaliser's gains are given


@dataclass(frozen=True)
class Channel:
    """Where and with what a speaker was recorded."""

    gains: tuple[float, ...]  # dB at `BANDS`
    decay: float  # reverberation time (-60 dB), s
    wetness: float  # energy of the reverberation relative to the direct sound
    snr: float  # dB
    peak: float  # largest magnitude of the recording
    room: int  # seed of the room's reflections

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """A speaker's usual place: colour within 5 dB, 0.15 to 0.4 s of reverberation, about 26 dB SNR."""
        return cls(
            gains=_gains(5.0, rng),
            decay=round(float(rng.uniform(0.15, 0.4)), 3),
            wetness=round(float(rng.uniform(0.01, 0.06)), 3),
            snr=26.0,
            peak=0.6,
            room=int(rng.integers(2**31)),
        )

    def varied(self, rng: np.random.Generator) -> Self:
        """The same place in another recording: other noise, level and distance."""
        moved = _gains(2.0, rng)
        return replace(
            self,
            gains=tuple(round(old + new, 3) for old, new in zip(self.gains, moved, strict=True)),
            snr=round(self.snr + float(rng.uniform(-5, 5)), 3),
            peak=round(self.peak * float(rng.uniform(0.6, 1.4)), 3),
        )


def _gains(most: float, rng: np.random.Generator) -> tuple[float, ...]:
    return tuple(round(float(gain), 3) for gain in rng.uniform(-most, most, len(BANDS)))


def transmit(wave: NDArray[np.float32], channel: Channel, rng: np.random.Generator) -> NDArray[np.float32]:
    """Send clean speech through a channel.

    The equaliser has no phase and the room's first sound no delay, so that phone times stay exact.

    Args:
        wave: clean speech, (N,), at `unitvoice.audio.RATE`.
        channel: what to apply.
        rng: source of the noise.

    Returns:
        Recorded speech, (N,) float32.
    """
    room = _room(channel)
    length = scipy.fft.next_fast_len(len(wave) + len(room), real=True)
    spectrum = scipy.fft.rfft(wave, length) * _equaliser(channel, length) * scipy.fft.rfft(room, length)
    heard = scipy.fft.irfft(spectrum, length)[: len(wave)]
    level = np.sqrt(np.mean(heard**2)) * 10 ** (-channel.snr / 20)
    noisy = heard + level * _noise(len(wave), rng)
    return (noisy * (channel.peak / np.abs(noisy).max())).astype(np.float32)


def _room(channel: Channel) -> NDArray[np.float64]:
    times = np.arange(round(channel.decay * RATE)) / RATE
    tail = np.random.default_rng(channel.room).standard_normal(len(times)) * 10 ** (-3 * times / channel.decay)
    tail[: RATE // 200] = 0  # the first reflection comes 5 ms after the direct sound
    tail *= np.sqrt(channel.wetness / np.sum(tail**2))
    tail[0] = 1
    return tail


def _equaliser(channel: Channel, length: int) -> NDArray[np.float64]:
    octaves = np.log2(np.maximum(np.arange(length // 2 + 1) * RATE / length, BANDS[0]))
    return np.asarray(10 ** (np.interp(octaves, np.log2(BANDS), channel.gains) / 20))


def _noise(samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise that falls by 3 dB an octave above 100 Hz, with a mean power of 1."""
    length = scipy.fft.next_fast_len(samples, real=True)
    frequencies = np.maximum(np.arange(length // 2 + 1) * RATE / length, BANDS[0])
    noise = scipy.fft.irfft(scipy.fft.rfft(rng.standard_normal(length)) / np.sqrt(frequencies), length)[:samples]
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))
