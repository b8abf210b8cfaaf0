"""How far long work on files has come: a bar on a terminal, a line a minute in a log."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Self

from tqdm import tqdm

__all__ = ["Progress"]

INTERVAL = 60.0  # s between two lines

logger = logging.getLogger(__name__)


class Progress:
    """Counts bytes towards a total, which may be unknown (None)."""

    def __init__(self, what: str, total: int | None, *, done: int = 0) -> None:
        self._what, self._total, self._done, self._first = what, total, done, done
        self._terminal = sys.stderr.isatty()
        self._begun = self._logged = time.monotonic()

    def __enter__(self) -> Self:
        """Show the bar, where there is a terminal."""
        self._bar = tqdm(
            desc=self._what,
            total=self._total,
            initial=self._done,
            unit="B",
            unit_scale=True,
            disable=not self._terminal,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it is."""
        self._bar.close()

    def add(self, count: int) -> None:
        """So many more bytes are done."""
        self._done += count
        self._bar.update(count)
        now = time.monotonic()
        if not self._terminal and now - self._logged >= INTERVAL:
            self._logged = now
            logger.info("%s", self.line(now - self._begun))

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks, counted as they pass."""
        for chunk in chunks:
            self.add(len(chunk))
            yield chunk

    def line(self, seconds: float) -> str:
        """One line about the work after so many seconds."""
        speed = (self._done - self._first) / seconds / 1e6 if seconds else 0.0
        known = f" of {self._total / 1e6:,.1f} MB, {self._done / self._total:.0%}" if self._total else " MB"
        return f"{self._what}: {self._done / 1e6:,.1f}{known}, {speed:.1f} MB/s"
