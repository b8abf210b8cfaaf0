"""Time the ABX error of random codes on a synthetic task of the size of the real one: 300,000 triplets and more."""

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from unitvoice.evaluation.abx import abx
from unitvoice.evaluation.distances import DISTANCES, Distance
from unitvoice.evaluation.task import AbxTask, Item, task_from_items

PHONES, SPEAKERS, CODES, WIDTH = 40, 24, 512, 64
SECONDS, RATE = (0.09, 0.41), 50.0
ITEMS_PER_CONTEXT = 40


def make_task(contexts: int, random: np.random.Generator) -> AbxTask:
    """A task across speakers whose contexts have few phones and many speakers."""
    items = []
    for context in range(contexts):
        phones = random.choice(PHONES, size=6, replace=False)
        for place in range(ITEMS_PER_CONTEXT):
            name = f"{context:04d}_{place:03d}"
            phone, speaker = random.choice(phones), random.integers(SPEAKERS)
            items.append(Item(name, 0.0, 1.0, f"P{phone}", f"C{context}", "C", f"S{speaker:03d}"))
    return task_from_items(tuple(items))


def make_frames(task: AbxTask, random: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    """Random positive code vectors at 50 Hz; an utterance is one item, with runs of equal codes."""
    codebook = random.random((CODES, WIDTH)).astype(np.float32)
    lengths = (random.uniform(*SECONDS, size=len(task.utterances)) * RATE).astype(int)
    codes = (np.repeat(random.integers(CODES, size=length), 2)[:length] for length in lengths)
    return {name: codebook[code] for name, code in zip(task.utterances, codes, strict=True)}


def main() -> None:
    """Print a table: distance, contexts, jobs, triplets, pairs, seconds, rates and the score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contexts", type=int, nargs="+", default=[250, 500, 1000], help="sizes of the task")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--distance", nargs="+", choices=DISTANCES, default=list(DISTANCES))
    parser.add_argument("--max-cells", type=int, help="approximate: cells per context")
    options = parser.parse_args()
    print("| distance | contexts | jobs | triplets | pairs | s | CPU s | triplets/s | pairs/s | error (%) |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for distance in options.distance:
        warm = make_task(2, np.random.default_rng(0))
        abx(warm, make_frames(warm, np.random.default_rng(0)), distance=distance)
        for contexts in options.contexts:
            random = np.random.default_rng(contexts)
            task = make_task(contexts, random)
            frames = make_frames(task, random)
            for jobs in options.jobs:
                print(measure(task, frames, distance, jobs, options.max_cells))


def measure(
    task: AbxTask, frames: dict[str, NDArray[np.float32]], distance: Distance, jobs: int, max_cells: int | None
) -> str:
    """One line of the table."""
    begin, cpu_begin = time.perf_counter(), time.process_time()
    result = abx(task, frames, distance=distance, jobs=jobs, max_cells=max_cells)
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin
    counts = f"{result.triplets} | {result.pairs} | {seconds:.2f} | {cpu_seconds:.2f}"
    rates = f"{result.triplets / seconds:.0f} | {result.pairs / seconds:.0f}"
    return f"| {distance} | {len(task.contexts)} | {jobs} | {counts} | {rates} | {result.error:.10f} |"


if __name__ == "__main__":
    main()
