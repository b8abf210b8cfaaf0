"""HiFi-GAN's generator: vectors to a wave through convolutions of several fields at each rate (Kong et al., 2020)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.nn.initialisation import normal, weight_normed

__all__ = ["Generator", "ResidualBlock"]

SLOPE, LAST_SLOPE = 0.1, 0.01  # of leaky rectifiers, and of the last one
ENDS = 7  # taps of the first and last convolution


class ResidualBlock(nn.Module):
    """For each dilation a dilated and a plain convolution, each after a leaky rectifier, added to what came in.

    Shape:
        input and output (B, channels, T).
    """

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.dilated, self.plain = (
            nn.ModuleList(nn.Conv1d(channels, channels, kernel, dilation=one, padding="same") for one in some)
            for some in (dilations, [1] * len(dilations))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        for dilated, plain in zip(self.dilated, self.plain, strict=True):
            x = x + plain(F.leaky_relu(dilated(F.leaky_relu(x, SLOPE)), SLOPE))
        return x


class Stage(nn.Module):
    """A leaky rectifier, a transposed convolution, and the mean of residual blocks of several kernels.

    Shape:
        input (B, channels, T); output (B, channels // 2, T * ratio).
    """

    def __init__(self, channels: int, ratio: int, kernels: Sequence[int], dilations: Sequence[int]) -> None:
        super().__init__()
        odd = ratio % 2
        self.raised = nn.ConvTranspose1d(channels, channels // 2, 2 * ratio + odd, ratio, (ratio + odd) // 2)
        self.blocks = nn.ModuleList(ResidualBlock(channels // 2, kernel, dilations) for kernel in kernels)

    def forward(self, x: Tensor) -> Tensor:
        """Raise the rate."""
        x = self.raised(F.leaky_relu(x, SLOPE))
        mean: Tensor = torch.stack([block(x) for block in self.blocks]).mean(dim=0)
        return mean


class Generator(nn.Module):
    """Vectors to samples; all weights are normalised.

    Args:
        inputs: values per vector.
        channels: at the rate of the vectors; half as many after each ratio.
        ratios: of the rates, from that of the vectors on; their product is the samples per vector.
        kernels: of the residual blocks, whose mean is taken.
        dilations: within each block.
        deviation: of the normal distribution that weights are drawn from; None leaves them as torch draws them, which
            is what the 0.01 of the original comes to, as its draws have no effect on normalised weights.

    Shape:
        input (B, inputs, T); output (B, T * hop), between -1 and 1.

    Raises:
        ValueError: the channels cannot be halved so often.

    >>> Generator(6, channels=8, ratios=(5, 2))(torch.zeros(1, 6, 3)).shape
    torch.Size([1, 30])
    """

    def __init__(
        self,
        inputs: int,
        *,
        channels: int = 512,
        ratios: Sequence[int] = (5, 4, 4, 2, 2),
        kernels: Sequence[int] = (3, 7, 11),
        dilations: Sequence[int] = (1, 3, 5),
        deviation: float | None = None,
    ) -> None:
        super().__init__()
        if channels % 2 ** len(ratios):
            raise ValueError(f"{channels} channels cannot be halved {len(ratios)} times, once for each ratio")
        self.hop = math.prod(ratios)
        self.first = nn.Conv1d(inputs, channels, ENDS, padding="same")
        self.stages = nn.Sequential(
            *(Stage(channels // 2**number, ratio, kernels, dilations) for number, ratio in enumerate(ratios))
        )
        self.last = nn.Conv1d(channels // 2 ** len(ratios), 1, ENDS, padding="same")
        if deviation is not None:
            normal(self, deviation)
        weight_normed(self)
        around = max(kernels, default=1) // 2 * (sum(dilations) + len(dilations))
        self.reach = ENDS // 2 + _lowered(ENDS // 2, ratios, around)

    def forward(self, x: Tensor) -> Tensor:
        """Speak."""
        wave: Tensor = self.last(F.leaky_relu(self.stages(self.first(x)), LAST_SLOPE)).tanh()[:, 0]
        return wave


def _lowered(reach: int, ratios: Sequence[int], around: int) -> int:
    """Vectors on each side of its own that a sample depends on, at most, given how many samples of the last stage.

    With padding p, vector i of a stage reaches samples i * ratio - p to i * ratio - p + kernel - 1.
    """
    for ratio in reversed(ratios):
        kernel, padding = 2 * ratio + ratio % 2, (ratio + ratio % 2) // 2
        before = (reach + around + kernel - 1 - padding) // ratio
        after = (ratio - 1 + reach + around + padding) // ratio
        reach = max(before, after)
    return reach
