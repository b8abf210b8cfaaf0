"""Nearest neighbours among code vectors."""

import torch
from torch import Tensor

__all__ = ["nearest"]

CELLS = 1 << 23  # distances that are held at once: 64 MiB


@torch.no_grad()
def nearest(frames: Tensor, table: Tensor) -> Tensor:
    """Index of the code with the smallest squared Euclidean distance; the lowest of equally near ones.

    A matrix product finds the candidates, in double precision. Its last digits depend on the shape of the batch, so
    where two codes are nearer to a tie than rounding can tell, their distances are summed in an order of our own:
    a frame gets the same code whatever frames stand around it.

    Args:
        frames: (..., D).
        table: (K, D).

    Returns:
        (...) int64.

    >>> nearest(torch.tensor([[0.2], [0.5], [0.9]]), torch.tensor([[0.0], [1.0], [0.0]]))
    tensor([0, 0, 1])
    """
    rows = frames.reshape(-1, table.shape[1]).double()
    codes = table.double()
    found = [_nearest(part, codes) for part in torch.split(rows, max(CELLS // len(codes), 1))]
    return torch.cat(found).reshape(frames.shape[:-1])


def _nearest(frames: Tensor, table: Tensor) -> Tensor:
    sizes = table.square().sum(dim=1)
    with torch.autocast(frames.device.type, enabled=False):
        scores = torch.addmm(sizes, frames, table.T, alpha=-2)  # the frame's own square is the same for all codes
    lowest, indices = scores.min(dim=1)
    rounding = 4 * table.shape[1] * torch.finfo(scores.dtype).eps
    margin = rounding * (frames.square().sum(dim=1) + sizes.max())
    close = ((scores <= (lowest + margin)[:, None]).sum(dim=1) > 1).nonzero().flatten()
    for part in torch.split(close, max(CELLS // table.numel(), 1)):
        indices[part] = _distances(frames[part], table).argmin(dim=1)
    return indices


def _distances(frames: Tensor, table: Tensor) -> Tensor:
    """Squared distances, (N, K), by elementwise operations only: the same digits in a batch of any shape."""
    terms = (frames[:, None] - table[None]).square()
    while (width := terms.shape[2]) > 1:
        half = width // 2
        terms = torch.cat([terms[..., :half] + terms[..., half : 2 * half], terms[..., 2 * half :]], dim=2)
    return terms[..., 0]
