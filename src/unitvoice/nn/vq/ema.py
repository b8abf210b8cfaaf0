"""Vector quantisation whose codes are moving averages of their frames."""

import torch
from torch import Tensor
from torch.nn import functional as F

from unitvoice.nn.ranks import total
from unitvoice.nn.vq.codebook import CodebookQuantiser

__all__ = ["EmaQuantiser"]


class EmaQuantiser(CodebookQuantiser):
    """Codes learned by exponential moving averages (van den Oord et al., 2017, appendix A.1), not by gradient.

    A code is (moving average of the sum of its frames) / (moving average of their number), so one that gets no frames
    stays where it is. ``prior`` is the weight of the initial vectors in these averages: with 0 (bias-corrected) the
    first frames of a code replace its initial vector at once, and with ``revive_below`` > 0 too, the first batch
    draws all codes (Dhariwal et al., 2020). The only loss is ``commitment``: the distance of frames from their codes.

    Args:
        codes: number of codes, K; they start even in [-1/K, 1/K).
        width: values per frame, D.
        decay: of the moving averages, per training step.
        smoothing: epsilon of Laplace smoothing of the counts, 1e-5 in the original; it pulls codes that get no frames
            to the origin in the end. 0 does without.
        revive_below: see :class:`CodebookQuantiser`.
        prior: see above.
        seed: of the draws that revive codes.

    >>> quantiser = EmaQuantiser(codes=8, width=4)
    >>> vectors, indices, losses = quantiser(torch.randn(2, 5, 4))
    >>> vectors.shape, indices.shape, list(losses)
    (torch.Size([2, 5, 4]), torch.Size([2, 5, 1]), ['commitment'])
    """

    sums: Tensor  # (K, D) moving average of the sum of each code's frames

    def __init__(
        self,
        codes: int,
        width: int,
        *,
        decay: float = 0.99,
        smoothing: float = 0.0,
        revive_below: float = 0.0,
        prior: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(codes, width, decay=decay, revive_below=revive_below, prior=prior, seed=seed)
        self.smoothing = smoothing
        self.register_buffer("codebook", torch.empty(codes, width).uniform_(-1 / codes, 1 / codes))
        self.register_buffer("sums", self.codebook * prior)

    def terms(self, x: Tensor, frames: Tensor, chosen: Tensor) -> dict[str, Tensor]:
        """``commitment``, which draws frames to their codes, (B, T, D)."""
        return {"commitment": (frames - chosen).square()}

    @torch.no_grad()
    def _place(self, codes: Tensor, vectors: Tensor) -> None:
        super()._place(codes, vectors)
        self.sums[codes] = vectors * self.counts[codes, None]

    @torch.no_grad()
    def _learn(self, frames: Tensor, indices: Tensor) -> None:
        super()._learn(frames, indices)
        # a product with one-hot rows, as adding by index is not deterministic on GPUs; in double precision, so that
        # the split of a batch over ranks does not show
        sums = total(F.one_hot(indices, len(self.counts)).double().T @ frames.double())
        self.sums.mul_(self.decay).add_(sums * (1 - self.decay))
        counts = self._smoothed() if self.smoothing else self.counts
        known = counts > torch.finfo(counts.dtype).tiny / (1 - self.decay)
        self.codebook.copy_(torch.where(known[:, None], self.sums / counts[:, None], self.codebook))

    def _smoothed(self) -> Tensor:
        """The counts with their sum unchanged, but none of them 0."""
        everything = self.counts.sum()
        return (self.counts + self.smoothing) / (everything + len(self.counts) * self.smoothing) * everything
