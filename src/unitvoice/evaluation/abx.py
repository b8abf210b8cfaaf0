"""ABX error of frames on a task, as the ZeroSpeech challenge computes it, in float64."""

import json
import logging
import sys
import time
from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitvoice import cli
from unitvoice.errors import InputError
from unitvoice.evaluation.checks import DistanceError, check_frames, find_spans
from unitvoice.evaluation.distances import DISTANCES, Distance, item_distances
from unitvoice.evaluation.frames import Frames, frame_fractions, read_features
from unitvoice.evaluation.task import AbxTask, read_task
from unitvoice.evaluation.triplets import Cell, Items, Mode, Triplets
from unitvoice.files import write_json, write_text

__all__ = ["COMMAND", "AbxResult", "abx", "average", "main"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AbxResult:
    """ABX error on a task."""

    distance: Distance
    mode: Mode
    error: float  # %, lower is better, chance is 50
    approximate: bool  # from a part of the cells: for curves, not for reports
    triplets: int
    pairs: int  # distinct pairs of items whose distance was computed
    table: pd.DataFrame  # one line per cell: phone, other_phone, speaker, x_speaker, context, triplets, error (%)


@dataclass(frozen=True)
class _Part:
    labels: tuple[Cell, ...]
    counts: NDArray[np.int64]  # triplets of each cell
    errors: NDArray[np.float64]  # %, of each cell
    pairs: int


def abx(
    task: AbxTask,
    frames: Frames,
    *,
    distance: Distance = "cosine",
    times: Frames | None = None,
    normalise: bool = True,
    official_quirks: bool = False,
    max_cells: int | None = None,
    seed: int = 0,
    jobs: int = 1,
) -> AbxResult:
    """ABX error of the official evaluation.

    Args:
        task: the triplets.
        frames: (T, D) per utterance, D the same for all; a store serves.
        distance: time warping over angles or over Kullback-Leibler divergences, or edit distance of equal frames.
        times: (T,) per utterance, increasing, in the unit of the task's onsets; None: frame i of N is at i / N.
        normalise: divide the cost of the time warping by the length of its path.
        official_quirks: score also what means nothing, as the official tool does (a NaN distance is a tie).
        max_cells: score only so many cells per context, drawn with ``seed``; the result is marked as approximate.
        seed: of that draw.
        jobs: threads; the result does not depend on it.

    Raises:
        InputError: the frames do not fit the task or the distance, or ``jobs`` or ``max_cells`` is below 1.
    """
    if jobs < 1 or (max_cells is not None and max_cells < 1):
        raise InputError(f"jobs ({jobs}) and the cells of a context ({max_cells}) must be at least 1")
    check_frames(task, frames, distance, official_quirks=official_quirks)
    spans = find_spans(task, frame_fractions(frames) if times is None else times, official_quirks=official_quirks)
    score = partial(_score_context, task, frames, spans, distance, normalise, max_cells, seed)
    parts = list(_progress(_in_order(score, len(task.contexts), jobs), len(task.contexts), distance))
    table = _table(task, parts)
    return AbxResult(
        distance=distance,
        mode=task.mode,
        error=average(table),
        approximate=max_cells is not None,
        triplets=int(table["triplets"].sum()),
        pairs=sum(part.pairs for part in parts),
        table=table,
    )


def _table(task: AbxTask, parts: Sequence[_Part]) -> pd.DataFrame:
    cells = [(*label, context) for context, part in zip(task.contexts, parts, strict=True) for label in part.labels]
    table = pd.DataFrame(cells, columns=[*Cell._fields, "context"])
    table["triplets"] = np.concatenate([part.counts for part in parts])
    table["error"] = np.concatenate([part.errors for part in parts])
    return table


def average(table: pd.DataFrame) -> float:
    """Mean error of cells: over contexts, then over pairs of speakers, then over ordered pairs of phones."""
    speakers = table.groupby(["phone", "other_phone", "speaker", "x_speaker"], sort=True)["error"].mean()
    return float(speakers.groupby(["phone", "other_phone"]).mean().mean())


def _score_context(
    task: AbxTask,
    frames: Frames,
    spans: Sequence[NDArray[np.int64]],
    distance: Distance,
    normalise: bool,  # noqa: FBT001 - internal
    max_cells: int | None,
    seed: int,
    context: int,
) -> _Part:
    triplets = task.triplets(context)
    if max_cells is not None:
        triplets = _draw_cells(triplets, max_cells, np.random.default_rng([seed, context]))
    items = task.items[context]
    a, b, x = triplets.rows.T
    codes, places = np.unique(np.concatenate([a, b]) + len(items) * np.tile(x, 2), return_inverse=True)
    pairs = np.stack([codes % len(items), codes // len(items)], axis=1)
    packed, starts = _pack(items, frames, spans[context], np.unique(pairs))
    found = item_distances(packed, starts, pairs, distance, normalise=normalise)[places]
    to_a, to_b = found[: len(a)], found[len(a) :]
    right = np.where(to_a < to_b, 1.0, np.where(to_a > to_b, 0.0, 0.5))
    counts = np.bincount(triplets.cells, minlength=len(triplets.labels))
    sums = np.bincount(triplets.cells, weights=right, minlength=len(triplets.labels))
    return _Part(triplets.labels, counts, 100.0 * (1.0 - sums / counts), len(pairs))


def _draw_cells(triplets: Triplets, most: int, random: np.random.Generator) -> Triplets:
    number = len(triplets.labels)
    kept = np.sort(random.choice(number, size=min(most, number), replace=False))
    renumbered = np.full(number, -1)
    renumbered[kept] = np.arange(len(kept))
    cells = renumbered[triplets.cells]
    return Triplets(triplets.rows[cells >= 0], cells[cells >= 0], tuple(triplets.labels[cell] for cell in kept))


def _pack(
    items: Items, frames: Frames, spans: NDArray[np.int64], used: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    lengths = np.zeros(len(items), dtype=np.int64)
    lengths[used] = np.maximum(spans[used, 1] - spans[used, 0], 0)
    parts = [np.asarray(frames[items.utterances[i]][spans[i, 0] : spans[i, 1]], dtype=np.float64) for i in used]
    return np.concatenate(parts), np.concatenate([[0], np.cumsum(lengths)])


def _in_order(score: partial[_Part], contexts: int, jobs: int) -> Iterator[_Part]:
    if jobs == 1:
        yield from map(score, range(contexts))
        return
    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[Future[_Part]] = deque()
        for context in range(contexts):
            waiting.append(pool.submit(score, context))
            if len(waiting) > 2 * jobs:  # so that memory stays bounded
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _progress(parts: Iterator[_Part], total: int, distance: str, seconds: float = 10.0) -> Iterator[_Part]:
    begin = last = time.monotonic()
    pairs = 0
    for done, part in enumerate(parts, 1):
        pairs += part.pairs
        if (now := time.monotonic()) - last > seconds:
            left = (now - begin) / done * (total - done)
            log.info(
                "%s: %d of %d contexts, %.0f pairs/s, %.0f s left", distance, done, total, pairs / (now - begin), left
            )
            last = now
        yield part


def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument("task", type=Path, metavar="TASK", help="an ABXpy file (.abx) or an item table (.item)")
    parser.add_argument("features", type=Path, metavar="FEATURES", help="folder of text files, or a store")
    parser.add_argument("--distance", choices=[*DISTANCES, "all"], default="cosine", help="distance of two items")
    parser.add_argument(
        "--year", type=int, choices=[2019, 2017], default=2019, help="2017: times in column 1, seconds"
    )
    parser.add_argument("--mode", choices=["across", "within"], help="speakers; an .abx file knows it, .item: across")
    parser.add_argument(
        "--official-quirks", action="store_true", help="the official number even where it hides a fault"
    )
    parser.add_argument("--max-cells", type=int, metavar="N", help="approximate: only N cells of each context")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of cells")
    parser.add_argument("--table", type=Path, metavar="CSV", help="write the error of each cell")
    parser.add_argument("--output", type=Path, metavar="JSON", help="write the scores with their settings")
    parser.add_argument("--jobs", type=int, default=1, help="threads")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _score(options: Namespace) -> None:
    """Score a folder of embeddings, or a store, on a task."""
    task = read_task(options.task, options.mode)
    features = read_features(options.features, task.utterances, options.year, official_quirks=options.official_quirks)
    results, skipped = [], {}
    for distance in DISTANCES if options.distance == "all" else [options.distance]:
        try:
            result = abx(
                task,
                features.frames,
                distance=distance,
                times=features.times,
                official_quirks=options.official_quirks,
                max_cells=options.max_cells,
                seed=options.seed,
                jobs=options.jobs,
            )
        except DistanceError as error:
            if options.distance != "all":
                raise
            skipped[distance] = str(error)
            log.warning("no %s score: %s", distance, error)
            continue
        results.append(result)
    _report(results, skipped, options)


COMMAND = cli.Command(_add_options, _score)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(_score.__doc__)
    _add_options(parser)
    _score(parser.parse_args(argv))


def _report(results: Sequence[AbxResult], skipped: Mapping[str, str], options: Namespace) -> None:
    scores = {result.distance: result.error for result in results}
    if options.table and results:
        cells = results[0].table.drop(columns="error")
        for result in results:
            cells[result.distance] = result.table["error"]
        write_text(options.table, cells.to_csv(index=False, lineterminator="\n"))
    if options.output:
        settings = {"task": str(options.task), "features": str(options.features), "year": options.year}
        settings |= {"official_quirks": options.official_quirks, "max_cells": options.max_cells, "seed": options.seed}
        settings |= {"mode": results[0].mode, "approximate": options.max_cells is not None} if results else {}
        counts = {"triplets": results[0].triplets, "pairs": results[0].pairs} if results else {}
        write_json(options.output, {"scores": scores, "skipped": skipped, "settings": settings} | counts)
    if options.json:
        sys.stdout.write(json.dumps(scores) + "\n")
        return
    note = " (approximate)" if options.max_cells is not None else ""
    sys.stdout.writelines(f"{name:<12}{error:8.4f} %{note}\n" for name, error in scores.items())


if __name__ == "__main__":
    cli.run(main)
