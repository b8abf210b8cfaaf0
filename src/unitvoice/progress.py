"""How far long work has come: a bar on a terminal, a line a minute in a log."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from tqdm import tqdm

__all__ = ["BYTES", "STEPS", "Measure", "Progress"]

INTERVAL = 60.0  # s between two lines

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measure:
    """In what work is counted, and how a log says it."""

    bar: str  # unit on a terminal
    name: str  # unit in a log
    size: float = 1.0  # of the unit in a log
    digits: int = 0

    def text(self, count: float) -> str:
        """A count without its unit."""
        return f"{count / self.size:,.{self.digits}f}"


BYTES = Measure("B", "MB", 1e6, 1)
STEPS = Measure("step", "steps")


class Progress:
    """Counts work towards a total, which may be unknown (None).

    Args:
        what: is done.
        total: of the work.
        done: before this run.
        measure: of the work.
        speech: s of speech in one unit of the work, whose rate is told beside; 0 for none.
        silent: whether nothing is told, because another process does.
    """

    def __init__(
        self,
        what: str,
        total: int | None,
        *,
        done: int = 0,
        measure: Measure = BYTES,
        speech: float = 0.0,
        silent: bool = False,
    ) -> None:
        self._what, self._total, self._done, self._first = what, total, done, done
        self._measure, self._speech = measure, speech
        self._bars, self._lines = sys.stderr.isatty() and not silent, not (sys.stderr.isatty() or silent)
        self._begun = self._logged = time.monotonic()
        self._figures: dict[str, float] = {}

    def __enter__(self) -> Self:
        """Show the bar, where there is a terminal."""
        self._bar = tqdm(
            desc=self._what,
            total=self._total,
            initial=self._done,
            unit=self._measure.bar,
            unit_scale=True,
            disable=not self._bars,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it is."""
        self._bar.close()

    def add(self, count: int) -> None:
        """So much more is done."""
        self._done += count
        self._bar.update(count)
        now = time.monotonic()
        if self._lines and now - self._logged >= INTERVAL:
            self._logged = now
            logger.info("%s", self._line(now))

    def show(self, figures: dict[str, float]) -> None:
        """Figures to tell beside from now on."""
        self._figures = figures
        shown = {name: f"{value:.4g}" for name, value in figures.items()}
        if self._speech:
            shown["s of speech/s"] = f"{self._speed(time.monotonic()) * self._speech:.0f}"
        self._bar.set_postfix(shown)

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks, counted as they pass."""
        for chunk in chunks:
            self.add(len(chunk))
            yield chunk

    def _speed(self, now: float) -> float:
        return (self._done - self._first) / max(now - self._begun, 1e-9)

    def _line(self, now: float) -> str:
        measure, speed = self._measure, self._speed(now)
        rate = f"{speed / measure.size:.1f} {measure.name}/s"
        if self._total:
            done = f"{measure.text(self._done)} of {measure.text(self._total)} {measure.name}"
            parts = [done, f"{self._done / self._total:.0%}", rate]
        else:
            parts = [f"{measure.text(self._done)} {measure.name}", rate]
        if self._speech:
            parts.append(f"{speed * self._speech:.0f} s of speech/s")
        if self._total and speed:
            parts.append(f"{(self._total - self._done) / speed:.0f} s left")
        parts += [f"{name} {value:.4g}" for name, value in self._figures.items()]
        return f"{self._what}: {', '.join(parts)}"
