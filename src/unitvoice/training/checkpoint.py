"""Checkpoints: written whole, read back from the newest that is whole."""

import hashlib
import io
import logging
from pathlib import Path
from typing import Any

import torch

from unitvoice.files import atomic

__all__ = ["restore", "save"]

log = logging.getLogger(__name__)
KEPT = 2
DIGEST = 32  # bytes of SHA-256 in front of the content


def save(folder: Path, step: int, state: dict[str, Any]) -> None:
    """Write the state after ``step`` steps atomically, and drop all but the last two."""
    content = io.BytesIO()
    torch.save({"step": step} | state, content)
    data = content.getvalue()
    with atomic(folder / f"step-{step:09d}.ckpt") as beside:
        beside.write_bytes(hashlib.sha256(data).digest() + data)
    for old in _checkpoints(folder)[KEPT:]:
        old.unlink()


def restore(folder: Path) -> dict[str, Any] | None:
    """The newest checkpoint that is whole, or None; a damaged one is passed over with a warning.

    Nothing is unpickled but tensors and plain values.
    """
    for path in _checkpoints(folder):
        data = path.read_bytes()
        if hashlib.sha256(data[DIGEST:]).digest() == data[:DIGEST]:
            state: dict[str, Any] = torch.load(io.BytesIO(data[DIGEST:]), weights_only=True)
            return state
        log.warning("%s is damaged; trying the checkpoint before it", path)
    return None


def _checkpoints(folder: Path) -> list[Path]:
    """Newest first."""
    return sorted(folder.glob("step-*.ckpt"), reverse=True)
