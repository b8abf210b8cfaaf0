"""What can be wrong with the sound of one utterance."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from unitvoice import audio
from unitvoice.audio import RATE, AudioInfo, Wave
from unitvoice.errors import InputError
from unitvoice.manifest import Utterance

__all__ = ["Fault", "Severity", "sound_faults"]

Severity = Literal["error", "note"]
SHORTEST = 0.025  # s, of one analysis window
SILENT = 1e-4  # of full scale, -80 dB: below the noise of any room and microphone
FULL = 0.999  # of full scale
CLIPPED = 1e-3  # share of samples at full scale that is heard
BEYOND = 0.001  # s that a time may lie beyond the end: tables have rounded times
# how the messages of `audio.read` begin after the path
REASONS = {"does not exist": "missing", "ends after": "truncated", "has samples that": "not finite"}


class Fault(NamedTuple):
    """One thing that is wrong."""

    severity: Severity
    problem: str
    detail: str = ""


def sound_faults(path: Path, utterance: Utterance) -> list[Fault]:
    """Everything that is wrong with an utterance in its sound file; empty when nothing is."""
    try:
        header = audio.info(path)
    except InputError as error:
        return [_fault(path, error)]
    found = [*_format(header), *_times(header, utterance)]
    if any(fault.severity == "error" for fault in found):
        return found
    try:
        wave = audio.read(path, start=utterance.start or 0.0, stop=utterance.stop, rate=header.rate)
    except InputError as error:
        return [*found, _fault(path, error)]
    return [*found, *_samples(wave)]


def _fault(path: Path, error: InputError) -> Fault:
    message = str(error).removeprefix(f"{path} ")
    problem = next((name for start, name in REASONS.items() if message.startswith(start)), "unreadable")
    # what differs from file to file stays out, so that equal problems are one line of the table
    return Fault("error", problem, message.partition("; ")[2] if problem != "unreadable" else "no readable sound file")


def _format(header: AudioInfo) -> Iterator[Fault]:
    if (header.rate, header.channels, header.subtype) != (RATE, 1, "PCM_16"):
        channels = "mono" if header.channels == 1 else f"{header.channels} channels"
        yield Fault("note", "converted", f"{header.rate} Hz, {channels}, {header.subtype}; becomes {RATE} Hz, mono")


def _times(header: AudioInfo, utterance: Utterance) -> Iterator[Fault]:
    start, stop = utterance.start or 0.0, header.seconds if utterance.stop is None else utterance.stop
    if header.frames == 0:
        yield Fault("error", "empty", "no sample")
    elif not 0 <= start < stop:
        yield Fault("error", "empty", "the stretch has no length")
    elif start >= header.seconds:
        yield Fault("error", "beyond the end", "the stretch begins after its file")
    elif stop > header.seconds + BEYOND:
        yield Fault("note", "beyond the end", "the stretch ends after its file")
    elif stop - start < SHORTEST:
        yield Fault("note", "short", f"less than {SHORTEST} s, one window of the features")


def _samples(wave: Wave) -> Iterator[Fault]:
    loudness = np.abs(wave)
    if loudness.max() < SILENT:
        yield Fault("error", "silent", f"nothing above {20 * np.log10(SILENT):.0f} dB")
    elif np.count_nonzero(loudness >= FULL) > max(CLIPPED * len(wave), 2):
        yield Fault("note", "clipped", f"more than {CLIPPED:.1%} of the samples at full scale")
