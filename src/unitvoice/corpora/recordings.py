"""Sound files of a corpus that has no split of its own: what they are called, who speaks, and how long they are."""

import logging
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple

from unitvoice import audio
from unitvoice.errors import InputError, listed

__all__ = ["SOUNDS", "Part", "Recording", "corpus_folder", "lengths", "named", "sound_files"]

log = logging.getLogger(__name__)
SOUNDS = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff"})
READERS = 8  # threads that read headers
Part = Literal["train", "dev", "test"]


class Recording(NamedTuple):
    """One sound file."""

    path: Path
    speaker: str
    part: Part | None = None  # where the corpus itself puts it; None: nowhere
    name: str = ""  # see `named`


def corpus_folder(root: Path, *marks: str) -> Path:
    """``root``, or the one folder in it, that holds something that a pattern of ``marks`` fits.

    Raises:
        InputError: neither does.
    """
    inside = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    for folder in (root, *inside):
        if any(next(folder.glob(mark), None) for mark in marks):
            return folder
    raise InputError(f"neither {root} nor a folder in it has {' or '.join(marks)}; correct the path of the corpus")


def sound_files(folder: Path) -> list[Path]:
    """All sound files below a folder, sorted; hidden files and folders are passed over, links are followed.

    Raises:
        InputError: there is none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; correct the path of the corpus")
    found = []
    for place, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in files if Path(name).suffix.lower() in SOUNDS and name[0] != "."]
    if not found:
        raise InputError(f"there is no recording below {folder} ({listed(sorted(SOUNDS))}); correct the path")
    return sorted(found)


def named(recordings: Sequence[Recording], root: Path) -> list[Recording]:
    """Recordings with names: their stems, or where a stem occurs twice, their paths below ``root`` without suffix.

    White space, which the tables of ABX items cannot hold, becomes ``_``.

    >>> found = named([Recording(Path("r/a b/1.wav"), "a"), Recording(Path("r/c/1.wav"), "c")], Path("r"))
    >>> [recording.name for recording in found]
    ['a_b-1', 'c-1']
    """
    stems = Counter(recording.path.stem for recording in recordings)
    result = []
    for recording in recordings:
        stem = recording.path.stem
        parts = [stem] if stems[stem] == 1 else recording.path.relative_to(root).with_suffix("").parts
        result.append(recording._replace(name="_".join("-".join(parts).split())))
    return result


def lengths(paths: Sequence[Path]) -> list[float]:
    """Seconds of recordings by their headers; 0, and a warning, for those that cannot be read or are empty."""
    with ThreadPoolExecutor(READERS) as pool:
        found = list(pool.map(_length, paths))
    if bad := [path for path, seconds in zip(paths, found, strict=True) if not seconds]:
        log.warning("%d recordings cannot be read or are empty: %s", len(bad), listed(bad))
    return found


def _length(path: Path) -> float:
    try:
        return audio.info(path).seconds
    except InputError:
        return 0.0
