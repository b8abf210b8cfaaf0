"""Checkpoints: written whole, read back from the newest that is whole."""

import hashlib
import io
import logging
from pathlib import Path
from typing import Any

import torch

from unitvoice.errors import InputError
from unitvoice.files import atomic

__all__ = ["BEST", "read", "restore", "save", "write"]

log = logging.getLogger(__name__)

BEST = "best.ckpt"  # the weights with the best measure so far
KEPT = 2
DIGEST = 32  # bytes of SHA-256 in front of the content


def save(folder: Path, step: int, state: dict[str, Any], *, keep_every: int | None = None) -> None:
    """Write the state after ``step`` steps atomically, and drop all but the last two and the multiples of a number.

    Raises:
        InputError: there is no room for it; the checkpoints before stay.
    """
    write(folder / f"step-{step:09d}.ckpt", {"step": step} | state)
    for old in _checkpoints(folder)[KEPT:]:
        if keep_every is None or _step(old) % keep_every:
            old.unlink(missing_ok=True)  # another process may have done it


def write(path: Path, state: dict[str, Any]) -> None:
    """Write a state of tensors and plain values atomically, with its hash."""
    content = io.BytesIO()
    torch.save(state, content)
    data = content.getvalue()
    try:
        with atomic(path) as beside:
            beside.write_bytes(hashlib.sha256(data).digest() + data)
    except OSError as error:
        reason = f"{path} cannot be written ({error.strerror})"
        raise InputError(f"{reason}; make room, and the same command goes on from the checkpoint before") from None


def read(path: Path) -> dict[str, Any] | None:
    """A state on the CPU; None when the file is damaged. Nothing is unpickled but tensors and plain values.

    Raises:
        InputError: the file is whole, but of another origin.
    """
    data = path.read_bytes()
    if hashlib.sha256(data[DIGEST:]).digest() != data[:DIGEST]:
        return None
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(data[DIGEST:]), map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - a crafted file can end in any exception
        kind = type(error).__name__
        raise InputError(f"{path} is whole but holds no state of training ({kind}); remove it") from None
    return state


def restore(folder: Path) -> dict[str, Any] | None:
    """The newest checkpoint that is whole, or None; a damaged one is passed over with a warning."""
    paths = _checkpoints(folder)
    for number, path in enumerate(paths, 1):
        state = read(path)
        if state is not None:
            return state
        then = "the one before is taken" if number < len(paths) else "training begins anew"
        log.warning("%s is damaged; %s", path, then)
    return None


def _checkpoints(folder: Path) -> list[Path]:
    """Newest first."""
    return sorted(folder.glob("step-*.ckpt"), reverse=True)


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))
