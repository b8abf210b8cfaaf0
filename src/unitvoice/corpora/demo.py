"""The demo corpus: invented speakers in two small languages, in the exact layout of the 2019 challenge.

The sentences are our own and the sound is synthetic. Beside what the challenge has, the corpus has a second held-out
set of speakers (``dev``), the phone alignments of all sentences, and, on request, each conversion said by the target
voice itself.
"""

import multiprocessing
import signal
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from unitvoice import cli
from unitvoice.corpora.espeak import Espeak
from unitvoice.corpora.formants import Formants
from unitvoice.corpora.grammar import LANGUAGES
from unitvoice.corpora.language import SIZES, write_language
from unitvoice.errors import InputError, listed
from unitvoice.files import atomic, write_json

__all__ = ["generate", "main"]

SynthesiserName = Literal["espeak", "formants"]
MARK = "demo.json"  # what makes a folder a demo corpus, which may be replaced


class _Job(NamedTuple):
    """One language to write."""

    folder: Path
    language: str
    seed: int
    synthesiser: str
    size: str
    references: bool


def generate(
    out: Path,
    *,
    languages: Sequence[str] = LANGUAGES,
    seed: int = 0,
    synthesiser: SynthesiserName = "espeak",
    size: str = "demo",
    references: bool = False,
) -> None:
    """Write a demo corpus; equal arguments give equal bytes.

    With espeak each language is made in a new process, so a script that calls this needs a main guard.

    Args:
        out: the folder that will hold ``2019/``; an older demo corpus there is replaced.
        languages: of ``english`` and ``surprise``.
        seed: decides speakers, texts and noise.
        synthesiser: ``espeak`` (needs espeakng-loader) or ``formants`` (needs nothing, sounds worse).
        size: ``demo``, about 25 minutes of sentences in all, or ``tiny``, about a minute per language.
        references: also let the target voices say the sentences of the trials.

    Raises:
        InputError: an unknown choice, no espeak-ng, or ``out`` holds something else.
    """
    _check(out, languages, synthesiser, size)
    with atomic(out) as beside:
        folder = beside.resolve() / "2019"
        folder.mkdir(parents=True)
        jobs = [_Job(folder, name, seed, synthesiser, size, references) for name in dict.fromkeys(languages)]
        if synthesiser == "espeak":
            _write_in_processes(jobs)
        else:
            for job in jobs:
                _write(job)
        choices = {"seed": seed, "synthesiser": synthesiser, "size": size, "references": references}
        write_json(beside / MARK, {"languages": list(languages)} | choices)


def _check(out: Path, languages: Sequence[str], synthesiser: str, size: str) -> None:
    for given, known in ((languages, LANGUAGES), ([synthesiser], get_args(SynthesiserName)), ([size], SIZES)):
        if not given or (strange := set(given) - set(known)):
            raise InputError(
                f"the demo corpus has {listed(known)}, not {listed(sorted(strange)) if given else 'none'}"
            )
    if out.exists() and not (out / MARK).is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out} exists and is not a demo corpus; choose another folder or remove it")


def _write_in_processes(jobs: Sequence[_Job]) -> None:
    """Each job in a fresh process, which espeak needs; when one fails or this process is stopped, all end."""
    with ExitStack() as stack:
        answers = [_start(job, stack) for job in jobs]
        for job, answer in zip(jobs, answers, strict=True):
            try:
                error = answer.recv()
            except EOFError:
                died = f"the process that speaks {job.language} died; is there enough memory?"
                raise ChildProcessError(died) from None
            if error is not None:
                raise error


def _start(job: _Job, stack: ExitStack) -> Connection:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(job, theirs), daemon=True)
    process.start()
    theirs.close()
    stack.callback(process.join)
    stack.callback(process.terminate)
    return ours


def _answer(job: _Job, connection: Connection) -> None:
    """Write a language, and send the error that came of it, or None."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the waiting process hears the interrupt too, and ends this one
    try:
        _write(job)
    except Exception as error:  # noqa: BLE001 - raised again by the process that waits for it
        connection.send(error)
    else:
        connection.send(None)


def _write(job: _Job) -> None:
    with tempfile.TemporaryDirectory(dir=job.folder) as scratch:
        speaking = Espeak(job.language, Path(scratch)) if job.synthesiser == "espeak" else Formants(job.seed)
        size = SIZES[job.size][job.language]
        write_language(job.folder, job.language, speaking, size=size, seed=job.seed, references=job.references)


def main(argv: Sequence[str] | None = None) -> None:
    """Generate the demo corpus."""
    parser = cli.parser(__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder that will hold 2019/")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=list(LANGUAGES))
    parser.add_argument("--seed", type=int, default=0, help="decides speakers, texts and noise")
    parser.add_argument("--synthesiser", choices=get_args(SynthesiserName), default="espeak")
    parser.add_argument("--size", choices=list(SIZES), default="demo")
    parser.add_argument(
        "--references", action="store_true", help="let the target voices say the trials' sentences too"
    )
    generate(**vars(parser.parse_args(argv)))


if __name__ == "__main__":
    cli.run(main)
