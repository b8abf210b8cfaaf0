"""First weights of convolutions, and weight normalisation, as options of any network."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

__all__ = ["kaiming", "normal", "weight_normed"]

type Convolution = nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d


def kaiming(module: nn.Module) -> None:
    """Draw the weights of all convolutions anew from He's normal distribution (2015): variance 2 / fan-in."""
    for part in _convolutions(module):
        # the weight of a transposed convolution has its inputs first
        mode: Literal["fan_in", "fan_out"] = "fan_out" if isinstance(part, nn.ConvTranspose1d) else "fan_in"
        _draw(part, partial(nn.init.kaiming_normal_, mode=mode, nonlinearity="relu"))


def normal(module: nn.Module, deviation: float) -> None:
    """Draw the weights of all convolutions anew from a normal distribution of mean 0."""
    for part in _convolutions(module):
        _draw(part, partial(nn.init.normal_, std=deviation))


@torch.no_grad()
def _draw(part: Convolution, draw: Callable[[Tensor], Tensor]) -> None:
    """Give a convolution another weight; one that is computed from others is set through these."""
    drawn = draw(torch.empty_like(part.weight))
    if parametrize.is_parametrized(part, "weight"):
        part.weight = drawn
    else:
        part.weight.copy_(drawn)


def weight_normed(module: nn.Module) -> None:
    """Part the weights of all convolutions into a length and a direction for each output (Salimans and Kingma, 2016).

    What the network computes stays the same.
    """
    for part in list(_convolutions(module)):
        parametrizations.weight_norm(part, dim=1 if isinstance(part, nn.ConvTranspose1d) else 0)


def _convolutions(module: nn.Module) -> Iterator[Convolution]:
    return (part for part in module.modules() if isinstance(part, nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d))
