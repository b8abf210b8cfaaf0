"""Frames to be scored: folders of the challenge's text files, or stores, with the times of their frames."""

import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unitvoice.errors import InputError, listed
from unitvoice.evaluation.texts import parse_text
from unitvoice.store import Store

__all__ = ["Features", "Frames", "Year", "frame_fractions", "read_features", "text_files"]

Year = Literal[2019, 2017]
Frames = Mapping[str, NDArray[Any]]
SUFFIXES = (".txt", ".fea")
FRACTIONS: Year = 2019  # the edition in which times are fractions of the file
MOST = 1000  # bad files in a message

log = logging.getLogger(__name__)


class Features(NamedTuple):
    """Frames of utterances, (T, D) each, and the times of the frames, (T,), in the unit of a task's onsets."""

    frames: Frames
    times: Frames | None  # None: frame i of N is at i / N, the rule of 2019


class Computed(Mapping[str, NDArray[Any]]):
    """A mapping whose values are computed from the names each time they are asked for."""

    def __init__(self, names: Collection[str], value: Callable[[str], NDArray[Any]]) -> None:
        self._names = names
        self._value = value

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The value of a name; KeyError for another name."""
        if name not in self._names:
            raise KeyError(name)
        return self._value(name)

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Number of names."""
        return len(self._names)


class _Pack:
    """Tables of numbers, one after the other in a temporary file, so that memory stays free."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the arrays that are read from it
        self._shapes: dict[str, tuple[int, int, int]] = {}
        self._size = 0

    def add(self, name: str, table: NDArray[np.float64]) -> None:
        """Append a table, (T, D)."""
        self._file.write(table.tobytes())
        self._shapes[name] = (self._size, *table.shape)
        self._size += table.size

    def of_other_width(self) -> list[str]:
        """The tables that have not the width of most, with their widths."""
        widths = Counter(width for _, _, width in self._shapes.values())
        usual = max(widths, key=widths.__getitem__, default=0)
        return [
            f"{name} has {width} columns, most have {usual}"
            for name, (_, _, width) in self._shapes.items()
            if width != usual
        ]

    def arrays(self) -> Computed:
        """The tables by name, read from the file when they are asked for."""
        self._file.flush()
        values = np.memmap(self._file, np.float64, "r")

        def table(name: str) -> NDArray[np.float64]:
            first, rows, width = self._shapes[name]
            return np.asarray(values[first : first + rows * width]).reshape(rows, width)

        return Computed(self._shapes, table)


@lru_cache(maxsize=4096)
def _i_over_n(frames: int) -> NDArray[np.float64]:
    """Times of the frames of a file in the edition of 2019: fractions of the file, (frames,)."""
    return np.arange(frames) / frames


def frame_fractions(frames: Frames) -> Frames:
    """Times of all frames by the rule of 2019: fractions of the file."""
    return Computed(frames, lambda name: _i_over_n(len(frames[name])))


def read_features(
    folder: Path | str, utterances: Collection[str] | None = None, year: Year = 2019, *, official_quirks: bool = False
) -> Features:
    """Read a folder of text files, or a store.

    Args:
        folder: one file per utterance, one frame per line, columns separated by single blanks; or a store.
        utterances: which are needed; None reads all.
        year: the form of the files; in 2017 the first column is the time in seconds.
        official_quirks: as the organisers' evaluator reads them: in 2017 the time stays a column of the frames,
            in 2019 lines of one column are dropped, and NaN is accepted.

    Raises:
        InputError: files are missing or broken; the message names all of them, up to a limit.
    """
    folder = Path(folder)
    if (folder / "meta.json").is_file():
        return _of_store(folder, utterances, year, timed=official_quirks)
    files = text_files(folder)
    needed = sorted(files if utterances is None else utterances)
    _check_present(folder, needed, files)
    return _of_texts(folder, {name: files[name] for name in needed}, year, official_quirks=official_quirks)


def text_files(folder: Path) -> dict[str, Path]:
    """The text files of a folder by their stems; InputError when there is none or a stem occurs twice."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give a folder of text files, or a store")
    files: dict[str, Path] = {}
    twice = []
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES):
        if path.stem in files:
            twice.append(f"{files[path.stem].name} and {path.name}")
        files[path.stem] = path
    if twice:
        raise InputError(f"{folder} has two files for one utterance: {listed(twice)}; remove one of each")
    if not files:
        raise InputError(f"{folder} has no text files and is no store; give the folder that holds the embeddings")
    return files


def _check_present(folder: Path, needed: Collection[str], there: Collection[str]) -> None:
    if missing := sorted(name for name in needed if name not in there):
        hint = "; a task stores names that are all digits as numbers, so 007 must be called 7"
        raise InputError(
            f"{folder} lacks {len(missing)} of the {len(needed)} utterances that are needed: {listed(missing, MOST)}; "
            f"complete the folder{hint if any(name.isdigit() for name in missing) else ''}"
        )


def _of_store(folder: Path, utterances: Collection[str] | None, year: Year, *, timed: bool) -> Features:
    store = Store(folder)
    _check_present(folder, utterances or (), store)
    if year == FRACTIONS:
        return Features(store, None)
    first = float(store.meta.get("first", 0.0))
    times = Computed(store, lambda name: first + np.arange(store.rows(name)) / store.rate)
    if timed:
        return Features(Computed(store, lambda name: np.column_stack([times[name], store[name]])), times)
    return Features(store, times)


def _of_texts(folder: Path, files: Mapping[str, Path], year: Year, *, official_quirks: bool) -> Features:
    pack, bad, positions = _Pack(), [], {}
    for name, path in files.items():
        try:
            table = parse_text(path.read_bytes(), official_quirks=official_quirks)
        except ValueError as error:
            bad.append(f"{path.name} ({error})")
            continue
        if year != FRACTIONS and (np.diff(table.frames[:, 0]) <= 0).any():
            bad.append(f"{path.name} (the times in column 1 do not increase)")
        pack.add(name, table.frames)
        if table.lines > len(table.frames):
            positions[name] = table.positions / table.lines
    bad += pack.of_other_width()
    if bad:
        raise InputError(
            f"{folder}: {len(bad)} of {len(files)} files are not as they must be: {listed(bad, MOST)}; rewrite them"
        )
    if positions:
        log.warning("%s: %d files have lines that are no frames but count in the time", folder, len(positions))
    tables = pack.arrays()
    if year == FRACTIONS:
        return Features(tables, Computed(tables, lambda n: positions.get(n, _i_over_n(len(tables[n])))))
    frames = tables if official_quirks else Computed(tables, lambda name: tables[name][:, 1:])
    return Features(frames, Computed(tables, lambda name: tables[name][:, 0]))
