"""The organisers' file lists: which files a submission must hold, and how long their recordings are."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from unitvoice import cli
from unitvoice.errors import InputError
from unitvoice.manifest import Manifest, read_manifest
from unitvoice.provenance import Origins, agreed, sealed
from unitvoice.submission.tree import refuse_foreign

__all__ = [
    "DURATIONS_2017",
    "LANGUAGES_2017",
    "LANGUAGES_2019",
    "FileLists",
    "LanguageLists",
    "language_lists",
    "main",
    "read_lists",
    "write_lists",
]

LANGUAGES_2019 = ("english", "surprise")
LANGUAGES_2017 = ("english", "french", "mandarin", "LANG1", "LANG2")
DURATIONS_2017 = ("1s", "10s", "120s")
SUFFIX = "_filelist.txt"


@dataclass(frozen=True)
class LanguageLists:
    """The three lists of one language of the 2019 task."""

    required: tuple[str, ...]  # file names in the test folder, sorted
    embedding: Mapping[str, float]  # stem of every test recording -> s
    bitrate: Mapping[str, float]  # stem of every recording that counts for the bitrate -> s


@dataclass(frozen=True)
class FileLists:
    """All lists at hand; a language or track whose lists are absent cannot be checked for completeness."""

    year2019: Mapping[str, LanguageLists] = field(default_factory=dict)  # by language
    track1: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)  # language -> duration -> stems
    track2: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # language -> names of the recordings


def read_lists(folder: Path) -> FileLists:
    """Read a folder in the organisers' layout: ``2019/<language>/*_filelist.txt``, ``2017/track{1,2}/*_filelist.txt``.

    Raises:
        InputError: the folder holds no list, a language of 2019 lacks one of its three, or a line is broken.
    """
    lists = FileLists(
        {path.name: _read_language(path) for path in sorted(folder.glob("2019/*")) if path.is_dir()},
        {_language(path): _read_track1(path) for path in sorted(folder.glob(f"2017/track1/*{SUFFIX}"))},
        {_language(path): _read_track2(path) for path in sorted(folder.glob(f"2017/track2/*{SUFFIX}"))},
    )
    if not (lists.year2019 or lists.track1 or lists.track2):
        raise InputError(
            f"{folder} holds no file lists; give the folder that has 2019/<language>/required{SUFFIX} "
            "(the share folder of an installed zerospeech2020, or one made by unitvoice.submission.lists)"
        )
    return lists


def write_lists(lists: FileLists, folder: Path, made_of: Origins | None = None) -> None:
    """Write lists in the organisers' layout, atomically; InputError when ``folder`` holds something else."""
    refuse_foreign(folder, {"2017", "2019"})
    with sealed(folder, "lists of files", made_of) as beside:
        beside.mkdir()
        for language, three in lists.year2019.items():
            place = beside / "2019" / language
            _write(place / f"required{SUFFIX}", (f"{language}/test/{name}" for name in three.required))
            _write(place / f"embedding{SUFFIX}", (f"{stem}.txt {_s(s)}" for stem, s in three.embedding.items()))
            _write(place / f"bitrate{SUFFIX}", (f"{stem}.txt {_s(s)}" for stem, s in three.bitrate.items()))
        for language, durations in lists.track1.items():
            names = (f"{language}/{duration}/{stem}.wav" for duration, stems in durations.items() for stem in stems)
            _write(beside / "2017" / "track1" / f"{language}{SUFFIX}", names)
        for language, wavs in lists.track2.items():
            _write(beside / "2017" / "track2" / f"{language}{SUFFIX}", (f"{language}/{wav}.wav" for wav in wavs))


def language_lists(manifest: Manifest) -> LanguageLists:
    """The lists of a corpus: all test recordings need an embedding, all trials a wav."""
    embedding = {utterance.utterance: utterance.seconds for utterance in manifest.subset("test")}
    wavs = {f"{trial.name}.wav" for trial in manifest.trials}
    required = tuple(sorted({f"{stem}.txt" for stem in embedding} | wavs))
    return LanguageLists(required, dict(sorted(embedding.items())), dict(sorted(manifest.bitrate)))


def _s(seconds: float) -> str:
    return f"{seconds:.9g}"


def _language(path: Path) -> str:
    return path.name.removesuffix(SUFFIX)


def _read_language(folder: Path) -> LanguageLists:
    if lost := [name for name in ("required", "embedding", "bitrate") if not (folder / (name + SUFFIX)).is_file()]:
        raise InputError(f"{folder} lacks {lost[0]}{SUFFIX}; copy the complete lists, or make them from a manifest")
    required = (PurePosixPath(line).name for line in _lines(folder / f"required{SUFFIX}"))
    return LanguageLists(
        tuple(sorted(required)),
        _read_seconds(folder / f"embedding{SUFFIX}"),
        _read_seconds(folder / f"bitrate{SUFFIX}"),
    )


def _read_seconds(path: Path) -> dict[str, float]:
    found = {}
    for line in _lines(path):
        name, _, seconds = line.rpartition(" ")
        try:
            found[name.strip().removesuffix(".txt")] = float(seconds)
        except ValueError:
            raise InputError(f"{path} has a line that is not '<stem>.txt <seconds>': {line}; copy it again") from None
    return found


def _read_track1(path: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in _lines(path):
        wav = PurePosixPath(line)
        found.setdefault(wav.parent.name, []).append(wav.stem)
    return {duration: tuple(stems) for duration, stems in found.items()}


def _read_track2(path: Path) -> tuple[str, ...]:
    return tuple(PurePosixPath(line).stem for line in _lines(path))


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text file; copy the list again") from None


def _write(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("Write the file lists of the 2019 task, in the organisers' layout, from manifests.")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write")
    parser.add_argument(
        "--manifest", nargs=2, action="append", required=True, metavar=("LANGUAGE", "PATH"), help="once per language"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of ``python -m unitvoice.submission.lists``."""
    arguments = _parser().parse_args(argv)
    manifests = {name: read_manifest(Path(path)) for name, path in arguments.manifest}
    lists = {name: language_lists(manifest) for name, manifest in manifests.items()}
    made_of = agreed({f"{name} manifest": manifest.seal for name, manifest in manifests.items()})
    write_lists(FileLists(year2019=lists), arguments.out, made_of)
    for name, three in lists.items():
        counts = f"{len(three.required)} required files, {len(three.embedding)} embeddings, {len(three.bitrate)} for"
        sys.stdout.write(f"{name}: {counts} the bitrate\n")


if __name__ == "__main__":
    cli.run(main)
