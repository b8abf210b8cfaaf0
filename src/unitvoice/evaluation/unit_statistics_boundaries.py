"""Where units change against where phones change."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["TOLERANCE", "Boundaries", "compare", "matched"]

TOLERANCE = 0.02  # s
ROUNDING = 1e-9  # s

Times = NDArray[np.float64]


@dataclass(frozen=True)
class Boundaries:
    """How well found boundaries agree with true ones; shares are of 0 to 1."""

    found: int
    true: int
    hits: int
    precision: float
    recall: float
    f1: float
    over_segmentation: float  # found / true - 1: 0 is right, 1 is twice too many
    r_value: float  # 1 is perfect; a high recall by many boundaries lowers it (Räsänen et al., 2009)


def matched(found: Times, true: Times, tolerance: float = TOLERANCE) -> int:
    """Most pairs of a found and a true boundary, each in one pair at most, that are within the tolerance.

    Args:
        found: (F,) s, increasing.
        true: (R,) s, increasing.
        tolerance: s.

    >>> matched(np.array([0.10, 0.11]), np.array([0.12]))
    1
    """
    hits = place = 0
    for time in true:
        # the earliest that is left and near enough: a later one may still serve the next
        while place < len(found) and found[place] < time - tolerance - ROUNDING:
            place += 1
        if place < len(found) and found[place] <= time + tolerance + ROUNDING:
            hits += 1
            place += 1
    return hits


def compare(pairs: Iterable[tuple[Times, Times]], tolerance: float = TOLERANCE) -> Boundaries | None:
    """Agreement over utterances, (found, true) boundaries of each; None where either kind has none at all."""
    found = true = hits = 0
    for ours, theirs in pairs:
        found, true, hits = found + len(ours), true + len(theirs), hits + matched(ours, theirs, tolerance)
    if not found or not true:
        return None
    precision, recall = hits / found, hits / true
    over = found / true - 1
    ideal = np.hypot(1 - recall, over)
    line = (recall - 1 - over) / np.sqrt(2)
    return Boundaries(
        found=found,
        true=true,
        hits=hits,
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if hits else 0.0,
        over_segmentation=over,
        r_value=float(1 - (ideal + abs(line)) / 2),
    )
