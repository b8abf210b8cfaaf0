"""Checks of the 2017 part of a submission: track 1 (frames with times) and track 2 (classes of stretches)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from unitvoice.submission.common_checks import check_code, check_metadata, check_names, check_widths
from unitvoice.submission.findings import Finding, official, ours
from unitvoice.submission.lists import DURATIONS_2017, LANGUAGES_2017, FileLists
from unitvoice.submission.text import RowReader, read_text
from unitvoice.submission.track2 import check_classes
from unitvoice.submission.tree import Tree, UnreadableError

__all__ = ["check_2017"]

ENCODE = "encode the recording again; a line is '<time> <v1> ... <vN>'"
FEWEST = 2  # lines and columns below which the official validator stops on an IndexError


def check_2017(tree: Tree, lists: FileLists, *, is_open: bool | None) -> Iterator[Finding]:
    """All findings in ``2017/``.

    Args:
        tree: the submission.
        lists: the organisers' lists of the tracks and languages that have some.
        is_open: the metadata's word on the source; None when it has none that counts.
    """
    found = tree.names("2017")
    if found is None:
        yield official("2017", "is not a folder", "put metadata.yaml and the tracks into one")
        return
    tracks = frozenset({"track1", "track2"})
    wanted = {"metadata.yaml"} | ({"code"} if is_open else set())
    yield from check_names("2017", found, wanted, allowed=tracks | {"code"} if is_open is None else tracks)
    if not found & tracks:
        yield official("2017", "has neither track1 nor track2", "add a track, or leave 2017 out")
    if "metadata.yaml" in found:
        yield from check_metadata(tree, "2017")
    if is_open and "code" in found:
        yield from check_code(tree, "2017/code")
    if "track1" in found:
        yield from _check_track1(tree, lists.track1)
    if "track2" in found:
        yield from _check_track2(tree, lists.track2)


def _check_track1(tree: Tree, lists: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Iterator[Finding]:
    languages = tree.names("2017/track1") or set()
    yield from check_names("2017/track1", languages, set(LANGUAGES_2017))
    for language in sorted(languages & set(LANGUAGES_2017)):
        folder = f"2017/track1/{language}"
        durations = tree.names(folder) or set()
        for name in sorted(durations - set(DURATIONS_2017)):
            yield ours(f"{folder}/{name}", "does not belong here", "delete it")
        for duration in DURATIONS_2017:
            stems = lists.get(language, {}).get(duration)
            yield from _check_duration(tree, f"{folder}/{duration}", stems)


def _check_duration(tree: Tree, folder: str, stems: tuple[str, ...] | None) -> Iterator[Finding]:
    found = tree.names(folder)
    if found is None:
        yield official(folder, "is missing or not a folder", "write the frames of all test files there")
        return
    wanted = found if stems is None else {f"{stem}.txt" for stem in stems}
    yield from check_names(folder, found, wanted)
    rows = RowReader()
    widths: dict[str, int | None] = {}
    for name in sorted(found & wanted):
        try:
            content = tree.read(f"{folder}/{name}")
        except UnreadableError as error:
            yield official(f"{folder}/{name}", str(error), ENCODE)
            continue
        facts = read_text(content, rows)
        widths[name] = facts.width
        fatal = _fatal(content, sound=not facts.faults)
        if fatal:
            yield official(f"{folder}/{name}", fatal, ENCODE)
        for fault in () if fatal else facts.faults:
            yield ours(f"{folder}/{name}", fault, ENCODE)
    yield from check_widths(folder, widths)


def _fatal(content: bytes, *, sound: bool) -> str | None:
    """What the official validator refuses in a file of track 1: it splits at any white space and skips blank lines."""
    splits = 1 if sound else -1  # of a sound file only the times are left to look at
    lines = [fields for line in content.splitlines() if (fields := line.partition(b"#")[0].split(None, splits))]
    if len(lines) < FEWEST:
        return f"has {len(lines)} of at least {FEWEST} frames"
    try:
        times = [float(fields[0]) for fields in lines]
        if not sound and (fault := _misshapen([[*map(float, fields)] for fields in lines])):
            return fault
    except ValueError as error:
        return f"has something that is not a number ({error})"
    if not all(before < after for before, after in pairwise(times)):
        return "has times that do not increase from line to line"
    return None


def _misshapen(rows: Sequence[Sequence[float]]) -> str | None:
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        return f"has lines of {min(widths)} and of {max(widths)} columns"
    return "has no column after the time" if max(widths) < FEWEST else None


def _check_track2(tree: Tree, lists: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    found = tree.names("2017/track2") or set()
    wanted = {f"{language}.txt" for language in LANGUAGES_2017}
    yield from check_names("2017/track2", found, wanted)
    for name in sorted(found & wanted):
        try:
            content = tree.read(f"2017/track2/{name}")
        except UnreadableError as error:
            yield official(f"2017/track2/{name}", str(error), "write the class file again")
            continue
        yield from check_classes(f"2017/track2/{name}", content, lists.get(name.removesuffix(".txt")))
