"""ABX tasks: the organisers' ``.abx`` files and ``.item`` tables, read into one form."""

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from unitvoice.errors import InputError, listed
from unitvoice.evaluation.triplets import Items, Mode, Triplets, cells_of, has_triplets, make_triplets

__all__ = ["AbxTask", "Item", "read_items", "read_task", "task_from_items"]

ITEM_FIELDS = 7
EXPANSION = 1032  # times that deflated data of an ABXpy file can grow
SMALL = 1 << 16  # bytes of a file that may grow as one of this size
MODES: dict[tuple[str, ...], Mode] = {
    ("phone_1", "speaker_1", "phone_2", "speaker_2"): "across",
    ("phone_1", "phone_2"): "within",
}


class Item(NamedTuple):
    """One line of an ``.item`` table; onset and offset in the unit of the frames' times."""

    utterance: str
    onset: float
    offset: float
    phone: str
    previous: str
    following: str
    speaker: str


@dataclass(frozen=True)
class AbxTask:
    """An ABX task. Its triplets are loaded context by context, so that a large task needs little memory."""

    name: str
    mode: Mode
    contexts: tuple[str, ...]  # previous and next phone; within speakers, with the speaker before them
    items: tuple[Items, ...]  # one per context
    triplets: Callable[[int], Triplets]  # of the context with this index

    @property
    def utterances(self) -> tuple[str, ...]:
        """The utterances that the task needs, sorted."""
        return tuple(sorted({name for items in self.items for name in items.utterances}))


def read_task(path: Path | str, mode: Mode | None = None) -> AbxTask:
    """Read an ABX task.

    Args:
        path: an ABXpy file (HDF5) or, when the name ends in ``.item``, an item table.
        mode: across (the default for an item table) or within speakers; an ABXpy file knows it itself.

    Raises:
        InputError: the file is absent or damaged, is no task, has no triplets, or is a task of the other mode.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} is not there; give an ABXpy task (.abx) or an item table (.item)")
    if path.suffix == ".item":
        return task_from_items(read_items(path), mode or "across", str(path))
    task = _read_hdf5(path)
    if mode not in {None, task.mode}:
        raise InputError(f"{path} is a task {task.mode} speakers, not {mode}; take the file made for {mode}")
    return task


def read_items(path: Path) -> tuple[Item, ...]:
    """Read an item table; InputError lists the lines that are not of the form."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path} is not an item table (it is not text); give a text table or rename it") from None
    if not lines or not lines[0].startswith("#file"):
        raise InputError(f"{path} is not an item table: its first line must begin with #file")
    items, bad = [], []
    for number, line in enumerate(lines[1:], 2):
        try:
            items.append(_item(line.split()))
        except ValueError:
            bad.append(f"line {number}")
    if bad:
        form = "file onset offset phone previous next speaker, with onset <= offset"
        raise InputError(f"{path}: not of the form '{form}': {listed(bad)}; correct these lines")
    return tuple(items)


def _item(fields: list[str]) -> Item:
    if len(fields) != ITEM_FIELDS:
        raise ValueError
    onset, offset = float(fields[1]), float(fields[2])
    if not onset <= offset:
        raise ValueError
    return Item(fields[0], onset, offset, *fields[3:])


def task_from_items(items: tuple[Item, ...], mode: Mode = "across", name: str = "items") -> AbxTask:
    """The task that ABXpy would make from a table: on phone, by context, across or within speakers.

    Raises:
        InputError: there is no triplet at all.
    """
    groups: dict[tuple[str, ...], list[Item]] = {}
    for item in items:
        context = (item.previous, item.following)
        groups.setdefault(context if mode == "across" else (item.speaker, *context), []).append(item)
    contexts = [context for context, group in sorted(groups.items()) if has_triplets(*_labels(group), mode)]
    _check_some(name, len(contexts))

    def triplets(index: int) -> Triplets:
        return make_triplets(*_labels(groups[contexts[index]]), mode)

    kept = tuple(_items_of(groups[context]) for context in contexts)
    return AbxTask(name, mode, tuple(" ".join(context) for context in contexts), kept, triplets)


def _labels(group: list[Item]) -> tuple[list[str], list[str]]:
    return [item.phone for item in group], [item.speaker for item in group]


def _items_of(group: list[Item]) -> Items:
    onsets = np.array([item.onset for item in group], dtype=np.float64)
    offsets = np.array([item.offset for item in group], dtype=np.float64)
    return Items(tuple(item.utterance for item in group), onsets, offsets)


def _check_some(name: str, contexts: int) -> None:
    if not contexts:
        raise InputError(f"{name} has no triplet; a task needs two phones in one context, and tokens to compare")


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        with h5py.File(path, "r") as file:
            yield file
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path} is not a readable HDF5 file ({error}); fetch the task file again") from None
    except Exception as error:  # noqa: BLE001 - a crafted file can end in any exception
        reason = str(error).strip('"')
        raise InputError(f"{path} is no ABX task ({reason}); give a file made by ABXpy, or an item table") from None


def _read_hdf5(path: Path) -> AbxTask:
    with _opened(path) as file:
        bys = [_text(by) for by in _whole(file["bys"])]
        _check_some(str(path), len(bys))
        columns = tuple(_text(name) for name in _whole(file["regressors"][bys[0]]["indexed_datasets"]))
        if columns not in MODES:
            raise ValueError(f"its regressors are {listed(columns)}")
        items = tuple(_hdf5_items(file["feat_dbs"][by]["table"]) for by in bys)
        ranges = _whole(file["triplets"]["by_index"]).astype(np.int64)
        if len(ranges) != len(bys) or (len(ranges) and ranges[:, 1].max() > len(file["triplets"]["data"])):
            raise ValueError("its triplets do not fit its contexts")
        contexts = [[str(part) for part in ast.literal_eval(by)] for by in bys]
    mode = MODES[columns]

    def triplets(index: int) -> Triplets:
        with _opened(path) as opened:
            speaker = contexts[index][0] if mode == "within" else None
            start, stop = ranges[index]
            rows = _checked(opened["triplets"]["data"])[start:stop].astype(np.int64)
            if len(rows) and (rows.min() < 0 or rows.max() >= len(items[index])):
                raise ValueError(f"a triplet of context {bys[index]} names an item that is not there")
            return Triplets(rows, *_hdf5_cells(opened["regressors"][bys[index]], len(rows), speaker))

    return AbxTask(str(path), mode, tuple(" ".join(context) for context in contexts), items, triplets)


def _checked(data: h5py.Dataset) -> h5py.Dataset:
    """A table, unless its header promises more than its file can hold."""
    if data.nbytes > EXPANSION * max(Path(data.file.filename).stat().st_size, SMALL):
        raise ValueError(f"{data.name} claims {data.nbytes:,} bytes")
    return data


def _whole(data: h5py.Dataset) -> NDArray[Any]:
    content: NDArray[Any] = _checked(data)[:]
    return content


def _hdf5_items(table: h5py.Dataset) -> Items:
    columns: dict[str, NDArray[Any]] = {}
    content = _whole(table)
    for field in (name for name in content.dtype.names or () if name.startswith("values_block_")):
        # a pickled list of names, in the text protocol: read by its form, never unpickled
        names = re.findall(r"(?:V|S')(\w+)'?\n", _text(table.attrs[f"{field}_kind"]))
        columns |= {name: content[field][:, place] for place, name in enumerate(names)}
    utterances = tuple(_text(name) for name in columns["file"])
    return Items(utterances, columns["onset"].astype(np.float64), columns["offset"].astype(np.float64))


def _hdf5_cells(group: h5py.Group, rows: int, speaker: str | None) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
    order = [_text(name) for name in _whole(group["indexed_datasets"])]
    data = _whole(group["indexed_data"])
    if data.shape != (rows, len(order)):
        raise ValueError("its regressors do not fit its triplets")
    columns, names = [], []
    for name in ("phone_1", "phone_2", "speaker_1", "speaker_2"):
        known = name in order
        columns.append(data[:, order.index(name)] if known else np.zeros(rows, dtype=np.int64))
        names.append([_text(label) for label in _whole(group["indexes"][name])] if known else [str(speaker)])
    return cells_of(columns, names)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
