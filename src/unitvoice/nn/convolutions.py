"""Convolutional stacks over (batch, channels, time)."""

from torch import Tensor, nn

__all__ = ["ResidualStack", "conv_norm_relu"]


def conv_norm_relu(
    inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int | None = None
) -> nn.Sequential:
    """A convolution without bias, batch normalisation and a rectifier.

    Shape:
        input (B, inputs, T); output (B, outputs, T) for stride 1 and an odd kernel.
    """
    padding = kernel // 2 if padding is None else padding
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()
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
