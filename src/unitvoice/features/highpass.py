"""Waves without what lies below speech, companded to codes after pre-emphasis, and back (Chen and Hain, 2020).

The original's filter delays sound and features by 127 samples; ours has no delay. Nothing is trimmed.
"""

from functools import lru_cache

import numpy as np
import scipy  # it loads its parts when they are used
from numpy.typing import NDArray

from unitvoice.audio import RATE, Wave, mu_law_decode, mu_law_encode

__all__ = ["CUTOFF", "EMPHASIS", "GAIN", "codes_of", "high_passed", "wave_of"]

CUTOFF = 70.0  # Hz
TAPS = 255
GAIN = 0.55  # leaves room for what pre-emphasis adds
EMPHASIS = 0.85
HOP = 160  # samples per frame of the features that go with the codes


@lru_cache
def _filter() -> NDArray[np.float64]:
    taps: NDArray[np.float64] = scipy.signal.firwin(TAPS, CUTOFF, pass_zero=False, fs=RATE)
    return taps


def high_passed(wave: Wave) -> Wave:
    """Weaken what is below 70 Hz, by a symmetric filter: nothing moves in time. (N,) -> (N,)."""
    return scipy.signal.oaconvolve(wave.astype(np.float64), _filter(), mode="same").astype(np.float32)


def codes_of(wave: Wave) -> NDArray[np.uint8]:
    """Mu-law codes of a wave, high-passed, at the gain and with the pre-emphasis of the target.

    Args:
        wave: (N,) samples at 16 kHz.

    Returns:
        (160 * (1 + N // 160),): each frame of 160 samples is whole, the last one with silence at its end.

    >>> codes_of(np.zeros(161, np.float32)).shape
    (320,)
    """
    loud = GAIN * high_passed(wave)
    emphasised = np.append(loud[:1], loud[1:] - np.float32(EMPHASIS) * loud[:-1])
    return mu_law_encode(np.pad(emphasised, (0, HOP - len(wave) % HOP)))


def wave_of(codes: NDArray[np.integer]) -> Wave:
    """The sound of codes: the high-passed wave again, but for its companding. (N,) -> (N,)."""
    emphasised = mu_law_decode(codes).astype(np.float64)
    return (scipy.signal.lfilter([1.0], [1.0, -EMPHASIS], emphasised) / GAIN).astype(np.float32)
