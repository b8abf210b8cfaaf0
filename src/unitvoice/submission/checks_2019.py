"""Checks of the 2019 part of a submission."""

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from unitvoice.submission.common_checks import check_code, check_metadata, check_names, check_widths
from unitvoice.submission.findings import Finding, official, ours
from unitvoice.submission.frame_counts import frame_rate, odd_counts
from unitvoice.submission.lists import LANGUAGES_2019, LanguageLists
from unitvoice.submission.text import RowReader, TextFacts, read_text
from unitvoice.submission.tree import Tree, UnreadableError
from unitvoice.submission.wavs import check_wav

__all__ = ["check_2019"]

AUXILIARY = ("auxiliary_embedding1", "auxiliary_embedding2")
SAME = 1e-5  # of the largest value: rows that are closer are one code, printed in two ways
ENCODE = "encode the recording again and write it with unitvoice.submission.layout"


def check_2019(tree: Tree, lists: Mapping[str, LanguageLists], *, is_open: bool | None) -> Iterator[Finding]:
    """All findings in ``2019/``.

    Args:
        tree: the submission.
        lists: the organisers' lists of the languages that have some.
        is_open: the metadata's word on the source; None when it has none that counts.
    """
    found = tree.names("2019")
    if found is None:
        yield official("2019", "is not a folder", "put metadata.yaml, english and surprise into one")
        return
    code = frozenset({"code"})
    wanted = {"metadata.yaml", *LANGUAGES_2019} | (code if is_open else set())
    yield from check_names("2019", found, wanted, allowed=code if is_open is None else frozenset())
    further = {name: (tree.names(f"2019/{name}") or set()) & set(AUXILIARY) for name in LANGUAGES_2019}
    yield from _check_auxiliary(further)
    if "metadata.yaml" in found:
        yield from check_metadata(tree, "2019", _auxiliaries(further))
    if is_open and "code" in found:
        yield from check_code(tree, "2019/code")
    for language in LANGUAGES_2019:
        if language in found:
            yield from _check_language(tree, f"2019/{language}", sorted(further[language]), lists.get(language))


def _auxiliaries(further: Mapping[str, set[str]]) -> int:
    there = set().union(*further.values())
    return max((number for number, name in enumerate(AUXILIARY, start=1) if name in there), default=0)


def _check_auxiliary(further: Mapping[str, set[str]]) -> Iterator[Finding]:
    english, surprise = (further[language] for language in LANGUAGES_2019)
    for name in sorted(english ^ surprise):
        there = "english" if name in english else "surprise"
        yield official(f"2019/{there}/{name}", "is there for one language only", "add it for the other, or delete it")
    if AUXILIARY[1] in english | surprise and AUXILIARY[0] not in english | surprise:
        yield official("2019", f"has {AUXILIARY[1]} but not {AUXILIARY[0]}", "begin counting at 1")


def _check_language(tree: Tree, folder: str, auxiliary: list[str], lists: LanguageLists | None) -> Iterator[Finding]:
    for name in sorted((tree.names(folder) or set()) - {"test", *AUXILIARY}):
        yield ours(f"{folder}/{name}", "does not belong here", "delete it")
    for name in ("test", *auxiliary):
        found = tree.names(f"{folder}/{name}")
        if found is None:
            yield official(
                f"{folder}/{name}", "is missing or not a folder", "write the frames of all test files there"
            )
        else:
            yield from _check_folder(tree, f"{folder}/{name}", found, lists)


def _check_folder(tree: Tree, folder: str, found: set[str], lists: LanguageLists | None) -> Iterator[Finding]:
    is_test = folder.endswith("/test")
    wanted = found
    if lists is not None:
        wanted = set(lists.required) if is_test else {f"{stem}.txt" for stem in lists.embedding}
        for name in sorted(wanted - found):
            yield official(f"{folder}/{name}", "is missing", "convert the trial" if name.endswith(".wav") else ENCODE)
    known = {name for name in found & wanted if name.endswith((".txt", ".wav") if is_test else ".txt")}
    for name in sorted(found - known):
        yield ours(f"{folder}/{name}", "does not belong here; a stray .txt can stop the evaluation", "delete it")
    seconds = {} if lists is None else lists.embedding
    yield from _check_frames(tree, folder, sorted(name for name in known if name.endswith(".txt")), seconds)
    yield from _check_wavs(tree, folder, sorted(name for name in known if name.endswith(".wav")), seconds)


def _check_frames(tree: Tree, folder: str, names: list[str], seconds: Mapping[str, float]) -> Iterator[Finding]:
    rows = RowReader()
    facts: dict[str, TextFacts] = {}
    for name in names:
        try:
            facts[name] = read_text(tree.read(f"{folder}/{name}"), rows)
        except UnreadableError as error:
            yield ours(f"{folder}/{name}", str(error), ENCODE)
            continue
        for fault in facts[name].faults:
            yield ours(f"{folder}/{name}", fault, ENCODE)
    yield from check_widths(folder, {name: fact.width for name, fact in facts.items()})
    yield from _check_counts(folder, facts, seconds)
    if twice := _printed_twice(rows, sum(fact.frames for fact in facts.values())):
        count, example = twice
        cure = "always print the same float32 codebook with one format"
        yield ours(folder, f"prints {count} codes in more than one way, e.g. {example}", cure)


def _check_counts(folder: str, facts: Mapping[str, TextFacts], seconds: Mapping[str, float]) -> Iterator[Finding]:
    frames = {name.removesuffix(".txt"): fact.frames for name, fact in facts.items() if fact.frames}
    lengths = {name: seconds[name] for name in frames if name in seconds}
    if len(set(lengths.values())) < 3:  # noqa: PLR2004 - a line fits any two points
        return
    rate = frame_rate(frames, lengths)
    if rate is None:
        cure = "check that the encoder has one frame rate and the order of files is right"
        yield ours(folder, "has numbers of frames that do not follow the lengths of the recordings", cure)
        return
    for name, count in odd_counts(frames, lengths, rate).items():
        expected = f"{count:.1f} expected for {lengths[name]:.3f} s at {rate.per_second:.2f} Hz"
        yield ours(f"{folder}/{name}.txt", f"has {frames[name]} frames instead of the {expected}", ENCODE)


def _printed_twice(rows: RowReader, frames: int) -> tuple[int, str] | None:
    widths = Counter(kind for kind in rows.values() if isinstance(kind, int))
    if rows.overflowed or not widths or 2 * len(rows) > frames:
        return None  # these are continuous features, not codes
    usual = widths.most_common(1)[0][0]
    texts = [line for line, kind in rows.items() if kind == usual]
    values = np.array([[float(value) for value in line.split(" ")] for line in texts])
    grid = np.round(values / (SAME * np.abs(values).max())) + 0.0
    _, place, counts = np.unique(grid, axis=0, return_inverse=True, return_counts=True)
    if counts.max() == 1:
        return None
    first, second = np.flatnonzero(place.ravel() == counts.argmax())[:2]
    return int((counts > 1).sum()), f"'{texts[first][:60]}' and '{texts[second][:60]}'"


def _check_wavs(tree: Tree, folder: str, names: list[str], seconds: Mapping[str, float]) -> Iterator[Finding]:
    by_sentence = {stem.partition("_")[2]: length for stem, length in seconds.items()}
    for name in names:
        source = by_sentence.get(name.removesuffix(".wav").partition("_")[2])
        try:
            faults = list(check_wav(tree.read(f"{folder}/{name}"), source))
        except UnreadableError as error:
            faults = [str(error)]
        for fault in faults:
            yield ours(f"{folder}/{name}", fault, "convert the trial again")
