"""ABX error over bitrate of one trained model, along the price of a segment."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from unitvoice import __version__, cli
from unitvoice.errors import InputError
from unitvoice.evaluation.abx import abx
from unitvoice.evaluation.bitrate import bitrate
from unitvoice.evaluation.distances import DISTANCES, Distance
from unitvoice.evaluation.frames import Frames
from unitvoice.evaluation.task import read_task
from unitvoice.manifest import Manifest, read_manifest
from unitvoice.models import load_model
from unitvoice.provenance import agreed, write_json
from unitvoice.units.segmentation import Segmenter, run_starts

__all__ = ["PENALTIES", "main", "sweep"]

log = logging.getLogger(__name__)

PENALTIES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


def sweep(
    manifest: Manifest,
    segmenter: Segmenter,
    penalties: Sequence[float] = PENALTIES,
    *,
    distance: Distance = "cosine",
    jobs: int = 1,
) -> dict[str, Any]:
    """Bitrate and ABX error of the test set at each penalty of a segment.

    Each penalty gives two points that a submission could make: all frames, whose bitrate counts every frame, and runs
    of equal codes written once, which need fewer symbols but tell nothing of durations. Both are timed by the rule of
    2019, line i of N at i / N, which is what clips of whole items need.

    Args:
        manifest: gives the list of the bitrate, and the ABX task of the test set, if there is one.
        segmenter: of the units.
        penalties: in multiples of the mean squared distance of a frame to its nearest code.
        distance: of the ABX, across speakers.
        jobs: threads.

    Returns:
        What the command writes; a score that cannot be computed is left out, with the reason under ``absent``.
    """
    absent: dict[str, str] = {}
    return {
        "settings": {
            "distance": distance,
            "frames": segmenter.indices.meta["content"],
            "distortion": segmenter.scales,
            "unitvoice": __version__,
        },
        "points": [_point(manifest, segmenter, penalty, distance, jobs, absent) for penalty in sorted(set(penalties))],
        "absent": absent,
    }


def _point(
    manifest: Manifest, segmenter: Segmenter, penalty: float, distance: Distance, jobs: int, absent: dict[str, str]
) -> dict[str, Any]:
    found = dict(segmenter.all(penalty))
    whole: Frames = {name: units.vectors for name, units in found.items()}
    starts = {name: run_starts(units.indices) for name, units in found.items()}
    forms = {"all": whole, "runs": {name: whole[name][first] for name, first in starts.items()}}
    scored = {
        name: _scores(manifest, frames, distance, jobs, f"{penalty:g}-{name}", absent)
        for name, frames in forms.items()
    }
    seconds = sum(map(len, whole.values())) / segmenter.indices.rate
    log.info("penalty %g: %s", penalty, scored)
    return {"penalty": penalty, "segments_per_second": sum(map(len, starts.values())) / seconds, **scored}


def _scores(
    manifest: Manifest, frames: Frames, distance: Distance, jobs: int, place: str, absent: dict[str, str]
) -> dict[str, float]:
    durations = manifest.bitrate or [(one.utterance, one.seconds) for one in manifest.subset("test")]

    def abx_error() -> float:
        if "test" not in manifest.tasks:
            raise InputError("the corpus has no ABX task for test")
        task = read_task(manifest.tasks["test"], mode="across")
        return abx(task, frames, distance=distance, jobs=jobs).error

    wanted: dict[str, Callable[[], float]] = {
        "bitrate": lambda: bitrate(frames, durations).bitrate,
        "abx": abx_error,
    }
    scores = {}
    for name, score in wanted.items():
        try:
            scores[name] = score()
        except InputError as error:
            absent[f"{place}-{name}"] = str(error)
    return scores


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("units", type=Path, help="folder of stores that the model encoded")
    parser.add_argument("output", type=Path, help="JSON file to write")
    parser.add_argument(
        "--penalties",
        type=float,
        nargs="+",
        default=list(PENALTIES),
        help="of a segment, in multiples of the mean squared distance of a frame to its nearest code",
    )
    parser.add_argument("--distance", choices=DISTANCES, default="cosine", help="of the ABX")
    parser.add_argument("--jobs", type=cli.positive, default=1, help="threads")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    system, manifest = load_model(options.model), read_manifest(options.manifest)
    if not system.discrete:
        write_json(options.output, {"points": [], "absent": {"units": "the system has no codes"}}, "no sweep")
        return
    segmenter = Segmenter(system, options.units)
    stores = (segmenter.indices, segmenter.continuous)
    seals = {store.meta["kind"]: store.seal for store in stores}
    made_of = agreed({"model": system.seal, "manifest": manifest.seal, **seals})
    found = sweep(manifest, segmenter, options.penalties, distance=options.distance, jobs=options.jobs)
    write_json(options.output, found, "sweep of penalties", made_of)


if __name__ == "__main__":
    cli.run(main)
