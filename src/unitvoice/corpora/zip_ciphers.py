"""The two ciphers of zip archives: PKWARE's traditional one (ZipCrypto) and WinZip's AES."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Protocol

import numpy as np
from Cryptodome.Cipher import AES
from Cryptodome.Util import Counter
from numba import njit
from numpy.typing import NDArray

__all__ = ["AesCipher", "BadPasswordError", "Cipher", "DamagedError", "ZipCrypto"]

Words = NDArray[np.uint32]
Keys = tuple[np.uint32, np.uint32, np.uint32]
Read = Callable[[int], bytes]  # the next n bytes of a member


class BadPasswordError(Exception):
    """The password does not fit, or the data is not what was encrypted."""


class DamagedError(Exception):
    """The data was changed or cut after it was packed."""


class Cipher(Protocol):
    """Turns the stored bytes of one member into its compressed bytes."""

    def decrypt(self, chunk: bytes) -> bytes:
        """The next stretch of the member."""

    def finish(self, read: Read) -> None:
        """Read what follows the data; DamagedError when it does not vouch for the data."""


def _crc_table() -> Words:
    """Table of the CRC-32 with the polynomial 0xEDB88320, (256,)."""
    words = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        words = np.where(words & 1, (words >> 1) ^ np.uint32(0xEDB88320), words >> 1)
    return words


TABLE = _crc_table()


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _stirred(key0: np.uint32, key1: np.uint32, key2: np.uint32, byte: np.uint32, table: Words) -> Keys:
    """The three keys after one more plain byte."""
    key0 = table[(key0 ^ byte) & np.uint32(0xFF)] ^ (key0 >> np.uint32(8))
    key1 = np.uint32((key1 + (key0 & np.uint32(0xFF))) * np.uint32(134775813) + np.uint32(1))
    key2 = table[(key2 ^ (key1 >> np.uint32(24))) & np.uint32(0xFF)] ^ (key2 >> np.uint32(8))
    return np.uint32(key0), np.uint32(key1), np.uint32(key2)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _stir(keys: Words, table: Words, plain: NDArray[np.uint8]) -> None:
    """Move the keys on by bytes that are known."""
    key0, key1, key2 = keys[0], keys[1], keys[2]
    for byte in plain:
        key0, key1, key2 = _stirred(key0, key1, key2, np.uint32(byte), table)
    keys[0], keys[1], keys[2] = key0, key1, key2


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _decrypt(keys: Words, table: Words, data: NDArray[np.uint8]) -> None:
    """Decrypt in place and move the keys on, so that a member can come in chunks."""
    key0, key1, key2 = keys[0], keys[1], keys[2]
    for i in range(len(data)):
        mix = key2 | np.uint32(2)
        byte = np.uint32(data[i]) ^ ((np.uint32(mix * (mix ^ np.uint32(1))) >> np.uint32(8)) & np.uint32(0xFF))
        data[i] = byte
        key0, key1, key2 = _stirred(key0, key1, key2, byte, table)
    keys[0], keys[1], keys[2] = key0, key1, key2


class ZipCrypto:
    """PKWARE's traditional cipher (APPNOTE 6.1), compiled: the keys depend on every byte before.

    Args:
        password: as the archive's maker typed it, UTF-8.
        read: gives the member's first bytes, of which the cipher takes its header of 12.
        check: the byte that the header must end with.

    Raises:
        BadPasswordError: the header ends otherwise; a wrong password passes once in 256 times.
    """

    def __init__(self, password: bytes, read: Read, check: int) -> None:
        self._keys = np.array([0x12345678, 0x23456789, 0x34567890], dtype=np.uint32)
        _stir(self._keys, TABLE, np.frombuffer(password, dtype=np.uint8))
        if self.decrypt(read(12))[11] != check:
            raise BadPasswordError

    def decrypt(self, chunk: bytes) -> bytes:
        """The next stretch of the member."""
        data = np.frombuffer(chunk, dtype=np.uint8).copy()
        _decrypt(self._keys, TABLE, data)
        return data.tobytes()

    def finish(self, read: Read) -> None:
        """Nothing follows the data; the checksum of the member vouches for it."""


class AesCipher:
    """WinZip's AES (AE-1 and AE-2): counter mode, keys by PBKDF2, HMAC-SHA1 over the stored bytes.

    Args:
        password: as the archive's maker typed it, UTF-8.
        read: gives the member's first bytes, of which the cipher takes salt and verifier.
        strength: 1, 2, 3 for keys of 128, 192, 256 bits.

    Raises:
        BadPasswordError: the verifier differs; a wrong password passes once in 65,536 times.
    """

    def __init__(self, password: bytes, read: Read, strength: int) -> None:
        length = 8 + 8 * strength
        derived = hashlib.pbkdf2_hmac("sha1", password, read(length // 2), 1000, 2 * length + 2)
        if derived[2 * length :] != read(2):
            raise BadPasswordError
        counter = Counter.new(128, little_endian=True, initial_value=1)
        self._cipher = AES.new(derived[:length], AES.MODE_CTR, counter=counter)
        self._code = hmac.new(derived[length : 2 * length], digestmod="sha1")

    def decrypt(self, chunk: bytes) -> bytes:
        """The next stretch of the member."""
        self._code.update(chunk)
        return self._cipher.decrypt(chunk)

    def finish(self, read: Read) -> None:
        """Compare the ten bytes of authentication code that follow the data."""
        if not hmac.compare_digest(read(10), self._code.digest()[:10]):
            raise DamagedError
