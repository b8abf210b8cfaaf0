"""Time jitter of codes."""

import torch
from torch import Tensor

__all__ = ["jitter"]


def jitter(
    values: Tensor,
    probability: float,
    generator: torch.Generator | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Replace time steps by a neighbour (Chorowski et al., 2019): a regulariser for training.

    Each step of each utterance independently takes the value of its left neighbour with probability p/2, of its
    right one with p/2, and keeps its own with 1 - p. All read the values before the jitter. A step without the
    neighbour that it would take, at an edge or beside padding, keeps its own. Gradients reach the steps copied from.

    Args:
        values: indices or vectors, (B, T, ...).
        probability: p, in 0..1.
        generator: source of the draws; torch's global one by default.
        mask: valid steps, (B, T) bool; all by default.

    Returns:
        Tensor of the shape of ``values``.

    >>> jitter(torch.arange(4)[None], 1.0, torch.Generator().manual_seed(0))
    tensor([[0, 2, 1, 2]])
    """
    batch, steps = values.shape[:2]
    device = values.device if generator is None else generator.device
    draws = torch.rand(batch, steps, generator=generator, device=device).to(values.device)
    own = torch.arange(steps, device=values.device).expand(batch, steps)
    source = own + (draws >= 1 - probability / 2).long() - (draws < probability / 2).long()
    source = source.clamp(0, steps - 1)
    if mask is not None:
        source = torch.where(mask.gather(1, source), source, own)
    return values[torch.arange(batch, device=values.device)[:, None], source]
