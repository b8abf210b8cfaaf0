"""The lock file of a corpus: which bytes were downloaded the first time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unitvoice.errors import InputError
from unitvoice.files import read_json, write_json

__all__ = ["locked_sha256", "record"]


def locked_sha256(lock: Path, name: str) -> str | None:
    """The SHA-256 that a lock file has for a file's name, or None; InputError when the lock file is broken."""
    entry = _read(lock).get(name)
    return None if entry is None else str(entry["sha256"])


def record(lock: Path, name: str, *, sha256: str, size: int, url: str) -> None:
    """Add a downloaded file to the lock file, or replace its entry."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _alone(lock.parent):
        files = _read(lock) | {name: {"sha256": sha256, "bytes": size, "url": url}}
        write_json(lock, {"files": dict(sorted(files.items()))})


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other downloads from changing the lock file meanwhile, where the file system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read(lock: Path) -> dict[str, dict[str, str | int]]:
    if not lock.exists():
        return {}
    content = read_json(lock)
    files = content.get("files") if isinstance(content, dict) else None
    entries = files.values() if isinstance(files, dict) else [None]
    if not all(isinstance(entry, dict) and "sha256" in entry for entry in entries):
        raise InputError(
            f"{lock} is not a lock file of downloads; restore it, or remove it to trust what is downloaded"
        )
    return dict(files or {})
