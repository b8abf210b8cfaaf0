"""HiFi-GAN's critics: of the samples at every p-th place, and of the wave at several rates (Kong et al., 2020)."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from unitvoice.nn.gan_losses import Judgement
from unitvoice.nn.initialisation import weight_normed

__all__ = ["PeriodCritic", "ScaleCritic", "WaveCritics"]

SLOPE = 0.1  # of leaky rectifiers
STRIDES, GROUPS = (2, 2, 4, 4, 1), (4, 16, 16, 16, 16)  # of a critic of one rate
HALVED = 4  # taps of the mean that halves the rate


class Critic(nn.Module):
    """Convolutions with a leaky rectifier after each but the last; all that they give are features, also the score."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def _judged(self, x: Tensor) -> Judgement:
        features = []
        for layer in self.layers[:-1]:
            x = F.leaky_relu(layer(x), SLOPE)
            features.append(x)
        score = self.layers[-1](x)
        return Judgement([*features, score], score)


class PeriodCritic(Critic):
    """Hears a wave as rows of ``period`` samples, and each column for itself.

    Args:
        period: samples.
        channels: of the first layer; the next ones have four times as many each, up to ``widest``.
        widest: see above.

    Shape:
        input (B, N), N at least ``period``.
    """

    def __init__(self, period: int, channels: int = 32, widest: int = 1024) -> None:
        widths = [1, *(min(channels * 4**number, widest) for number in range(4))]
        lowering = [nn.Conv2d(before, after, (5, 1), (3, 1), (2, 0)) for before, after in pairwise(widths)]
        late = nn.Conv2d(widths[-1], widths[-1], (5, 1), padding=(2, 0))
        super().__init__(*lowering, late, nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0)))
        self.period = period
        weight_normed(self)

    def forward(self, wave: Tensor) -> Judgement:
        """Judge; the wave is reflected at its end up to a whole row."""
        whole = F.pad(wave[:, None], (0, -wave.shape[-1] % self.period), mode="reflect")
        return self._judged(whole.unflatten(-1, (-1, self.period)))


class ScaleCritic(Critic):
    """Strided convolutions in groups over a wave.

    Args:
        channels: of the first two layers; later ones have up to eight times as many.
        spectral: whether weights are divided by their largest singular value (Miyato et al., 2018), instead of being
            parted into lengths and directions.

    Shape:
        input (B, N).
    """

    def __init__(self, channels: int = 128, *, spectral: bool = False) -> None:
        widths = [channels * times for times in (1, 1, 2, 4, 8, 8)]
        grouped = [
            nn.Conv1d(before, after, 41, stride, 20, groups=math.gcd(groups, before))
            for (before, after), stride, groups in zip(pairwise(widths), STRIDES, GROUPS, strict=True)
        ]
        late = nn.Conv1d(widths[-1], widths[-1], 5, padding=2)
        super().__init__(nn.Conv1d(1, channels, 15, padding=7), *grouped, late, nn.Conv1d(widths[-1], 1, 3, padding=1))
        if spectral:
            for layer in self.layers:
                parametrizations.spectral_norm(layer)
        else:
            weight_normed(self)

    def forward(self, wave: Tensor) -> Judgement:
        """Judge."""
        return self._judged(wave[:, None])


class WaveCritics(nn.Module):
    """A critic for each period, and critics of the wave itself and of what is left of it at half the rate, and so on.

    Args:
        periods: samples.
        scales: how many rates; the weights of the first critic are normalised by their spectrum.
        period_channels, widest: see :class:`PeriodCritic`.
        scale_channels: see :class:`ScaleCritic`.

    Shape:
        input (B, N).

    >>> import torch
    >>> critics = WaveCritics((2, 3), scales=1, period_channels=2, widest=8, scale_channels=4)
    >>> [judgement.score.shape for judgement in critics(torch.zeros(1, 1024))]
    [torch.Size([1, 1, 7, 2]), torch.Size([1, 1, 5, 3]), torch.Size([1, 1, 16])]
    """

    def __init__(
        self,
        periods: Sequence[int] = (2, 3, 5, 7, 11),
        scales: int = 3,
        *,
        period_channels: int = 32,
        widest: int = 1024,
        scale_channels: int = 128,
    ) -> None:
        super().__init__()
        self.by_period = nn.ModuleList(PeriodCritic(period, period_channels, widest) for period in periods)
        self.by_scale = nn.ModuleList(ScaleCritic(scale_channels, spectral=number == 0) for number in range(scales))
        self.halved = nn.AvgPool1d(HALVED, stride=2, padding=HALVED // 2)

    def forward(self, wave: Tensor) -> list[Judgement]:
        """Judge waves, those by period first."""
        judgements = [critic(wave) for critic in self.by_period]
        for number, critic in enumerate(self.by_scale):
            wave = self.halved(wave) if number else wave
            judgements.append(critic(wave))
        return judgements
