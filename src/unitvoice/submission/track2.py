"""Checks of a class file of 2017 track 2.

A class is a line ``Class <name>``, its members ``<recording> <start> <end>`` in seconds, and an empty line.
"""

from collections.abc import Iterator, Sequence

from unitvoice.submission.findings import Finding, official, ours

__all__ = ["check_classes"]

FIELDS = 3


def check_classes(path: str, content: bytes, recordings: Sequence[str] | None) -> Iterator[Finding]:
    """Findings in a class file.

    Args:
        path: its place in the submission.
        content: its bytes.
        recordings: the names that members may have; None when they are not known.
    """
    try:
        lines = content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    except UnicodeDecodeError:
        yield official(path, "is not UTF-8", "write it as UTF-8")
        return
    if not lines[-1]:
        lines.pop()
    if not any(lines):
        yield official(path, "holds no class", "write at least one, with an empty line after it")
        return
    if lines[-1]:
        yield official(path, "does not end with an empty line", "write an empty line after the last class")
    known = None if recordings is None else set(recordings)
    yield from _check_headers(path, lines)
    for number, line in enumerate(lines, start=1):
        if line and not line.startswith("Class"):
            yield from _check_member(path, number, line, known)


def _check_headers(path: str, lines: Sequence[str]) -> Iterator[Finding]:
    name, finished = None, True
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if line.startswith("Class"):
            name = line.split(" ")[1] if " " in line else ""
            if not name:
                yield official(path, f"line {number} is a class without a name", "write 'Class <number>'")
            if not finished:
                message = f"line {number} begins a class within another one, which loses its members"
                yield ours(path, message, "write an empty line between classes")
            finished = False
        elif not line and name is not None:
            if name in seen:
                message = f"line {number} ends class {name} a second time"
                yield official(path, message, "write one empty line after a class, and give each its own name")
            seen.add(name)
            finished = True
        elif name is None:
            yield official(path, f"line {number} comes before any 'Class' line", "begin with 'Class 0'")
            name = ""


def _check_member(path: str, number: int, line: str, known: set[str] | None) -> Iterator[Finding]:
    fields = line.split(" ")
    if len(fields) != FIELDS:
        message = f"line {number} is not '<recording> <start> <end>' with single blanks: {line[:80]}"
        yield official(path, message, "write three fields")
        return
    try:
        start, end = map(float, fields[1:])
    except ValueError:
        yield official(path, f"line {number} has times that are not numbers: {line[:80]}", "write seconds")
        return
    if not start < end:
        yield official(path, f"line {number} ends before it starts: {line[:80]}", "write the start first")
    if known is not None and fields[0] not in known:
        message = f"line {number} names {fields[0]}, which is no recording of this language"
        yield official(path, message, "write the name of a training file, without .wav")
