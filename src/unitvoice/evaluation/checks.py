"""What is wrong with frames that an ABX task asks for: the faults that the organisers' evaluator hides."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice.errors import InputError, listed
from unitvoice.evaluation.distances import Distance
from unitvoice.evaluation.frames import Frames
from unitvoice.evaluation.task import AbxTask

__all__ = ["DistanceError", "check_frames", "find_spans", "span"]

ZERO_ROWS = "have frames of zeros only, at distance 1 from all others"
EMPTY = "have no frame"
NOT_FINITE = "have values that are not finite"
NEGATIVE = "have negative values"
NO_MASS = "have frames of zeros only, which are no distribution"
CURES = {
    NOT_FINITE: "correct what wrote them",
    NEGATIVE: "give non-negative frames (posteriors, codes), or take another distance",
    NO_MASS: "give each frame a positive value, or take another distance",
}
TOLERANCE = 1e-9  # for rounding of times
log = logging.getLogger(__name__)
FEWEST = {"cosine": 2, "KL": 2, "levenshtein": 1}  # columns; with fewer all frames are alike


class DistanceError(InputError):
    """The frames are sound, but this distance means nothing on them."""


def check_frames(task: AbxTask, frames: Frames, distance: Distance, *, official_quirks: bool = False) -> None:
    """Stop at frames for which a distance means nothing, and warn of frames for which it means little.

    Raises:
        InputError: an utterance is missing, empty or of another width; a value is not finite; for KL, a value is
            negative or a frame has only zeros. With ``official_quirks`` only what stops the official tool as well.
    """
    if missing := [name for name in task.utterances if name not in frames]:
        raise InputError(f"{task.name} needs {len(missing)} utterances that have no frames: {listed(missing)}")
    found: dict[str, list[str]] = {}
    widths: dict[str, int] = {}
    for name in task.utterances:
        table = np.asarray(frames[name])
        widths[name] = table.shape[1] if table.ndim == 2 else -1  # noqa: PLR2004 - (T, D)
        for fault in _faults(table, distance):
            found.setdefault(fault, []).append(name)
    _check_widths(widths, distance)
    for fault, names in found.items():
        text = f"{len(names)} of {len(widths)} utterances {fault}: {listed(names)}"
        if fault == EMPTY:
            raise InputError(f"{text}; every utterance of a task needs one frame at least")
        if fault == ZERO_ROWS or (official_quirks and not (fault == NOT_FINITE and distance == "cosine")):
            log.warning("%s: %s", distance, text)
        else:
            raise DistanceError(f"{distance} means nothing here: {text}; {CURES[fault]}")


def _faults(table: NDArray[Any], distance: Distance) -> list[str]:
    checks: Mapping[str, Callable[[], bool]] = {
        EMPTY: lambda: not len(table),
        NOT_FINITE: lambda: not np.isfinite(table).all(),
        NEGATIVE: lambda: distance == "KL" and bool((table < 0).any()),
        NO_MASS: lambda: distance == "KL" and not table.any(axis=-1).all(),
        ZERO_ROWS: lambda: distance == "cosine" and not table.any(axis=-1).all(),
    }
    return [fault for fault, check in checks.items() if check()]


def _check_widths(widths: Mapping[str, int], distance: Distance) -> None:
    usual = Counter(widths.values()).most_common(1)[0][0]
    if other := [f"{name} ({width})" for name, width in widths.items() if width != usual]:
        raise InputError(
            f"utterances must have frames of one width; most have {usual} columns, but not {listed(other)}"
        )
    if usual < FEWEST[distance]:
        raise InputError(f"{distance} needs at least {FEWEST[distance]} columns; these frames have {usual}")


def span(onset: float, offset: float, times: NDArray[np.float64]) -> tuple[int, int]:
    """First frame of an item and the one after its last: those with onset <= time <= offset.

    >>> span(0.25, 0.5, np.array([0.0, 0.25, 0.5, 0.75]))
    (1, 3)
    """
    first, stop = np.searchsorted(times, onset, "left"), np.searchsorted(times, offset, "right")
    return int(first), int(stop)


def find_spans(task: AbxTask, times: Frames, *, official_quirks: bool = False) -> tuple[NDArray[np.int64], ...]:
    """The frames of all items, (I, 2) per context, as :func:`span` gives them.

    Items that end after their file, and items so short that no frame falls into them, are counted in a warning.

    Raises:
        InputError: items lie outside their file (with ``official_quirks``, a warning).
    """
    outside: list[str] = []
    late = empty = 0
    spans = []
    for items in task.items:
        found = np.zeros((len(items), 2), dtype=np.int64)
        for place, (name, onset, offset) in enumerate(zip(items.utterances, items.onsets, items.offsets, strict=True)):
            when = times[name]
            found[place] = span(onset, offset, when)
            end = _end(when)
            late += bool(offset > end > onset)
            if found[place, 0] >= found[place, 1]:
                empty += 1
                if onset > end or offset < when[0]:
                    outside.append(f"{name} from {onset:g} to {offset:g}")
        spans.append(found)
    if late or empty:
        log.warning("%s: %d items end after their file, %d items have no frame", task.name, late, empty)
    if outside and not official_quirks:
        raise InputError(
            f"{task.name}: {len(outside)} items lie outside their file: {listed(outside)}; "
            "correct the task, or give the features with the times it means (see --year)"
        )
    return tuple(spans)


def _end(times: NDArray[np.float64]) -> float:
    if len(times) < 2:  # noqa: PLR2004 - one frame does not say how long it is
        return np.inf
    return float(times[-1] + (times[-1] - times[0]) / (len(times) - 1) + TOLERANCE)
