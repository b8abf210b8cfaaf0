"""Spectrograms as small PNG files that take the page's colours, and sounds as MP3, both as data URIs."""

import io
import struct
import zlib
from base64 import b64encode

import numpy as np
import soundfile
from numpy.typing import NDArray

from unitvoice.audio import RATE, Wave
from unitvoice.features.spectral import log_mel

__all__ = ["gradient", "heat_map", "mp3", "png", "sound", "spectrogram"]

RANGE = 7.0  # nepers (61 dB) between the loudest and what is shown as silence
LEVELS = 64  # shades of a spectrogram
INK = np.array([[120, 170, 190], [0, 60, 100], [0, 12, 28]])  # from quiet to loud; CSS turns it over on dark pages
VIRIDIS = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]])
COMPRESSION = 0.5  # of the MP3 encoder, 0 (best) to 1 (smallest): about 35 kbit/s


def gradient(stops: NDArray[np.int64], shares: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colours, (N, 3), at shares (N,) in [0, 1] of the way over the stops, (S, 3)."""
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(shares, places, stops[:, i]) for i in range(3)], axis=1).round().astype(np.uint8)


def png(levels: NDArray[np.uint8], colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> bytes:
    """An image with a palette.

    Args:
        levels: (height, width), row of the palette for each pixel.
        colours: (N, 3) palette.
        alpha: (N,) its opacities.
    """
    height, width = levels.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), levels], axis=1)  # each line begins with its filter
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", colours.tobytes()),
        (b"tRNS", alpha.tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def spectrogram(wave: Wave) -> str:
    """Data URI of the log-mel spectrogram of (N,) samples at 16 kHz: ink on nothing, time to the right."""
    frames = log_mel(wave)
    return heat_map(np.clip(1 + (frames - frames.max()) / RANGE, 0, 1).T[::-1])


def heat_map(shares: NDArray[np.floating]) -> str:
    """Data URI of a table, (height, width) of 0 to 1, one pixel each: ink on nothing."""
    levels = np.round(shares * (LEVELS - 1)).astype(np.uint8)
    scale = np.linspace(0, 1, LEVELS)
    return _uri("image/png", png(levels, gradient(INK, scale), (255 * scale).round().astype(np.uint8)))


def mp3(wave: Wave) -> bytes:
    """MP3 of (N,) samples at 16 kHz; equal samples give equal bytes."""
    target = io.BytesIO()
    soundfile.write(
        target,
        np.clip(wave, -1, 1),
        RATE,
        format="MP3",
        subtype="MPEG_LAYER_III",
        compression_level=COMPRESSION,
        bitrate_mode="VARIABLE",
    )
    return target.getvalue()


def sound(wave: Wave) -> str:
    """Data URI of a recording, (N,) samples at 16 kHz."""
    return _uri("audio/mpeg", mp3(wave))


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"
