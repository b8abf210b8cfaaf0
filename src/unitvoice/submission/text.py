"""Frames as the challenge's text: one line a frame, columns parted by single blanks."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RowReader", "RowWriter", "TextFacts", "read_text"]

MOST_ROWS = 100_000  # rows that are remembered; more than any codebook has
MOST_CHARACTERS = 1 << 26


class RowWriter:
    r"""Turns float32 frames into text; equal frames give equal text, and reading it gives the same float32 back.

    >>> RowWriter()(np.array([[0.1, -2], [1e-9, 3]], np.float32))
    b'0.100000001 -2\n9.99999972e-10 3\n'
    """

    def __init__(self) -> None:
        self._known: dict[bytes, str] = {}

    def __call__(self, frames: NDArray[np.float32], times: NDArray[np.float64] | None = None) -> bytes:
        """Text of frames, (T, D), with the times (T,) in s as first column where they are given."""
        rows = self._rows(np.ascontiguousarray(frames, dtype=np.float32))
        if times is not None:
            rows = [f"{time:.9g} {row}" for time, row in zip(times.tolist(), rows, strict=True)]
        return "".join(f"{row}\n" for row in rows).encode("ascii")

    def _rows(self, frames: NDArray[np.float32]) -> list[str]:
        if len(self._known) > MOST_ROWS:
            self._known.clear()
        form = " ".join(["%.9g"] * frames.shape[1])  # nine digits tell any two float32 apart
        texts = []
        for frame in frames:
            key = frame.tobytes()
            if key not in self._known:
                self._known[key] = form % tuple(frame.tolist())
            texts.append(self._known[key])
        return texts


class RowReader(dict[str, int | str]):
    """What a line of text is: the number of its columns, or a str that says what is wrong; each line is judged once.

    >>> RowReader()["1.5 2 3"], RowReader()["1.5  2"]
    (3, 'has a stray blank')
    """

    def __init__(self, fewest: int = 2) -> None:
        super().__init__()
        self.fewest = fewest  # columns
        self.overflowed = False
        self._characters = 0

    def __missing__(self, line: str) -> int | str:
        """Judge a line that was not seen before."""
        self._characters += len(line)
        if len(self) >= MOST_ROWS or self._characters > MOST_CHARACTERS:
            self.clear()
            self._characters = 0
            self.overflowed = True
        self[line] = judged = _judge(line, self.fewest)
        return judged


def _judge(line: str, fewest: int) -> int | str:
    if form := next(_malformed(line), None):
        return form
    try:
        values = [float(value) for value in line.split(" ")]
    except ValueError as error:
        return f"has something that is not a number ({error})"
    if not math.isfinite(sum(values)) and not all(map(math.isfinite, values)):
        return "has a value that is not finite"
    if len(values) < fewest:
        return f"has {len(values)} of at least {fewest} columns"
    return len(values) if any(values) else "has zeros only"


def _malformed(line: str) -> Iterator[str]:
    if not line:
        yield "is blank"
    if not line.isprintable():
        yield "has a tab or another control character"
    if line.startswith(" ") or line.endswith(" ") or "  " in line:
        yield "has a stray blank"
    if not line.isascii() or "_" in line:
        yield "has a character that no number has"


@dataclass(frozen=True)
class TextFacts:
    """What a file of frames holds."""

    frames: int  # lines that are not blank
    width: int | None  # columns of the first sound line; None when there is none
    faults: tuple[str, ...]  # each the end of a sentence about the file


def read_text(content: bytes, rows: RowReader) -> TextFacts:
    """Judge a file of frames; CRLF and an absent newline at the end are fine."""
    text = content.decode("utf-8", errors="replace").replace("\r\n", "\n")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    if not any(lines):
        return TextFacts(0, None, ("holds no frame",))
    kinds = {rows[line] for line in set(lines)}
    widths = {kind for kind in kinds if isinstance(kind, int)}
    if len(kinds) == len(widths) == 1:
        return TextFacts(len(lines), widths.pop(), ())
    judged = [rows[line] for line in lines]
    first = next((kind for kind in judged if isinstance(kind, int)), None)
    return TextFacts(sum(map(bool, lines)), first, tuple(_faults(judged, first)))


def _faults(judged: list[int | str], width: int | None) -> Iterator[str]:
    wrong = [f"has {kind} instead of {width} columns" if isinstance(kind, int) else kind for kind in judged]
    odd = [kind != width for kind in judged]
    counts = Counter(kind for kind, strange in zip(wrong, odd, strict=True) if strange)
    for kind, count in counts.items():
        more = f" (and {count - 1} more lines)" if count > 1 else ""
        yield f"line {wrong.index(kind) + 1}{more} {kind}"
