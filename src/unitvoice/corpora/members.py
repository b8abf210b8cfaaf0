"""What an archive says it holds, whether that may be written, and writing no more than that."""

import errno
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

from unitvoice.errors import InputError

__all__ = [
    "Archive",
    "Kind",
    "Member",
    "UnsafeError",
    "check_members",
    "damaged",
    "is_of_the_disk",
    "write_member",
    "wrong_password",
]

EXPANSION = 100  # times that an archive may grow; speech grows less than 3 times, label files about 10
HARMLESS = 64 << 20  # bytes that every archive may grow to
LONGEST_NAME = 255  # bytes of a file name on common file systems


class UnsafeError(Exception):
    """Why an archive must not be unpacked."""


Kind = Literal["file", "folder", "symlink", "hardlink", "special"]


@dataclass(frozen=True)
class Member:
    """One entry of an archive's table of contents."""

    name: str  # as the archive spells it
    size: int  # bytes when unpacked
    kind: Kind
    target: str = ""  # of a link: from its folder (symlink) or from the archive's root (hardlink); empty if unknown

    @cached_property
    def path(self) -> str:
        """Where it goes below the destination, with forward slashes; empty for the destination itself.

        Raises:
            UnsafeError: the name leads elsewhere, or no file can have it.
        """
        return _clean(self.name)


class Archive(Protocol):
    """An archive that was opened; nothing is written before ``extract``."""

    size: int  # bytes of all its parts

    def members(self) -> Iterable[Member]:
        """Its table of contents; InputError when that is damaged."""

    def unlock(self) -> None:
        """Try the password, where there is one, on the smallest protected member; InputError when it is wrong."""

    def extract(self, folder: Path) -> None:
        """Write all members into a folder; InputError when one of them is damaged."""


def damaged(archive: Path, what: str) -> InputError:
    """The error for an archive whose bytes are not what they should be."""
    return InputError(f"{archive} is damaged or cut short ({what}); download it again")


def is_of_the_disk(error: Exception) -> bool:
    """Whether an error is the file system's; a decoder that is led to an impossible place is told EINVAL."""
    return isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}


def wrong_password(archive: Path) -> InputError:
    """The error for a password that does not open an archive."""
    return InputError(
        f"the password does not open {archive}; check it, and if it is right, download the archive again"
    )


def _clean(name: str) -> str:
    """The path that a member's name stands for.

    >>> _clean("./2020//english/a.wav")
    '2020/english/a.wav'
    """
    parts = [part for part in name.split("/") if part not in {"", "."}]
    reasons = {
        "an absolute path": name.startswith("/"),
        "a drive letter": re.match("[A-Za-z]:", name) is not None,
        "a path that climbs out": ".." in re.split(r"[/\\]", name),
        "a path with a backslash": "\\" in name,
        "a name with control characters": re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", name) is not None,
        "too long a name": any(len(part.encode(errors="replace")) > LONGEST_NAME for part in parts),
    }
    for reason, holds in reasons.items():
        if holds:
            raise UnsafeError(f"the member {name[:LONGEST_NAME]!r} has {reason}")
    return "/".join(parts)


def check_members(
    archive: Path, packed: int, members: Iterable[Member], *, files_expected: int | None = None
) -> list[Member]:
    """Refuse an archive that would write outside its folder or far more than it should.

    Args:
        archive: for messages.
        packed: bytes of the archive.
        members: its table of contents; it is read no further than to the first offence.
        files_expected: how many regular files there must be; None for any number.

    Returns:
        The members.

    Raises:
        InputError: a name is absolute, has a drive letter or a backslash, climbs out, or comes twice; a link leads
            outside; there is a device or pipe; the whole would grow absurdly; the number of files differs.
    """
    try:
        return _checked(packed, members, files_expected)
    except UnsafeError as error:
        raise InputError(f"{archive} is refused: {error}; nothing was extracted, get it from its publisher") from None


def _checked(packed: int, members: Iterable[Member], files_expected: int | None) -> list[Member]:
    seen: dict[str, Member] = {}
    total = 0
    for member in members:
        total += member.size
        if total > max(HARMLESS, EXPANSION * packed):
            raise UnsafeError(f"it would grow from {packed:,} to more than {total:,} bytes")
        _check_kind(member, seen)
        seen[member.path] = member
    _check_nesting(seen)
    files = sum(member.kind in {"file", "hardlink"} for member in seen.values())
    if files_expected is not None and files != files_expected:
        raise UnsafeError(f"it has {files:,} files instead of {files_expected:,}")
    return list(seen.values())


def _check_kind(member: Member, seen: dict[str, Member]) -> None:
    if member.kind != "folder":
        if not member.path:
            raise UnsafeError(f"the member {member.name!r} has no name")
        if member.path in seen:
            raise UnsafeError(f"the member {member.path!r} comes twice")
    elif seen.get(member.path, member).kind != "folder":
        raise UnsafeError(f"the member {member.path!r} comes twice")
    if member.kind == "special":
        raise UnsafeError(f"the member {member.path!r} is a device, a pipe or another special file")
    if member.kind == "symlink" and _escapes(member):
        raise UnsafeError(
            f"the link {member.path!r} leads outside, to {member.target or 'what only its content says'!r}"
        )
    if member.kind == "hardlink" and seen.get(_clean(member.target), member).kind != "file":
        raise UnsafeError(f"the link {member.path!r} leads to {member.target!r}, which is no file before it")


def _escapes(link: Member) -> bool:
    """Whether a symbolic link may lead outside; ``..`` after a name counts, for the name may be a link itself."""
    if not link.target or link.target.startswith("/") or re.search(r"[\\\x00]|^[A-Za-z]:", link.target):
        return True
    steps = [part for part in link.target.split("/") if part not in {"", "."}]
    ups = next((i for i, part in enumerate(steps) if part != ".."), len(steps))
    return ".." in steps[ups:] or ups > link.path.count("/")


def _check_nesting(seen: dict[str, Member]) -> None:
    for path in seen:
        for parent in PurePosixPath(path).parents:
            if (above := seen.get(str(parent))) and above.kind != "folder":
                raise UnsafeError(f"the member {path!r} lies below the {above.kind} {str(parent)!r}")


def write_member(archive: Path, folder: Path, member: Member, chunks: Iterator[bytes]) -> None:
    """Write the content of a regular file, and no byte more than its declared size.

    Raises:
        InputError: the content is longer or shorter than declared.
    """
    path = folder / member.path
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with path.open("xb") as file:
        for chunk in chunks:
            written += len(chunk)
            if written > member.size:
                break
            file.write(chunk)
    if written != member.size:
        raise damaged(archive, f"{member.path} is {'longer' if written > member.size else 'shorter'} than declared")
