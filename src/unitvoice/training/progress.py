"""What training tells: JSON lines for the record, a bar or a line a minute for the eyes."""

import json
import logging
import sys
import time
from pathlib import Path

from tqdm import tqdm

__all__ = ["Progress", "Record"]

log = logging.getLogger(__name__)
PERIOD = 60.0  # s between two lines of the log where there is no terminal


class Record:
    """The training log, one JSON object a line; it depends on the data and the seed alone, not on the clock.

    Args:
        path: the file.
        step: where training goes on; lines of later steps, from a run that was cut, are dropped.
    """

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text(encoding="utf-8").splitlines() if step and path.exists() else []
        kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= step]
        path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")

    def add(self, step: int, figures: dict[str, float]) -> None:
        """Write the figures of a step."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step} | figures) + "\n")


class Progress:
    """Steps per second, seconds of speech per second and the time left."""

    def __init__(self, name: str, first: int, steps: int, seconds_per_step: float) -> None:
        self._bar = tqdm(total=steps, initial=first, desc=name, unit="step", disable=not sys.stderr.isatty())
        self._name, self._first, self._steps, self._seconds = name, first, steps, seconds_per_step
        self._begun = self._told = time.monotonic()

    def update(self, step: int, figures: dict[str, float]) -> None:
        """Tell that ``step`` steps are done."""
        self._bar.update(step - self._bar.n)
        now = time.monotonic()
        speed = (step - self._first) / max(now - self._begun, 1e-9)
        shown = {name: f"{value:.4g}" for name, value in figures.items()}
        self._bar.set_postfix(shown | {"audio s/s": f"{speed * self._seconds:.0f}"})
        if self._bar.disable and (now - self._told >= PERIOD or step == self._steps):
            self._told = now
            left = (self._steps - step) / max(speed, 1e-9)
            rest = ", ".join(f"{name} {value}" for name, value in shown.items())
            rates = f"{speed:.1f} steps/s, {speed * self._seconds:.0f} s of speech/s, {left:.0f} s left"
            log.info("%s: step %d of %d, %s, %s", self._name, step, self._steps, rates, rest)
