"""An encoder of single frames: hardly any context, no statistics of the batch."""

from torch import Tensor, nn

__all__ = ["FramewiseEncoder"]


class FramewiseEncoder(nn.Module):
    """One convolution that halves the rate, then layers that see one frame at a time (van Niekerk et al., 2020).

    Frame j of the result sees the four frames 2j - 1 to 2j + 2; zeros stand beyond the ends.

    Args:
        inputs: values per frame, D.
        channels: values per frame between the layers.
        outputs: values per frame of the result.
        layers: hidden layers.

    Shape:
        input (B, T, D); output (B, T // 2, outputs).

    >>> import torch
    >>> FramewiseEncoder(80, 16, 8)(torch.zeros(1, 101, 80)).shape
    torch.Size([1, 50, 8])
    """

    def __init__(self, inputs: int, channels: int, outputs: int, layers: int = 4) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(inputs, channels, 4, stride=2, padding=1, bias=False)
        hidden = [_norm_relu(channels)]
        for _ in range(layers):
            hidden += [nn.Linear(channels, channels, bias=False), _norm_relu(channels)]
        self.layers = nn.Sequential(*hidden, nn.Linear(channels, outputs))

    def forward(self, frames: Tensor) -> Tensor:
        """Encode."""
        encoded: Tensor = self.layers(self.convolution(frames.mT).mT)
        return encoded


def _norm_relu(channels: int) -> nn.Module:
    return nn.Sequential(nn.LayerNorm(channels), nn.ReLU())
