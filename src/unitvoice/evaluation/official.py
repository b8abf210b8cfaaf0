"""Runs the organisers' own validator and evaluator, where they are installed, and puts their scores beside ours.

They need a Python of 2020; ``envs/zerospeech2020.yaml`` describes it. A tool may be named by its path, so that this
command runs in today's Python all the same.
"""

import argparse
import logging
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.files import read_json
from unitvoice.provenance import agreed, verified, write_json

__all__ = ["Difference", "Task", "Verdict", "differences", "evaluate", "in_official_shape", "main", "validate"]

log = logging.getLogger(__name__)

Task = Literal["2019", "2017-track1", "2017-track2", "all"]
VALIDATOR, EVALUATOR = "zerospeech2020-validate", "zerospeech2020-evaluate"
INSTALL = (
    "install it with `conda env create -f envs/zerospeech2020.yaml` and `conda run -n zerospeech2020 bash "
    "envs/zerospeech2020.post-deploy.sh`, then name its path in that environment's bin folder"
)
LEVEL = re.compile(r"\[ERROR\]\s*")


@dataclass(frozen=True)
class Verdict:
    """What the organisers' validator says."""

    valid: bool
    log: tuple[str, ...]  # its error lines, and what it printed about broken embeddings


@dataclass(frozen=True)
class Difference:
    """One score that both have."""

    score: str  # place in the official JSON, e.g. 2019/english/details_abx/test/cosine
    official: float
    ours: float
    difference: float  # ours - official


def validate(submission: Path, tool: str = VALIDATOR, *, jobs: int = 1) -> Verdict:
    """The organisers' verdict on a submission, a folder or a zip; InputError when their tool is not installed."""
    done = _run([*_command(tool), "-j", str(jobs), str(submission)])
    lines = [LEVEL.split(line, maxsplit=1)[-1] for line in done.stderr.splitlines() if LEVEL.search(line)]
    if done.returncode and not lines:
        lines = done.stderr.splitlines()[-1:]  # the end of a traceback
    return Verdict(done.returncode == 0, (*lines, *done.stdout.splitlines()))


def evaluate(
    submission: Path, dataset: Path, tool: str = EVALUATOR, *, task: Task = "2019", jobs: int = 1
) -> dict[str, Any]:
    """The organisers' scores of a submission, as their JSON.

    Args:
        submission: its root, a folder or a zip.
        dataset: the folder ``2020`` of the challenge's data.
        tool: command or path of their evaluator.
        task: what to evaluate; 2019 is scored for English only, since the other task is not public.
        jobs: processes.

    Raises:
        InputError: the tool is not installed, a path does not exist, or the tool stops; the message says why.
    """
    command = _command(tool)
    for path in (submission, dataset):
        if not path.exists():
            raise InputError(f"{path} does not exist; correct the path")
    place = [] if task == "2017-track2" else ["-D", str(dataset), "-j", str(jobs)]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "scores.json"
        done = _run([*command, task, "-o", str(output), *place, str(submission)])
        if done.returncode or not output.is_file():
            said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            reason = LEVEL.split(said[-1], maxsplit=1)[-1] if said else f"exit code {done.returncode}"
            fatal = [line.split("fatal error: ", 1)[1] for line in said if "fatal error: " in line]
            raise InputError(f"{tool} could not evaluate {submission}: {fatal[0] if fatal else reason}")
        scores: dict[str, Any] = read_json(output)
    return scores


def differences(official: Mapping[str, Any], ours: Mapping[str, Any]) -> list[Difference]:
    """All numbers that stand at the same place of two JSONs.

    >>> differences({"a": {"x": 1.5, "y": 2.0}}, {"a": {"x": 1.75, "z": 2.0}})
    [Difference(score='a/x', official=1.5, ours=1.75, difference=0.25)]
    """
    own = dict(_numbers(ours))
    return [Difference(key, value, own[key], own[key] - value) for key, value in _numbers(official) if key in own]


def in_official_shape(scores: Mapping[str, Any], representation: str | None = None) -> Mapping[str, Any]:
    """Our English scores.json in the shape of the official JSON; what has that shape already stays as it is.

    Args:
        scores: content of a ``scores.json`` of :mod:`unitvoice.evaluation.representations`, or official JSON.
        representation: the one that was submitted; None where there is only one.

    Raises:
        InputError: the representation is not there, or there are several and none is named.
    """
    known = scores.get("representations")
    if known is None:
        return scores
    if representation is None and len(known) == 1:
        representation = next(iter(known))
    if representation not in known:
        raise InputError(f"the scores are of the representations {listed(known)}; name the one that was submitted")
    scored = known[representation]
    across = scored.get("abx", {}).get("test", {}).get("across", {})
    details = {"details_abx": {"test": across}, "details_bitrate": {"test": scored.get("bitrate")}}
    return {"2019": {"english": details}}


def _numbers(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, float]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{above}{key}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{above}{key}", float(value)


def _command(tool: str) -> list[str]:
    words = [tool] if shutil.which(tool) else shlex.split(tool)
    program = shutil.which(words[0]) if words else None
    if program is None:
        raise InputError(f"the organisers' tool '{tool}' is not installed; {INSTALL}")
    return [program, *words[1:]]


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    log.info("running %s", shlex.join(command))
    # their environment's own programs first; two HDF5 libraries and cluster disks do not get on with locks
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {"PATH": path, "HDF5_USE_FILE_LOCKING": "FALSE"}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument(
        "submission", type=Path, metavar="SUBMISSION", help="root of the submission, a folder or a zip"
    )
    parser.add_argument("output", type=Path, metavar="OUT.json", help="file to write")
    parser.add_argument("--dataset", type=Path, required=True, help="the folder 2020 of the challenge's data")
    parser.add_argument("--ours", type=Path, help="our scores.json, or scores in the official shape")
    parser.add_argument("--representation", help="the one in --ours that was submitted, where there are several")
    parser.add_argument("--task", choices=get_args(Task), default="2019", help="what to evaluate")
    parser.add_argument("--tool", default=EVALUATOR, help="the organisers' evaluator: a command or its path")
    parser.add_argument("--validator", default=VALIDATOR, help="the organisers' validator: a command or its path")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of ``python -m unitvoice.evaluation.official``."""
    arguments = _parser().parse_args(argv)
    seals = {"archive": verified(arguments.submission), "scores": arguments.ours and verified(arguments.ours.parent)}
    made_of = agreed(seals)
    ours = in_official_shape(read_json(arguments.ours), arguments.representation) if arguments.ours else {}
    verdict = validate(arguments.submission, arguments.validator, jobs=arguments.jobs)
    official = evaluate(
        arguments.submission, arguments.dataset, arguments.tool, task=arguments.task, jobs=arguments.jobs
    )
    compared = differences(official, ours)
    if arguments.ours and not compared:
        log.warning("%s shares no score with the official output", arguments.ours)
    content = {"verdict": asdict(verdict), "official": official, "ours": ours}
    found = content | {"differences": [asdict(one) for one in compared]}
    write_json(arguments.output, found, "scores of the official tool", made_of)
    for one in compared:
        log.info("%s: official %.9g, ours %.9g, difference %.3g", *asdict(one).values())
    log.info("%s: the official validator says %s", arguments.output, "valid" if verdict.valid else "invalid")


if __name__ == "__main__":
    cli.run(main)
