"""How long units last: runs of equal codes, and a predictor of their lengths (Lee et al., 2022)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

__all__ = ["DurationPredictor", "Runs", "collapsed", "fitted", "source_places"]

FEW = 2  # runs of a crop up to which those at its ends count


class Runs(NamedTuple):
    """The runs of equal codes of some sequences, padded with zeros to the most runs."""

    codes: Tensor  # (B, N) int64
    lengths: Tensor  # (B, N) int64; 0 where there is no run

    @property
    def there(self) -> Tensor:
        """Where there is a run, (B, N) bool."""
        return self.lengths > 0

    @property
    def whole(self) -> Tensor:
        """The same without the first and the last run of a crop, which may be cut, where there are more than two."""
        places = torch.arange(self.lengths.shape[1], device=self.lengths.device)
        counts = self.there.sum(dim=1, keepdim=True)
        inner = (places > 0) & (places < counts - 1)
        return torch.where(counts > FEW, inner, self.there)


def collapsed(codes: Tensor) -> Runs:
    """The runs of codes, (B, T) int64.

    >>> collapsed(torch.tensor([[5, 5, 3, 3, 3, 5]]))
    Runs(codes=tensor([[5, 3, 5]]), lengths=tensor([[2, 3, 1]]))
    """
    pairs = [torch.unique_consecutive(row, return_counts=True) for row in codes]
    values, lengths = (pad_sequence(list(parts), batch_first=True) for parts in zip(*pairs, strict=True))
    return Runs(values, lengths)


def fitted(lengths: Tensor, total: int) -> Tensor:
    """Whole lengths, each at least 1, in proportion to others as near as can be, that sum to a total.

    Args:
        lengths: (N,) above 0.
        total: at least N.

    >>> fitted(torch.tensor([1.0, 2.0, 5.0]), 4)
    tensor([1, 1, 2])
    """
    wanted = (total - len(lengths)) * lengths.double() / lengths.double().sum()
    whole = wanted.floor().long()
    missing = total - len(lengths) - int(whole.sum())
    most = (wanted - whole).argsort(descending=True, stable=True)[:missing]
    whole[most] += 1
    return 1 + whole


def source_places(lengths: Tensor, others: Tensor) -> Tensor:
    """For runs of other lengths the place that each of their members comes from, evenly within its run.

    Args:
        lengths: (N,) of the runs that there are.
        others: (N,) of the runs that shall be, at least 1.

    Returns:
        (sum of others,) places among the sum of the lengths.

    >>> source_places(torch.tensor([2, 3]), torch.tensor([4, 1]))
    tensor([0, 0, 1, 1, 3])
    """
    starts = lengths.cumsum(dim=0) - lengths
    ends = others.cumsum(dim=0)
    within = torch.arange(int(ends[-1]), device=others.device) - (ends - others).repeat_interleave(others)
    reach = lengths.repeat_interleave(others)
    return starts.repeat_interleave(others) + (2 * within + 1) * reach // (2 * others.repeat_interleave(others))


class DurationPredictor(nn.Module):
    """Convolutions over the runs of units, each with a rectifier, normalisation and dropout, and a linear map.

    What is predicted is the logarithm of 1 + length.

    Args:
        width: values per embedded unit, and channels.
        dropout: share.

    Shape:
        input (B, N, width) and (B, N) bool, where there is a run; output (B, N), in any company the same.
    """

    def __init__(self, width: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv1d(width, width, 3, padding=1) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(width, 1)

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        """Predict."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            alone = x * there[..., None]
            x = self.dropout(norm(F.relu(convolution(alone.mT)).mT))
        predicted: Tensor = self.last(x)[..., 0]
        return predicted

    def loss(self, x: Tensor, runs: Runs) -> Tensor:
        """Mean squared error over whole runs, given their embedded units, (B, N, width)."""
        error = (self(x, runs.there) - (1 + runs.lengths).log()).square()
        counted: Tensor = error[runs.whole].mean()
        return counted

    def lengths(self, x: Tensor) -> Tensor:
        """The lengths of the runs of one sequence, (N, width) to (N,) int64, at least 1."""
        there = torch.ones(1, len(x), dtype=torch.bool, device=x.device)
        predicted: Tensor = self(x[None], there)[0]
        return (predicted.exp() - 1).round().clamp(min=1).long()
