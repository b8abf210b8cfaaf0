"""Frames from units in a voice, all at once: a quick teacher beside a decoder that learns slowly."""

import torch
from torch import Tensor, nn

from unitvoice.nn.convolutions import ResidualStack, conv_norm_relu

__all__ = ["FrameGuide"]


class FrameGuide(nn.Module):
    """Convolutions over units, then over the frames that they last for.

    Args:
        inputs: values per unit.
        voice: values of a voice, E.
        outputs: values per frame.
        stride: frames per unit.
        channels: of all layers.

    Shape:
        input (B, inputs, U) and (B, E); output (B, outputs, U * stride).

    >>> import torch
    >>> FrameGuide(8, 2, 80, stride=4)(torch.zeros(1, 8, 5), torch.zeros(1, 2)).shape
    torch.Size([1, 80, 20])
    """

    def __init__(self, inputs: int, voice: int, outputs: int, *, stride: int, channels: int = 96) -> None:
        super().__init__()
        self.enter = nn.Sequential(conv_norm_relu(inputs + voice, channels, 3), ResidualStack(channels, 2))
        self.upsampled = nn.ConvTranspose1d(channels, channels, 2 * stride, stride, stride // 2)
        self.last = nn.Sequential(nn.ReLU(), ResidualStack(channels, 1), nn.Conv1d(channels, outputs, 3, padding=1))

    def forward(self, x: Tensor, voice: Tensor) -> Tensor:
        """Decode."""
        units = x.shape[-1]
        spread = voice[..., None].expand(-1, -1, units)
        decoded: Tensor = self.last(self.upsampled(self.enter(torch.cat([x, spread], dim=1))))
        return decoded
