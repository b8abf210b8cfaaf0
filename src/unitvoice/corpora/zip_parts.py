"""The parts of a split zip archive, read as if they were one file."""

import re
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, Self

from unitvoice.corpora.members import damaged
from unitvoice.errors import InputError, listed

__all__ = ["JoinedFile", "last_part", "part_paths"]


def last_part(path: Path) -> Path:
    """The part that holds the table of contents: ``x.zip`` for ``x.z01``, where it exists.

    >>> last_part(Path("english.tgz"))
    PosixPath('english.tgz')
    """
    ends = [path.with_suffix(suffix) for suffix in (".zip", ".ZIP")] if re.fullmatch(r"\.[zZ]\d+", path.suffix) else []
    return next((end for end in ends if end.exists()), path)


def part_paths(last: Path, count: int) -> list[Path]:
    """All parts of a split zip in order: ``x.z01``, ``x.z02``, ..., ``x.zip``.

    Raises:
        InputError: some are missing beside the last one; the message names them.
    """
    letter = "Z" if last.suffix == ".ZIP" else "z"
    parts = [last.with_suffix(f".{letter}{number:02d}") for number in range(1, count)]
    if missing := [part.name for part in parts if not part.is_file()]:
        raise InputError(
            f"{last} is the last of {count} parts, and these are missing beside it: {listed(missing)}; download them"
        )
    return [*parts, last]


class JoinedFile:
    """Files one after the other, read by absolute position."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths
        self.sizes = [path.stat().st_size for path in paths]
        self.starts = [0, *accumulate(self.sizes)]
        self.size = self.starts[-1]
        self._files: list[BinaryIO] = []

    def __enter__(self) -> Self:
        """Open the files; they are closed at the end of the block."""
        self._files = [path.open("rb") for path in self.paths]
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        for file in self._files:
            file.close()

    def read(self, start: int, length: int) -> bytes:
        """Bytes from ``start`` on, over the borders of the parts.

        Raises:
            InputError: the parts end before.
        """
        if start < 0 or start + length > self.size:
            raise damaged(self.paths[-1], "it refers to bytes beyond its end")
        pieces = []
        while length:
            part = bisect_right(self.starts, start) - 1
            self._files[part].seek(start - self.starts[part])
            pieces.append(self._files[part].read(min(length, self.starts[part + 1] - start)))
            start, length = start + len(pieces[-1]), length - len(pieces[-1])
            if not pieces[-1]:
                raise damaged(self.paths[part], "it became shorter while it was read")
        return b"".join(pieces)
