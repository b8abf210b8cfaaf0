"""Whether numbers of frames fit the lengths of the recordings at one constant rate."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["FrameRate", "frame_rate", "odd_counts"]

FEWEST = 3  # files below which a line fits anything
ROUNDS = 5


class FrameRate(NamedTuple):
    """Frames of a recording of t seconds: ``per_second * t + offset``, rounded either way, but at least 1."""

    per_second: float
    offset: float


def frame_rate(frames: Mapping[str, int], seconds: Mapping[str, float]) -> FrameRate | None:
    """The rate that the majority of files follows within one frame; None when there is no such rate.

    A line through the counts by least squares, repeated without the files that are more than two frames off. It begins
    from the longer files, which tell the rate best: the longer half, or those that last for half the time, whichever
    line more files follow.
    """
    names = [name for name in frames if name in seconds]
    length = np.array([seconds[name] for name in names])
    count = np.array([frames[name] for name in names], dtype=np.float64)
    if len(names) < FEWEST or np.ptp(length) == 0:
        return None
    falling = np.sort(length)[::-1]
    half = falling[np.searchsorted(np.cumsum(falling), falling.sum() / 2)]
    lines = [_line(length, count, length >= least) for least in (np.median(length), half)]
    odd = {len(odd_counts(frames, seconds, rate)): rate for rate in reversed(lines) if rate}
    fewest = min(odd, default=len(names))
    rate = odd.get(fewest)
    return rate if rate and rate.per_second > 1 and 2 * (len(names) - fewest) > len(names) else None


def _line(length: NDArray[np.float64], count: NDArray[np.float64], long: NDArray[np.bool_]) -> FrameRate | None:
    """A line through the counts that begins from some files; None when no line is left."""
    several = count > 1  # a single frame may stand for any shorter length
    rate = FrameRate(float(np.median(count[long] / length[long])), 0.0)
    for _ in range(ROUNDS):
        error = count - rate.per_second * length
        near = several & (np.abs(error - np.median(error[long])) <= 2)  # noqa: PLR2004 - explained above
        if near.sum() < FEWEST or np.ptp(length[near]) == 0:
            return None
        rate = FrameRate(*map(float, np.polyfit(length[near], count[near], 1)))
    return rate


def odd_counts(frames: Mapping[str, int], seconds: Mapping[str, float], rate: FrameRate) -> dict[str, float]:
    """Files that are more than one frame off a rate, and the number of frames expected there.

    >>> odd_counts({"a": 50, "b": 70, "c": 1}, {"a": 1.0, "b": 1.0, "c": 0.001}, FrameRate(50.0, -0.5))
    {'b': 49.5}
    """
    expected = {name: max(rate.per_second * seconds[name] + rate.offset, 1.0) for name in frames if name in seconds}
    return {name: count for name, count in expected.items() if abs(frames[name] - count) > 1 + 1e-9}
