"""Units as lines of text, in the forms that are in use elsewhere.

* ``km``: the codes of one recording a line, separated by spaces, beside a list of recordings: its first line is their
  root folder, and each other line is a path and a number of samples, separated by a tab (fairseq, HuBERT).
* ``named``: ``name|codes`` with spaces (the quantiser of textless speech).
* ``tabbed``: name, tab, codes with commas (CPC).
* ``jsonl``: a JSON object a line with the name as ``audio`` or ``name`` and codes, a list or a text with spaces, as
  ``units``, ``hubert``, ``cpc_km100``, ``vqvae256`` or ``codes``; where there are ``durations``, they are the lengths
  of runs of equal codes. A line that is a mapping as Python prints it (resynthesis) is read too; it is never run.
"""

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unitvoice.errors import InputError
from unitvoice.files import atomic, parse_json

__all__ = ["Form", "Line", "collapsed", "expanded", "formatted", "read_lines", "write_lines", "write_listing"]

Form = Literal["km", "named", "tabbed", "jsonl"]
NAMES = ("audio", "name")
UNITS = ("units", "hubert", "cpc_km100", "vqvae256", "codes")
LARGEST = np.iinfo(np.int32).max
LONGEST = 10_000_000  # units of one recording: more than a day


@dataclass(frozen=True)
class Line:
    """The units of one recording."""

    name: str  # of the recording, or its path
    units: NDArray[np.int64]  # (T,)
    number: int = 0  # where it stood in its file


def collapsed(units: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Runs of equal units and their lengths, (T,) -> (R,) and (R,).

    >>> collapsed(np.array([7, 7, 7, 2, 7]))
    (array([7, 2, 7]), array([3, 1, 1]))
    """
    starts = np.flatnonzero(np.concatenate([[True], units[1:] != units[:-1]])[: len(units)])
    return units[starts], np.diff(np.append(starts, len(units)))


def expanded(units: NDArray[Any], durations: NDArray[np.int64]) -> NDArray[Any]:
    """Units from their runs, (R,) and (R,) -> (T,); ValueError when a length is below 1, or there are others of them.

    >>> expanded(np.array([7, 2, 7]), np.array([3, 1, 1]))
    array([7, 7, 7, 2, 7])
    """
    if len(units) != len(durations) or (durations < 1).any() or durations.sum() > LONGEST:
        raise ValueError("each unit must have one duration of 1 or more")
    return np.repeat(units, durations)


def read_lines(path: Path, form: Form, listing: Path | None = None) -> list[Line]:
    """The lines of a file of units.

    Args:
        path: the file.
        form: of its lines.
        listing: of the recordings; for the form ``km``, and for no other.

    Raises:
        InputError: a line is empty or something else than units, or a name stands on two lines, each with its number;
            or the listing has another number of recordings.
    """
    if (listing is None) == (form == "km"):
        raise InputError(f"the form {form} comes {'with' if form == 'km' else 'without'} a list of recordings")
    lines: list[Line] = []
    names = [name for name, _ in _read_listing(listing)] if listing else []
    for number, text in _texts(path):
        try:
            name, units = (names[number - 1], text) if listing else _PARSERS[form](text)
            lines.append(Line(name, _parsed(units), number))
        except IndexError:
            raise InputError(f"{path}, line {number}: {listing} lists {len(names)} recordings only") from None
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
            raise InputError(f"{path}, line {number}: {error or type(error).__name__}; correct the line") from None
    if listing and len(lines) < len(names):
        raise InputError(f"{path} has {len(lines)} lines for the {len(names)} recordings of {listing}; make it again")
    seen: dict[str, int] = {}
    for line in lines:
        if (before := seen.setdefault(line.name, line.number)) != line.number:
            raise InputError(f"{path}, line {line.number}: {line.name} is on line {before} too; remove one of them")
    return lines


def write_lines(path: Path, lines: Iterable[Line], form: Form, *, collapse: bool = False) -> None:
    """Write a file of units; for ``km`` the names are not in it, see :func:`write_listing`.

    Args:
        path: to write, atomically.
        lines: in their order.
        form: of the lines.
        collapse: runs of equal units become one, with their lengths beside them; only ``jsonl`` has a place for these.

    Raises:
        InputError: a name cannot stand in a line of the form, or the form has no place for lengths.
    """
    if collapse and form != "jsonl":
        raise InputError(f"the form {form} has no place for the lengths of runs; take jsonl")
    with atomic(path) as beside, beside.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            if "\n" in line.name or (form == "tabbed" and "\t" in line.name):
                raise InputError(f"the name {line.name!r} cannot stand in a file of the form {form}; rename it")
            file.write(formatted(line, form, collapse=collapse) + "\n")


def formatted(line: Line, form: Form, *, collapse: bool = False) -> str:
    """A line of text, without its end; see :func:`write_lines`."""
    spaced = " ".join(map(str, line.units.tolist()))
    match form:
        case "km":
            return spaced
        case "named":
            return f"{line.name}|{spaced}"
        case "tabbed":
            return f"{line.name}\t{spaced.replace(' ', ',')}"
        case "jsonl":
            runs, durations = collapsed(line.units)
            said = {"units": runs.tolist(), "durations": durations.tolist()} if collapse else {}
            return json.dumps({"audio": line.name, "units": line.units.tolist()} | said, ensure_ascii=False)


def write_listing(path: Path, root: Path, recordings: Iterable[tuple[str, int]]) -> None:
    """Write the list of recordings of the form ``km``: their paths below ``root``, and numbers of samples."""
    with atomic(path) as beside, beside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{root}\n")
        file.writelines(f"{name}\t{samples}\n" for name, samples in recordings)


def _read_listing(path: Path) -> Iterator[tuple[str, int]]:
    for number, text in _texts(path):
        name, tab, samples = text.rpartition("\t")
        if number > 1 and not (name and samples.isascii() and samples.isdigit()):
            raise InputError(f"{path}, line {number}: it is not a path, a tab and a number of samples")
        if number > 1:
            yield name, int(samples)
        elif tab:
            raise InputError(f"{path}, line 1: it must be the root folder of the recordings")


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers, from 1; InputError for an empty one, or what is not a text."""
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if not (text := line.rstrip("\r\n")).strip():
                    raise InputError(f"{path}, line {number}: it is empty; remove it")
                yield number, text
    except FileNotFoundError:
        raise InputError(f"there is no file {path}; correct the path") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text in UTF-8 ({error.reason}); take another file") from None


def _named(text: str) -> tuple[str, str]:
    name, bar, units = text.rpartition("|")
    if not (bar and name):
        raise ValueError("it is not a name, a bar and units")
    return name, units


def _tabbed(text: str) -> tuple[str, str]:
    name, tab, units = text.rpartition("\t")
    if not (tab and name):
        raise ValueError("it is not a name, a tab and units")
    return name, units.replace(",", " ")


def _mapping(text: str) -> tuple[str, Any]:
    try:
        content = parse_json(text)
    except ValueError:
        content = ast.literal_eval(text)  # which makes plain values alone
    if not isinstance(content, Mapping):
        raise TypeError("it is not a mapping")
    name = next((content[key] for key in NAMES if key in content), None)
    units = next((content[key] for key in UNITS if key in content), None)
    if not isinstance(name, str) or units is None:
        raise ValueError(f"it needs a name ({' or '.join(NAMES)}) and units ({', '.join(UNITS)})")
    if "durations" in content:
        units = expanded(_parsed(units), _parsed(content["durations"])).tolist()
    return name, units


_PARSERS: dict[str, Callable[[str], tuple[str, Any]]] = {"named": _named, "tabbed": _tabbed, "jsonl": _mapping}


def _parsed(units: Any) -> NDArray[np.int64]:  # noqa: ANN401 - what a line holds
    """Units of a text or a list, (T,); ValueError for what is none."""
    parts = units.split() if isinstance(units, str) else list(units)
    if strange := [part for part in parts if not re.fullmatch("[0-9]{1,10}", str(part))]:
        raise ValueError(f"{str(strange[0])[:40]!r} is not a unit")
    if not parts or len(parts) > LONGEST:
        raise ValueError("it has no units" if not parts else "it has too many units")
    values = np.array([int(part) for part in parts], dtype=np.int64)
    if values.max() > LARGEST:
        raise ValueError(f"{values.max()} is not a unit")
    return values
