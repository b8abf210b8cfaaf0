"""Distances between items in float64: DTW over angular or Kullback-Leibler frame distances, and edit distance.

The definitions, the path of the time warping and its ties are those of the ZeroSpeech 2019 evaluation.
"""

from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["DISTANCES", "Distance", "edit_distance", "item_distances"]

Distance = Literal["cosine", "KL", "levenshtein"]
DISTANCES: tuple[Distance, ...] = ("cosine", "KL", "levenshtein")
EPSILON = np.finfo(np.float64).eps


def item_distances(
    frames: NDArray[np.float64],
    starts: NDArray[np.int64],
    pairs: NDArray[np.int64],
    distance: Distance = "cosine",
    *,
    normalise: bool = True,
) -> NDArray[np.float64]:
    """Distances between pairs of items.

    Args:
        frames: the frames of all items, one item after the other, (R, D).
        starts: first row of each item, and R at the end, (I + 1,).
        pairs: (A or B, X) as indices of items, (P, 2); fastest when ordered by X.
        distance: which distance.
        normalise: divide the cost of the time warping by the length of its path.

    Returns:
        (P,). Two items without frames are at distance 0, an item without frames is at infinity from the others.
        Frames that KL cannot handle (negative values, only zeros) give NaN.
    """
    if distance == "levenshtein":
        return _edit_pairs(_symbols(frames), starts, pairs)
    if distance == "cosine":
        norms = np.sqrt((frames * frames).sum(axis=1))
        return _dtw_pairs(frames, frames[:, :0], norms, starts, pairs, normalise)
    shares, logs = _smoothed(frames)
    return _dtw_pairs(shares, logs, (shares * logs).sum(axis=1), starts, pairs, normalise)


def edit_distance(one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """Fewest insertions, deletions and replacements between two sequences of numbers, (T,) and (U,)."""
    return int(_count_edits(one, other))


def _smoothed(frames: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = frames / frames.sum(axis=1, keepdims=True)
        shares = np.where(shares < 0, np.nan, shares) + EPSILON
        shares /= shares.sum(axis=1, keepdims=True)
        return shares, np.log(shares)


def _symbols(frames: NDArray[np.float64]) -> NDArray[np.int64]:
    known: dict[bytes, int] = {}
    rows = np.ascontiguousarray(frames) + 0.0  # turns -0.0 into 0.0, so that equal rows have equal bytes
    symbols = np.array([known.setdefault(row.tobytes(), len(known)) for row in rows], dtype=np.int64)
    strange = np.flatnonzero(np.isnan(frames).any(axis=1))
    symbols[strange] = -1 - strange  # NaN equals nothing, not even itself
    return symbols


@njit(cache=True, nogil=True, error_model="numpy")
def _dtw_pairs(frames, logs, sums, starts, pairs, normalise):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    longest = np.max(np.diff(starts))
    costs, reverse = np.empty((longest, longest)), np.empty(longest)
    x_frames, x_logs = np.empty((frames.shape[1], longest)), np.empty((logs.shape[1], longest))
    found = np.empty(len(pairs))
    last = -1
    for place in range(len(pairs)):
        a, x = pairs[place]
        a_rows, x_rows = slice(starts[a], starts[a + 1]), slice(starts[x], starts[x + 1])
        rows, columns = starts[a + 1] - starts[a], starts[x + 1] - starts[x]
        if rows == 0 or columns == 0:
            found[place] = 0.0 if rows == columns else np.inf
            continue
        if x != last:
            x_frames[:, :columns], x_logs[:, :columns] = frames[x_rows].T, logs[x_rows].T
            last = x
        block = costs[:rows, :columns]
        if logs.shape[1]:
            _fill_divergences(
                block, reverse, frames[a_rows], logs[a_rows], sums[a_rows], x_frames, x_logs, sums[x_rows]
            )
        else:
            _fill_angles(block, frames[a_rows], sums[a_rows], x_frames, sums[x_rows])
        found[place] = _warp(block, normalise)
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_angles(costs, frames, norms, x_frames, x_norms):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    rows, columns = costs.shape
    for i in range(rows):
        costs[i, :] = 0.0
        for d in range(frames.shape[1]):
            value = frames[i, d]
            for j in range(columns):
                costs[i, j] += value * x_frames[d, j]
        for j in range(columns):
            if norms[i] == 0.0 or x_norms[j] == 0.0:
                costs[i, j] = 0.0 if norms[i] == x_norms[j] else 1.0
            else:
                costs[i, j] = np.arccos(min(1.0, max(-1.0, costs[i, j] / (norms[i] * x_norms[j])))) / np.pi


# Products and sums are fused, as in the BLAS of current processors: on one-hot frames rounding decides between equal
# distances, and so the score stays within the spread of the official tool.
@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _fill_divergences(costs, reverse, frames, logs, sums, x_frames, x_logs, x_sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    rows, columns = costs.shape
    for i in range(rows):
        costs[i, :] = 0.0
        reverse[:] = 0.0
        for d in range(frames.shape[1]):
            share, logarithm = frames[i, d], logs[i, d]
            for j in range(columns):
                costs[i, j] += share * x_logs[d, j]
                reverse[j] += x_frames[d, j] * logarithm
        for j in range(columns):
            costs[i, j] = 0.5 * ((sums[i] - costs[i, j]) + (x_sums[j] - reverse[j]))


@njit(cache=True, nogil=True, error_model="numpy")
def _warp(costs, normalise):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    rows, columns = costs.shape
    lengths = np.arange(1, columns + 1)
    for j in range(1, columns):
        costs[0, j] += costs[0, j - 1]
    for i in range(1, rows):
        diagonal_length = lengths[0]
        costs[i, 0] += costs[i - 1, 0]
        lengths[0] = i + 1
        for j in range(1, columns):
            up, diagonal, left = costs[i - 1, j], costs[i - 1, j - 1], costs[i, j - 1]
            least = up
            if diagonal < least:  # noqa: PLR1730 - min() would treat NaN otherwise
                least = diagonal
            if left < least:  # noqa: PLR1730 - as above
                least = left
            costs[i, j] += least
            up_length = lengths[j]
            if diagonal <= left and diagonal <= up:
                lengths[j] = diagonal_length + 1
            elif left <= up:
                lengths[j] = lengths[j - 1] + 1
            else:
                lengths[j] = up_length + 1
            diagonal_length = up_length
    total = costs[rows - 1, columns - 1]
    return total / lengths[columns - 1] if normalise else total


@njit(cache=True, nogil=True, error_model="numpy")
def _edit_pairs(symbols, starts, pairs):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    found = np.empty(len(pairs))
    for place in range(len(pairs)):
        a, x = pairs[place]
        found[place] = _count_edits(symbols[starts[a] : starts[a + 1]], symbols[starts[x] : starts[x + 1]])
        if (starts[a + 1] == starts[a]) != (starts[x + 1] == starts[x]):
            found[place] = np.inf
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _count_edits(one, other):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    before = np.arange(len(other) + 1)
    for i in range(len(one)):
        diagonal = before[0]
        before[0] = i + 1
        for j in range(len(other)):
            best = diagonal if one[i] == other[j] else diagonal + 1
            diagonal = before[j + 1]
            best = min(best, diagonal + 1, before[j] + 1)
            before[j + 1] = best
    return float(before[len(other)])
