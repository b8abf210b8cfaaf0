"""Units of one utterance as a compact stream of bits in a file.

The numbers of the header stand in network order:

* 4 bytes ``UVBS``, 1 byte version;
* 8 bytes of the hash of the model whose units they are;
* float32 units per second, uint32 number of units, uint32 samples at 16 kHz, uint8 level in steps of half a decibel
  below full scale (255 is silence), uint8 number of codebooks;
* for each codebook uint8 bits per code and uint8 units that share a code;
* the codes, codebook after codebook, without gaps between their bits;
* uint32 CRC of all before.

A codebook whose codes hold for several units, as one of a lower rate, is stored at that rate.
"""

import math
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitvoice.audio import RATE
from unitvoice.errors import InputError

__all__ = ["Stream", "fixed_rate", "pack", "unpack"]

Codes = NDArray[np.int64]

MAGIC, VERSION = b"UVBS", 1
HEADER = struct.Struct("!4sB8sfIIBB")
CODEBOOK = struct.Struct("!BB")
CHECK = struct.Struct("!I")
MOST_SHARED = 64  # units that a code can hold for
MOST_BITS = 32
STEP = 0.5  # dB
SILENT = 255


@dataclass(frozen=True)
class Stream:
    """What a file says."""

    model: bytes  # 8 bytes of its hash
    rate: float  # units per second
    codes: Codes  # (T, G)
    sizes: tuple[int, ...]  # codes of each codebook, or the next power of 2 when read from a file
    samples: int  # length of the utterance at 16 kHz
    level: float  # root mean square of the utterance

    @property
    def shared(self) -> tuple[int, ...]:
        """How many units share a code, of each codebook."""
        return tuple(_shared(column) for column in self.codes.T)

    @property
    def seconds(self) -> float:
        """Length of the utterance."""
        return self.samples / RATE

    @property
    def fixed_rate(self) -> int:
        """Bits per second by the codebooks' rates and sizes; see :func:`fixed_rate`."""
        return fixed_rate(*zip((self.rate / shared for shared in self.shared), self.sizes, strict=True))


def fixed_rate(*streams: tuple[float, int]) -> int:
    """Bits per second of codes of a fixed length, as published systems are compared (Polyak et al., 2021).

    Args:
        streams: of each codebook the codes per second, rounded up, and its size.

    >>> fixed_rate((50, 100)), fixed_rate((50, 50), (12.5, 20))
    (350, 365)
    """
    return sum(math.ceil(rate) * _bits(size) for rate, size in streams)


def pack(stream: Stream) -> bytes:
    """The file's content.

    Raises:
        InputError: there is a code beyond its codebook, or more than a file of this form can hold.
    """
    codes = stream.codes
    if codes.ndim != 2 or codes.shape[1] != len(stream.sizes) or not 0 < len(stream.sizes) < 256:  # noqa: PLR2004
        raise InputError(f"codes of shape {codes.shape} do not belong to {len(stream.sizes)} codebooks")
    if ((codes < 0) | (codes >= np.array(stream.sizes))).any() or max(stream.sizes) > 1 << MOST_BITS:
        raise InputError("there are codes beyond their codebook; these units are of another model")
    books, bits = [], [np.zeros(0, np.uint8)]
    for column, size, shared in zip(codes.T, stream.sizes, stream.shared, strict=True):
        books.append(CODEBOOK.pack(_bits(size), shared))
        bits.append(_to_bits(column[::shared], _bits(size)))
    facts = stream.rate, len(codes), stream.samples, _quantised(stream.level), len(stream.sizes)
    body = HEADER.pack(MAGIC, VERSION, stream.model, *facts) + b"".join(books)
    body += np.packbits(np.concatenate(bits)).tobytes()
    return body + CHECK.pack(zlib.crc32(body))


def unpack(content: bytes, place: str) -> Stream:
    """What a file's content says.

    Args:
        content: of the file.
        place: what messages call it.

    Raises:
        InputError: it is something else, of another version, or damaged.
    """
    if content[: len(MAGIC)] != MAGIC:
        raise InputError(f"{place} is no bit stream of units; make one with: python -m unitvoice encode")
    if content[len(MAGIC) : len(MAGIC) + 1] not in {b"", bytes([VERSION])}:
        raise InputError(f"{place} is a bit stream of another version; decode it with the unitvoice that wrote it")
    body, check = content[: -CHECK.size], content[-CHECK.size :]
    damaged = InputError(f"{place} is damaged; copy it again or encode its recording again")
    if len(body) < HEADER.size or CHECK.pack(zlib.crc32(body)) != check:
        raise damaged
    _, _, model, rate, units, samples, level, groups = HEADER.unpack_from(body)
    first = HEADER.size + groups * CODEBOOK.size
    books = list(CODEBOOK.iter_unpack(body[HEADER.size : first])) if first <= len(body) else []
    if not books or not all(0 < bits <= MOST_BITS and shared for bits, shared in books) or not 0 < rate < math.inf:
        raise damaged
    lengths = [math.ceil(units / shared) * bits for bits, shared in books]
    if math.ceil(sum(lengths) / 8) != len(body) - first:
        raise damaged
    found = np.split(np.unpackbits(np.frombuffer(body[first:], np.uint8)), np.cumsum(lengths))
    columns = [
        np.repeat(_from_bits(part, math.ceil(units / shared), bits), shared)[:units]
        for part, (bits, shared) in zip(found[:-1], books, strict=True)
    ]
    sizes = tuple(1 << bits for bits, _ in books)
    return Stream(model, rate, np.stack(columns, axis=1), sizes, samples, _level(level))


def _bits(size: int) -> int:
    """Bits of a code out of so many.

    >>> [_bits(size) for size in (1, 2, 20, 256, 257)]
    [1, 1, 5, 8, 9]
    """
    return max(1, (size - 1).bit_length())


def _shared(codes: Codes) -> int:
    """The largest number of units, within a limit, that share a code all along, and no more than there are. (T,)."""
    fitting = [n for n in range(1, min(MOST_SHARED, len(codes)) + 1) if np.array_equal(codes, _held(codes, n))]
    return max(fitting, default=1)


def _held(codes: Codes, shared: int) -> Codes:
    return np.repeat(codes[::shared], shared)[: len(codes)]


def _to_bits(codes: Codes, bits: int) -> NDArray[np.uint8]:
    """The bits of codes, the highest first, (T,) -> (T * bits,)."""
    return (codes[:, None] >> np.arange(bits)[::-1] & 1).astype(np.uint8).ravel()


def _from_bits(found: NDArray[np.uint8], count: int, bits: int) -> Codes:
    return found.reshape(count, bits).astype(np.int64) @ (1 << np.arange(bits, dtype=np.int64)[::-1])


def _quantised(level: float) -> int:
    """A level as half decibels below full scale."""
    if level <= 0:
        return SILENT
    return min(max(round(-20 * math.log10(level) / STEP), 0), SILENT - 1)


def _level(steps: int) -> float:
    return 0.0 if steps == SILENT else float(10 ** (-steps * STEP / 20))
