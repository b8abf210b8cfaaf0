"""Gold alignments of the 2017 challenge, and what they say of an interval of a file."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from unitvoice.errors import InputError, listed
from unitvoice.files import read_text

__all__ = ["Gold", "Interval", "Segment", "read_gold", "transcribe"]

LONG, PART, SHARE = 0.06, 0.03, 0.5  # s, s, share: when a phone at the edge of an interval counts


class Interval(NamedTuple):
    """A stretch of a file, in seconds."""

    file: str
    onset: float
    offset: float


class Segment(NamedTuple):
    """A phone or a word of the alignment of a file, in seconds."""

    onset: float
    offset: float
    label: str


@dataclass(frozen=True)
class Track:
    """The segments of a file in order of time."""

    segments: tuple[Segment, ...]
    onsets: tuple[float, ...]
    offsets: tuple[float, ...]

    def overlapping(self, onset: float, offset: float) -> tuple[Segment, ...]:
        """The segments that share more than a point with a stretch."""
        return self.segments[bisect_right(self.offsets, onset) : bisect_left(self.onsets, offset)]


@dataclass(frozen=True)
class Gold:
    """The alignment of a corpus: phones and words by file."""

    phones: Mapping[str, Track]
    words: Mapping[str, Track]


def read_gold(phones: Path, words: Path) -> Gold:
    """Read the gold files, ``<language>.phn`` and ``<language>.wrd``: lines ``<file> <on> <off> <symbol>``.

    Raises:
        InputError: a file is not of this form, or segments of a file overlap.
    """
    return Gold(_read(phones), _read(words))


def _read(path: Path) -> dict[str, Track]:
    found: dict[str, list[Segment]] = {}
    bad = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        try:
            file, onset, offset, label = line.split()
            found.setdefault(file, []).append(Segment(float(onset), float(offset), label))
        except ValueError:
            bad.append(f"line {number}")
    if bad or not found:
        raise InputError(f"{path} must have lines '<file> <onset> <offset> <symbol>': {listed(bad) or 'it is empty'}")
    return {file: _track(segments) for file, segments in found.items()}


def _track(segments: list[Segment]) -> Track:
    ordered = tuple(sorted(segments))
    return Track(ordered, tuple(one.onset for one in ordered), tuple(one.offset for one in ordered))


def transcribe(gold: Gold, interval: Interval) -> tuple[Segment, ...]:
    """The phones of an interval.

    The first and the last one that it overlaps count when the interval holds 30 ms of a phone of 60 ms and more, or
    half of a shorter one; a single one is judged as a first one.
    """
    track = gold.phones.get(interval.file)
    phones = track.overlapping(interval.onset, interval.offset) if track else ()
    if not phones:
        return ()
    first = 0 if _counts(phones[0], phones[0].offset - interval.onset) else 1
    last = len(phones)
    if last > 1 and not _counts(phones[-1], interval.offset - phones[-1].onset):
        last -= 1
    return phones[first:last]


def _counts(phone: Segment, part: float) -> bool:
    length, part = round(phone.offset - phone.onset, 3), round(part, 3)
    return part >= PART if length >= LONG else part >= SHARE * length
