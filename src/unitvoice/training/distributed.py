"""Where a process computes: its device, and its rank among those that ``torchrun`` started."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed

from unitvoice.devices import Device, find_device
from unitvoice.nn.ranks import several

__all__ = ["Device", "Place", "find_device", "from_first", "joined"]


@dataclass(frozen=True)
class Place:
    """A process of the training."""

    device: torch.device = torch.device("cpu")  # noqa: RUF009 - devices are never changed
    rank: int = 0
    ranks: int = 1


@contextmanager
def joined(device: Device = "auto") -> Iterator[Place]:
    """The place of this process, joined with the others for the block where ``torchrun`` started several.

    ``torchrun`` tells RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT in the environment; each process has
    the GPU of its local rank. Without them the process is alone.

    Raises:
        InputError: a GPU is asked for, and there is none for this process.
    """
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    place = Place(find_device(device), int(os.environ.get("RANK", "0")), ranks)
    if place.device.type == "cuda":
        torch.cuda.set_device(place.device)
    if ranks == 1:
        yield place
        return
    distributed.init_process_group("nccl" if place.device.type == "cuda" else "gloo")
    try:
        yield place
    finally:
        distributed.destroy_process_group()


def from_first[T](make: Callable[[], T]) -> T:
    """What ``make`` returns on rank 0, on all ranks; the others do not call it."""
    if not several():
        return make()
    made: list[Any] = [make() if distributed.get_rank() == 0 else None]
    distributed.broadcast_object_list(made)
    first: T = made[0]
    return first
