"""Subword modelling: the ABX errors of track 1 of the 2017 challenge, for all languages and durations at hand.

With ``official_quirks`` the time column stays the first column of the frames, as in the evaluator of 2020: its
leaderboard has that scale. Without, the frames are scored by themselves: the scale of 2017. The two do not compare.
"""

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from unitvoice import cli
from unitvoice.errors import InputError
from unitvoice.evaluation.abx import abx
from unitvoice.evaluation.checks import DistanceError, check_frames
from unitvoice.evaluation.distances import Distance
from unitvoice.evaluation.frames import Features, read_features
from unitvoice.evaluation.task import AbxTask, read_task
from unitvoice.evaluation.triplets import Mode
from unitvoice.files import write_json

__all__ = ["DURATIONS", "LANGUAGES", "score_track1"]

log = logging.getLogger(__name__)
LANGUAGES = ("english", "french", "mandarin", "LANG1", "LANG2")
DURATIONS = ("1s", "10s", "120s")
TASKS: dict[Mode, str] = {"across": "byCtxt_acSpkr.abx", "within": "byCtxtSpkr.abx"}
Scores = dict[str, dict[str, dict[str, dict[str, float | str]]]]


def score_track1(
    tasks: Path,
    features: Path,
    languages: Sequence[str] = LANGUAGES,
    durations: Sequence[str] = DURATIONS,
    *,
    official_quirks: bool = False,
    jobs: int = 1,
) -> Scores:
    """Scores by language, duration and mode: ``cosine``, ``KL`` (``-`` where a number is negative) and ``best``.

    Args:
        tasks: folder ``<language>/<duration>/<duration>_byCtxt_acSpkr.abx`` and ``<duration>_byCtxtSpkr.abx``.
        features: folder ``<language>/<duration>`` of text files with times in seconds in the first column, or stores.
        languages: which to score.
        durations: which to score.
        official_quirks: keep the time column, and score what the official tool scores.
        jobs: threads.

    Raises:
        InputError: nothing is there to be scored, or it is broken.
    """
    scores: Scores = {}
    for language, duration, mode in _at_hand(tasks, features, languages, durations):
        task = read_task(tasks / language / duration / f"{duration}_{TASKS[mode]}", mode)
        frames = read_features(features / language / duration, task.utterances, 2017, official_quirks=official_quirks)
        found = _score(task, frames, official_quirks=official_quirks, jobs=jobs)
        scores.setdefault(language, {}).setdefault(duration, {})[mode] = found
    if not scores:
        raise InputError(f"{tasks} and {features} have no language and duration in common; see --help for their form")
    return scores


def _at_hand(
    tasks: Path, features: Path, languages: Sequence[str], durations: Sequence[str]
) -> Iterator[tuple[str, str, Mode]]:
    for language in languages:
        for duration in durations:
            for mode, ending in TASKS.items():
                task, folder = tasks / language / duration / f"{duration}_{ending}", features / language / duration
                if task.is_file() and folder.is_dir():
                    yield language, duration, mode
                else:
                    log.warning("%s %s %s is not scored: no %s", language, duration, mode, _absent(task, folder))


def _absent(*paths: Path) -> str:
    return " and no ".join(str(path) for path in paths if not path.exists())


def _score(task: AbxTask, features: Features, *, official_quirks: bool, jobs: int) -> dict[str, float | str]:
    def error(distance: Distance) -> float:
        options: dict[str, Any] = {"times": features.times, "official_quirks": official_quirks, "jobs": jobs}
        return abx(task, features.frames, distance=distance, **options).error

    scores: dict[str, float | str] = {"cosine": error("cosine"), "KL": "-", "best": "cosine"}
    try:
        check_frames(task, features.frames, "KL")
    except DistanceError as reason:
        log.warning("%s", reason)
        return scores
    divergence = error("KL")
    return scores | {"KL": divergence, "best": "KL" if divergence < float(scores["cosine"]) else "cosine"}


def main(argv: Sequence[str] | None = None) -> None:
    """Score the features of track 1 of 2017."""
    parser = cli.parser(main.__doc__)
    parser.add_argument("tasks", type=Path, metavar="TASKS", help="folder <language>/<duration>/*.abx")
    parser.add_argument("features", type=Path, metavar="FEATURES", help="folder <language>/<duration>/*.txt")
    parser.add_argument("--language", nargs="+", choices=LANGUAGES, default=LANGUAGES)
    parser.add_argument("--duration", nargs="+", choices=DURATIONS, default=DURATIONS)
    parser.add_argument("--official-quirks", action="store_true", help="keep the time column, the scale of 2020")
    parser.add_argument("--output", type=Path, metavar="JSON", help="write the scores to a file")
    parser.add_argument("--jobs", type=int, default=1, help="threads")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    scores = score_track1(
        options.tasks,
        options.features,
        options.language,
        options.duration,
        official_quirks=options.official_quirks,
        jobs=options.jobs,
    )
    if options.output:
        write_json(options.output, scores)
    if options.json:
        sys.stdout.write(json.dumps(scores) + "\n")
        return
    for language, durations in scores.items():
        for duration, modes in durations.items():
            sys.stdout.writelines(f"{language} {duration} {mode} {found}\n" for mode, found in modes.items())


if __name__ == "__main__":
    cli.run(main)
