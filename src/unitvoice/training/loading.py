"""Batches read ahead of the training, by processes of their own where that helps."""

import signal
from collections.abc import Iterator

from torch.utils.data import DataLoader

from unitvoice.systems.base import Batch
from unitvoice.training.batches import Batches

__all__ = ["loaded"]


def loaded(batches: Batches, steps: range, *, workers: int, pinned: bool) -> Iterator[Batch]:
    """The batches of some steps in order, whoever reads them.

    Args:
        batches: by step.
        steps: which.
        workers: processes that read; 0 for none but this one.
        pinned: whether they are put in memory that a GPU can read by itself.
    """
    loader = DataLoader(
        batches, batch_size=None, sampler=steps, num_workers=workers, pin_memory=pinned, worker_init_fn=_deaf
    )
    yield from loader


def _deaf(_: int) -> None:
    # a terminal and a scheduler tell all processes to end; when to do so is the trainer's business
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
