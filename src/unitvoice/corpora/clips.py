"""Triphone clips and the ABX tasks over them, as the test set of 2019 has them: one file per item."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from unitvoice.corpora.speakers import Segment

__all__ = ["Item", "Triphone", "item_table", "triphones", "with_triplets"]

SHORTEST_PHONE = 0.02  # s; a shorter one cannot be heard
SHORTEST_CLIP = 0.085  # s; about the shortest file of the real test set
ADJACENT = 1e-6  # s


class Triphone(NamedTuple):
    """A phone between its neighbours: the stretch from the start of the previous to the end of the next."""

    utterance: str
    speaker: str
    start: float  # s
    stop: float  # s
    phone: str
    previous: str
    following: str


class Item(NamedTuple):
    """A triphone in a file of its own."""

    file: str
    triphone: Triphone


def triphones(utterance: str, speaker: str, segments: Sequence[Segment]) -> list[Triphone]:
    """The triphones of a sentence whose phones are all long enough and follow each other without a pause."""
    found = []
    for before, phone, after in zip(segments, segments[1:], segments[2:], strict=False):
        joined = phone.start - before.stop < ADJACENT and after.start - phone.stop < ADJACENT
        shortest = min(segment.stop - segment.start for segment in (before, phone, after))
        if joined and shortest >= SHORTEST_PHONE and after.stop - before.start >= SHORTEST_CLIP:
            labels = (phone.phone, before.phone, after.phone)
            found.append(Triphone(utterance, speaker, before.start, after.stop, *labels))
    return found


def with_triplets(items: Iterable[Triphone], most: int) -> list[Triphone]:
    """The triphones of contexts that give an ABX triplet across speakers.

    That is: some speaker says two phones in the context, one of which another speaker says too.

    Args:
        items: candidates.
        most: how many tokens to keep of the same triphone by the same speaker.
    """
    tokens: dict[tuple[str, str], dict[tuple[str, str], list[Triphone]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        tokens[item.previous, item.following][item.speaker, item.phone].append(item)
    return [
        item for cells in tokens.values() if _has_triplet(cells) for cell in cells.values() for item in cell[:most]
    ]


def _has_triplet(cells: Iterable[tuple[str, str]]) -> bool:
    """Whether a speaker of two phones shares one of them with another speaker; ``cells`` are distinct."""
    cells = list(cells)
    phones = Counter(speaker for speaker, _ in cells)
    speakers = Counter(phone for _, phone in cells)
    return any(phones[speaker] > 1 and speakers[phone] > 1 for speaker, phone in cells)


def item_table(items: Iterable[Item]) -> str:
    """An ABXpy item table in which every item is its whole file (the times are fractions of the file).

    >>> print(item_table([Item("S1_7", Triphone("S1_3", "S1", 0.5, 0.8, "a", "t", "k"))]), end="")
    #file onset offset #phone prev-phone next-phone speaker
    S1_7 0.0000 1.0000 a t k S1
    """
    lines = ["#file onset offset #phone prev-phone next-phone speaker"]
    lines += [
        f"{file} 0.0000 1.0000 {item.phone} {item.previous} {item.following} {item.speaker}" for file, item in items
    ]
    return "\n".join(lines) + "\n"
