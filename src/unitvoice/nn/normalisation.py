"""Batch normalisation over the batches of all ranks."""

import torch
from torch import Tensor, nn

from unitvoice.nn.ranks import differentiable_total, several

__all__ = ["BatchNorm1d"]


class BatchNorm1d(nn.BatchNorm1d):
    """torch's layer, whose statistics in training are over the frames of all ranks, on any device.

    Without torch.distributed, and in evaluation mode, it is torch's layer; the state has the same names.

    Shape:
        input and output (B, C, T) or (B, C).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each channel."""
        return self._over_ranks(x) if self.training and several() else super().forward(x)

    def _over_ranks(self, x: Tensor) -> Tensor:
        axes, shape = ((0, 2), (1, -1, 1)) if x.dim() > 2 else ((0,), (1, -1))  # noqa: PLR2004 - with time, or without
        values = x.float()
        # sums in double precision, so that the split of a batch over ranks does not show
        sums, squares = values.sum(axes, dtype=torch.float64), values.square().sum(axes, dtype=torch.float64)
        count = torch.full_like(sums, x.numel() / len(sums))
        sums, squares, count = differentiable_total(torch.stack([sums, squares, count]))
        mean = sums / count
        variance = (squares / count - mean.square()).clamp(min=0)
        self._remember(mean.detach(), (variance * count / (count - 1).clamp(min=1)).detach())
        scale = (variance + self.eps).rsqrt()
        if self.affine:
            scale = scale * self.weight
        shift = -mean * scale + (self.bias if self.affine else 0)
        return torch.addcmul(shift.float().view(shape), values, scale.float().view(shape)).to(x.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean), share)
        self.running_var.lerp_(variance.to(self.running_var), share)
