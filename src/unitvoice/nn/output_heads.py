"""Distributions that a network which speaks sample by sample predicts: what it reads, its loss, how to draw."""

import math
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from unitvoice.nn.sampling import draw_category

__all__ = ["CategoricalHead", "GaussianHead", "LogisticMixtureHead", "OutputHead"]

LEAST_LOG_SCALE = -9.0  # far below a step of 8 bits, and near one of 16
NOISE_STEP = 2.0**-25  # half a step of uniform numbers in single precision: 0 and 1 have no finite quantile


class OutputHead(Protocol):
    """A distribution of the next sample, given by some parameters."""

    inputs: int  # values that a sample is read as
    parameters: int  # of the distribution of one sample
    draws: int  # uniform numbers that drawing a sample needs
    silence: int | float
    dtype: torch.dtype  # of samples

    def embed(self, samples: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """A linear layer applied to samples, (...), by its weight (R, inputs) and its bias (R,), or None: (..., R)."""
        ...

    def loss(self, parameters: Tensor, samples: Tensor) -> Tensor:
        """Mean negative log-likelihood, nats a sample, of parameters (..., P) and samples (...)."""
        ...

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Samples (B,) of parameters (B, P) by noise (B, draws), even in [0, 1)."""
        ...


class CategoricalHead:
    """Codes of a companded wave, each with a logit (van den Oord et al., 2016).

    Args:
        levels: codes of the wave; the one in the middle is silence.
    """

    draws = 1
    silence: int | float
    dtype = torch.int64

    def __init__(self, levels: int = 256) -> None:
        self.inputs = self.parameters = levels
        self.silence = levels // 2

    def embed(self, samples: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """See :class:`OutputHead`; codes are read as one-hot rows."""
        rows = F.embedding(samples, weight.T)
        return rows if bias is None else rows + bias

    def loss(self, parameters: Tensor, samples: Tensor) -> Tensor:
        """See :class:`OutputHead`."""
        return F.cross_entropy(parameters.float().flatten(0, -2), samples.flatten())

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """See :class:`OutputHead`."""
        return draw_category(parameters, noise[:, 0])


class _Amplitudes:
    """Samples that are read as they are."""

    inputs = 1
    silence = 0.0
    dtype = torch.float32

    def embed(self, samples: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """See :class:`OutputHead`."""
        return F.linear(samples[..., None], weight, bias)


class LogisticMixtureHead(_Amplitudes):
    """A mixture of logistic distributions over amplitudes of so many bits (Salimans et al., 2017).

    A sample's probability is that of its step; the lowest and the highest step hold all beyond them.

    Args:
        mixtures: M; the parameters are M logits, M means and M logarithms of scales.
        bits: of the samples, in [-1, 1].
    """

    draws = 2

    def __init__(self, mixtures: int = 10, bits: int = 16) -> None:
        self.mixtures, self.parameters = mixtures, 3 * mixtures
        self.half = 1 / (2**bits - 1)  # half a step

    def loss(self, parameters: Tensor, samples: Tensor) -> Tensor:
        """See :class:`OutputHead`."""
        logits, means, log_scales = self._split(parameters)
        centred = samples[..., None] - means
        above, below = ((centred + side) * (-log_scales).exp() for side in (self.half, -self.half))
        # log(sigmoid(a) - sigmoid(b)), without the difference of two numbers that are nearly equal
        within = F.logsigmoid(above) + F.logsigmoid(-below) + (-torch.expm1(below - above)).log()
        lowest, highest = samples[..., None] <= self.half - 1, samples[..., None] >= 1 - self.half
        chances = torch.where(lowest, F.logsigmoid(above), torch.where(highest, F.logsigmoid(-below), within))
        return -(chances + logits.log_softmax(dim=-1)).logsumexp(dim=-1).mean()

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """See :class:`OutputHead`."""
        logits, means, log_scales = self._split(parameters)
        chosen = draw_category(logits, noise[:, 0])[:, None]
        mean, log_scale = (values.gather(1, chosen)[:, 0] for values in (means, log_scales))
        quantile = noise[:, 1].clamp(NOISE_STEP, 1 - NOISE_STEP).logit()
        return (mean + log_scale.exp() * quantile).clamp(-1, 1)

    def _split(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, means, log_scales = parameters.float().chunk(3, dim=-1)
        return logits, means, log_scales.clamp(min=LEAST_LOG_SCALE)


class GaussianHead(_Amplitudes):
    """One normal distribution over amplitudes (Ping et al., 2019): its mean, and the logarithm of its scale."""

    parameters = 2
    draws = 1

    def loss(self, parameters: Tensor, samples: Tensor) -> Tensor:
        """See :class:`OutputHead`."""
        mean, log_scale = self._split(parameters)
        deviation = (samples - mean) * (-log_scale).exp()
        return (0.5 * math.log(2 * math.pi) + log_scale + 0.5 * deviation.square()).mean()

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """See :class:`OutputHead`."""
        mean, log_scale = self._split(parameters)
        quantile = torch.special.ndtri(noise[:, 0].clamp(NOISE_STEP, 1 - NOISE_STEP))
        return (mean + log_scale.exp() * quantile).clamp(-1, 1)

    def _split(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_scale = parameters.float().unbind(dim=-1)
        return mean, log_scale.clamp(min=LEAST_LOG_SCALE)
