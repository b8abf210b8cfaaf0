"""How well one F0 contour follows another: voicing, gross errors, and the movements of the melody."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice.errors import InputError

__all__ = ["GROSS", "PitchScores", "compare_pitch"]

GROSS = 0.2  # relative difference in F0 beyond which it is a gross error
SEMITONES = 12  # per octave
POINTS = 2  # that a correlation needs at least


@dataclass(frozen=True)
class PitchScores:
    """How far an F0 contour is from a true one; None where no frame is voiced in both, or the contours are flat."""

    vde: float  # %, voicing decision error: frames voiced in one of them alone
    ffe: float  # %, F0 frame error: frames of a voicing or of a gross error
    gpe: float | None  # %, gross pitch error: of the frames voiced in both, those whose F0 is off by more than 20 %
    correlation: float | None  # -1 to 1, of log-F0 over the frames voiced in both
    semitones: float | None  # root mean square difference over the frames voiced in both
    frames: int
    voiced: int  # frames voiced in both


def compare_pitch(true: NDArray[Any], found: NDArray[Any]) -> PitchScores:
    """Compare contours frame by frame (VDE and GPE: Nakatani et al., 2008; FFE: Chu and Alwan, 2009).

    Several utterances are scored together by joining their contours.

    Args:
        true: (T,) F0 in Hz, 0 where not voiced, as the first column of the kind ``f0``.
        found: (T,) likewise.

    Raises:
        InputError: there is no frame, the contours differ in length, or a value is no F0.

    >>> compare_pitch(np.array([0, 100, 100, 200]), np.array([0, 100, 125, 0])).ffe
    50.0
    """
    if true.ndim != 1 or true.shape != found.shape or not len(true):
        raise InputError(f"F0 contours must have equal lengths, not the shapes {true.shape} and {found.shape}")
    if not (np.isfinite([true, found]).all() and min(true.min(), found.min()) >= 0):
        raise InputError("F0 contours must have F0 in Hz, or 0 where speech is not voiced; track them again")
    wrong = (true > 0) != (found > 0)
    both = (true > 0) & (found > 0)
    one, other = true[both].astype(np.float64), found[both].astype(np.float64)
    gross = np.abs(other - one) > GROSS * one
    steps = SEMITONES * np.log2(other / one)
    return PitchScores(
        vde=100 * float(wrong.mean()),
        ffe=100 * float((wrong.sum() + gross.sum()) / len(true)),
        gpe=100 * float(gross.mean()) if len(one) else None,
        correlation=_correlation(np.log(one), np.log(other)),
        semitones=float(np.sqrt(np.mean(np.square(steps)))) if len(one) else None,
        frames=len(true),
        voiced=len(one),
    )


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Pearson's, or None where one of them does not change."""
    if len(one) < POINTS or not (np.ptp(one) > 0 and np.ptp(other) > 0):
        return None
    one, other = ((values - values.mean()) / np.abs(values - values.mean()).max() for values in (one, other))
    product = float((one * other).sum() / np.sqrt(np.square(one).sum() * np.square(other).sum()))
    return min(1.0, max(-1.0, product))
