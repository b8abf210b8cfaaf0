"""Whether judges can be trusted on a corpus: they must hear what was done to its own recordings.

A listener prefers a recording to itself with noise and to itself with its phases reconstructed, and either to a
shuffle of its pieces. A figure of a judge whose means over some recordings are not in this order is not applicable
to the corpus, and is not used there. Whether noise or lost phases are worse depends on how much of each there is, so
that nothing is asked of their order; all ranks are told.
"""

import logging
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from unitvoice import __version__, audio, cli
from unitvoice.audio import Wave
from unitvoice.errors import InputError, listed
from unitvoice.evaluation.listening.catalogue import DEFAULT, create_judge, texts_of
from unitvoice.evaluation.listening.degradations import VERSIONS
from unitvoice.evaluation.listening.judge import Figure, Heard, Judge, UnsuitedError
from unitvoice.manifest import Manifest, Utterance, read_manifest
from unitvoice.provenance import agreed, write_json

__all__ = ["ORDER", "Recording", "check", "check_judges", "choose", "main"]

log = logging.getLogger(__name__)

ORDER = (("clean", "noisy"), ("clean", "reconstructed"), ("noisy", "shuffled"), ("reconstructed", "shuffled"))
RECORDINGS = 8
LEAST = 1.0  # s; shorter recordings are chosen where there are no others


class Recording(NamedTuple):
    """A recording of the corpus, and what is said in it, if that is known."""

    name: str
    wave: Wave
    text: str | None = None


def check(judge: Judge, recordings: Sequence[Recording]) -> dict[str, dict[str, Any]]:
    """What a judge says of recordings and of what was made of them.

    Args:
        judge: whose figures are checked.
        recordings: from which the worse versions are made.

    Returns:
        By figure: means of the versions; their ranks, 1 for the best; the pairs of :data:`ORDER` that are ``wrong``;
        ``applicable``. A figure that has no better and worse is applicable without a check.
    """
    scores: dict[str, list[dict[str, float]]] = {version: [] for version in VERSIONS}
    for recording in recordings:
        for version, degrade in VERSIONS.items():
            wave = degrade(recording.wave, zlib.crc32(recording.name.encode()))
            scores[version].append(judge.score(Heard(wave, recording.wave, recording.text, recording.wave)))
    return {figure.name: _verdict(figure, scores) for figure in judge.figures}


def _verdict(figure: Figure, scores: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, Any]:
    found = {version: [one[figure.name] for one in given if figure.name in one] for version, given in scores.items()}
    if figure.better is None:
        return {"applicable": True, "unchecked": "it has no better and worse"}
    if not all(found.values()):
        return {"applicable": False, "absent": "the judge says nothing of these recordings"}
    means = {version: round(float(np.mean(values)), 5) for version, values in found.items()}
    sign = 1 if figure.better == "higher" else -1
    wrong = [f"{good} > {bad}" for good, bad in ORDER if sign * means[good] <= sign * means[bad]]
    best = sorted(means.values(), reverse=figure.better == "higher")
    ranks = {version: best.index(mean) + 1 for version, mean in means.items()}
    return {"applicable": not wrong, "means": means, "ranks": ranks, "wrong": wrong}


def choose(manifest: Manifest, most: int) -> list[Utterance]:
    """Sources of the trials, evenly from their list, so that the speakers differ; test utterances without trials."""
    by_name = manifest.by_name()
    found = [by_name[name] for name in dict.fromkeys(trial.source for trial in manifest.trials)]
    found = found or list(manifest.subset("test")) or list(manifest.utterances)
    pool = [one for one in found if one.seconds >= LEAST] or found
    count = min(most, len(pool))
    return [pool[place * len(pool) // count] for place in range(count)]


def check_judges(
    names: Sequence[str], manifest: Manifest, texts: Mapping[str, str], most: int = RECORDINGS
) -> dict[str, Any]:
    """The check of several judges on recordings of a corpus: what the command writes.

    A judge that cannot judge the corpus is ``{"absent": reason}``.
    """
    chosen = choose(manifest, most)
    if not chosen:
        raise InputError("the manifest has no utterances, so there is nothing to check judges with")
    recordings = [
        Recording(
            one.utterance,
            audio.read(manifest.path(one), start=one.start or 0.0, stop=one.stop),
            texts.get(one.utterance),
        )
        for one in chosen
    ]
    return {
        "recordings": [one.name for one in recordings],
        "asked": [f"{good} > {bad}" for good, bad in ORDER],
        "judges": {
            name: _checked(name, manifest, texts, recordings)
            for name in tqdm(names, "check", unit="judge", disable=None)
        },
        "unitvoice": __version__,
    }


def _checked(
    name: str, manifest: Manifest, texts: Mapping[str, str], recordings: Sequence[Recording]
) -> dict[str, Any]:
    try:
        judge = create_judge(name, texts, (trial.source for trial in manifest.trials))
    except UnsuitedError as reason:
        return {"absent": str(reason)}
    figures = check(judge, recordings)
    for figure, verdict in figures.items():
        log.info("%s: %s", figure, verdict)
    return {"judge": judge.described(), "figures": figures}


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("output", type=Path, help="JSON file to write")
    parser.add_argument(
        "--judges", nargs="+", default=list(DEFAULT), help="see unitvoice.evaluation.listening.catalogue"
    )
    parser.add_argument("--transcripts", type=Path, help="lines '<utterance> <words>'; the demo corpus has its own")
    parser.add_argument("--most", type=cli.positive, default=RECORDINGS, help="recordings")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    manifest = read_manifest(options.manifest)
    texts = texts_of(manifest, options.transcripts)
    found = check_judges(options.judges, manifest, texts, options.most)
    write_json(options.output, found, f"check of {listed(options.judges)}", agreed({"manifest": manifest.seal}))


if __name__ == "__main__":
    cli.run(main)
