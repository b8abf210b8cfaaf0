"""Samples of 16 bits as two numbers of eight, for networks that predict one after the other (Kalchbrenner, 2018)."""

import torch
from torch import Tensor

__all__ = ["LEVELS", "amplitude", "combine", "scaled", "split"]

LEVELS = 256  # of each of the two numbers
HALF = 1 << 15


def split(samples: Tensor) -> Tensor:
    """Integer samples of 16 bits, (...), as their coarse and their fine number, (..., 2) int64.

    >>> split(torch.tensor([-32768, 0, 32767])).tolist()
    [[0, 0], [128, 0], [255, 255]]
    """
    shifted = samples.long() + HALF
    return torch.stack([shifted >> 8, shifted & 255], dim=-1)


def combine(numbers: Tensor) -> Tensor:
    """The samples of their two numbers, (..., 2) -> (...) int64.

    >>> combine(torch.tensor([128, 1]))
    tensor(1)
    """
    return LEVELS * numbers[..., 0] + numbers[..., 1] - HALF


def scaled(numbers: Tensor) -> Tensor:
    """Coarse or fine numbers between -1 and 1, as networks read them; any shape."""
    return numbers.float() / 127.5 - 1


def amplitude(samples: Tensor) -> Tensor:
    """Integer samples of 16 bits between -1 and 1; any shape."""
    return (samples.float() + 0.5) / 32767.5
