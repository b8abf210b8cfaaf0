"""The interface that all quantisers share."""

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Initialisation", "Quantised", "Quantiser", "masked_mean", "straight_through"]

Initialisation = Literal["kmeans", "draw"]


class Quantised(NamedTuple):
    """What a quantiser makes of frames."""

    vectors: Tensor  # (B, T, D) float32: code vectors, whose gradient is passed on to the frames
    indices: Tensor  # (B, T, G) int64: one code per group
    losses: dict[str, Tensor]  # scalars, unweighted: means over the valid frames and over the width


class Quantiser(nn.Module):
    """Frames of ``width`` values -> one code out of ``codes[g]`` for each group g.

    In evaluation mode a quantiser is deterministic, changes none of its buffers, and gives a frame the same code
    whatever frames stand around it. Its ``state_dict`` holds all that a bit-exact continuation of training needs.
    """

    codes: tuple[int, ...]
    width: int

    @property
    def groups(self) -> int:
        """Number of codes per frame, G."""
        return len(self.codes)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Quantised:
        """Quantise frames, (B, T, D); statistics and losses see those where ``mask``, (B, T) bool, is true."""
        raise NotImplementedError

    def tables(self) -> tuple[Tensor, ...]:
        """The code vectors of each group, (K_g, D_g)."""
        raise NotImplementedError

    def initialise(self, frames: Tensor, generator: torch.Generator, method: Initialisation = "kmeans") -> None:
        """Place the codes among frames, (N, D).

        Under torch.distributed the frames of all ranks count, and all ranks get the same codes.

        Args:
            frames: valid frames only, at least as many as there are codes.
            generator: on the CPU; decides the seeds of k-means, or the frames that are drawn.
            method: ``kmeans`` (seeded k-means++, then Lloyd's iterations) or ``draw`` (frames at random).

        Raises:
            ValueError: there are fewer frames than codes.
        """
        raise NotImplementedError

    def usage(self) -> tuple[Tensor, ...]:
        """How often each code was used in training since the last reset, (K_g,) int64 for each group."""
        raise NotImplementedError

    def reset_usage(self) -> None:
        """Count usage from zero."""
        raise NotImplementedError

    def revivals(self) -> Tensor:
        """Number of dead codes that were replaced so far, (G,) int64."""
        raise NotImplementedError

    def lookup(self, indices: Tensor) -> Tensor:
        """Code vectors of indices, (..., G) -> (..., D): exactly those that :meth:`forward` returns."""
        parts = [F.embedding(indices[..., group], table) for group, table in enumerate(self.tables())]
        return torch.cat(parts, dim=-1)

    def perplexity(self) -> Tensor:
        """Perplexity of the usage since the last reset, (G,) float64: K_g for even use, 1 for one code or no use."""
        shares = (count.double() / count.sum().clamp(min=1) for count in self.usage())
        return torch.stack([torch.special.entr(share).sum().exp() for share in shares])

    def figures(self) -> dict[str, float]:
        """Usage (share of the codes) and perplexity (mean of the groups) since the last call; codes revived so far."""
        used = torch.cat([count > 0 for count in self.usage()])
        figures = {
            "usage": used.float().mean().item(),
            "perplexity": self.perplexity().mean().item(),
            "revived": float(self.revivals().sum().item()),
        }
        self.reset_usage()
        return figures


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, x: Tensor, value: Tensor) -> Tensor:  # noqa: ANN401 - torch's context object
        return value.view_as(x)

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401 - torch's context object
        return gradients[0], None


def straight_through(x: Tensor, value: Tensor) -> Tensor:
    """Exactly ``value``, with the gradient of ``x`` (Bengio et al., 2013); shapes are equal.

    The usual ``x + (value - x).detach()`` would be off by rounding: the same code would not have the same digits.
    """
    straight: Tensor = _StraightThrough.apply(x, value)  # type: ignore[no-untyped-call]
    return straight


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean of ``values``, (B, T) or (B, T, D), over the frames where ``mask``, (B, T), is true; 0 without any.

    >>> masked_mean(torch.tensor([[1.0, 3.0, 100.0]]), torch.tensor([[True, True, False]]))
    tensor(2.)
    """
    if mask is None:
        return values.mean()
    kept = values[mask]
    return kept.sum() / max(kept.numel(), 1)
