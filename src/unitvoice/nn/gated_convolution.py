"""Strided convolutions without padding whose outputs are gated, as raw waves are read by."""

from torch import Tensor, nn

from unitvoice.nn.normalisation import BatchNorm1d
from unitvoice.nn.wavenet import gated

__all__ = ["GatedConvolution"]

GAIN = 2.967  # of the first weights, for which the gates keep the scale of what they read


class GatedConvolution(nn.Module):
    """A convolution of four taps, a shift by the voice, and a tanh times a sigmoid (mkotha/WaveRNN, 2019).

    Args:
        inputs: channels that are read.
        channels: of the result.
        stride: places per place of the result.
        voice: values of a voice, E; 0 for a layer without.
        normalised: whether the values before the gates are normalised over the batch.

    Shape:
        input (B, inputs, T) and (B, E); output (B, channels, (T - 4) // stride + 1).

    >>> import torch
    >>> GatedConvolution(1, 8, stride=2)(torch.zeros(1, 1, 10)).shape
    torch.Size([1, 8, 4])
    """

    KERNEL = 4

    def __init__(self, inputs: int, channels: int, stride: int, *, voice: int = 0, normalised: bool = False) -> None:
        super().__init__()
        self.stride = stride
        self.convolution = nn.Conv1d(inputs, 2 * channels, self.KERNEL, stride)
        self.voice = nn.Linear(voice, 2 * channels, bias=False) if voice else None
        self.normalise = BatchNorm1d(2 * channels) if normalised else nn.Identity()
        reach = GAIN / (self.KERNEL * inputs) ** 0.5
        nn.init.uniform_(self.convolution.weight, -reach, reach)
        if self.convolution.bias is not None:
            nn.init.zeros_(self.convolution.bias)

    def forward(self, x: Tensor, voice: Tensor | None = None) -> Tensor:
        """Convolve."""
        gates: Tensor = self.normalise(self.convolution(x))
        if self.voice is not None and voice is not None:
            gates = gates + self.voice(voice)[..., None]
        return gated(gates)
