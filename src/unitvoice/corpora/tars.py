"""Tar archives, plain or compressed with gzip, bzip2 or xz."""

import bz2
import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self, cast

from unitvoice.corpora.members import Kind, Member, damaged, is_of_the_disk, write_member
from unitvoice.progress import Progress

__all__ = ["TarArchive", "is_tar"]

CHUNK = 1 << 20  # bytes
MAGICS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b\x08": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
USTAR = slice(257, 262)  # where every tar since 1988 says "ustar"
FAULTS = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError)


class _StrictInfo(tarfile.TarInfo):
    """A header that must be right: the standard one takes any broken header but the first for the end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise
            raise tarfile.ReadError("a header is missing or broken") from None


def is_tar(head: bytes) -> bool:
    """Whether the first 512 bytes of a file are those of a compressed file or of a plain tar."""
    return head.startswith(tuple(MAGICS)) or head[USTAR] == b"ustar"


class TarArchive:
    """A tar archive, recognised by its first bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size

    @contextmanager
    def _opened(self) -> Iterator[tarfile.TarFile]:
        try:
            with self.path.open("rb") as file:
                head = file.read(6)
            opener = next((opener for magic, opener in MAGICS.items() if head.startswith(magic)), open)
            with (
                opener(self.path, "rb") as stream,
                tarfile.open(fileobj=stream, mode="r:", tarinfo=_StrictInfo) as tar,
            ):
                yield tar
                while stream.read(CHUNK):  # the checksum of the compressed file stands at its end
                    pass
        except FAULTS as error:
            if is_of_the_disk(error):
                raise
            raise damaged(self.path, str(error) or type(error).__name__) from None

    def members(self) -> Iterable[Member]:
        """Its table of contents, which tar has spread over the whole file."""
        with self._opened() as tar:
            for info in tar:
                yield _member(info)

    def unlock(self) -> None:
        """Tar knows no passwords."""

    def extract(self, folder: Path) -> None:
        """Write all members into a folder; InputError when one of them is damaged."""
        with self._opened() as tar, Progress(f"unpacking {self.path.name}", None) as progress:
            for info in tar:
                member = _member(info)
                place = folder / member.path
                place.parent.mkdir(parents=True, exist_ok=True)
                match member.kind:
                    case "folder":
                        place.mkdir(exist_ok=True)
                    case "symlink":
                        place.symlink_to(member.target)
                    case "hardlink":
                        os.link(folder / Member(member.target, 0, "file").path, place)
                    case _:
                        write_member(self.path, folder, member, progress.watch(_content(tar, info)))


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    file = cast("IO[bytes]", tar.extractfile(info))
    while chunk := file.read(CHUNK):
        yield chunk


def _member(info: tarfile.TarInfo) -> Member:
    kind: Kind = "special"
    if info.isfile():
        kind = "file"
    elif info.isdir():
        kind = "folder"
    elif info.issym():
        kind = "symlink"
    elif info.islnk():
        kind = "hardlink"
    return Member(info.name, info.size if kind == "file" else 0, kind, info.linkname)
