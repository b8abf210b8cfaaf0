"""Filter banks and cepstra by HTK's formulas, as the first MFCC systems of the field read them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy  # it loads its parts when they are used
from numpy.typing import NDArray

from unitvoice.audio import RATE, Wave

__all__ = ["Analysis", "filter_bank", "log_bank", "mfcc_with_slopes", "slopes"]

Frames = NDArray[np.float64]
TINY = np.finfo(np.float64).eps  # smallest power; the logarithm of silence is -36


@dataclass(frozen=True)
class Analysis:
    """Power spectra without a taper: frame i is centred on sample ``i * hop``, so N samples give 1 + N // hop frames.

    The original cuts frames from the first sample on, so that its frame i is centred 12.5 ms later than ours.
    """

    fft: int = 512  # points
    window: int = 400  # samples (25 ms), rectangular
    hop: int = 160  # samples (10 ms)
    bands: int = 26  # from 0 to 8000 Hz
    preemphasis: float = 0.97
    coefficients: int = 13
    lifter: int = 22
    reach: int = 2  # frames on each side that a slope is estimated from

    @property
    def rate(self) -> float:
        """Frames per second."""
        return RATE / self.hop


@lru_cache
def filter_bank(analysis: Analysis) -> Frames:
    """Triangles, (bands, 1 + fft // 2), with corners at bins that are even on the scale 2595 log10(1 + f / 700)."""
    highest = 2595 * np.log10(1 + RATE / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, highest, analysis.bands + 2) / 2595) - 1)
    bins = np.floor((analysis.fft + 1) * corners / RATE)
    left, top, right = (bins[first : first + analysis.bands, None] for first in range(3))
    place = np.arange(1 + analysis.fft // 2)
    rising, falling = (place - left) / np.maximum(top - left, 1), (right - place) / np.maximum(right - top, 1)
    return np.clip(np.where(place < top, rising, falling), 0, None)


def _powers(wave: Wave, analysis: Analysis) -> Frames:
    """(N,) to power spectra, (1 + N // hop, 1 + fft // 2)."""
    emphasised = np.append(wave[:1], wave[1:] - np.float32(analysis.preemphasis) * wave[:-1]).astype(np.float64)
    half = analysis.window // 2
    count = 1 + len(wave) // analysis.hop
    # reflection needs more samples than half a window; an extremely short clip is padded with silence first
    emphasised = np.pad(emphasised, (0, max(0, half + 1 - len(wave))))
    padded = np.pad(emphasised, half, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, analysis.window)[:: analysis.hop][:count]
    spectra: Frames = np.abs(np.fft.rfft(frames, analysis.fft)) ** 2 / analysis.fft
    return spectra


def _logarithm(powers: Frames) -> Frames:
    return np.log(np.where(powers > 0, powers, TINY))


def log_bank(wave: Wave, analysis: Analysis = Analysis()) -> NDArray[np.float32]:
    """Natural logarithm of the powers in bands.

    Args:
        wave: (N,) samples at 16 kHz.
        analysis: its numbers.

    Returns:
        (1 + N // hop, bands).

    >>> log_bank(np.zeros(1600, np.float32)).shape
    (11, 26)
    """
    return _logarithm(_powers(wave, analysis) @ filter_bank(analysis).T).astype(np.float32)


def mfcc_with_slopes(wave: Wave, analysis: Analysis = Analysis()) -> NDArray[np.float32]:
    """Liftered mel cepstra, the first replaced by the logarithm of the energy, with their slopes and those of these.

    Args:
        wave: (N,) samples at 16 kHz.
        analysis: its numbers.

    Returns:
        (1 + N // hop, 3 * coefficients).

    >>> mfcc_with_slopes(np.zeros(1600, np.float32)).shape
    (11, 39)
    """
    powers = _powers(wave, analysis)
    bands = _logarithm(powers @ filter_bank(analysis).T)
    cepstra = scipy.fft.dct(bands, norm="ortho")[:, : analysis.coefficients]
    cepstra *= 1 + analysis.lifter / 2 * np.sin(np.pi * np.arange(analysis.coefficients) / analysis.lifter)
    cepstra[:, 0] = _logarithm(powers.sum(axis=1))
    first = slopes(cepstra, analysis.reach)
    return np.concatenate([cepstra, first, slopes(first, analysis.reach)], axis=1).astype(np.float32)


def slopes(frames: Frames, reach: int) -> Frames:
    """Slope of the line through each value and those of so many frames on each side, per frame; the ends are held.

    >>> slopes(np.arange(5.0)[:, None], 1)[:, 0]
    array([0.5, 1. , 1. , 1. , 0.5])
    """
    padded = np.pad(frames, ((reach, reach), (0, 0)), mode="edge")
    steps = range(1, reach + 1)
    count = len(frames)
    total = sum(step * (padded[reach + step :][:count] - padded[reach - step :][:count]) for step in steps)
    return np.asarray(total / (2 * sum(step**2 for step in steps)))
