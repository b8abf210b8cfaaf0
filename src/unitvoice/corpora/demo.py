"""The demo corpus: invented speakers in two small languages, in the exact layout of the 2019 challenge.

The sentences are our own and the sound is synthetic. Beside what the challenge has, the corpus has a second held-out
set of speakers (``dev``), the phone alignments of all sentences, and, on request, each conversion said by the target
voice itself.
"""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Literal, get_args

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

    Args:
        out: the folder that will hold ``2019/``; an older demo corpus there is replaced.
        languages: of ``english`` and ``surprise``.
        seed: decides speakers, texts and noise.
        synthesiser: ``espeak`` (needs espeakng-loader) or ``formants`` (needs nothing, sounds worse).
        size: ``demo``, about 20 minutes of speech in all, or ``tiny``, less than a minute per language.
        references: also let the target voices say the sentences of the trials.

    Raises:
        InputError: an unknown choice, no espeak-ng, or ``out`` holds something else.
    """
    _check(out, languages, synthesiser, size)
    with atomic(out) as beside:
        folder = beside.resolve() / "2019"
        jobs = [(folder, language, seed, synthesiser, size, references) for language in dict.fromkeys(languages)]
        if synthesiser == "espeak":  # each language in a fresh process: see the module espeak
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(len(jobs), mp_context=context, max_tasks_per_child=1) as pool:
                list(pool.map(_write, jobs))
        else:
            for job in jobs:
                _write(job)
        choices = {"seed": seed, "synthesiser": synthesiser, "size": size, "references": references}
        write_json(beside / MARK, {"languages": list(languages)} | choices)


def _write(job: tuple[Path, str, int, str, str, bool]) -> None:
    folder, language, seed, synthesiser, size, references = job
    speaking = Espeak(language) if synthesiser == "espeak" else Formants(seed)
    write_language(folder, language, speaking, size=SIZES[size][language], seed=seed, references=references)


def _check(out: Path, languages: Sequence[str], synthesiser: str, size: str) -> None:
    for given, known in ((languages, LANGUAGES), ([synthesiser], get_args(SynthesiserName)), ([size], SIZES)):
        if not given or (strange := set(given) - set(known)):
            raise InputError(f"the demo corpus has {listed(known)}, not {listed(sorted(strange) if given else [])}")
    if out.exists() and not (out / MARK).is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out} exists and is not a demo corpus; choose another folder or remove it")


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
