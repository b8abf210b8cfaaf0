"""MelGAN: a generator that speaks a whole wave at once, and its critics (Kumar et al., 2019)."""

import math
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.nn.gan_losses import Judgement
from unitvoice.nn.initialisation import weight_normed

__all__ = ["Critic", "Critics", "Generator"]

SLOPE = 0.2  # of leaky rectifiers
ENDS = 7  # taps of the generator's first and last convolution
FIRST, LATE = 15, 5  # taps of a critic's first convolution, and of the one after those that lower the rate


class ReflectedConv1d(nn.Conv1d):
    """A convolution that keeps the length: the signal is reflected at its ends or, where it is too short, held."""

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, dilation=dilation)
        self.reach = dilation * (kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T) to (B, outputs, T)."""
        mode = "reflect" if x.shape[-1] > self.reach else "replicate"
        return super().forward(F.pad(x, (self.reach, self.reach), mode=mode))


class ResidualBlock(nn.Module):
    """A dilated convolution of kernel 3 and one of kernel 1, added to a linear map of the input.

    Shape:
        input and output (B, channels, T).
    """

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.shortcut = nn.Conv1d(channels, channels, 1)
        self.block = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            ReflectedConv1d(channels, channels, 3, dilation),
            nn.LeakyReLU(SLOPE),
            nn.Conv1d(channels, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        mapped: Tensor = self.shortcut(x) + self.block(x)
        return mapped


class Generator(nn.Module):
    """Vectors to samples, by transposed convolutions with dilated residual blocks in between.

    All weights are normalised. They begin as torch draws them: the draws of the original have no effect on normalised
    weights, and with the variance of rectifiers the sums of the blocks would saturate the last tanh.

    Args:
        inputs: values per vector.
        channels: at the rate of samples; twice as many at each rate below.
        ratios: of the rates, from that of the vectors on; their product is the samples per vector.
        blocks: residual blocks at each rate, with dilations 1, 3, 9, ...

    Shape:
        input (B, inputs, T); output (B, T * hop), between -1 and 1.

    >>> import torch
    >>> Generator(6, channels=2, ratios=(4, 2))(torch.zeros(1, 6, 5)).shape
    torch.Size([1, 40])
    """

    def __init__(
        self, inputs: int, *, channels: int = 32, ratios: Sequence[int] = (8, 8, 4, 2, 2), blocks: int = 3
    ) -> None:
        super().__init__()
        self.hop = math.prod(ratios)
        width = channels * 2 ** len(ratios)
        layers: list[nn.Module] = [ReflectedConv1d(inputs, width, ENDS)]
        for ratio in ratios:
            padding, odd = ratio // 2 + ratio % 2, ratio % 2
            layers += [nn.LeakyReLU(SLOPE), nn.ConvTranspose1d(width, width // 2, 2 * ratio, ratio, padding, odd)]
            width //= 2
            layers += [ResidualBlock(width, 3**block) for block in range(blocks)]
        layers += [nn.LeakyReLU(SLOPE), ReflectedConv1d(channels, 1, ENDS), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        weight_normed(self)
        self._reach = ENDS // 2
        for ratio in reversed(ratios):
            self._reach += sum(3**block for block in range(blocks))
            self._reach = math.ceil(self._reach / ratio) + 1  # a sample comes of two vectors, one on either side
        self._reach += ENDS // 2

    @property
    def reach(self) -> int:
        """Vectors on each side of its own that a sample depends on, at most."""
        return self._reach

    def forward(self, x: Tensor) -> Tensor:
        """Speak."""
        wave: Tensor = self.layers(x)[:, 0]
        return wave


class Critic(nn.Module):
    """Strided convolutions in groups over a wave: tells recordings from what a generator speaks.

    Args:
        channels: of the first layer; the next ones have four times as many each, up to ``widest``.
        widest: see above.
        layers: that lower the rate, by 4 each.

    Shape:
        input (B, 1, N). The features are those of all layers but the last.
    """

    RATIO = 4

    def __init__(self, channels: int = 16, widest: int = 1024, layers: int = 4) -> None:
        super().__init__()
        parts: list[nn.Module] = [ReflectedConv1d(1, channels, FIRST)]
        for _ in range(layers):
            wider = min(channels * self.RATIO, widest)
            taps, groups = 10 * self.RATIO + 1, max(channels // 4, 1)
            parts.append(nn.Conv1d(channels, wider, taps, self.RATIO, taps // 2, groups=groups))
            channels = wider
        wider = min(2 * channels, widest)
        parts.append(nn.Conv1d(channels, wider, LATE, padding=LATE // 2))
        self.parts = nn.ModuleList(nn.Sequential(part, nn.LeakyReLU(SLOPE)) for part in parts)
        self.last = nn.Conv1d(wider, 1, 3, padding=1)
        weight_normed(self)

    def forward(self, x: Tensor) -> Judgement:
        """Judge."""
        features = []
        for part in self.parts:
            x = part(x)
            features.append(x)
        return Judgement(features, self.last(x))


class Critics(nn.Module):
    """Critics of the wave itself and of what is left of it at half the rate, a quarter, and so on.

    Args:
        scales: how many critics.
        channels, widest, layers: see :class:`Critic`.

    >>> import torch
    >>> judgements = Critics(scales=2, channels=4, widest=16)(torch.zeros(1, 4096))
    >>> [judgement.score.shape[-1] for judgement in judgements]
    [16, 8]
    """

    def __init__(self, scales: int = 3, channels: int = 16, widest: int = 1024, layers: int = 4) -> None:
        super().__init__()
        self.critics = nn.ModuleList(Critic(channels, widest, layers) for _ in range(scales))
        self.halved = nn.AvgPool1d(4, stride=2, padding=1, count_include_pad=False)

    def forward(self, wave: Tensor) -> list[Judgement]:
        """Judge waves, (B, N), at each rate."""
        judgements, x = [], wave[:, None]
        for number, critic in enumerate(self.critics):
            x = self.halved(x) if number else x
            judgements.append(critic(x))
        return judgements
