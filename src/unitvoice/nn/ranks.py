"""Sums and frames over all ranks of torch.distributed; without it, everything stays as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, distributed

__all__ = ["agreed", "alone", "differentiable_total", "gathered", "rank", "several", "total"]

_ALONE = ContextVar("_ALONE", default=False)


@contextmanager
def alone() -> Iterator[None]:
    """Within the block a rank acts as if there were no other: for what all of them compute from the same data."""
    token = _ALONE.set(True)
    try:
        yield
    finally:
        _ALONE.reset(token)


def several() -> bool:
    """Whether there are other ranks to agree with."""
    if not (distributed.is_available() and distributed.is_initialized()) or _ALONE.get():
        return False
    return distributed.get_world_size() > 1


def rank() -> int:
    """Number of this process, 0 without torch.distributed."""
    return distributed.get_rank() if several() else 0


def total(values: Tensor) -> Tensor:
    """Sum of equally shaped tensors over the ranks."""
    if several():
        values = values.clone()
        distributed.all_reduce(values)
    return values


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:  # noqa: ANN401 - torch's context object
        return total(values)

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401 - torch's context object
        return total(gradients[0].contiguous())


def differentiable_total(values: Tensor) -> Tensor:
    """:func:`total` with a gradient: a value counts in the losses of all ranks."""
    if not several():
        return values
    summed: Tensor = _Total.apply(values)  # type: ignore[no-untyped-call]
    return summed


def agreed(values: Tensor) -> Tensor:
    """The tensor of rank 0, on all ranks; the shapes are equal."""
    if several():
        values = values.clone()
        distributed.broadcast(values, src=0)
    return values


def gathered(frames: Tensor) -> Tensor:
    """Frames of all ranks, in their order: (N_rank, D) -> (sum of N, D)."""
    if not several():
        return frames
    ranks = distributed.get_world_size()
    length = torch.tensor([len(frames)], device=frames.device)
    lengths = [torch.zeros_like(length) for _ in range(ranks)]
    distributed.all_gather(lengths, length)
    longest = max(int(one) for one in lengths)
    padded = frames.new_zeros(longest, frames.shape[1])
    padded[: len(frames)] = frames
    pools = [torch.zeros_like(padded) for _ in range(ranks)]
    distributed.all_gather(pools, padded)
    return torch.cat([pool[: int(one)] for pool, one in zip(pools, lengths, strict=True)])
