"""Items, triplets and cells of one context of an ABX task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cell", "Items", "Mode", "Triplets", "cells_of", "has_triplets", "make_triplets"]

Mode = Literal["across", "within"]


class Cell(NamedTuple):
    """What all triplets of a cell share, next to the context."""

    phone: str  # of A and X
    other_phone: str  # of B
    speaker: str  # of A and B
    x_speaker: str  # the same as ``speaker`` within speakers


@dataclass(frozen=True)
class Items:
    """The items of one context: stretches of utterances."""

    utterances: tuple[str, ...]
    onsets: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def __len__(self) -> int:
        """Number of items."""
        return len(self.utterances)


@dataclass(frozen=True)
class Triplets:
    """The triplets of one context, as indices into its items."""

    rows: NDArray[np.int64]  # (n, 3): A, B, X
    cells: NDArray[np.int64]  # (n,): indices into ``labels``
    labels: tuple[Cell, ...]


def make_triplets(phones: Sequence[str], speakers: Sequence[str], mode: Mode) -> Triplets:
    """All triplets of the items of one context.

    A and X have one phone, B another one, A and B one speaker. X has another speaker (``across``), or the same
    speaker and is another item (``within``). This is ABXpy's rule for on = phone, across = speaker.

    >>> make_triplets(["a", "b", "a"], ["s", "s", "t"], "across").rows.tolist()
    [[0, 1, 2]]
    """
    phone_names, phone = np.unique(np.asarray(phones, dtype=object), return_inverse=True)
    speaker_names, speaker = np.unique(np.asarray(speakers, dtype=object), return_inverse=True)
    a_with_x, a_with_b = _relations(phone, speaker, mode)
    a, x = np.nonzero(a_with_x)
    _, others = np.nonzero(a_with_b)
    amounts = np.count_nonzero(a_with_b, axis=1)
    first = np.cumsum(amounts) - amounts
    repeat = amounts[a]
    place_in_run = np.arange(repeat.sum()) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    b = others[np.repeat(first[a], repeat) + place_in_run]
    rows = np.stack([np.repeat(a, repeat), b, np.repeat(x, repeat)], axis=1).astype(np.int64)
    columns = [phone[rows[:, 0]], phone[b], speaker[rows[:, 0]], speaker[rows[:, 2]]]
    names = [phone_names.tolist()] * 2 + [speaker_names.tolist()] * 2
    return Triplets(rows, *cells_of(columns, names))


def has_triplets(phones: Sequence[str], speakers: Sequence[str], mode: Mode) -> bool:
    """Whether :func:`make_triplets` would find any, without making them."""
    a_with_x, a_with_b = _relations(np.asarray(phones, dtype=object), np.asarray(speakers, dtype=object), mode)
    return bool((a_with_x.any(axis=1) & a_with_b.any(axis=1)).any())


def _relations(phone: NDArray[Any], speaker: NDArray[Any], mode: Mode) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    same_phone = phone[:, None] == phone
    same_speaker = speaker[:, None] == speaker
    a_with_x = same_phone & (~same_speaker if mode == "across" else same_speaker)
    np.fill_diagonal(a_with_x, val=False)
    return a_with_x, same_speaker & ~same_phone


def cells_of(
    columns: Sequence[NDArray[np.integer]], names: Sequence[Sequence[str]]
) -> tuple[NDArray[np.int64], tuple[Cell, ...]]:
    """Group triplets into cells.

    Args:
        columns: per field of :class:`Cell`, the label of each triplet, (n,), as an index into its names.
        names: per field of :class:`Cell`, the names.

    Returns:
        The cell of each triplet, (n,), and the labels of the cells.
    """
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column, known in zip(columns, names, strict=True):
        code = code * len(known) + column.astype(np.int64)
    distinct, cells = np.unique(code, return_inverse=True)
    labels = []
    for known in reversed(names):
        distinct, index = np.divmod(distinct, max(len(known), 1))
        labels.append([known[i] for i in index])
    return cells.astype(np.int64), tuple(Cell(*fields) for fields in zip(*reversed(labels), strict=True))
