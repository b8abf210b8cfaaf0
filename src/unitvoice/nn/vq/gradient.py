"""Vector quantisation whose codes are learned by gradient."""

import torch
from torch import Tensor, nn

from unitvoice.nn.vq.codebook import CodebookQuantiser

__all__ = ["GradientQuantiser"]


class GradientQuantiser(CodebookQuantiser):
    """Codes that are parameters (van den Oord et al., 2017), with the losses ``codebook`` and ``commitment``.

    ``codebook`` draws codes to their frames, ``commitment`` frames to their codes; the original weighs them 1 and
    0.25. An optimiser's moments of a revived code are those of the dead one.

    Args:
        codes: number of codes, K; they start even in [-1/K, 1/K).
        width: values per frame, D.
        decay: of the moving average of usage that tells dead codes.
        revive_below: see :class:`CodebookQuantiser`.
        seed: of the draws that revive codes.

    >>> list(GradientQuantiser(codes=8, width=4)(torch.randn(2, 5, 4)).losses)
    ['codebook', 'commitment']
    """

    def __init__(
        self, codes: int, width: int, *, decay: float = 0.99, revive_below: float = 0.0, seed: int = 0
    ) -> None:
        super().__init__(codes, width, decay=decay, revive_below=revive_below, seed=seed)
        self.codebook = nn.Parameter(torch.empty(codes, width).uniform_(-1 / codes, 1 / codes))

    def terms(self, x: Tensor, frames: Tensor, chosen: Tensor) -> dict[str, Tensor]:
        """``codebook`` and ``commitment``, (B, T, D)."""
        return {
            "codebook": (frames.detach() - chosen).square(),
            "commitment": (frames - chosen.detach()).square(),
        }
