"""Audio data sets of Hugging Face exported as folders: sound files beside a ``metadata.csv`` or ``.jsonl``."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unitvoice.corpora.collection import Settings
from unitvoice.corpora.recordings import Part, Recording
from unitvoice.errors import InputError, listed
from unitvoice.files import parse_json

__all__ = ["TABLES", "recordings"]

TABLES = ("metadata.csv", "metadata.jsonl")
FILES = ("file_name", "audio", "path", "file")
SPEAKERS = ("speaker", "speaker_id", "speaker_name", "client_id", "spk_id")
PARTS: dict[str, Part] = {"train": "train", "validation": "dev", "valid": "dev", "dev": "dev", "test": "test"}


def recordings(root: Path, _settings: Settings) -> list[Recording]:
    """All recordings that a table names, with the speaker of its line.

    The part is that of a column ``split``, or of the folder of the table (``train``, ``validation``, ``test``).

    Raises:
        InputError: there is no table, it lacks a column, or names files that are not there.
    """
    tables = [path for name in TABLES for path in sorted(root.rglob(name))]
    if not tables:
        raise InputError(f"there is no {' or '.join(TABLES)} below {root}; correct the path of the corpus")
    found = [_recording(table, row, root) for table in tables for row in _rows(table)]
    if outside := [recording.path for recording in found if not recording.path.is_relative_to(root)]:
        raise InputError(
            f"the tables of {root} name files outside it: {listed(outside)}; export the sound as files too"
        )
    if lost := [recording.path for recording in found if not recording.path.is_file()]:
        raise InputError(f"the tables of {root} name files that are not there: {listed(lost)}; export it again")
    return sorted(found, key=lambda recording: recording.path)


def _rows(table: Path) -> list[dict[str, Any]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            if table.suffix == ".csv":
                return list(csv.DictReader(file))
            rows = [parse_json(line) for line in file if line.strip()]
    except (ValueError, csv.Error) as error:
        raise InputError(f"{table} cannot be read ({error}); export the data set again") from None
    if not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{table}: a line is no object; export the data set again")
    return rows


def _recording(table: Path, row: Mapping[str, Any], root: Path) -> Recording:
    path = _field(table, row, FILES)
    speaker = "_".join(_field(table, row, SPEAKERS).split())
    folders = table.parent.relative_to(root).parts
    part = str(row.get("split") or (folders[-1] if folders else ""))
    return Recording(Path(os.path.normpath(table.parent / path)), speaker, PARTS.get(part.lower()))


def _field(table: Path, row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    value = next((row[name] for name in names if row.get(name) not in (None, "")), None)
    if value is None:
        raise InputError(f"{table} has a line without any of the columns {listed(names)}; add one of them")
    return str(value)
