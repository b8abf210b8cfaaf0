"""The text form of embeddings: one frame per line, columns separated by single blanks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["TextTable", "parse_text"]

TOLERATED_BY_PYTHON = "_\t\r\v\f"  # float() reads numbers that hold or border on these, other tools do not


class TextTable(NamedTuple):
    """The content of a text file."""

    frames: NDArray[np.float64]  # (T, D)
    positions: NDArray[np.int64]  # (T,): line of each frame, from 0
    lines: int  # T and the lines that are no frames


def parse_text(content: bytes, *, official_quirks: bool = False) -> TextTable:
    r"""Parse the bytes of an embedding file; Windows line ends are accepted.

    Args:
        content: the file's bytes.
        official_quirks: leave out lines of one column and accept what is not finite.

    Raises:
        ValueError: the text breaks the form; the message says what and in which line.

    >>> parse_text(b"1 0\n0.5 2e-1\n").frames.tolist()
    [[1.0, 0.0], [0.5, 0.2]]
    """
    try:
        text = content.decode("ascii").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ValueError("not plain ASCII text") from None
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    least = 2 if official_quirks else 1
    kept = [number for number, line in enumerate(lines) if line and line.count(" ") >= least - 1]
    if not kept:
        raise ValueError("no frame" if official_quirks and lines else "empty")
    widths = [lines[number].count(" ") + 1 for number in kept]
    try:
        if any(character in text for character in TOLERATED_BY_PYTHON):
            raise ValueError  # noqa: TRY301 - the same message as for what Python cannot read
        values = np.array(list(map(float, " ".join(lines[number] for number in kept).split(" "))))
    except ValueError:
        raise ValueError(_first_fault(lines)) from None
    _check_widths(widths, kept)
    frames = values.reshape(len(kept), widths[0])
    if not official_quirks and not np.isfinite(frames).all():
        worst = kept[int(np.flatnonzero(~np.isfinite(frames).all(axis=1))[0])]
        raise ValueError(f"line {worst + 1} has a value that is not finite")
    return TextTable(frames, np.array(kept, dtype=np.int64), len(lines))


def _check_widths(widths: list[int], kept: list[int]) -> None:
    for number, width in zip(kept, widths, strict=True):
        if width != widths[0]:
            raise ValueError(f"line {number + 1} has {width} columns, line {kept[0] + 1} has {widths[0]}")
    if widths[0] == 1:
        raise ValueError("one column only, at least two are needed")


def _first_fault(lines: list[str]) -> str:
    for number, line in enumerate(lines, 1):
        if line != line.strip():
            return f"line {number} begins or ends with a blank or a tab"
        for field in line.split(" ") if line else ():
            if not _is_number(field):
                return f"line {number} has {field[:20]!r} where a number must be"
    return "not a table of numbers"


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return not any(character in field for character in TOLERATED_BY_PYTHON)
