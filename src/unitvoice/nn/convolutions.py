"""Convolutional stacks over (batch, channels, time)."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from unitvoice.nn.normalisation import BatchNorm1d

__all__ = ["PreactivatedBlock", "ResidualStack", "conv_norm_relu", "halving", "settling"]


def conv_norm_relu(
    inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int | None = None
) -> nn.Sequential:
    """A convolution without bias, batch normalisation and a rectifier.

    Shape:
        input (B, inputs, T); output (B, outputs, T) for stride 1 and an odd kernel.
    """
    padding = kernel // 2 if padding is None else padding
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, kernel, stride, padding, bias=False), BatchNorm1d(outputs), nn.ReLU()
    )


class ResidualStack(nn.Module):
    """Blocks of convolution, batch normalisation and rectifier, each added to its input.

    Shape:
        input and output (B, channels, T).

    >>> import torch
    >>> ResidualStack(8, layers=2)(torch.zeros(1, 8, 5)).shape
    torch.Size([1, 8, 5])
    """

    def __init__(self, channels: int, layers: int, kernel: int = 3) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(conv_norm_relu(channels, channels, kernel) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the blocks one after the other."""
        for block in self.blocks:
            x = x + block(x)
        return x


class PreactivatedBlock(nn.Module):
    """Two rectified convolutions of kernel 3 with batch normalisation after each, added to the input.

    Shape:
        input and output (B, channels, T).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        parts = ([nn.LeakyReLU(), nn.Conv1d(channels, channels, 3, padding=1), BatchNorm1d(channels)] for _ in "12")
        self.block = nn.Sequential(*(layer for part in parts for layer in part))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        added: Tensor = x + self.block(x)
        return added


def halving(inputs: int, outputs: int) -> nn.Sequential:
    """A convolution that halves the rate, with batch normalisation and a leaky rectifier.

    Shape:
        input (B, inputs, T); output (B, outputs, T // 2).
    """
    return nn.Sequential(nn.Conv1d(inputs, outputs, 4, stride=2, padding=1), BatchNorm1d(outputs), nn.LeakyReLU())


@contextmanager
def settling(module: nn.Module) -> Iterator[None]:
    """Within the block the running statistics of batch normalisation are those of the last batch alone.

    They start at zero and one and move slowly, so that a network in evaluation mode would see its first data wrongly.
    """
    norms = [part for part in module.modules() if isinstance(part, BatchNorm1d)]
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    yield
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum
