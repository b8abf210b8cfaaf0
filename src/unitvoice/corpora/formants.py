"""A small formant synthesiser: source and filter, exact phone times, NumPy only.

A pulse train and noise are cut into overlapping frames, each frame's spectrum is multiplied with the resonances of
the moment, and the frames are added up again. The formant frequencies are rounded textbook values.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unitvoice.audio import RATE
from unitvoice.corpora.grammar import Word
from unitvoice.corpora.speakers import Segment, Speaker, Spoken

__all__ = ["Formants"]

HOP = 80  # samples between frames: 5 ms
WINDOW = 4 * HOP
FFT = 512
SILENCE = 0.05  # s, before and after a sentence
BANDWIDTHS = (70.0, 90.0, 140.0, 220.0)  # Hz, of the four formants
FOURTH = 3500.0  # Hz; the fourth formant is the same in all phones

Formant = tuple[float, float, float]


class _Sound(NamedTuple):
    """One phase of a phone."""

    seconds: float
    first: Formant  # Hz, where the phase begins
    last: Formant  # Hz, where it ends
    voice: float = 0.0  # amplitude of the pulses
    noise: float = 0.0  # amplitude of the noise
    centre: float = 2000.0  # of the noise, Hz
    width: float = 2000.0  # Hz


def _vowel(seconds: float, *formants: Formant) -> tuple[_Sound, ...]:
    return (_Sound(seconds, formants[0], formants[-1], voice=1.0),)


def _sonorant(seconds: float, formants: Formant, voice: float) -> tuple[_Sound, ...]:
    return (_Sound(seconds, formants, formants, voice=voice),)


def _fricative(seconds: float, formants: Formant, noise: float, centre: float, width: float) -> tuple[_Sound, ...]:
    return (_Sound(seconds, formants, formants, noise=noise, centre=centre, width=width),)


def _stop(formants: Formant, bar: float, burst: float, centre: float) -> tuple[_Sound, ...]:
    closure = _Sound(0.055, (200, formants[1], formants[2]), (200, formants[1], formants[2]), voice=bar)
    return closure, _Sound(0.025 if bar else 0.04, formants, formants, bar, burst, centre, 1200.0)


LABIAL, DENTAL, VELAR = (350.0, 850.0, 2200.0), (350.0, 1750.0, 2700.0), (350.0, 2000.0, 2300.0)
PHONES: dict[str, tuple[_Sound, ...]] = {
    "a": _vowel(0.12, (700, 1600, 2450)),
    "e": _vowel(0.10, (530, 1840, 2480)),
    "i": _vowel(0.08, (390, 2000, 2550)),
    "o": _vowel(0.10, (560, 850, 2400)),
    "u": _vowel(0.09, (320, 900, 2250)),
    "v": _vowel(0.09, (640, 1200, 2400)),
    "@": _vowel(0.06, (500, 1450, 2500)),
    "ii": _vowel(0.12, (280, 2280, 3000)),
    "uu": _vowel(0.12, (310, 880, 2250)),
    "ei": _vowel(0.14, (500, 1850, 2500), (330, 2200, 2800)),
    "ou": _vowel(0.14, (520, 1050, 2400), (360, 800, 2300)),
    "ai": _vowel(0.15, (720, 1250, 2500), (400, 2000, 2600)),
    "m": _sonorant(0.07, (260, 950, 2200), 0.3),
    "n": _sonorant(0.07, (260, 1600, 2600), 0.3),
    "l": _sonorant(0.07, (360, 1100, 2800), 0.5),
    "r": _sonorant(0.07, (350, 1150, 1600), 0.5),
    "s": _fricative(0.10, DENTAL, 0.35, 6000, 1800),
    "f": _fricative(0.09, LABIAL, 0.12, 4500, 4000),
    "dh": (_Sound(0.05, (300, 1400, 2600), (300, 1400, 2600), 0.25, 0.05, 5000, 3000),),
    "p": _stop(LABIAL, 0.0, 0.3, 900),
    "t": _stop(DENTAL, 0.0, 0.4, 4500),
    "k": _stop(VELAR, 0.0, 0.4, 2100),
    "b": _stop(LABIAL, 0.12, 0.15, 900),
    "d": _stop(DENTAL, 0.12, 0.2, 4500),
    "g": _stop(VELAR, 0.12, 0.2, 2100),
}


class Formants:
    """The synthesiser; the seed decides its noise and the small differences of duration."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def say(self, speaker: Speaker, words: Sequence[Word]) -> Spoken:
        """One sentence in one voice; see :class:`unitvoice.corpora.speakers.Synthesiser`."""
        phones = [phone for word in words for phone in word.phones]
        sounds = [[self._timed(sound, speaker.tempo) for sound in PHONES[phone]] for phone in phones]
        track = _track(list(itertools.chain.from_iterable(sounds)))
        track[:, :4] *= speaker.formants[1:5]
        frames = self._frames(speaker, track)
        wave = _overlap_add(frames)
        return Spoken(wave / np.abs(wave).max(), tuple(_segments(phones, sounds)))

    def _timed(self, sound: _Sound, tempo: float) -> _Sound:
        """The sound with its length in this place, a whole number of hops."""
        seconds = sound.seconds / tempo * self._rng.uniform(0.9, 1.1)
        return sound._replace(seconds=max(round(seconds * RATE / HOP), 3) * HOP / RATE)

    def _frames(self, speaker: Speaker, track: NDArray[np.float64]) -> NDArray[np.float64]:
        pulses = _pulses(speaker.pitch, len(track))
        noise = self._rng.standard_normal(len(pulses)) * 0.2
        voiced = _spectra(pulses + 0.1 * speaker.breath * noise) * (
            _resonances(track[:, :4], 1 + 0.1 * speaker.source)
        )
        hissed = _spectra(noise) * _band(track[:, 6], track[:, 7])
        return np.fft.irfft(voiced * track[:, 4:5] + hissed * track[:, 5:6], FFT)


def _segments(phones: Sequence[str], sounds: Sequence[Sequence[_Sound]]) -> Iterator[Segment]:
    lengths = [sum(sound.seconds for sound in parts) for parts in sounds]
    times = SILENCE + np.concatenate([[0.0], np.cumsum(lengths)])
    for phone, start, stop in zip(phones, times, times[1:], strict=False):
        yield Segment(float(start), float(stop), phone)


def _track(sounds: Sequence[_Sound]) -> NDArray[np.float64]:
    """Parameters of every frame, (T, 8): four formants, voice, noise, and the noise's centre and width."""
    silence = round(SILENCE * RATE / HOP)
    rows = [np.empty((0, 8))]
    for sound in sounds:
        frames = round(sound.seconds * RATE / HOP)
        first = (*sound.first, FOURTH, sound.voice, sound.noise, sound.centre, sound.width)
        last = (*sound.last, *first[3:])
        rows.append(np.linspace(first, last, frames))
    track = np.pad(np.concatenate(rows), ((silence, silence), (0, 0)), mode="edge")
    track[:silence, 4:6] = track[-silence:, 4:6] = 0
    track[:, :4] = _smooth(track[:, :4], 9)
    track[:, 4:6] = _smooth(track[:, 4:6], 3)
    return track


def _smooth(track: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Moving average over an odd number of frames."""
    padded = np.pad(track, ((frames // 2, frames // 2), (0, 0)), mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, frames, axis=0).mean(axis=-1))


def _pulses(pitch: float, frames: int) -> NDArray[np.float64]:
    """A pulse train whose pitch falls by a fifth of its mean, (N,)."""
    cycles = np.cumsum(pitch * np.linspace(1.1, 0.9, frames * HOP + WINDOW) / RATE)
    return np.diff(np.floor(cycles), prepend=0.0)


def _spectra(wave: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Spectra of the Hann windows centred on the frames, (T, FFT // 2 + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[: len(wave) - WINDOW : HOP]
    return np.asarray(np.fft.rfft(windows * np.hanning(WINDOW + 1)[:-1], FFT))


def _resonances(formants: NDArray[np.float64], tilt: float) -> NDArray[np.float64]:
    """Gain of a cascade of resonators behind a glottal spectrum that falls by 6 * tilt dB an octave."""
    frequencies = np.linspace(0, RATE / 2, FFT // 2 + 1)
    gain = np.ones((len(formants), len(frequencies)))
    for centre, width in zip(formants.T[:, :, None], BANDWIDTHS, strict=True):
        gain *= centre**2 / np.sqrt((frequencies**2 - centre**2) ** 2 + (frequencies * width) ** 2)
    return np.asarray(gain * (np.maximum(frequencies, 100) / 100) ** -tilt * (frequencies / 100 + 0.1))


def _band(centre: NDArray[np.float64], width: NDArray[np.float64]) -> NDArray[np.float64]:
    frequencies = np.linspace(0, RATE / 2, FFT // 2 + 1)
    return np.asarray(np.exp(-(((frequencies - centre[:, None]) / width[:, None]) ** 2)))


def _overlap_add(frames: NDArray[np.float64]) -> NDArray[np.float32]:
    """Add frames up, (T, FFT) -> (T * HOP,); the first sample is the centre of the first window."""
    wave = np.zeros((len(frames) + FFT // HOP) * HOP + FFT)
    for i, frame in enumerate(frames):
        wave[i * HOP : i * HOP + FFT] += frame
    return wave[WINDOW // 2 : WINDOW // 2 + len(frames) * HOP].astype(np.float32)
