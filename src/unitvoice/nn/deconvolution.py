"""A strided encoder of frames, after Chorowski et al. (2019), and a decoder of transposed convolutions."""

from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["DeconvolutionDecoder", "PreactivatedStack", "StridedEncoder"]


class PreactivatedStack(nn.Module):
    """Residual blocks of two rectified convolutions without bias, kernels 3 and 1, and a rectifier after the last.

    Shape:
        input and output (B, channels, T).
    """

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(),
                nn.Conv1d(channels, channels, 3, padding=1, bias=False),
                nn.ReLU(),
                nn.Conv1d(channels, channels, 1, bias=False),
            )
            for _ in range(blocks)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply the blocks one after the other."""
        for block in self.blocks:
            x = x + block(x)
        return F.relu(x)


class StridedEncoder(nn.Module):
    """Convolutions over frames that halve their rate: latent m is centred between the frames 2m - 1 and 2m.

    Args:
        inputs: values per frame.
        channels: of all layers.
        blocks: of the residual stack at the end.

    Shape:
        input (B, inputs, T), output (B, channels, T // 2 + 1).

    >>> import torch
    >>> StridedEncoder(39, 8, blocks=2)(torch.zeros(1, 39, 47)).shape
    torch.Size([1, 8, 24])
    """

    def __init__(self, inputs: int, channels: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(inputs, channels, 3, padding=1)
        self.second = nn.Conv1d(channels, channels, 3, padding=1)
        self.halving = nn.Conv1d(channels, channels, 4, stride=2, padding=2)
        self.after = nn.ModuleList(nn.Conv1d(channels, channels, 3, padding=1) for _ in range(2))
        self.stack = PreactivatedStack(channels, blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Encode."""
        x = F.relu(self.first(x))
        x = F.relu(self.second(x)) + x
        x = F.relu(self.halving(x))
        for layer in self.after:
            x = F.relu(layer(x)) + x
        encoded: Tensor = self.stack(x) + x
        return encoded


class DeconvolutionDecoder(nn.Module):
    """Latents of :class:`StridedEncoder` back to frames, all at once.

    Its last layers widen the sequence by some frames. They are cut off on both sides, so that each frame keeps its
    place in time; the original cuts at the end alone, and its decoder has to learn to be 2.5 frames late.

    Args:
        inputs: values per latent.
        channels: of all layers.
        outputs: values per frame.
        blocks: of the residual stack.

    >>> import torch
    >>> DeconvolutionDecoder(64, 8, 39, blocks=2)(torch.zeros(1, 64, 24), frames=47).shape
    torch.Size([1, 39, 47])
    """

    BEFORE = 2  # frames that are cut off at the beginning

    def __init__(self, inputs: int, channels: int, outputs: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(inputs, channels, 3, padding=1)
        self.stack = PreactivatedStack(channels, blocks)
        self.second = nn.ConvTranspose1d(channels, channels, 3, padding=1)
        self.third = nn.ConvTranspose1d(channels, channels, 3)
        self.last = nn.ConvTranspose1d(channels, outputs, 2)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """(B, inputs, T) latents to (B, outputs, frames), of which there are 2 T + 1 at most."""
        x = self.stack(self.first(x).repeat_interleave(2, dim=-1))
        widened: Tensor = self.last(F.relu(self.third(F.relu(self.second(x)))))
        return widened[..., self.BEFORE : self.BEFORE + frames]
