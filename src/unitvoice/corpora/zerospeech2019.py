"""The layout of the 2019 and 2020 challenges: unit and voice recordings, a test set, and sentences to convert."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from unitvoice.corpora.recordings import lengths
from unitvoice.errors import InputError, listed
from unitvoice.manifest import TASK_SUFFIXES, Manifest, Phone, Subset, Trial, Utterance

__all__ = ["manifest"]

FOLDERS: dict[Subset, str] = {
    "unit": "train/unit",
    "voice": "train/voice",
    "parallel-source": "train/parallel/source",
    "parallel-voice": "train/parallel/voice",
    "dev": "dev",
    "test": "test",
}
NEEDED: tuple[Subset, ...] = ("unit", "voice", "test")
NAMED_FIRST: tuple[Subset, ...] = ("test", "dev", "unit", "voice", "parallel-source", "parallel-voice")
# The organisers' bitrate lists hold the test files that are whole sentences: at least 1.46 s long, while the cut
# clips end at 1.015 s. One sentence to convert they left out.
SENTENCE = 1.2  # s
NO_BITRATE = frozenset({"S011_1220140001"})


def manifest(root: Path, language: str) -> Manifest:
    """The manifest of one language.

    Args:
        root: the folder that holds ``2019/`` (the 2020 data set or the demo corpus), the folder ``2019`` itself, or
            the one with the language folders of the 2019 archives.
        language: name of the language's folder.

    Raises:
        InputError: a part of the layout is absent or empty, or a line of ``synthesis.txt`` or
            ``bitrate_filelist.txt`` is wrong. Recordings that cannot be read have no length; the check names them.
    """
    folder = _language_folder(root, language)
    utterances = _utterances(root, folder)
    trials = tuple(_trials(folder / "synthesis.txt", utterances))
    return Manifest(
        corpus="zerospeech2019",
        language=language,
        root=root,
        utterances=utterances,
        trials=trials,
        bitrate=_bitrate(folder / "bitrate_filelist.txt", utterances, trials),
        tasks=dict(_tasks(folder.parent / "ABXTasks", language)),
        phones=tuple(_phones(folder / "extra" / "phones.csv", utterances)),
    )


def _language_folder(root: Path, language: str) -> Path:
    places = [root / "2019" / language, root / language]
    folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        where = " nor ".join(map(str, places))
        raise InputError(
            f"there is no {language} corpus: neither {where} is a folder; download it or correct the path"
        )
    parts = [*(FOLDERS[subset] for subset in NEEDED), "synthesis.txt"]
    if lost := [part for part in parts if not (folder / part).exists()]:
        raise InputError(f"{folder} lacks {listed(lost)}; unpack the archive again and completely")
    return folder


def _utterances(root: Path, folder: Path) -> tuple[Utterance, ...]:
    files = {subset: _recordings(folder / FOLDERS[subset]) for subset in FOLDERS}
    if empty := [str(folder / FOLDERS[subset]) for subset in NEEDED if not files[subset]]:
        raise InputError(f"there are no .wav files in {listed(empty)}; unpack the archive again and completely")
    names = _names(files)
    paths = [path for some in files.values() for path in some]
    seconds = dict(zip(paths, lengths(paths), strict=True))
    return tuple(
        Utterance(
            utterance=names[path],
            speaker=path.stem.partition("_")[0],
            subset=subset,
            path=path.relative_to(root).as_posix(),
            start=None,
            stop=None,
            seconds=seconds[path],
        )
        for subset, paths in files.items()
        for path in paths
    )


def _recordings(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("*.wav") if not path.name.startswith("."))


def _names(files: Mapping[Subset, Sequence[Path]]) -> dict[Path, str]:
    """A unique name for every file: its stem, with the subset before it where another subset has the stem too.

    The files of the test set always keep their stems, which the submission is made of.
    """
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for subset in NAMED_FIRST:
        for path in files[subset]:
            names[path] = f"{subset}-{path.stem}" if path.stem in taken else path.stem
            taken.add(names[path])
    return names


def _trials(path: Path, utterances: Sequence[Utterance]) -> Iterator[Trial]:
    test = {utterance.utterance for utterance in utterances if utterance.subset == "test"}
    speakers = {utterance.speaker for utterance in utterances if utterance.subset in {"unit", "voice"}}
    names: set[str] = set()
    for place, (source, target) in _lines(path, "test/<source> <voice>"):
        stem = source.rpartition("/")[2].removesuffix(".wav")
        if stem not in test:
            raise InputError(f"{place}: the source {source} is not in the test folder; unpack the archive again")
        if target not in speakers:
            raise InputError(
                f"{place}: the target {target} has no recording in the training folders; correct the line"
            )
        name = f"{target}_{stem.partition('_')[2]}"
        if name in names:
            raise InputError(f"{place}: another line asks for {name} already; remove one of them")
        names.add(name)
        yield Trial(source=stem, target=target, name=name)


def _bitrate(path: Path, utterances: Sequence[Utterance], trials: Sequence[Trial]) -> tuple[tuple[str, float], ...]:
    """The list in the language's folder, or what the organisers' list is made of."""
    if path.exists():
        return tuple(_listed_bitrate(path))
    sources = {trial.source for trial in trials}
    return tuple(
        (utterance.utterance, utterance.seconds)
        for utterance in utterances
        if utterance.subset == "test"
        and (utterance.seconds >= SENTENCE or utterance.utterance in sources)
        and utterance.utterance not in NO_BITRATE
    )


def _listed_bitrate(path: Path) -> Iterator[tuple[str, float]]:
    for place, (name, seconds) in _lines(path, "<stem>.txt <seconds>"):
        try:
            yield name.removesuffix(".txt"), float(seconds)
        except ValueError:
            raise InputError(f"{place}: {seconds} is not a number of seconds; correct the line") from None


def _lines(path: Path, form: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Where each line that is not blank stands, and its two fields."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text; unpack the archive again") from None
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if len(fields) == 2:  # noqa: PLR2004 - a pair
            yield f"{path}, line {number}", (fields[0], fields[1])
        elif fields:
            raise InputError(f"{path}, line {number}: {line.strip()!r} is not of the form '{form}'; correct the line")


def _tasks(folder: Path, language: str) -> Iterator[tuple[str, Path]]:
    """The ABX tasks of the test and the development split, where there are any; an ``.abx`` file goes first."""
    prefix = "" if language == "english" else f"{language}_"
    for subset, middle in (("test", ""), ("dev", "dev_")):
        for suffix in TASK_SUFFIXES:
            if (task := folder / f"{prefix}{middle}byCtxt_acSpkr{suffix}").is_file():
                yield subset, task
                break


def _phones(path: Path, utterances: Sequence[Utterance]) -> Iterator[Phone]:
    """The alignments of files that kept their names."""
    if not path.is_file():
        return
    known = {utterance.utterance for utterance in utterances}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["utterance"] in known:
                    yield Phone(row["utterance"], float(row["start"]), float(row["stop"]), row["phone"])
    except (KeyError, TypeError, ValueError, csv.Error):
        raise InputError(
            f"{path} must have the columns utterance, start, stop and phone, with times in seconds"
        ) from None
