"""Cutting long recordings into utterances at their quietest places, by times alone: no sound is copied."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unitvoice import audio
from unitvoice.corpora.recordings import READERS, Recording
from unitvoice.errors import InputError

__all__ = ["Cut", "cut_all", "cut_points"]

STEP = 0.01  # s between two measurements of the energy
PAUSE = 0.2  # s over which it is averaged: a pause, not the closure of a plosive


class Cut(NamedTuple):
    """One stretch of a recording; without times it is the whole file."""

    recording: Recording
    name: str
    start: float | None  # s
    stop: float | None  # s
    seconds: float


def cut_all(recordings: Sequence[Recording], seconds: Sequence[float], longest: float) -> list[Cut]:
    """The utterances of recordings: whole where they are short enough, else stretches that leave nothing out.

    Args:
        recordings: with their names.
        seconds: how long each is.
        longest: of an utterance, s.
    """
    with ThreadPoolExecutor(READERS) as pool:
        points = pool.map(lambda r, s: cut_points(r.path, s, longest), recordings, seconds)
        return [
            cut
            for recording, length, places in zip(recordings, seconds, points, strict=True)
            for cut in _cuts(recording, length, places)
        ]


def _cuts(recording: Recording, seconds: float, points: Sequence[float]) -> list[Cut]:
    if not points:
        return [Cut(recording, recording.name, None, None, seconds)]
    edges = [0.0, *points, seconds]
    return [
        Cut(recording, f"{recording.name}-{number:04d}", start, stop, round(stop - start, 6))
        for number, (start, stop) in enumerate(pairwise(edges))
    ]


def cut_points(path: Path, seconds: float, longest: float) -> list[float]:
    """Where to cut a recording, s: each time at the quietest place of the second half of the longest utterance.

    Only the stretches where a cut may fall are read. A recording that cannot be read is not cut.
    """
    points: list[float] = []
    done = 0.0
    try:
        while seconds - done > longest:
            # the last utterance keeps a quarter of the longest at least
            last = min(done + longest, seconds - longest / 4)
            done = _quietest(path, done + longest / 2, last)
            points.append(done)
    except InputError:
        return []
    return points


def _quietest(path: Path, start: float, stop: float) -> float:
    rate = audio.info(path).rate
    wave = audio.read(path, start=start, stop=stop, rate=rate)
    step = max(1, round(STEP * rate))
    blocks = np.square(wave[: len(wave) // step * step], dtype=np.float64).reshape(-1, step).mean(axis=1)
    width = min(round(PAUSE / STEP), len(blocks))
    smooth = np.convolve(blocks, np.ones(width), "valid")
    return round(start + (int(smooth.argmin()) + width / 2) * step / rate, 3)
