"""The table of contents of a zip archive, whole or split in parts, ZIP64 included (APPNOTE 6.3.10)."""

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from unitvoice.corpora.members import Kind, Member, damaged
from unitvoice.corpora.zip_parts import JoinedFile, part_paths

__all__ = ["ENCRYPTED", "LOCAL", "STREAMED", "Entry", "is_zip", "read_directory", "zip_parts"]

END = struct.Struct("<4s4H2LH")  # signature, disk, disk of the table, entries here, entries, size, offset, comment
LOCATOR = struct.Struct("<4sLQL")  # signature, disk of the ZIP64 end record, its offset, number of disks
END64 = struct.Struct("<4sQ2H2L4Q")  # signature, size, versions, disks, entries here, entries, size, offset
ENTRY = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
LONGEST_COMMENT = 0xFFFF

ENCRYPTED, STREAMED, STRONG, UTF8, MASKED = 0x1, 0x8, 0x40, 0x800, 0x2000  # bits of an entry's flags
FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF  # the true value stands in a ZIP64 field
ZIP64, UNICODE_PATH, AES = 0x0001, 0x7075, 0x9901  # extra fields
AES_METHOD = 99
REPARSE_POINT = 0x400  # Windows' attribute of links


@dataclass(frozen=True)
class Entry:
    """One member, and where its bytes are."""

    member: Member
    raw_name: bytes
    flags: int
    method: int  # of compression, the AES wrapper taken off
    strength: int  # of AES, 1 to 3; 0 where there is none
    checked: bool  # whether the CRC-32 is given (AE-2 leaves it out)
    crc: int
    check: int  # last byte of the header of ZipCrypto
    packed: int  # bytes, with what encryption adds
    start: int  # of the local header, in the joined file

    @property
    def encrypted(self) -> bool:
        """Whether it needs a password."""
        return bool(self.flags & ENCRYPTED)

    @property
    def least_end(self) -> int:
        """Where its data ends at the earliest: extra fields of the local header come on top."""
        return self.start + LOCAL.size + len(self.raw_name) + self.packed

    @property
    def readable(self) -> bool:
        """Whether we can unpack it: stored or deflated, and in one of the two common ciphers."""
        return self.method in {0, 8} and not self.flags & (STRONG | MASKED)


class _Ending(NamedTuple):
    disk: int
    start_disk: int
    entries: int
    size: int
    offset: int


def _tail(path: Path) -> tuple[bytes, int]:
    """The end of a file, and where in it the end record is; -1 where there is none."""
    with path.open("rb") as file:
        length = file.seek(0, 2)
        file.seek(max(0, length - END.size - LONGEST_COMMENT - LOCATOR.size))
        tail = file.read()
    place = len(tail)
    while (place := tail.rfind(b"PK\x05\x06", 0, place + 3)) >= 0:
        record = tail[place : place + END.size]
        if len(record) == END.size and place + END.size + END.unpack(record)[-1] == len(tail):
            return tail, place
    return tail, -1


def is_zip(path: Path) -> bool:
    """Whether a file ends as a zip archive does, or its last part."""
    return _tail(path)[1] >= 0


def zip_parts(last: Path) -> list[Path]:
    """All parts of the archive whose last part (or only one) is given, in order; InputError when one is missing."""
    tail, place = _tail(last)
    if place < 0:
        raise damaged(last, "it has no table of contents")
    disk = END.unpack_from(tail, place)[1]
    if disk == FULL16 and tail[place - LOCATOR.size : place].startswith(b"PK\x06\x07"):
        disk = LOCATOR.unpack_from(tail, place - LOCATOR.size)[3] - 1
    return part_paths(last, disk + 1)


def read_directory(joined: JoinedFile) -> tuple[list[Entry], int]:
    """The entries in the order of their data, and where in the joined file the data ends.

    Raises:
        InputError: the table of contents does not fit the file or itself, or members share bytes.
    """
    archive = joined.paths[-1]
    try:
        start, size, count = _directory_place(joined)
        entries = [_entry(archive, joined, fields) for fields in _walk(joined.read(start, size))]
    except (struct.error, IndexError, UnicodeDecodeError):
        raise damaged(archive, "its table of contents cannot be read") from None
    if len(entries) != count:
        raise damaged(archive, f"its table of contents has {len(entries)} of {count} members")
    entries.sort(key=lambda entry: entry.start)
    limits = [*(entry.start for entry in entries), start][1:]
    if any(entry.least_end > limit for entry, limit in zip(entries, limits, strict=True)):
        raise damaged(archive, "its members overlap")
    return entries, start


def _directory_place(joined: JoinedFile) -> tuple[int, int, int]:
    """Start, bytes and entries of the table of contents."""
    tail, place = _tail(joined.paths[-1])
    _, disk, start_disk, _, entries, size, offset, _ = END.unpack_from(tail, place)
    ending = _Ending(disk, start_disk, entries, size, offset)
    before = joined.size - len(tail) + place - LOCATOR.size
    if before >= 0 and (locator := joined.read(before, LOCATOR.size)).startswith(b"PK\x06\x07"):
        _, disk, offset, _ = LOCATOR.unpack(locator)
        record = joined.read(_absolute(joined, disk, offset), END64.size)
        if not record.startswith(b"PK\x06\x06"):
            raise damaged(joined.paths[-1], "its ZIP64 end record is missing")
        _, _, _, _, disk, start_disk, _, entries, size, offset = END64.unpack(record)
        ending = _Ending(disk, start_disk, entries, size, offset)
    return _absolute(joined, ending.start_disk, ending.offset), ending.size, ending.entries


def _absolute(joined: JoinedFile, disk: int, offset: int) -> int:
    return joined.starts[disk] + offset


def _walk(table: bytes) -> Iterator[tuple[tuple[int, ...], bytes, dict[int, bytes]]]:
    """Fixed fields, name and extra fields of every entry."""
    place = 0
    while place < len(table):
        signature, *fields = ENTRY.unpack_from(table, place)
        name_length, extra_length, comment_length = fields[9:12]
        name_start = place + ENTRY.size
        extra_start = name_start + name_length
        place = extra_start + extra_length + comment_length
        if signature != b"PK\x01\x02" or place > len(table):
            raise IndexError
        yield tuple(fields), table[name_start:extra_start], _extras(table[extra_start : extra_start + extra_length])


def _extras(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    place = 0
    while place + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, place)
        found.setdefault(kind, data[place + 4 : place + 4 + length])
        place += 4 + length
    return found


def _entry(archive: Path, joined: JoinedFile, record: tuple[tuple[int, ...], bytes, dict[int, bytes]]) -> Entry:
    fields, raw_name, extras = record
    _, _, flags, method, time, _, crc, packed, size, _, _, _, disk, _, attributes, offset = fields
    size, packed, offset, disk = _widened(size, packed, offset, disk, extras.get(ZIP64, b""))
    strength, checked = 0, True
    if method == AES_METHOD:
        version, _, strength, method = struct.unpack("<H2sBH", extras.get(AES, b"")[:7])
        checked = version == 1
        if strength not in {1, 2, 3} or not flags & ENCRYPTED:
            raise damaged(archive, "it uses an unknown form of AES")
    name = _decoded(raw_name, flags, extras.get(UNICODE_PATH, b""))
    return Entry(
        member=Member(name, size, _kind(name, attributes)),
        raw_name=raw_name,
        flags=flags,
        method=method,
        strength=strength,
        checked=checked,
        crc=crc,
        check=(time >> 8) if flags & STREAMED else crc >> 24,
        packed=packed,
        start=_absolute(joined, disk, offset),
    )


def _widened(size: int, packed: int, offset: int, disk: int, extra: bytes) -> tuple[int, int, int, int]:
    """The four fields that ZIP64 widens; each stands in the extra field only where its narrow one is all ones."""
    wide = [size, packed, offset, disk]
    place = 0
    for i, (full, form) in enumerate([(FULL32, "<Q"), (FULL32, "<Q"), (FULL32, "<Q"), (FULL16, "<L")]):
        if wide[i] == full and extra:
            (wide[i],) = struct.unpack_from(form, extra, place)
            place += struct.calcsize(form)
    return wide[0], wide[1], wide[2], wide[3]


def _decoded(raw: bytes, flags: int, extra: bytes) -> str:
    """A name in its encoding: UTF-8 where the flag or an up-to-date extra field says so, else the old PC's."""
    if extra[:1] == b"\x01" and extra[1:5] == struct.pack("<L", zlib.crc32(raw)):
        return extra[5:].decode()
    return raw.decode("utf-8" if flags & UTF8 else "cp437")


def _kind(name: str, attributes: int) -> Kind:
    form = stat.S_IFMT(attributes >> 16)
    if form == stat.S_IFLNK or attributes & REPARSE_POINT:
        return "symlink"
    if name.endswith("/") and form in {0, stat.S_IFDIR}:
        return "folder"
    return "file" if form in {0, stat.S_IFREG} else "special"
