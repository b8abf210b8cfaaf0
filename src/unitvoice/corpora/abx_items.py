"""ABX items from phone alignments: every phone with its neighbours is a stretch of its utterance."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from unitvoice.corpora.alignments import read_alignments
from unitvoice.corpora.clips import Triphone, triphones, with_triplets
from unitvoice.corpora.cutting import Cut
from unitvoice.corpora.speakers import Segment
from unitvoice.errors import InputError
from unitvoice.manifest import Phone, Utterance

__all__ = ["Alignments", "aligned", "item_table", "phone_table"]

# table readers take these for a missing value
MISSING = frozenset({"na", "n/a", "nan", "null", "none", "<na>"})


@dataclass(frozen=True)
class Alignments:
    """Where the alignments are, and how many ABX items to make of them."""

    path: str = "."  # a folder of .TextGrid, .phn or .lab files, or a CTM file; relative to the corpus
    tier: str = ""  # of TextGrids; empty for the one of the phones
    tokens: int = 5  # of one phone in one context by one speaker, at most


def aligned(
    cuts: Sequence[Cut], root: Path, settings: Alignments, rate: Callable[[Path], int]
) -> dict[str, list[Segment]]:
    """The phones of each utterance that has an alignment, with times from the utterance's start.

    An alignment belongs to the recording of the same path (below its own folder and below ``root``), or else to the
    only one of the same stem. Phones across a cut are left out.

    Args:
        cuts: the utterances.
        root: folder of the corpus.
        settings: where the alignments are.
        rate: samples per second of a sound file.

    Raises:
        InputError: the alignments cannot be read, or belong to no recording.
    """
    paths = {cut.recording.path for cut in cuts}
    keys = {path.relative_to(root).with_suffix("").as_posix(): path for path in sorted(paths, reverse=True)}
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(paths):
        by_stem[path.stem].append(path)

    def recording(key: str) -> Path | None:
        same = by_stem.get(key.rpartition("/")[2], [])
        return keys.get(key) or (same[0] if len(same) == 1 else None)

    def rate_of(key: str) -> int:
        path = recording(key)
        return rate(path) if path else 1

    place = root / settings.path
    found = {recording(key): segments for key, segments in read_alignments(place, settings.tier, rate_of).items()}
    if set(found) == {None}:
        raise InputError(
            f"no alignment of {place} has the name of a recording; the names before the suffix must agree"
        )
    return {cut.name: _within(found[cut.recording.path], cut) for cut in cuts if cut.recording.path in found}


def _within(segments: Iterable[Segment], cut: Cut) -> list[Segment]:
    start = cut.start or 0.0
    stop = start + cut.seconds
    return [
        Segment(round(segment.start - start, 6), round(min(segment.stop, stop) - start, 6), _label(segment.phone))
        for segment in segments
        # an aligner may count one frame more than the file has
        if segment.start >= start and segment.stop <= stop + 0.02
    ]


def _label(phone: str) -> str:
    label = "_".join(phone.split())
    return f"{label}_" if label.lower() in MISSING else label


def item_table(utterances: Sequence[Utterance], phones: Mapping[str, Sequence[Segment]], tokens: int) -> str:
    """An ABXpy item table of all triphones that give a triplet across speakers; empty when there is none.

    Times are fractions of the utterance, as frame i of N is at i / N.

    Args:
        utterances: of one subset.
        phones: of utterances, with times in s.
        tokens: of one triphone by one speaker, at most.
    """
    seconds = {utterance.utterance: utterance.seconds for utterance in utterances}
    found = [t for u in utterances for t in triphones(u.utterance, u.speaker, phones.get(u.utterance, ()))]
    items = with_triplets(found, tokens)
    lines = [_line(item, seconds[item.utterance]) for item in items]
    return "\n".join(["#file onset offset #phone prev-phone next-phone speaker", *lines, ""]) if lines else ""


def _line(item: Triphone, seconds: float) -> str:
    times = f"{item.start / seconds:.6f} {min(item.stop / seconds, 1.0):.6f}"
    return f"{item.utterance} {times} {item.phone} {item.previous} {item.following} {item.speaker}"


def phone_table(phones: Mapping[str, Sequence[Segment]]) -> tuple[Phone, ...]:
    """The rows of the manifest's table of phones."""
    return tuple(Phone(name, *segment) for name, segments in phones.items() for segment in segments)
