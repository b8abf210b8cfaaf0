"""Checks of the synthesised recordings, which the organisers' validator never opens."""

import io
import wave
from collections.abc import Iterator

import numpy as np

from unitvoice.audio import RATE

__all__ = ["check_wav"]

QUIET = 33  # of 32768: 60 dB below full scale
SHORTEST, LONGEST = 0.5, 2.0  # times as long as the source


def check_wav(content: bytes, source: float | None) -> Iterator[str]:
    """What is wrong with a recording, each the end of a sentence about the file.

    Args:
        content: the file's bytes; the submission may be a zip, so there is no path.
        source: length of the source recording, s; None when it is not known.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            form = file.getframerate(), file.getnchannels(), 8 * file.getsampwidth()
            length, data = file.getnframes(), file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        yield "is not a PCM wav"
        return
    if form != (RATE, 1, 16):
        rate, channels, bits = form
        yield f"has {rate} Hz, {channels} channels, {bits} bits instead of {RATE} Hz, 1 channel, 16 bits"
        return
    if len(data) < 2 * length:
        yield f"ends after {len(data) // 2} of the {length} samples that its header names"
        return
    samples = np.frombuffer(data, dtype="<i2").astype(np.int32)
    if np.abs(samples).max(initial=0) < QUIET:
        yield "is silent"
    seconds = length / RATE
    if source is not None and not SHORTEST * source <= seconds <= LONGEST * source:
        yield f"lasts {seconds:.2f} s, which is not {SHORTEST} to {LONGEST:g} times its source's {source:.2f} s"
