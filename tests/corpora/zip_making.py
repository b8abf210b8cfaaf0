"""Zip archives of every form, made without the code under test: the slow and plain reference of the format."""

import hashlib
import hmac
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from Cryptodome.Cipher import AES

FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF


@dataclass
class Made:
    """One member, and what to lie about."""

    name: str
    content: bytes = b""
    method: int = 8
    attributes: int = 0o100644 << 16
    declared: int | None = None
    local_name: str | None = None
    crc: int | None = None
    raw: bytes | None = None  # what is stored, before encryption
    shares: int | None = None  # takes the body of this member


def zipcrypto(data: bytes, password: bytes, check: int) -> bytes:
    """Encrypt with PKWARE's cipher, a byte at a time."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def crc(value: int, byte: int) -> int:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
        return value

    def update(byte: int) -> None:
        keys[0] = crc(keys[0] & 0xFF, byte) ^ (keys[0] >> 8)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & FULL32
        keys[2] = crc(keys[2] & 0xFF, keys[1] >> 24) ^ (keys[2] >> 8)

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in bytes(range(11)) + bytes([check]) + data:
        mix = (keys[2] | 2) & 0xFFFF
        out.append(byte ^ ((mix * (mix ^ 1) >> 8) & 0xFF))
        update(byte)
    return bytes(out)


def winzip_aes(data: bytes, password: bytes, strength: int) -> bytes:
    """Encrypt with WinZip's AES, the counter blocks made one at a time."""
    length = 8 + 8 * strength
    salt = os.urandom(length // 2)
    keys = hashlib.pbkdf2_hmac("sha1", password, salt, 1000, 2 * length + 2)
    block = AES.new(keys[:length], AES.MODE_ECB)
    blocks = -(-len(data) // 16)
    stream = b"".join(block.encrypt((i + 1).to_bytes(16, "little")) for i in range(blocks))
    cipher = bytes(a ^ b for a, b in zip(data, stream, strict=False))
    return salt + keys[2 * length :] + cipher + hmac.new(keys[length : 2 * length], cipher, "sha1").digest()[:10]


def make_zip(
    folder: Path,
    members: list[Made],
    *,
    password: str | None = None,
    aes: int = 0,
    ae_version: int = 2,
    zip64: bool = False,
    streamed: bool = False,
    part: int = 0,
    hole: int = 0,
) -> Path:
    """Write ``made.zip`` (and ``made.z01``, ... of ``part`` bytes) and return it.

    ``hole`` bytes of nothing go first, into a part of their own when the archive is split.
    """
    body = bytearray(b"PK\x07\x08" if part else b"")
    table = []
    bodies: list[tuple[int, int]] = []
    starts: list[int] = []
    for made in members:
        engine = zlib.compressobj(wbits=-15)
        data = made.content if made.method == 0 else engine.compress(made.content) + engine.flush()
        data = data if made.raw is None else made.raw
        crc = zlib.crc32(made.content) if made.crc is None else made.crc
        flags, method, time = 8 * streamed, made.method, 0x5A5A
        extra = b""
        if password and not made.name.endswith("/"):
            flags |= 1
            if aes:
                extra = struct.pack("<HHH2sBH", 0x9901, 7, ae_version, b"AE", aes, method)
                data, method = winzip_aes(data, password.encode(), aes), 99
                crc = 0 if ae_version == 2 else crc
            else:
                data = zipcrypto(data, password.encode(), time >> 8 if streamed else crc >> 24)
        size = len(made.content) if made.declared is None else made.declared
        raw = made.name.encode()
        flags |= 0 if made.name.isascii() else 0x800
        if made.shares is None:
            starts.append(len(body))
            local = raw if made.local_name is None else made.local_name.encode()
            sizes = (0, 0, 0) if streamed else (crc, len(data), size)
            body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, flags, method, time, 33, *sizes, len(local), len(extra))
            body += local + extra + data
            if streamed:
                body += struct.pack("<4s3L", b"PK\7\x08", crc, len(data), size)
        else:
            starts.append(starts[made.shares])
        bodies.append((starts[-1], len(data)))
        table.append((raw, flags, method, time, crc, len(data), size, extra, made.attributes))
    width = part or len(body) + 10**9

    def where(place: int) -> tuple[int, int]:
        disk, offset = divmod(place, width)
        return (disk + 1, offset) if part and hole else (disk, offset + (0 if part else hole))

    start = len(body)
    for (raw, flags, method, time, crc, packed, size, extra, attributes), (place, _) in zip(
        table, bodies, strict=True
    ):
        disk, offset = where(place)
        if zip64:
            extra = struct.pack("<HHQQQL", 1, 28, size, packed, offset, disk) + extra  # noqa: PLW2901 - one record
            size, packed, offset, disk = FULL32, FULL32, FULL32, FULL16  # noqa: PLW2901 - one record
        body += struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\1\2", (3 << 8) | 45, 45, flags, method, time, 33, crc, packed, size),
            *(len(raw), len(extra), 0, disk, 0, attributes, offset),
        )
        body += raw + extra
    return _finish(folder, body, start, len(members), where=where, zip64=zip64, part=part, hole=hole)


def _finish(folder, body, start, count, *, where, zip64, part, hole):
    disk, offset = where(start)
    size = len(body) - start
    ending = 22 + (76 if zip64 else 0)
    if part and len(body) % part + ending > part:  # the end records stay in one part
        body += bytes(part - len(body) % part)
    last, here = where(len(body))
    if zip64:
        body += struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, last, disk, count, count, size, offset)
        body += struct.pack("<4sLQL", b"PK\6\7", last, here, last + 1)
        size, offset = FULL32, FULL32
    body += struct.pack("<4s4H2LH", b"PK\5\6", last, disk, count, count, size, offset, 0)
    path = folder / "made.zip"
    pieces = [bytes(body[i : i + part]) for i in range(0, len(body), part)] if part else [bytes(body)]
    names = [folder / f"made.z{i:02d}" for i in range(1, last + 1)] + [path]
    if hole:
        with names[0].open("wb") as file:
            file.seek(hole)
            file.truncate()
            if not part:
                file.write(pieces[0])
        names = names[1:] if part else []
    for name, piece in zip(names, pieces, strict=bool(names)):
        name.write_bytes(piece)
    return path
