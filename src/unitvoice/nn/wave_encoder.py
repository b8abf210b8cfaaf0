"""An encoder of raw waves."""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from unitvoice.nn.gated_convolution import GatedConvolution
from unitvoice.nn.normalisation import BatchNorm1d

__all__ = ["WaveEncoder"]


class WaveEncoder(nn.Module):
    """Strided gated convolutions without padding, each added to its input (mkotha/WaveRNN, 2019).

    Vector j sees the samples from ``stride * j`` to ``stride * j + field - 1``.

    Args:
        channels: of all layers.
        outputs: values per vector.
        strides: of the layers.
        normalised: whether the layers and the result are normalised over the batch.

    Shape:
        input (B, T), T at least :attr:`field`; output (B, (T - field) // stride + 1, outputs).

    >>> import torch
    >>> WaveEncoder(8, 16, (2, 2, 1))(torch.zeros(1, 26)).shape
    torch.Size([1, 2, 16])
    """

    def __init__(self, channels: int, outputs: int, strides: Sequence[int], *, normalised: bool = False) -> None:
        super().__init__()
        inputs = [1] + [channels] * (len(strides) - 1)
        self.layers = nn.ModuleList(
            GatedConvolution(given, channels, stride, normalised=normalised)
            for given, stride in zip(inputs, strides, strict=True)
        )
        self.mixes = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in strides)
        # the bias of the last is not zero, as a zero vector has no place on a sphere
        self.last = nn.Sequential(nn.Conv1d(channels, channels, 1), nn.ReLU(), nn.Conv1d(channels, outputs, 1))
        self.normalise = BatchNorm1d(outputs, affine=False) if normalised else nn.Identity()
        for mix in (*self.mixes, self.last[0]):
            nn.init.zeros_(mix.bias)
        jumps = [math.prod(strides[:place]) for place in range(len(strides))]
        self.stride = math.prod(strides)
        self.field = 1 + (GatedConvolution.KERNEL - 1) * sum(jumps)

    def forward(self, wave: Tensor) -> Tensor:
        """Encode."""
        x = wave[:, None]
        for place, (layer, mix) in enumerate(zip(self.layers, self.mixes, strict=True)):
            made = mix(layer(x))
            # what is added is the newest of what the layer sees
            x = (
                made
                if place == 0
                else made + x[..., GatedConvolution.KERNEL - 1 :: layer.stride][..., : made.shape[-1]]
            )
        encoded: Tensor = self.normalise(self.last(x)).mT
        return encoded
