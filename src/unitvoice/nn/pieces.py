"""Long inputs through a network piece by piece, so that memory does not grow with their length."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["in_pieces"]


def in_pieces(network: Callable[[Tensor], Tensor], x: Tensor, *, hop: int, reach: int, size: int = 64) -> Tensor:
    """What a convolutional network makes of an input, up to rounding, with no more than a piece of it at a time.

    Args:
        network: (B, C, T) to (B, T * hop).
        x: (B, C, T); T is at least 1.
        hop: samples per vector.
        reach: vectors on each side of its own that a sample depends on.
        size: vectors of a piece, without those on its sides.

    Returns:
        (B, T * hop).

    >>> in_pieces(lambda x: x[:, 0].repeat_interleave(2, -1), torch.tensor([[[1, 2, 3]]]), hop=2, reach=1, size=2)
    tensor([[1, 1, 2, 2, 3, 3]])
    """
    pieces = []
    for first in range(0, x.shape[-1], size):
        begin = max(first - reach, 0)
        spoken = network(x[..., begin : first + size + reach])
        pieces.append(spoken[..., (first - begin) * hop : (first - begin + size) * hop])
    return torch.cat(pieces, dim=-1)
