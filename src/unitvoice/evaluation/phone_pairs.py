"""ABX errors by pair of phones, and whether two systems differ on the same pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Difference", "paired", "phone_pairs"]

DRAWS = 10_000
INTERVAL = (2.5, 97.5)  # percentiles


@dataclass(frozen=True)
class Difference:
    """How much higher one system's ABX error is than another's, on the same pairs of phones."""

    mean: float  # points of ABX error (%)
    low: float  # end of the 95 % interval over pairs of phones
    high: float
    chance: float  # how probable a difference as large is where the systems do not differ
    pairs: int


def phone_pairs(cells: pd.DataFrame) -> pd.DataFrame:
    """Errors of unordered phone pairs from the cells of an ABX score, averaged as the score is.

    Args:
        cells: one line per cell, see :class:`unitvoice.evaluation.abx.AbxResult`.

    Returns:
        Columns error (%) and triplets, by (first phone, second phone) in alphabetical order.
    """
    keys = ["phone", "other_phone", "speaker", "x_speaker"]
    speakers = cells.groupby(keys, as_index=False).agg(error=("error", "mean"), triplets=("triplets", "sum"))
    pairs = speakers.groupby(keys[:2], as_index=False).agg(error=("error", "mean"), triplets=("triplets", "sum"))
    both = [tuple(sorted(pair)) for pair in zip(pairs["phone"], pairs["other_phone"], strict=True)]
    pairs = pairs.assign(first=[pair[0] for pair in both], second=[pair[1] for pair in both])
    return pairs.groupby(["first", "second"]).agg(error=("error", "mean"), triplets=("triplets", "sum"))


def paired(own: Sequence[pd.DataFrame], other: Sequence[pd.DataFrame], seed: int = 0) -> Difference:
    """Compare two systems on the phone pairs that both were scored on.

    Runs of a system are averaged first. The chance is that of a sign-flipping test of the mean (Fisher, 1935), the
    interval that of a bootstrap (Efron, 1979), both over pairs of phones, by 10,000 draws: they tell whether the
    difference would hold with other phones, not whether it would with other seeds.

    Args:
        own: cells of the scores of one system, one table per run.
        other: those of the other system.
        seed: of the draws.

    Raises:
        ValueError: the scores have no pair of phones in common.

    >>> cells = {"phone": ["a", "b"], "other_phone": ["b", "c"], "speaker": "s", "x_speaker": "t", "triplets": 4}
    >>> paired([pd.DataFrame(cells | {"error": 20.0})], [pd.DataFrame(cells | {"error": 10.0})]).mean
    10.0
    """
    means = [pd.concat(map(phone_pairs, runs)).groupby(level=[0, 1])["error"].mean() for runs in (own, other)]
    gaps = (means[0] - means[1]).dropna().to_numpy()
    if not len(gaps):
        raise ValueError("the scores have no pair of phones in common")
    draw = np.random.default_rng(seed)
    flipped = np.abs([np.mean(gaps * draw.choice([-1, 1], len(gaps))) for _ in range(DRAWS)])
    as_large = np.count_nonzero(flipped >= abs(gaps.mean()) - 1e-9)
    drawn = [np.mean(gaps[draw.integers(len(gaps), size=len(gaps))]) for _ in range(DRAWS)]
    low, high = np.percentile(drawn, INTERVAL)
    return Difference(float(gaps.mean()), float(low), float(high), (1 + as_large) / (1 + DRAWS), len(gaps))
