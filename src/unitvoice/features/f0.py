"""F0 of whole utterances at 200 frames a second, by one of three trackers.

All trackers give the same frames: frame i stands amid samples 80 i to 80 (i + 1), and holds F0 in Hz, or 0 where the
speech is not voiced, and whether it is voiced, 1 or 0.
"""

import importlib
from collections.abc import Callable
from types import ModuleType

import librosa
import numpy as np
from numpy.typing import NDArray

from unitvoice.audio import RATE, Wave
from unitvoice.errors import InputError

__all__ = ["CEILING", "FIRST", "FLOOR", "HOP", "TRACKERS", "TrackerError", "track_f0"]

HOP = 80  # samples, 5 ms
FIRST = HOP / 2 / RATE  # s, time of the first frame's centre
FLOOR, CEILING = 60.0, 400.0  # Hz
PRAAT_WINDOW = round(3 * RATE / FLOOR)  # samples: Praat's autocorrelation looks at three periods of the floor
PYIN_WINDOW = 1024  # samples

F0 = NDArray[np.float64]  # (T,) Hz, 0 where not voiced


class TrackerError(Exception):
    """A tracker failed on a recording."""


def track_f0(wave: Wave, tracker: str = "praat") -> NDArray[np.float32]:
    """F0 and voicing of a recording.

    Args:
        wave: (N,) samples at 16 kHz; silence follows them up to a whole hop.
        tracker: a name of ``TRACKERS``.

    Returns:
        (ceil(N / 80), 2) float32: F0 in Hz or 0, and voicing 1 or 0.

    Raises:
        InputError: the tracker's package is not installed.
        TrackerError: the tracker failed, or gave another number of frames or values that are no F0.

    >>> track_f0(np.zeros(1600, np.float32)).shape
    (20, 2)
    """
    whole = np.pad(wave, (0, -len(wave) % HOP)).astype(np.float64)
    frames = len(whole) // HOP
    f0 = TRACKERS[tracker](whole)
    if len(f0) != frames or not np.isfinite(f0).all() or (f0 < 0).any():
        raise TrackerError(f"the F0 tracker {tracker} gave {len(f0)} instead of {frames} frames, or no numbers")
    return np.stack([f0, f0 > 0], axis=1).astype(np.float32)


def _praat(wave: NDArray[np.float64]) -> F0:
    """Autocorrelation with a path through the candidates (Boersma, 1993), by Praat through parselmouth."""
    praat = _package("parselmouth", "praat-parselmouth")
    # Praat lays as many frames as fit around the middle of the sound: with half a window at each end, and a quarter of
    # a hop more as a reserve for rounding, these are the hops
    sound = praat.Sound(np.pad(wave, PRAAT_WINDOW // 2 - HOP // 4), RATE)
    try:
        pitch = sound.to_pitch_ac(time_step=HOP / RATE, pitch_floor=FLOOR, pitch_ceiling=CEILING)
    except praat.PraatError as error:
        raise TrackerError(f"Praat found no F0 ({' '.join(str(error).split())})") from None
    f0: F0 = pitch.selected_array["frequency"]
    return f0


def _pyin(wave: NDArray[np.float64]) -> F0:
    """Probabilistic YIN (Mauch and Dixon, 2014), by librosa."""
    padded = np.pad(wave, PYIN_WINDOW // 2 - HOP // 2)
    settings = {"frame_length": PYIN_WINDOW, "hop_length": HOP, "center": False}
    f0, voiced, _ = librosa.pyin(padded, fmin=FLOOR, fmax=CEILING, sr=RATE, **settings)
    return np.where(voiced, f0, 0.0)


def _world(wave: NDArray[np.float64]) -> F0:
    """DIO with refinement by StoneMask (Morise et al., 2009), by pyworld."""
    world = _package("pyworld", "pyworld")
    padded = np.pad(wave, (HOP // 2, 0))  # its frames stand at the hops' edges; the first is before the speech
    settings = {"f0_floor": FLOOR, "f0_ceil": CEILING, "frame_period": 1000 * HOP / RATE}
    f0, times = world.dio(padded, RATE, **settings)
    refined: F0 = world.stonemask(padded, f0, times, RATE)
    return refined[1:]


TRACKERS: dict[str, Callable[[NDArray[np.float64]], F0]] = {"praat": _praat, "pyin": _pyin, "world": _world}


def _package(module: str, package: str) -> ModuleType:
    """A tracker's package, imported where it is used; InputError when it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(
            f"this F0 tracker needs the package {package}; install it with: pip install {package}"
        ) from None
