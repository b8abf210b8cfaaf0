"""Score representations of a corpus: ABX across and within speakers on each task of the manifest, and the bitrate."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from unitvoice import __version__, cli
from unitvoice.errors import InputError, listed
from unitvoice.evaluation.abx import AbxResult, abx
from unitvoice.evaluation.bitrate import bitrate
from unitvoice.evaluation.distances import DISTANCES, Distance
from unitvoice.evaluation.task import read_task
from unitvoice.evaluation.triplets import Mode
from unitvoice.files import sha256, write_json
from unitvoice.manifest import Manifest, read_manifest
from unitvoice.provenance import agreed, sealed
from unitvoice.store import Store

__all__ = ["main", "score"]

log = logging.getLogger(__name__)
MODES: tuple[Mode, ...] = get_args(Mode)


def score(
    manifest: Manifest,
    representations: Mapping[str, Store],
    distances: Sequence[Distance],
    folder: Path,
    *,
    jobs: int = 1,
) -> None:
    """Write ``scores.json`` and, for each ABX score, a table of its cells.

    What cannot be scored is left out, with the reason under ``absent``.

    Args:
        manifest: gives the tasks and the list of the bitrate.
        representations: frames by a name of their own.
        distances: of the ABX.
        folder: for ``scores.json`` and ``<representation>-<subset>-<mode>-<distance>.csv``.
        jobs: threads.
    """
    seals = {name: frames.seal for name, frames in representations.items()}
    made_of = agreed({"manifest": manifest.seal, **seals})
    with sealed(folder, f"scores of {listed(representations)}", made_of) as beside:
        beside.mkdir()
        absent: dict[str, str] = {}
        scored = {
            name: {
                "frames": frames.meta["content"],
                "abx": _abx_scores(manifest, name, frames, distances, beside, absent, jobs),
                **_bitrate(manifest, name, frames, absent),
            }
            for name, frames in representations.items()
        }
        tasks = {subset: sha256(task) for subset, task in manifest.tasks.items()}
        settings = {"distances": list(distances), "tasks": tasks, "unitvoice": __version__}
        write_json(beside / "scores.json", {"settings": settings, "representations": scored, "absent": absent})


def _all_tests(manifest: Manifest) -> list[tuple[str, float]]:
    return [(utterance.utterance, utterance.seconds) for utterance in manifest.subset("test")]


def _bitrate(manifest: Manifest, name: str, frames: Store, absent: dict[str, str]) -> dict[str, float]:
    try:
        return {"bitrate": bitrate(frames, manifest.bitrate or _all_tests(manifest)).bitrate}
    except InputError as error:
        absent[f"{name}-bitrate"] = str(error)
        return {}


def _abx_scores(
    manifest: Manifest,
    name: str,
    frames: Store,
    distances: Sequence[Distance],
    folder: Path,
    absent: dict[str, str],
    jobs: int,
) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    for subset, path in manifest.tasks.items():
        for mode in MODES:
            for distance in distances:
                place = f"{name}-{subset}-{mode}-{distance}"
                try:
                    result = abx(read_task(path, mode=mode), frames, distance=distance, jobs=jobs)
                except InputError as error:
                    absent[place] = str(error)
                    continue
                _write_table(result, folder / f"{place}.csv")
                log.info("%s: %.2f %% of %d triplets", place, result.error, result.triplets)
                scores.setdefault(subset, {}).setdefault(mode, {})[distance] = result.error
    return scores


def _write_table(result: AbxResult, path: Path) -> None:
    result.table.to_csv(path, index=False, float_format="%.9g", lineterminator="\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("output", type=Path, help="folder to write the scores in")
    parser.add_argument(
        "--frames", nargs=2, action="append", required=True, metavar=("NAME", "STORE"), help="a representation"
    )
    parser.add_argument("--distances", nargs="+", choices=DISTANCES, default=["cosine"], help="of the ABX")
    parser.add_argument("--jobs", type=cli.positive, default=1, help="threads")
    arguments = parser.parse_args(argv)
    stores = {name: Store(Path(folder)) for name, folder in arguments.frames}
    score(read_manifest(arguments.manifest), stores, arguments.distances, arguments.output, jobs=arguments.jobs)


if __name__ == "__main__":
    cli.run(main)
