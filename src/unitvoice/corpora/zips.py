"""Zip archives: whole or split, stored or deflated, open or behind ZipCrypto or AES."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from unitvoice.corpora.members import Member, damaged, write_member, wrong_password
from unitvoice.corpora.passwords import Password
from unitvoice.corpora.seven_zip import run_seven_zip
from unitvoice.corpora.zip_ciphers import AesCipher, BadPasswordError, Cipher, DamagedError, ZipCrypto
from unitvoice.corpora.zip_directory import LOCAL, Entry, read_directory, zip_parts
from unitvoice.corpora.zip_parts import JoinedFile
from unitvoice.errors import InputError
from unitvoice.progress import Progress

__all__ = ["ZipArchive"]

CHUNK = 1 << 20  # bytes


class ZipArchive:
    """A zip archive by its last (or only) part.

    Args:
        path: the part with the table of contents.
        ask: gives the password; called when a member is protected.
        program: a 7-Zip to unpack split archives and rare compressions with; None for our own reader only.
    """

    def __init__(self, path: Path, ask: Callable[[], Password], program: Path | None) -> None:
        self.path = path
        self._ask = ask
        self._program = program
        self._password = Password("")
        self._joined = JoinedFile(zip_parts(path))
        self.size = self._joined.size
        with self._joined:
            self._entries, self._end = read_directory(self._joined)

    def members(self) -> list[Member]:
        """Its table of contents; zip keeps the target of a link in the data, so it is unknown."""
        return [entry.member for entry in self._entries]

    def unlock(self) -> None:
        """Try the password on the smallest protected member that has content; InputError when it is wrong."""
        locked = [entry for entry in self._entries if entry.encrypted]
        if not locked:
            return
        self._password = self._ask()
        ours = [entry for entry in locked if entry.readable]
        if ours:
            with self._joined:
                self._try(min(ours, key=lambda entry: (entry.member.size == 0, entry.packed)))

    def _try(self, entry: Entry) -> None:
        try:
            for _ in self._content(entry):
                pass
        except (BadPasswordError, DamagedError, zlib.error):
            raise wrong_password(self.path) from None

    def extract(self, folder: Path) -> None:
        """Write all members into a folder; InputError when one of them is damaged."""
        strange = [entry for entry in self._entries if not entry.readable]
        if self._program and (strange or len(self._joined.paths) > 1):
            run_seven_zip(self._program, self.path, folder, self._password, self.members())
        elif strange:
            raise InputError(
                f"{self.path} is packed in a way that only 7-Zip knows (method {strange[0].method}); "
                "install it, so that 7zz or 7z is on PATH"
            )
        else:
            self._extract_ourselves(folder)

    def _extract_ourselves(self, folder: Path) -> None:
        total = sum(entry.member.size for entry in self._entries)
        with self._joined, Progress(f"unpacking {self.path.name}", total) as progress:
            for entry in self._entries:
                if entry.member.kind == "folder":
                    (folder / entry.member.path).mkdir(parents=True, exist_ok=True)
                    continue
                try:
                    write_member(self.path, folder, entry.member, progress.watch(self._content(entry)))
                except (BadPasswordError, DamagedError, zlib.error):
                    raise damaged(self.path, f"the content of {entry.member.path} fails its check") from None

    def _content(self, entry: Entry) -> Iterator[bytes]:
        """The content of a member in chunks, checked at its end."""
        stored = self._stored(entry)
        pieces = stored if entry.method == 0 else _inflated(stored)
        crc = 0
        for piece in pieces:
            crc = zlib.crc32(piece, crc)
            yield piece
        if entry.checked and crc != entry.crc:
            raise DamagedError

    def _stored(self, entry: Entry) -> Iterator[bytes]:
        """The bytes of a member as they were before encryption."""
        place = self._data_start(entry)
        last = place + entry.packed

        def read(length: int) -> bytes:
            nonlocal place
            place += length
            if place > last:
                raise DamagedError
            return self._joined.read(place - length, length)

        cipher = self._cipher(entry, read) if entry.encrypted else None
        left = last - place - (10 if entry.strength else 0)
        while left > 0:
            chunk = read(min(CHUNK, left))
            left -= len(chunk)
            yield cipher.decrypt(chunk) if cipher else chunk
        if cipher:
            cipher.finish(read)

    def _cipher(self, entry: Entry, read: Callable[[int], bytes]) -> Cipher:
        password = self._password.text.encode()
        if entry.strength:
            return AesCipher(password, read, entry.strength)
        return ZipCrypto(password, read, entry.check)

    def _data_start(self, entry: Entry) -> int:
        """Where the data of a member begins: behind its own header, which must agree with the table of contents."""
        header = self._joined.read(entry.start, LOCAL.size)
        signature, _, flags, *_, name_length, extra_length = LOCAL.unpack(header)
        start = entry.start + LOCAL.size + name_length + extra_length
        name = self._joined.read(entry.start + LOCAL.size, name_length)
        same = signature == b"PK\x03\x04" and name == entry.raw_name and (flags ^ entry.flags) & 1 == 0
        if not same or start + entry.packed > self._end:
            raise damaged(self.path, f"the header of {entry.member.path} differs from the table of contents")
        return start


def _inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Deflated data unpacked, at most ``CHUNK`` bytes at a time."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    for chunk in chunks:
        rest = chunk
        while rest and not engine.eof:
            yield engine.decompress(rest, CHUNK)
            rest = engine.unconsumed_tail
    yield engine.flush()
    if not engine.eof:
        raise DamagedError
