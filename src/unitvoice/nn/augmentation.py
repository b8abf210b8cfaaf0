"""Changes of a spectrum that keep what is said."""

import torch
from torch import Tensor

__all__ = ["random_warp", "warp_bands"]


def warp_bands(frames: Tensor, factors: Tensor) -> Tensor:
    """Stretch the mel axis of each utterance, as a longer or shorter vocal tract would.

    Args:
        frames: (B, T, D) log-mel frames.
        factors: (B,); band d of the result is read at d * factor, linearly interpolated, the last band held.

    Returns:
        (B, T, D).

    >>> warp_bands(torch.arange(4.0).expand(1, 1, 4), torch.tensor([0.5]))
    tensor([[[0.0000, 0.5000, 1.0000, 1.5000]]])
    """
    bands = frames.shape[-1]
    place = (torch.arange(bands, device=frames.device) * factors[:, None]).clamp(max=bands - 1)  # (B, D)
    low = place.floor().long()
    share = (place - low)[:, None]
    low = low[:, None].expand_as(frames)
    high = (low + 1).clamp(max=bands - 1)
    return frames.gather(-1, low) * (1 - share) + frames.gather(-1, high) * share


def random_warp(frames: Tensor, largest: float) -> Tensor:
    """Warp each utterance, (B, T, D), by a factor of its own, even between 1 - largest and 1 + largest."""
    factors = 1 + largest * (2 * torch.rand(len(frames)) - 1)
    return warp_bands(frames, factors.to(frames)) if largest else frames
