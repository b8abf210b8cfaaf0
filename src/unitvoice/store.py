"""Packed frames of a corpus: one memory-mapped array, an index and a description.

A store is a folder of three files, however many utterances it holds:

* ``frames.npy``: all frames, (N, D), the utterances one after the other;
* ``index.csv``: utterance, first row, rows;
* ``meta.json``: kind, parameters, frame rate in Hz, time of the first frame's centre in s, and a content hash.
"""

import csv
import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from unitvoice.errors import InputError
from unitvoice.files import read_json, write_json
from unitvoice.provenance import Origins, sealed, verified

__all__ = ["Store", "StoreWriter", "create_store"]

TABLE = 2  # axes


class Store(Mapping[str, NDArray[Any]]):
    """A store that is read: a mapping from utterance to its frames, (T, D), straight from the map.

    Raises:
        InputError: the folder is not a store, it is damaged, or its parts do not fit together.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / "meta.json").is_file():
            raise InputError(f"{folder} is not a store of frames (it has no meta.json); make it with its stage first")
        self.seal = verified(folder)
        self.meta: dict[str, Any] = read_json(folder / "meta.json")
        try:
            self.frames: NDArray[Any] = np.lib.format.open_memmap(folder / "frames.npy", mode="r")
        except Exception as error:  # noqa: BLE001 - a damaged header can end in any exception
            raise InputError(
                f"{folder / 'frames.npy'} is damaged ({error}); delete {folder} and make it again"
            ) from None
        try:
            with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
                self.index = {name: (int(first), int(rows)) for name, first, rows in list(csv.reader(file))[1:]}
        except (ValueError, OSError, csv.Error) as error:
            raise InputError(
                f"{folder / 'index.csv'} is damaged ({error}); delete {folder} and make it again"
            ) from None
        ends = list(accumulate((rows for _, rows in self.index.values()), initial=0))
        if self.frames.ndim != TABLE or [first for first, _ in self.index.values()] + [len(self.frames)] != ends:
            raise InputError(f"{folder}: index.csv and frames.npy disagree; delete the folder and make it again")
        if not _is_description(self.meta):
            raise InputError(f"{folder / 'meta.json'} is damaged; delete {folder} and make it again")

    @property
    def rate(self) -> float:
        """Frames per second."""
        return float(self.meta["rate"])

    @property
    def width(self) -> int:
        """Values per frame."""
        return int(self.frames.shape[1])

    def rows(self, utterance: str) -> int:
        """Number of frames of an utterance, without reading them."""
        return self.index[utterance][1]

    def __getitem__(self, utterance: str) -> NDArray[Any]:
        """Frames of an utterance, (T, D)."""
        first, rows = self.index[utterance]
        return self.frames[first : first + rows]

    def __iter__(self) -> Iterator[str]:
        """The utterances in stored order."""
        return iter(self.index)

    def __len__(self) -> int:
        """Number of utterances."""
        return len(self.index)


def _is_description(meta: Any) -> bool:  # noqa: ANN401 - what a JSON file holds
    """Whether ``meta.json`` says what all readers of a store ask it."""
    match meta:
        case {"kind": str(), "rate": float() | int() as rate, "first": float() | int() as first, "content": str()}:
            return 0 < rate < math.inf and math.isfinite(first) and isinstance(meta.get("parameters"), dict)
    return False


class StoreWriter:
    """The writing end of a store; see :func:`create_store`."""

    def __init__(self, file: BinaryIO, dtype: DTypeLike) -> None:
        self._file = file
        self._dtype = np.dtype(dtype)
        self._hash = hashlib.sha256()
        self.index: dict[str, tuple[int, int]] = {}
        self.shape: tuple[int, int] | None = None

    def append(self, utterance: str, frames: NDArray[Any]) -> None:
        """Add the frames of one utterance, (T, D); T may be 0, D must be the same for all.

        Raises:
            InputError: the utterance is there already, the width differs, or a value is not finite.
        """
        rows, width = self.shape or (0, frames.shape[1])
        if utterance in self.index or frames.shape[1] != width:
            raise InputError(f"utterance {utterance} occurs twice or has {frames.shape[1]} instead of {width} columns")
        stored = np.ascontiguousarray(frames, dtype=self._dtype)
        if not (np.isfinite(frames).all() and np.isfinite(stored).all()):
            raise InputError(
                f"utterance {utterance} gave values that are not finite as {self._dtype}; check its recording"
            )
        if self.shape is None:
            self._write_header((0, width))
        content = stored.tobytes()
        self._file.write(content)
        self._hash.update(f"{utterance}\t{len(frames)}\n".encode())
        self._hash.update(content)
        self.index[utterance] = (rows, len(frames))
        self.shape = (rows + len(frames), width)

    def finish(self) -> str:
        """Complete the array's header; returns the hash of the content."""
        if self.shape is None:
            raise InputError("there is no utterance to store; check the manifest and its subsets")
        self._file.seek(0)
        self._write_header(self.shape)
        return self._hash.hexdigest()

    def _write_header(self, shape: tuple[int, int]) -> None:
        # NumPy pads this header so that the first axis can grow without moving the data
        header = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)


@contextmanager
def create_store(
    folder: Path,
    *,
    kind: str,
    rate: float,
    dtype: DTypeLike = np.float32,
    first: float = 0.0,
    made_of: Origins | None = None,
    **parameters: object,
) -> Iterator[StoreWriter]:
    """Write a store; it appears under ``folder`` only when the block has succeeded.

    Args:
        folder: where the store will be.
        kind: what the frames are, e.g. ``logmel``.
        rate: frames per second.
        dtype: type of the stored values.
        first: time of the first frame's centre, s.
        made_of: where the frames came from.
        parameters: whatever else describes the frames; goes to ``meta.json``.
    """
    with sealed(folder, f"{kind}, {rate:g} Hz", made_of) as beside:
        beside.mkdir()
        with (beside / "frames.npy").open("wb") as file:
            writer = StoreWriter(file, dtype)
            yield writer
            digest = writer.finish()
        with (beside / "index.csv").open("w", encoding="utf-8", newline="") as table:
            rows = csv.writer(table, lineterminator="\n")
            rows.writerow(["utterance", "first", "rows"])
            rows.writerows((name, *place) for name, place in writer.index.items())
        facts = {"kind": kind, "rate": rate, "first": first, "parameters": parameters, "content": digest}
        write_json(beside / "meta.json", facts)
