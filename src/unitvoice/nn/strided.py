"""Strided convolutions with dilated residual units, to a lower rate and up again (after Dhariwal et al., 2020)."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["strided_decoder", "strided_encoder"]

DILATIONS = (1, 3, 9, 27)  # of the residual units after a change of rate


class ResidualUnit(nn.Module):
    """A dilated and a pointwise convolution, each after a rectifier, added to the input, (B, channels, T)."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.dilated = nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.pointwise = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the unit."""
        added: Tensor = x + self.pointwise(F.relu(self.dilated(F.relu(x))))
        return added


def strided_encoder(inputs: int, channels: int, outputs: int, strides: Sequence[int]) -> nn.Sequential:
    """For each stride a convolution and four residual units, then a convolution to the width of the output.

    Shape:
        input (B, inputs, T), T a multiple of the product of the strides; output (B, outputs, T / product).

    >>> import torch
    >>> strided_encoder(1, 4, 6, [2, 5])(torch.zeros(1, 1, 30)).shape
    torch.Size([1, 6, 3])
    """
    widths = [inputs, *[channels] * len(strides)]
    lowered = [
        nn.Sequential(nn.Conv1d(before, channels, *_taps(stride)), *_units(channels))
        for before, stride in zip(widths, strides, strict=False)
    ]
    return nn.Sequential(*lowered, nn.Conv1d(channels, outputs, 3, padding=1))


def strided_decoder(inputs: int, channels: int, outputs: int, strides: Sequence[int]) -> nn.Sequential:
    """The way back: a convolution, for each stride four residual units and a transposed convolution, a convolution.

    The last transposed convolution gives as many channels as there were inputs.

    Shape:
        input (B, inputs, T); output (B, outputs, T * product of the strides).

    >>> import torch
    >>> strided_decoder(6, 4, 1, [5, 2])(torch.zeros(1, 6, 3)).shape
    torch.Size([1, 1, 30])
    """
    widths = [*[channels] * (len(strides) - 1), inputs]
    raised = [
        nn.Sequential(*_units(channels), nn.ConvTranspose1d(channels, after, *_taps(stride)))
        for after, stride in zip(widths, strides, strict=True)
    ]
    return nn.Sequential(nn.Conv1d(inputs, channels, 3, padding=1), *raised, nn.Conv1d(inputs, outputs, 3, padding=1))


def _taps(stride: int) -> tuple[int, int, int]:
    """Kernel, stride and padding of a convolution that changes the rate by a whole number."""
    odd = stride % 2
    return 2 * stride + odd, stride, (stride + odd) // 2


def _units(channels: int) -> list[nn.Module]:
    return [ResidualUnit(channels, dilation) for dilation in DILATIONS]
