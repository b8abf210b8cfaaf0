"""Conditions at the rate of samples from vectors at the rate of units."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.nn.initialisation import weight_normed

__all__ = ["RepeatingUpsampler", "SmoothingUpsampler", "Upsampler"]


class Upsampler(nn.Module):
    """``hop`` conditions of C values for each vector, in two parts.

    All conditions of a vector are weighted sums of a few rows, its window: what is linear in the conditions can be
    computed of the rows, of which there are fewer. An upsampler that is not of this kind has its conditions as
    rows.
    """

    hop: int  # conditions per vector
    width: int  # values per condition, C

    def windows(self, vectors: Tensor) -> Tensor:
        """The rows that the conditions of each vector are mixed of, (B, U, D) -> (B, U, J, C)."""
        raise NotImplementedError

    def taps(self) -> Tensor:
        """Weight of each row in each condition of a vector, (hop, J)."""
        raise NotImplementedError

    def mix(self, windows: Tensor) -> Tensor:
        """Conditions from windows, or anything linear in these, (B, U, J, X) -> (B, X, U * hop)."""
        return (windows.permute(0, 3, 1, 2) @ self.taps().T.to(windows.dtype)).flatten(2)

    def forward(self, vectors: Tensor) -> Tensor:
        """(B, U, D) vectors to (B, C, U * hop) conditions."""
        return self.mix(self.windows(vectors))


class SmoothingUpsampler(Upsampler):
    """Each value is held, then smoothed by a learned filter, scale after scale (Yamamoto's WaveNet vocoder).

    The filters are the same for all channels, and so the chain is one linear map of a vector and its neighbours. The
    first and the last vector are held beyond the ends, so that a constant stays constant up to there.

    Args:
        width: values per vector, C.
        scales: factors of the rate, whose product is ``hop``; a filter has 2 s + 1 taps and begins as their mean.
        normalised: whether the weights are of unit norm times a learned one.

    Raises:
        ValueError: a scale is below 2, which makes a vector reach further than its window.

    >>> SmoothingUpsampler(8, (4, 5))(torch.zeros(1, 3, 8)).shape
    torch.Size([1, 8, 60])
    """

    REACH = 2  # neighbours on each side: 1 + 1/2 + 1/4 + ... vectors at most

    def __init__(self, width: int, scales: Sequence[int], *, normalised: bool = True) -> None:
        super().__init__()
        if min(scales, default=0) < 2:  # noqa: PLR2004
            raise ValueError(f"the scales {tuple(scales)} of an upsampler must be 2 or more")
        self.width, self.hop, self.scales = width, math.prod(scales), tuple(scales)
        self.enter = nn.Conv1d(width, width, 1, bias=False)
        self.filters = nn.ModuleList(nn.Conv1d(1, 1, 2 * scale + 1, padding=scale, bias=False) for scale in scales)
        for smooth in self.filters.parameters():
            nn.init.constant_(smooth, 1 / smooth.numel())
        if normalised:
            weight_normed(self)

    def windows(self, vectors: Tensor) -> Tensor:
        """See :class:`Upsampler`: each vector and its neighbours, (B, U, 5, C)."""
        held = F.pad(self.enter(vectors.mT), (self.REACH, self.REACH), mode="replicate")
        return held.unfold(2, 2 * self.REACH + 1, 1).permute(0, 2, 3, 1)

    def taps(self) -> Tensor:
        """See :class:`Upsampler`: the response of the filters to each place of the window."""
        size = 2 * self.REACH + 1
        response = torch.eye(size, device=self.enter.weight.device)[:, None]
        for scale, smooth in zip(self.scales, self.filters, strict=True):
            response = smooth(response.repeat_interleave(scale, dim=-1))
        return response[:, 0, self.REACH * self.hop : (self.REACH + 1) * self.hop].T


class RepeatingUpsampler(Upsampler):
    """Each value is held, then smoothed by a learned filter of seven taps, scale after scale (mkotha/WaveRNN, 2019).

    The filters are the same for all channels. They reach no further than the neighbours of a vector; the first and the
    last vector are held beyond the ends.

    Args:
        width: values per vector, C.
        scales: factors of the rate, whose product is ``hop``.

    Raises:
        ValueError: the scales are so small that a filter reaches further.

    >>> RepeatingUpsampler(8, (4, 4, 4))(torch.zeros(1, 3, 8)).shape
    torch.Size([1, 8, 192])
    """

    TAPS = 7

    def __init__(self, width: int, scales: Sequence[int]) -> None:
        super().__init__()
        self.width, self.hop, self.scales = width, math.prod(scales), tuple(scales)
        self.filters = nn.ModuleList(nn.Conv1d(1, 1, self.TAPS) for _ in scales)
        for name, parameter in self.filters.named_parameters():
            nn.init.constant_(parameter, 1 / self.TAPS if name.endswith("weight") else 0.0)
        # what the filters take off each side of three vectors
        lost = self.TAPS // 2 * sum(math.prod(scales[place + 1 :]) for place in range(len(scales)))
        if lost > self.hop:
            raise ValueError(f"the scales {self.scales} are too small for filters of {self.TAPS} taps")

    def windows(self, vectors: Tensor) -> Tensor:
        """See :class:`Upsampler`: each vector between its neighbours, and ones for the biases, (B, U, 4, C)."""
        held = F.pad(vectors.mT, (1, 1), mode="replicate").unfold(2, 3, 1).permute(0, 2, 3, 1)
        return torch.cat([held, torch.ones_like(held[:, :, :1])], dim=2)

    def taps(self) -> Tensor:
        """See :class:`Upsampler`: the response of the filters to each place of the window."""
        device = next(self.parameters()).device
        # to each of three vectors alone, and to none of them
        response = torch.eye(4, 3, device=device)[:, None]
        for scale, smooth in zip(self.scales, self.filters, strict=True):
            response = smooth(response.repeat_interleave(scale, dim=-1))
        edge = (response.shape[-1] - self.hop) // 2
        middle = response[:, 0, edge : edge + self.hop]
        return torch.cat([middle[:3] - middle[3:], middle[3:]]).T
