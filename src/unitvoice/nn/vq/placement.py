"""First places for codes among frames."""

import torch
from torch import Tensor

from unitvoice.nn.vq.search import nearest

__all__ = ["draw", "kmeans"]


@torch.no_grad()
def draw(frames: Tensor, codes: int, generator: torch.Generator) -> Tensor:
    """Different frames at random, (N, D) -> (codes, D); ValueError when there are fewer frames than codes."""
    _check(frames, codes)
    picks = torch.randperm(len(frames), generator=generator)[:codes]
    return frames[picks.to(frames.device)]


@torch.no_grad()
def kmeans(frames: Tensor, codes: int, generator: torch.Generator, rounds: int = 20) -> Tensor:
    """Centres of k-means: k-means++ seeds (Arthur and Vassilvitskii, 2007), then Lloyd's iterations.

    It is computed on the CPU, where sums are deterministic. A cluster that loses all its frames keeps its centre.

    Args:
        frames: (N, D).
        codes: number of centres.
        generator: on the CPU.
        rounds: Lloyd's iterations at most.

    Returns:
        (codes, D), of the type and on the device of the frames.

    Raises:
        ValueError: there are fewer frames than codes.
    """
    _check(frames, codes)
    points = frames.double().cpu()
    centres = _seeds(points, codes, generator)
    for _ in range(rounds):
        members = nearest(points, centres)
        counts = torch.bincount(members, minlength=codes)[:, None]
        sums = torch.zeros_like(centres).index_add_(0, members, points)
        moved = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
        if torch.equal(moved, centres):
            break
        centres = moved
    return centres.to(frames)


def _check(frames: Tensor, codes: int) -> None:
    if len(frames) < codes:
        raise ValueError(f"{codes} codes cannot be placed among {len(frames)} frames; give more frames")


def _seeds(points: Tensor, codes: int, generator: torch.Generator) -> Tensor:
    """Frames drawn with a probability in proportion to the squared distance from those drawn before."""
    gaps = torch.ones(len(points), dtype=points.dtype)
    picks: list[int] = []
    for _ in range(codes):
        reach = (gaps if gaps.any() else torch.ones_like(gaps)).cumsum(dim=0)
        aim = torch.rand((), generator=generator, dtype=points.dtype) * reach[-1]
        picks.append(min(int(torch.searchsorted(reach, aim, right=True)), len(points) - 1))
        apart = (points - points[picks[-1]]).square().sum(dim=1)
        gaps = torch.minimum(gaps, apart) if len(picks) > 1 else apart
    return points[picks]
