"""Track 1 of 2017: one long recording per training speaker, and test files of 1, 10 and 120 seconds.

A manifest has the test files of one duration under their own names, so that the frames or units of its test set are
what ``unitvoice.evaluation.track1`` scores and what a submission holds. The ABX tasks are left to that command: their
times are seconds, while those of a manifest's tasks are fractions of an utterance.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from unitvoice.corpora.cutting import cut_all
from unitvoice.corpora.recordings import Recording, corpus_folder, lengths
from unitvoice.errors import InputError, listed
from unitvoice.manifest import Manifest, Utterance

__all__ = ["Duration", "manifest"]

Duration = Literal["1s", "10s", "120s"]
log = logging.getLogger(__name__)
LONGEST = 15.0  # s, of what is cut without a table of speech


def manifest(root: Path, language: str, duration: Duration = "10s", vads: str = "") -> Manifest:
    """The manifest of a language and a duration.

    Args:
        root: the folder ``2020`` or ``2017``, or the one that holds it.
        language: ``english``, ``french``, ``mandarin``, ``LANG1`` or ``LANG2``.
        duration: of the test files.
        vads: table of speech with lines ``recording,start,stop``; empty for ``<LANGUAGE>_VAD.csv`` at or one folder
            below ``root``. Without any, recordings are cut at their quietest places.

    Raises:
        InputError: a part of the layout is absent, or the table is broken or names no recording.
    """
    if duration not in get_args(Duration):
        raise InputError(f"track 1 has no duration {duration}; it has {listed(get_args(Duration))}")
    home = corpus_folder(root, f"2017/{language}", f"{language}/train")
    folder = home / "2017" / language if (home / "2017" / language).is_dir() else home / language
    train, test = _wavs(folder / "train"), _wavs(_test_folder(folder, duration))
    table = root / vads if vads else _find_vads(root, home, language)
    unit = _cut(root, train, _read_vads(table, train) if table else None)
    names = {utterance.utterance for utterance in unit}
    if taken := [path.stem for path in test if path.stem in names]:
        raise InputError(f"{folder}: test files have the names of training utterances: {listed(taken)}; rename them")
    seconds = zip(test, lengths(test), strict=True)
    tested = [Utterance(p.stem, "unknown", "test", _below(root, p), None, None, length) for p, length in seconds]
    return Manifest("zerospeech2017", language, root, (*unit, *tested))


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _wavs(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("*.wav") if not path.name.startswith("."))
    if not found:
        raise InputError(f"there are no .wav files in {folder}; unpack the archive again and completely")
    return found


def _test_folder(folder: Path, duration: str) -> Path:
    """In 2020 the test is in the language's folder, in 2017 the languages were in the test's."""
    places = [folder / "test" / duration, folder.parent / "test" / folder.name / duration]
    return next((place for place in places if place.is_dir()), places[0])


def _find_vads(root: Path, home: Path, language: str) -> Path | None:
    name = re.compile(f"{re.escape(language)}_vad\\.csv", re.IGNORECASE)
    places = [
        path for folder in (home, root) for pattern in ("*.csv", "*/*.csv") for path in sorted(folder.glob(pattern))
    ]
    return next((path for path in places if name.fullmatch(path.name)), None)


def _read_vads(table: Path, train: Sequence[Path]) -> dict[Path, list[tuple[float, float]]]:
    """Stretches of speech of each recording, s, in their order."""
    known = {path.stem: path for path in train}
    found: dict[Path, list[tuple[float, float]]] = defaultdict(list)
    lost = set()
    for name, start, stop in _lines(table):
        if name in known:
            found[known[name]].append((start, stop))
        else:
            lost.add(name)
    if found and (silent := sorted({path.name for path in train} - {path.name for path in found})):
        log.warning("%s has no speech in %s; they are left out", table, listed(silent))
    if not found:
        raise InputError(f"{table} names no training recording, but {listed(sorted(lost))}; give that of the language")
    return found


def _lines(table: Path) -> Iterator[tuple[str, float, float]]:
    try:
        lines = table.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the table of speech {table} cannot be read ({error}); correct its path") from None
    for number, line in enumerate(lines, 1):
        fields = re.split(r"[,;\s]+", line.strip())
        try:
            name, start, stop = fields
            yield name.removesuffix(".wav"), float(start), float(stop)
        except ValueError:
            if number > 1 and line.strip():  # the first may be a header
                form = "recording,start,stop"
                raise InputError(f"{table}, line {number}: {line!r} is not of the form '{form}'; correct it") from None


def _cut(
    root: Path, train: Sequence[Path], speech: Mapping[Path, list[tuple[float, float]]] | None
) -> list[Utterance]:
    if speech is None:
        found = [Recording(path, path.stem, name=path.stem) for path in train]
        return [
            Utterance(cut.name, cut.recording.speaker, "unit", _below(root, cut.recording.path), *cut[2:])
            for cut in cut_all(found, lengths(train), LONGEST)
        ]
    return [
        Utterance(f"{path.stem}-{n:05d}", path.stem, "unit", _below(root, path), start, stop, round(stop - start, 6))
        for path, stretches in sorted(speech.items())
        for n, (start, stop) in enumerate(sorted(stretches))
    ]
