"""Spoken term discovery: the scores of track 2 of the 2017 challenge, for a file of discovered classes.

The definitions are those of Ludusan et al., "Bridging the gap between speech technology and natural language
processing: an evaluation toolbox for term discovery systems" (2014), with the rounding and the exceptions of the
challenge's evaluator. Grouping is counted by tokens, not by pairs, so its time grows with the number of intervals.
"""

import json
import sys
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.evaluation.alignment import Gold, Interval, Segment, read_gold, transcribe
from unitvoice.evaluation.distances import edit_distance
from unitvoice.files import read_text, write_json

__all__ = ["TermDiscovery", "read_classes", "score_classes"]

SILENCE = "SIL"
NOT_SPEECH = {"SIL", "SPN"}
Transcription = tuple[str, ...]
Tokens = Mapping[Interval, tuple[Segment, ...]]


@dataclass(frozen=True)
class TermDiscovery:
    """Scores in 0..1, and counts; None where a score has nothing to divide by."""

    ned: float | None
    coverage: float
    words: int  # distinct transcriptions
    pairs: int  # within classes
    boundary_precision: float | None
    boundary_recall: float | None
    boundary_fscore: float | None
    grouping_precision: float | None
    grouping_recall: float | None
    grouping_fscore: float | None
    token_precision: float | None
    token_recall: float | None
    token_fscore: float | None
    type_precision: float | None
    type_recall: float | None
    type_fscore: float | None


def read_classes(path: Path) -> dict[str, list[Interval]]:
    """Read a class file: ``Class <name>``, lines ``<file> <onset> <offset>``, an empty line after each class.

    Raises:
        InputError: lines of another form, a class name that occurs twice, or no class at all.
    """
    classes: dict[str, list[Interval]] = {}
    bad: list[str] = []
    current: list[Interval] | None = None
    for number, line in enumerate(read_text(path).splitlines(), 1):
        fields = line.split(" ")
        if not line:
            current = None
        elif fields[0] == "Class" and current is None and len(fields) > 1 and fields[1] not in classes:
            current = classes[fields[1]] = []
        elif current is not None and (interval := _interval(fields)):
            current.append(interval)
        else:
            bad.append(f"line {number}")
    if bad or not classes:
        form = "'Class <name>' once for each class, then '<file> <onset> <offset>' lines, then an empty line"
        raise InputError(f"{path} is not of the form {form}: {listed(bad) or 'it has no class'}")
    return classes


def _interval(fields: Sequence[str]) -> Interval | None:
    try:
        file, onset, offset = fields
        interval = Interval(file, float(onset), float(offset))
    except ValueError:
        return None
    return interval if interval.onset < interval.offset else None


def score_classes(classes: Mapping[str, Sequence[Interval]], gold: Gold) -> TermDiscovery:
    """Score discovered classes against a gold alignment.

    Intervals that hold no phone are left out.

    Raises:
        InputError: no interval holds a phone.
    """
    tokens = {interval: transcribe(gold, interval) for members in classes.values() for interval in members}
    tokens = {interval: phones for interval, phones in tokens.items() if phones}
    if not tokens:
        raise InputError("no discovered interval holds a phone of the gold alignment; check file names and seconds")
    kept = [[interval for interval in members if interval in tokens] for members in classes.values()]
    ned, pairs = _ned(kept, tokens)
    hits = {word: _labels(tokens[interval]) for interval in tokens if (word := _word_hit(interval, tokens, gold))}
    types = {_labels(phones) for phones in tokens.values()}
    words = [segment.label for track in gold.words.values() for segment in track.segments]
    return TermDiscovery(
        ned=ned,
        coverage=_coverage(tokens, gold),
        words=len(types),
        pairs=pairs,
        **_named("boundary", *_boundary(tokens, gold)),
        **_named("grouping", *_grouping(kept, tokens)),
        **_named("token", _share(len(hits), len(tokens)), _share(len(hits), len(words))),
        **_named("type", *(_share(len(set(hits.values())), len(of)) for of in (types, set(words)))),
    )


def _labels(phones: Iterable[Segment]) -> Transcription:
    return tuple(phone.label for phone in phones)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _named(name: str, precision: float | None, recall: float | None) -> dict[str, float | None]:
    fscore = None
    if precision is not None and recall is not None:
        fscore = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {f"{name}_precision": precision, f"{name}_recall": recall, f"{name}_fscore": fscore}


def _ned(classes: Iterable[Sequence[Interval]], tokens: Tokens) -> tuple[float | None, int]:
    total, pairs = 0.0, 0
    numbers: dict[str, int] = defaultdict(lambda: len(numbers))
    for members in classes:
        pairs += len(members) * (len(members) - 1) // 2
        counts = Counter(tuple(label for label in _labels(tokens[one]) if label != SILENCE) for one in members)
        empty = counts.pop((), 0)
        total += empty * (len(members) - empty) + empty * (empty - 1) / 2  # an empty one differs wholly from all
        coded = {labels: np.array([numbers[label] for label in labels], dtype=np.int64) for labels in counts}
        for one, other in combinations(counts, 2):
            edits = edit_distance(coded[one], coded[other])
            total += counts[one] * counts[other] * edits / max(len(one), len(other))
    return (total / pairs if pairs else None), pairs


def _coverage(tokens: Tokens, gold: Gold) -> float:
    covered = {
        (interval.file, phone)
        for interval, phones in tokens.items()
        for phone in phones
        if phone.label not in NOT_SPEECH
    }
    labels = [phone.label for track in gold.phones.values() for phone in track.segments]
    return len(covered) / sum(label not in NOT_SPEECH for label in labels)


def _boundary(tokens: Tokens, gold: Gold) -> tuple[float | None, float | None]:
    starts = {(interval.file, phones[0].onset) for interval, phones in tokens.items()}
    ends = {(interval.file, phones[-1].offset) for interval, phones in tokens.items()}
    gold_starts = {(file, onset) for file, track in gold.words.items() for onset in track.onsets}
    gold_ends = {(file, offset) for file, track in gold.words.items() for offset in track.offsets}
    hits = len((starts & gold_starts) | (ends & gold_ends))
    return _share(hits, len(starts | ends)), _share(hits, len(gold_starts | gold_ends))


def _grouping(classes: Sequence[Sequence[Interval]], tokens: Tokens) -> tuple[float | None, float | None]:
    # here a token is the stretch of its phones, so that intervals with the same phones are one
    phones = {_stretch(token, phones): phones for token, phones in tokens.items()}
    stretches = [{_stretch(token, tokens[token]) for token in members} for members in classes]
    found = {token for members in stretches if len(members) > 1 for token in members}
    gold = _with_partner(phones, phones)
    both = {token for members in stretches for token in _with_partner(members, phones)}
    return _share(len(both), len(found)), _share(len(both), len(gold))


def _stretch(token: Interval, phones: Sequence[Segment]) -> Interval:
    return Interval(token.file, phones[0].onset, phones[-1].offset)


def _with_partner(members: Collection[Interval], tokens: Tokens) -> set[Interval]:
    """The tokens for which another one has the same transcription and does not overlap them."""
    groups: dict[Transcription, list[Interval]] = defaultdict(list)
    for member in members:
        groups[_labels(tokens[member])].append(member)
    return {token for group in groups.values() for token in _apart_from_some(group)}


def _apart_from_some(group: Sequence[Interval]) -> set[Interval]:
    by_file: dict[str, list[Interval]] = defaultdict(list)
    for token in group:
        by_file[token.file].append(token)
    found = set()
    for members in by_file.values():
        onsets, offsets = sorted(one.onset for one in members), sorted(one.offset for one in members)
        for token in members:
            overlapping = bisect_left(onsets, token.offset) - bisect_right(offsets, token.onset)
            if overlapping < len(group):
                found.add(token)
    return found


def _word_hit(interval: Interval, tokens: Tokens, gold: Gold) -> tuple[str, Segment] | None:
    track = gold.words.get(interval.file)
    words = track.overlapping(interval.onset, interval.offset) if track else ()
    if not words:
        return None
    best = max(words, key=lambda word: _covered(word, interval))
    phones = gold.phones[interval.file].overlapping(best.onset, best.offset)
    return (interval.file, best) if _labels(phones) == _labels(tokens[interval]) else None


def _covered(word: Segment, interval: Interval) -> float:
    shared = min(word.offset, interval.offset) - max(word.onset, interval.onset)
    return shared / (word.offset - word.onset)


def main(argv: Sequence[str] | None = None) -> None:
    """Score a file of discovered classes."""
    parser = cli.parser(main.__doc__)
    parser.add_argument("classes", type=Path, metavar="CLASSES", help="class file")
    parser.add_argument("phones", type=Path, metavar="PHN", help="gold phones, <language>.phn")
    parser.add_argument("words", type=Path, metavar="WRD", help="gold words, <language>.wrd")
    parser.add_argument("--output", type=Path, metavar="JSON", help="write the scores to a file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    scores = asdict(score_classes(read_classes(options.classes), read_gold(options.phones, options.words)))
    if options.output:
        write_json(options.output, scores)
    if options.json:
        sys.stdout.write(json.dumps(scores) + "\n")
    else:
        sys.stdout.writelines(f"{name:<22}{'-' if value is None else value}\n" for name, value in scores.items())


if __name__ == "__main__":
    cli.run(main)
