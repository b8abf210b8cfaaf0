"""What a generator and its critics minimise."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = [
    "HINGE",
    "LEAST_SQUARES",
    "Judgement",
    "Objective",
    "critics_loss",
    "critics_squares",
    "feature_distance",
    "feature_distances",
    "generator_loss",
    "generator_squares",
]


class Judgement(NamedTuple):
    """What a critic makes of waves."""

    features: list[Tensor]  # of its layers, (B, C, ...) each
    score: Tensor  # (B, 1, ...): the higher, the more like recordings


def critics_loss(real: Sequence[Judgement], spoken: Sequence[Judgement]) -> Tensor:
    """Hinge loss: recordings should score 1 or more, what is spoken -1 or less; sum over the critics."""
    pairs = zip(real, spoken, strict=True)
    return _total([F.relu(1 - one.score).mean() + F.relu(1 + other.score).mean() for one, other in pairs])


def critics_squares(real: Sequence[Judgement], spoken: Sequence[Judgement]) -> Tensor:
    """Least squares (Mao et al., 2017): recordings should score 1, what is spoken 0; sum over the critics."""
    pairs = zip(real, spoken, strict=True)
    return _total([(1 - one.score).square().mean() + other.score.square().mean() for one, other in pairs])


def generator_loss(spoken: Sequence[Judgement]) -> Tensor:
    """What is spoken should score high; sum over the critics."""
    return _total([-judgement.score.mean() for judgement in spoken])


def generator_squares(spoken: Sequence[Judgement]) -> Tensor:
    """Least squares: what is spoken should score 1; sum over the critics."""
    return _total([(1 - judgement.score).square().mean() for judgement in spoken])


def feature_distance(real: Sequence[Judgement], spoken: Sequence[Judgement]) -> Tensor:
    """How far features of what is spoken are from those of the recording (Kumar et al., 2019, equation 3).

    Mean absolute differences, summed over layers and divided by a quarter of the layers but the first; the mean over
    the critics.
    """
    distances = []
    for one, other in zip(real, spoken, strict=True):
        distances += [distance * 4 / (len(one.features) - 1) for distance in _distances(one, other)]
    return _total(distances) / len(real)


def feature_distances(real: Sequence[Judgement], spoken: Sequence[Judgement]) -> Tensor:
    """Mean absolute differences of features, summed over layers and critics (Kong et al., 2020)."""
    pairs = zip(real, spoken, strict=True)
    return _total([distance for one, other in pairs for distance in _distances(one, other)])


def _distances(real: Judgement, spoken: Judgement) -> list[Tensor]:
    return [F.l1_loss(made, heard) for heard, made in zip(real.features, spoken.features, strict=True)]


def _total(terms: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()


class Objective(NamedTuple):
    """What critics minimise, given judgements of recordings and of what is spoken, and what a generator minimises."""

    critics: Callable[[Sequence[Judgement], Sequence[Judgement]], Tensor]
    generator: Callable[[Sequence[Judgement]], Tensor]
    features: Callable[[Sequence[Judgement], Sequence[Judgement]], Tensor]


HINGE = Objective(critics_loss, generator_loss, feature_distance)  # of MelGAN
LEAST_SQUARES = Objective(critics_squares, generator_squares, feature_distances)  # of HiFi-GAN
