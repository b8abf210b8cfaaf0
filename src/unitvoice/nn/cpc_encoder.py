"""The encoder of contrastive predictive coding on raw speech: strided convolutions and an LSTM."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["CpcEncoder"]

SHAPES = ((10, 5, 3), (8, 4, 2), (4, 2, 1), (4, 2, 1), (4, 2, 1))  # kernel, stride and padding of each convolution
EPSILON = 1e-5


class _ChannelNorm(nn.Module):
    """Mean and (unbiased) variance over the channels of each frame are taken away."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, channels, 1))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) -> (B, C, T)."""
        centred = x - x.mean(dim=1, keepdim=True)
        return centred * torch.rsqrt(x.var(dim=1, keepdim=True) + EPSILON) * self.weight + self.bias


class CpcEncoder(nn.Module):
    """CPC as it was modified for speech by Riviere et al. (2020): one frame in 160 samples.

    Args:
        channels: of the convolutions.
        width: of the LSTM.
        layers: of the LSTM; the result is that of the last.

    >>> CpcEncoder(channels=8, width=6, layers=2)(torch.randn(1, 1600)).shape
    torch.Size([1, 10, 6])
    """

    hop = 160  # samples from frame to frame

    def __init__(self, channels: int, width: int, layers: int) -> None:
        super().__init__()
        sizes = [1] + [channels] * len(SHAPES)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, channels, *shape) for before, shape in zip(sizes, SHAPES, strict=False)
        )
        self.norms = nn.ModuleList(_ChannelNorm(channels) for _ in SHAPES)
        self.lstm = nn.LSTM(channels, width, layers, batch_first=True)

    def forward(self, wave: Tensor) -> Tensor:
        """(B, N) samples at 16 kHz, N a multiple of 160 -> (B, N / 160, width)."""
        return self.contexts(self.convolved(wave))

    def convolved(self, wave: Tensor) -> Tensor:
        """(B, N) -> (B, N / 160, channels); a frame sees less than 160 samples before and after its own."""
        x = wave[:, None]
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.relu(norm(convolution(x)))
        return x.mT

    def contexts(self, frames: Tensor) -> Tensor:
        """(B, T, channels) -> (B, T, width)."""
        contexts: Tensor = self.lstm(frames)[0]
        return contexts
