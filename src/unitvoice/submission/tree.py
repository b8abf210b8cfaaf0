"""A submission as a tree of names, whether it is a folder or a zip that stays packed."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from unitvoice.errors import InputError, listed
from unitvoice.provenance import SEAL

__all__ = ["MARKS", "FolderTree", "Tree", "UnreadableError", "ZipTree", "open_tree", "refuse_foreign"]

MARKS = {".snakemake_timestamp", SEAL}  # what Snakemake and we leave in a folder that a rule made; never packed
LARGEST = 1 << 28  # bytes; the largest real embedding has about one million
CHUNK = 1 << 20
DAMAGE = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError)


class UnreadableError(ValueError):
    """A file of the submission cannot be read; the message says why."""


class Tree(Protocol):
    """The files of a submission by their path from its root, with forward slashes; the root is ``""``."""

    def names(self, folder: str) -> set[str] | None:
        """Names in a folder; None when there is no such folder."""

    def read(self, path: str) -> bytes:
        """Content of a file; UnreadableError when it is no file, damaged, or larger than 256 MiB."""

    def damaged(self) -> Iterator[tuple[str, str]]:
        """Files that cannot be unpacked, each with the reason."""


class FolderTree:
    """A submission that is a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self, folder: str) -> set[str] | None:
        """Names in a folder, without Snakemake's marker and our seal; None when there is no such folder."""
        try:
            return {path.name for path in (self.root / folder).iterdir()} - MARKS
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read(self, path: str) -> bytes:
        """Content of a file; UnreadableError when it is no file or larger than 256 MiB."""
        try:
            with (self.root / path).open("rb") as file:
                return _bounded(file.read(LARGEST + 1))
        except OSError as error:
            raise UnreadableError(f"cannot be read ({error.strerror})") from None

    def damaged(self) -> Iterator[tuple[str, str]]:
        """Nothing: a folder needs no unpacking."""
        return iter(())


class ZipTree:
    """A submission that is a zip, read in place."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._files = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        self._folders = _folders(info.filename for info in archive.infolist())
        self._sound: set[str] = set()

    def names(self, folder: str) -> set[str] | None:
        """Names in a folder; None when there is no such folder."""
        return self._folders.get(folder)

    def read(self, path: str) -> bytes:
        """Content of a file; UnreadableError when it is no file, damaged, protected, or larger than 256 MiB."""
        if path not in self._files:
            raise UnreadableError("is not a file")
        try:
            with self._archive.open(self._files[path]) as file:
                content = _bounded(file.read(LARGEST + 1))
        except DAMAGE as error:
            raise UnreadableError(f"cannot be unpacked ({error})") from None
        self._sound.add(path)
        return content

    def damaged(self) -> Iterator[tuple[str, str]]:
        """Files that cannot be unpacked, each with the reason; reads what has not been read before."""
        for path in sorted(self._files.keys() - self._sound):
            try:
                with self._archive.open(self._files[path]) as file:
                    while file.read(CHUNK):
                        pass
            except DAMAGE as error:
                yield path, f"cannot be unpacked ({error})"


@contextmanager
def open_tree(path: Path) -> Iterator[Tree | None]:
    """The tree of a folder or zip; None when ``path`` is neither."""
    if path.is_dir():
        yield FolderTree(path)
        return
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError):
        yield None
        return
    with archive:
        yield ZipTree(archive)


def refuse_foreign(folder: Path, known: set[str]) -> None:
    """InputError when a folder that is about to be replaced holds anything but ``known`` names."""
    if folder.is_file():
        raise InputError(f"{folder} is a file and would be replaced by a folder; name a new folder")
    if folder.is_dir() and (foreign := sorted({path.name for path in folder.iterdir()} - known - MARKS)):
        raise InputError(f"{folder} already holds {listed(foreign)} and would be replaced; name a new folder")


def _folders(paths: Iterable[str]) -> dict[str, set[str]]:
    folders: dict[str, set[str]] = {"": set()}
    for path in paths:
        parts = path.rstrip("/").split("/")
        for depth, name in enumerate(parts):
            folders.setdefault("/".join(parts[:depth]), set()).add(name)
        if path.endswith("/"):
            folders.setdefault(path.rstrip("/"), set())
    return folders


def _bounded(content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise UnreadableError(f"is larger than {LARGEST >> 20} MiB")
    return content
