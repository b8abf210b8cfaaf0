"""What automatic judges say of converted trials; those that misjudge the corpus's own recordings are not asked."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from unitvoice import __version__, audio, cli
from unitvoice.errors import InputError, listed
from unitvoice.evaluation.listening.catalogue import create_judge, references_of, texts_of
from unitvoice.evaluation.listening.judge import Heard, Judge
from unitvoice.files import read_json
from unitvoice.manifest import Manifest, Trial, read_manifest
from unitvoice.provenance import agreed, verified, write_json

__all__ = ["judge_trials", "main"]

log = logging.getLogger(__name__)


def judge_trials(
    manifest: Manifest,
    converted: Path,
    checked: Mapping[str, Any],
    *,
    texts: Mapping[str, str],
    references: Path | None = None,
) -> dict[str, Any]:
    """Let the judges hear all trials that change the speaker.

    Args:
        manifest: the corpus and its trials.
        converted: folder of ``<trial name>.wav``.
        checked: what :func:`unitvoice.evaluation.listening.sanity.check_judges` found; it says which judges.
        texts: transcripts by utterance.
        references: folder of ``<trial name>.wav``, said by the target speakers.

    Returns:
        What the command writes: the judges with their names, versions and hashes, their checks, the means of their
        figures, and the figures of each trial; what cannot be told is ``{"absent": reason}``.

    Raises:
        InputError: conversions are missing or cannot be read; all are named.
    """
    speakers = {name: utterance.speaker for name, utterance in manifest.by_name().items()}
    trials = [trial for trial in manifest.trials if speakers[trial.source] != trial.target]
    if lost := [trial.name for trial in trials if not (converted / f"{trial.name}.wav").is_file()]:
        raise InputError(f"{converted} lacks the conversions {listed(lost)}; convert the trials first")
    judges: dict[str, Any] = {}
    rows: dict[str, dict[str, float]] = {trial.name: {} for trial in trials}
    for name, known in checked["judges"].items():
        judges[name] = dict(known)
        if "absent" in known:
            continue
        usable = {figure for figure, verdict in known["figures"].items() if verdict["applicable"]}
        if not usable or not trials:
            continue
        judge = create_judge(name, texts, (trial.source for trial in trials))
        if judge.described() != known["judge"]:
            raise InputError(f"the check of {name} was made with another version or other weights; make it again")
        for trial in tqdm(trials, name, unit="trial", disable=None):
            found = judge.score(_heard(manifest, trial, converted, texts, references))
            rows[trial.name] |= {figure: round(value, 5) for figure, value in found.items() if figure in usable}
        judges[name]["figures"] = {
            figure.name: known["figures"][figure.name] | _described(judge, figure.name) | _summary(rows, figure.name)
            for figure in judge.figures
        }
        log.info("%s: %s", name, {figure: found.get("mean") for figure, found in judges[name]["figures"].items()})
    return {
        "recordings": checked["recordings"],
        "asked": checked["asked"],
        "judges": judges,
        "trials": [{"trial": name} | row for name, row in rows.items()],
        "unitvoice": __version__,
    }


def _heard(
    manifest: Manifest, trial: Trial, converted: Path, texts: Mapping[str, str], references: Path | None
) -> Heard:
    source = manifest.by_name()[trial.source]
    said = references / f"{trial.name}.wav" if references else None
    return Heard(
        wave=audio.read(converted / f"{trial.name}.wav"),
        source=audio.read(manifest.path(source), start=source.start or 0.0, stop=source.stop),
        text=texts.get(trial.source),
        reference=audio.read(said) if said and said.is_file() else None,
    )


def _described(judge: Judge, name: str) -> dict[str, Any]:
    figure = next(figure for figure in judge.figures if figure.name == name)
    return {"unit": figure.unit, "better": figure.better, "meaning": figure.meaning}


def _summary(rows: Mapping[str, Mapping[str, float]], figure: str) -> dict[str, Any]:
    values = [row[figure] for row in rows.values() if figure in row]
    if not values:
        return {}
    return {
        "trials": len(values),
        "mean": round(float(np.mean(values)), 5),
        "deviation": round(float(np.std(values)), 5),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("converted", type=Path, help="folder of <trial name>.wav")
    parser.add_argument("checked", type=Path, help="JSON of unitvoice.evaluation.listening.sanity")
    parser.add_argument("output", type=Path, help="JSON file to write")
    parser.add_argument("--transcripts", type=Path, help="lines '<utterance> <words>'; the demo corpus has its own")
    parser.add_argument("--references", type=Path, help="folder of <trial name>.wav, said by the target speakers")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    manifest = read_manifest(options.manifest)
    seals = {"conversions": verified(options.converted), "judges": verified(options.checked)}
    made_of = agreed({"manifest": manifest.seal, **seals})
    checked = read_json(options.checked)
    texts, references = texts_of(manifest, options.transcripts), references_of(manifest, options.references)
    found = judge_trials(manifest, options.converted, checked, texts=texts, references=references)
    write_json(options.output, found, f"figures of {listed(checked['judges'])}", made_of)


if __name__ == "__main__":
    cli.run(main)
