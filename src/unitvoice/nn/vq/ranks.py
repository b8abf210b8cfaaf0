"""Sums and frames over all ranks of torch.distributed; without it, everything stays as it is."""

import torch
from torch import Tensor, distributed

__all__ = ["agreed", "gathered", "rank", "total"]


def _several() -> bool:
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1


def rank() -> int:
    """Number of this process, 0 without torch.distributed."""
    return distributed.get_rank() if _several() else 0


def total(values: Tensor) -> Tensor:
    """Sum of equally shaped tensors over the ranks."""
    if _several():
        values = values.clone()
        distributed.all_reduce(values)
    return values


def agreed(values: Tensor) -> Tensor:
    """The tensor of rank 0, on all ranks; the shapes are equal."""
    if _several():
        values = values.clone()
        distributed.broadcast(values, src=0)
    return values


def gathered(frames: Tensor) -> Tensor:
    """Frames of all ranks, in their order: (N_rank, D) -> (sum of N, D)."""
    if not _several():
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
