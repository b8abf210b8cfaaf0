"""Writes the submission tree of the challenge, complete or not at all."""

import argparse
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.manifest import Manifest, read_manifest
from unitvoice.provenance import Origin, Seal, agreed, prefixed, sealed, verified
from unitvoice.store import Store
from unitvoice.submission import metadata
from unitvoice.submission.lists import DURATIONS_2017, LANGUAGES_2017, LANGUAGES_2019
from unitvoice.submission.metadata import Year
from unitvoice.submission.text import RowWriter
from unitvoice.submission.tree import refuse_foreign

__all__ = ["Language2019", "Submission", "main", "write_submission"]

log = logging.getLogger(__name__)

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "__MACOSX", "*.pyc", "*.egg-info", "Thumbs.db", "desktop.ini")
FEWEST_COLUMNS = 2


@dataclass(frozen=True)
class Language2019:
    """What one language of the 2019 task hands in."""

    manifest: Manifest
    embeddings: Store  # float32 frames of the test utterances, at least 2 columns
    wavs: Path  # folder of <trial name>.wav
    auxiliary: tuple[Store, ...] = ()  # at most two further representations


@dataclass(frozen=True)
class Submission:
    """All parts of a submission."""

    metadata: Mapping[str, Any]  # the entries of all metadata files in one flat mapping
    languages: Mapping[str, Language2019]  # 2019, by language
    track1: Mapping[tuple[str, str], Store]  # 2017: (language, duration) -> frames, by file stem
    track2: Mapping[str, Path]  # 2017: language -> class file
    code: tuple[Path, ...] = ()  # files and folders; demanded exactly when the metadata says open source
    described: Seal | None = None  # of the file of metadata

    def origins(self) -> dict[str, Origin]:
        """Where all parts of all languages came from.

        Raises:
            InputError: recordings are damaged, or the parts of a language do not belong together.
        """
        found: dict[str, Origin] = {}
        for name, language in self.languages.items():
            manifest, kind = language.manifest.seal, language.embeddings.meta["kind"]
            seals = {"manifest": manifest, kind: language.embeddings.seal, "conversions": verified(language.wavs)}
            found |= prefixed(name, agreed({"metadata": self.described, **seals}))
            for number, store in enumerate(language.auxiliary, 1):
                further = agreed({"manifest": manifest, store.meta["kind"]: store.seal})
                found |= prefixed(f"{name} auxiliary {number}", further)
        return found

    @property
    def years(self) -> tuple[Year, ...]:
        """The parts that are there."""
        parts: dict[Year, bool] = {"2017": bool(self.track1 or self.track2), "2019": bool(self.languages)}
        return tuple(year for year, there in parts.items() if there)

    @property
    def auxiliaries(self) -> int:
        """Number of auxiliary embeddings."""
        return max((len(language.auxiliary) for language in self.languages.values()), default=0)


def write_submission(submission: Submission, folder: Path) -> None:
    """Write the tree, atomically, after checking that nothing is missing.

    Raises:
        InputError: parts are damaged or do not belong together, the metadata is wrong, or frames, recordings or code
            are missing; the message names them all.
    """
    made_of = submission.origins()
    files = metadata.split(submission.metadata, submission.years, submission.auxiliaries)
    if wrong := [*_wrong_parts(submission), *_wrong_code(submission, folder)]:
        raise InputError("; ".join(wrong))
    refuse_foreign(folder, {"metadata.yaml", "2017", "2019"})
    with sealed(folder, "submission", made_of) as beside:
        for path, content in files.items():
            _write(beside / path, metadata.dump(content).encode())
        for year in submission.years if submission.code else ():
            _copy_code(submission.code, beside / year / "code")
        for name, language in submission.languages.items():
            _write_language(language, beside / "2019" / name)
        for (name, duration), store in submission.track1.items():
            _write_frames(store, list(store), beside / "2017" / "track1" / name / duration, timed=True)
        for name, classes in submission.track2.items():
            _write(beside / "2017" / "track2" / f"{name}.txt", classes.read_bytes())


def _wrong_parts(submission: Submission) -> Iterator[str]:
    if not submission.years:
        yield "a submission needs at least one language; give its manifest, embeddings and recordings"
    if len({len(language.auxiliary) for language in submission.languages.values()}) > 1:
        yield "auxiliary embeddings are there for some languages only; give them for all or for none"
    for name, language in submission.languages.items():
        yield from _wrong_language(name, language)
    for (name, duration), store in submission.track1.items():
        if name not in LANGUAGES_2017 or duration not in DURATIONS_2017:
            yield f"track 1 has no {name} {duration}; it has {listed(LANGUAGES_2017)} with {listed(DURATIONS_2017)}"
        yield from _wrong_frames(store, list(store), fewest=2)
    for name, classes in submission.track2.items():
        if name not in LANGUAGES_2017 or not classes.is_file():
            yield f"track 2 needs a class file for one of {listed(LANGUAGES_2017)}, not {name} {classes}"


def _wrong_language(name: str, language: Language2019) -> Iterator[str]:
    test = [utterance.utterance for utterance in language.manifest.subset("test")]
    if not test:
        yield f"the {name} manifest has no test utterances; check its subsets"
    for store in (language.embeddings, *language.auxiliary):
        yield from _wrong_frames(store, test, fewest=1)
    wavs = [language.wavs / f"{trial.name}.wav" for trial in language.manifest.trials]
    if lost := [wav.name for wav in wavs if not wav.is_file() or not wav.stat().st_size]:
        yield f"{language.wavs} lacks (or has empty) {listed(lost)}; convert the trials of {name} again"


def _wrong_frames(store: Store, names: Sequence[str], fewest: int) -> Iterator[str]:
    if store.width < FEWEST_COLUMNS or not np.issubdtype(store.frames.dtype, np.floating):
        form = f"{store.width} columns of {store.frames.dtype}"
        yield f"{store.folder} has {form}, but ABX needs two or more of float32; give code vectors or one-hot rows"
    if lost := [name for name in names if name not in store]:
        yield f"{store.folder} lacks the utterances {listed(lost)}; encode them"
    if short := [name for name in names if name in store and store.rows(name) < fewest]:
        yield f"{store.folder} has fewer than {fewest} frames for {listed(short)}; encode them again"


def _wrong_code(submission: Submission, folder: Path) -> Iterator[str]:
    is_open = submission.metadata.get("open source") is True
    if is_open and not submission.code:
        yield "the metadata says 'open source: true', so the code must be given (or say false)"
    if submission.code and not is_open:
        yield "the metadata says 'open source: false', so no code may be given (or say true)"
    if lost := [path for path in submission.code if not path.exists()]:
        yield f"the code {listed(lost)} does not exist; correct the path"
    if within := [path for path in submission.code if folder.resolve().is_relative_to(path.resolve())]:
        yield f"the code folder {listed(within)} contains the output {folder}; name the folders and files inside it"
    names = [path.resolve().name for path in submission.code]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield f"{listed(twice)} occurs twice among the code; names must differ"


def _write_language(language: Language2019, folder: Path) -> None:
    test = [utterance.utterance for utterance in language.manifest.subset("test")]
    _write_frames(language.embeddings, test, folder / "test")
    for number, store in enumerate(language.auxiliary, start=1):
        _write_frames(store, test, folder / f"auxiliary_embedding{number}")
    for trial in language.manifest.trials:
        shutil.copyfile(language.wavs / f"{trial.name}.wav", folder / "test" / f"{trial.name}.wav")


def _write_frames(store: Store, names: Sequence[str], folder: Path, *, timed: bool = False) -> None:
    folder.mkdir(parents=True)
    as_text = RowWriter()
    for name in names:
        frames = store[name]
        times = float(store.meta["first"]) + np.arange(len(frames)) / store.rate if timed else None
        (folder / f"{name}.txt").write_bytes(as_text(frames, times))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _copy_code(code: Sequence[Path], folder: Path) -> None:
    folder.mkdir()
    for path in code:
        place = folder / path.resolve().name
        if path.is_dir():
            shutil.copytree(path, place, ignore=LEFT_OUT)
        else:
            shutil.copyfile(path, place)


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Write a submission tree: the 2019 task from --language, the 2017 tasks from --track1, --track2."
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write")
    parser.add_argument(
        "--metadata", type=Path, required=True, help="YAML file with the entries of all metadata files"
    )

    def add(option: str, *names: str, text: str) -> None:
        parser.add_argument(option, nargs=len(names), action="append", default=[], metavar=names, help=text)

    add("--language", "NAME", "MANIFEST", "EMBEDDINGS", "WAVS", text="one language of the 2019 task")
    add("--auxiliary1", "NAME", "STORE", text="its first further representation")
    add("--auxiliary2", "NAME", "STORE", text="its second further representation")
    add("--track1", "NAME", "DURATION", "STORE", text="2017 track 1: frames of one language and duration")
    add("--track2", "NAME", "CLASSES", text="2017 track 2: class file of one language")
    parser.add_argument("--code", type=Path, nargs="+", default=[], help="when open source: the code to hand in")
    return parser


def _gather(arguments: argparse.Namespace) -> Submission:
    further: dict[str, list[Store]] = {}
    for name, store in (*arguments.auxiliary1, *arguments.auxiliary2):
        further.setdefault(name, []).append(Store(Path(store)))
    known = [name for name, *_ in arguments.language]
    if lost := sorted({*further} - {*known}):
        raise InputError(f"auxiliary embeddings name {listed(lost)}, which no --language does; correct the name")
    languages = {
        name: Language2019(read_manifest(Path(manifest)), Store(Path(store)), Path(wavs), (*further.get(name, ()),))
        for name, manifest, store, wavs in arguments.language
    }
    track1 = {(name, duration): Store(Path(store)) for name, duration, store in arguments.track1}
    track2 = {name: Path(classes) for name, classes in arguments.track2}
    described = verified(arguments.metadata)
    content = metadata.read_metadata(arguments.metadata)
    return Submission(content, languages, track1, track2, tuple(arguments.code), described)


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of ``python -m unitvoice.submission.layout``."""
    arguments = _parser().parse_args(argv)
    submission = _gather(arguments)
    write_submission(submission, arguments.out)
    if submission.languages and set(submission.languages) != set(LANGUAGES_2019):
        log.warning("%s: the official validator wants the languages %s", arguments.out, " and ".join(LANGUAGES_2019))
    log.info("%s: %s written", arguments.out, " and ".join(submission.years))


if __name__ == "__main__":
    cli.run(main)
