"""Writing files whole or not at all, and their checksums."""

import fcntl
import glob
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unitvoice.errors import InputError

__all__ = [
    "alone_in",
    "atomic",
    "clear_remains",
    "parse_json",
    "read_json",
    "read_text",
    "sha256",
    "write_json",
    "write_text",
]

log = logging.getLogger(__name__)
POLL = 0.2  # s between two looks at a lock


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A place beside ``path`` to write a file or a folder in, renamed to ``path`` when the block succeeds.

    Nothing is left behind when the block fails, and an older ``path`` stays as it was. InputError when ``path`` is the
    working folder or one above it.
    """
    if path.name in {"", ".."}:
        raise InputError(f"cannot write to {path}; name a file or folder in it")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{_beginning(path)}{os.getpid()}.part")
    _remove(beside)
    try:
        yield beside
        if beside.is_dir():
            _put_aside(path, beside.with_suffix(".old"))
        beside.replace(path)
        _remove(beside.with_suffix(".old"))
    finally:
        _remove(beside)


def clear_remains(path: Path) -> None:
    """Delete what processes of this machine that were killed have left of ``path``: large folders, it may be."""
    beginning = _beginning(path)
    for place in path.parent.glob(f"{glob.escape(beginning)}*"):
        pid, _, end = place.name.removeprefix(beginning).partition(".")
        if end in {"part", "old"} and pid.isdecimal() and not _runs(int(pid)):
            _remove(place)


def _beginning(path: Path) -> str:
    """Of the names of what is written beside ``path``; names are limited to 255 bytes."""
    name = path.name.encode(errors="ignore")[:150].decode(errors="ignore")
    return f".{name}.{os.uname().nodename}-"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes out of a working folder, which is made when absent, waiting for one that is in it.

    A job may outlive the Snakemake that started it, and be started again. The lock ends with the process, however that
    ends; where a file system has no locks, nothing is kept out.
    """
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        place = os.open(folder, os.O_RDONLY)
        try:
            _lock(place, folder)
            if _is_still(folder, place):  # else it was renamed by the process that was in it
                yield
                return
        finally:
            os.close(place)


def _lock(place: int, folder: Path) -> None:
    told = False
    while True:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                log.warning("%s: another process works there; this one waits for its end", folder)
            told = True
            time.sleep(POLL)
        except OSError:
            return
        else:
            return


def _is_still(folder: Path, place: int) -> bool:
    try:
        return os.path.samestat(folder.stat(), os.fstat(place))
    except FileNotFoundError:
        return False


def _put_aside(path: Path, place: Path) -> None:
    """Rename what is at ``path``: taking a large folder apart takes time, in which the old and the new may be lost."""
    _remove(place)
    if path.exists(follow_symlinks=False):
        path.replace(place)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file with Unix line ends, atomically."""
    with atomic(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Write JSON, atomically; equal content gives equal bytes. NaN and infinity are refused (ValueError)."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_text(path: Path) -> str:
    """The content of a text file, its line ends as Unix has them; InputError when it is not in UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8 ({error.reason}); correct or replace the file") from None


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Read JSON; InputError when the file is not JSON."""
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is not a JSON file ({error}); make it again or take it from a backup") from None


def parse_json(text: str) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """What a JSON text says; ValueError for another text, or for brackets in brackets without end.

    >>> parse_json('{"codes": [1, 2]}')
    {'codes': [1, 2]}
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
