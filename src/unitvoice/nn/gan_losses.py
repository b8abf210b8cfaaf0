"""What a generator and its critics minimise; see :class:`unitvoice.nn.melgan.Judgement`."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from unitvoice.nn.melgan import Judgement

__all__ = ["critics_loss", "feature_distance", "generator_loss"]


def critics_loss(real: Sequence[Judgement], spoken: Sequence[Judgement]) -> Tensor:
    """Hinge loss: recordings should score 1 or more, what is spoken -1 or less; sum over the critics."""
    pairs = zip(real, spoken, strict=True)
    return _total([F.relu(1 - one.score).mean() + F.relu(1 + other.score).mean() for one, other in pairs])


def generator_loss(spoken: Sequence[Judgement]) -> Tensor:
    """What is spoken should score high; sum over the critics."""
    return _total([-judgement.score.mean() for judgement in spoken])


def feature_distance(real: Sequence[Judgement], spoken: Sequence[Judgement]) -> Tensor:
    """How far features of what is spoken are from those of the recording (Kumar et al., 2019, equation 3).

    Mean absolute differences, summed over layers and divided by a quarter of the layers but the first; the mean over
    the critics.
    """
    distances = []
    for one, other in zip(real, spoken, strict=True):
        pairs = zip(one.features, other.features, strict=True)
        distances += [F.l1_loss(made, heard) * 4 / (len(one.features) - 1) for heard, made in pairs]
    return _total(distances) / len(real)


def _total(terms: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()
