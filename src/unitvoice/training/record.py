"""What training leaves behind of its course: JSON lines and, by option, curves for TensorBoard."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from unitvoice.errors import InputError

__all__ = ["Record"]


class Record(AbstractContextManager["Record"]):
    """The training log, one JSON object a line; it depends on the data and the seed alone, not on the clock.

    Args:
        path: the file, to look at; what was in it is replaced.
        text: the lines up to ``step``, which a checkpoint holds.
        step: where training goes on.
        curves: folder for TensorBoard's events; None for none.
        silent: whether nothing is written, because another process does.

    Raises:
        InputError: curves are asked for and TensorBoard is not installed, or there is no room for a line.
    """

    def __init__(
        self, path: Path, text: str = "", step: int = 0, curves: Path | None = None, *, silent: bool = False
    ) -> None:
        self._path, self._silent, self._writer = path, silent, None
        if silent:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write(text, "w")
        self._writer = None if curves is None else _writer(curves, step)

    def __exit__(self, *_: object) -> None:
        """Write the last events."""
        if self._writer is not None:
            self._writer.close()

    def add(self, step: int, figures: dict[str, float]) -> str:
        """Write the figures of a step; returns its line."""
        line = json.dumps({"step": step} | figures) + "\n"
        if self._silent:
            return line
        self._write(line, "a")
        if self._writer is not None:
            for name, value in figures.items():
                self._writer.add_scalar(name, value, step)
        return line

    def _write(self, text: str, mode: str) -> None:
        try:
            with self._path.open(mode, encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            reason = f"{self._path} cannot be written ({error.strerror})"
            raise InputError(f"{reason}; make room, and the same command goes on from the last checkpoint") from None


def _writer(folder: Path, step: int) -> Any:  # noqa: ANN401 - an optional package's class
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - optional
    except ImportError:
        raise InputError("TensorBoard is not installed; install tensorboard, or do without its curves") from None
    return SummaryWriter(str(folder), purge_step=step + 1)  # what a run that was cut wrote later is not shown
