"""Quantisation by sampling."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from unitvoice.nn.ranks import rank
from unitvoice.nn.vq.codebook import valid_frames
from unitvoice.nn.vq.gradient import GradientQuantiser
from unitvoice.nn.vq.quantiser import Quantised, straight_through
from unitvoice.nn.vq.search import nearest

__all__ = ["GumbelQuantiser"]


class GumbelQuantiser(GradientQuantiser):
    """Codes drawn by the Gumbel-softmax (Jang et al., 2017) of negative squared distances; the nearest in evaluation.

    The codes are parameters that learn through the softmax. The only loss is ``diversity``: how many nats the entropy
    of the mean probabilities lies below that of even use.

    Args:
        codes: number of codes, K; they start even in [-1/K, 1/K).
        width: values per frame, D.
        hard: whether the vectors are those of the drawn codes, with the gradient of the softmax (straight-through);
            otherwise they are means weighted by the softmax, in training.
        decay: of the moving average of usage that tells dead codes.
        revive_below: see :class:`CodebookQuantiser`.
        seed: of all draws.

    >>> quantiser = GumbelQuantiser(codes=8, width=4)
    >>> list(quantiser(torch.randn(2, 5, 4), temperature=0.5).losses)
    ['diversity']
    """

    def __init__(
        self,
        codes: int,
        width: int,
        *,
        hard: bool = True,
        decay: float = 0.99,
        revive_below: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__(codes, width, decay=decay, revive_below=revive_below, seed=seed)
        self.hard = hard

    def forward(self, x: Tensor, mask: Tensor | None = None, temperature: float = 1.0) -> Quantised:
        """Quantise frames, (B, T, D); see :class:`Quantiser`.

        Args:
            x: frames, (B, T, D).
            mask: valid frames, (B, T) bool.
            temperature: of the softmax in training; it usually falls from 1 to 0.1 over the training.
        """
        frames = x.float()
        valid = valid_frames(frames.detach(), mask)
        if self.training:
            self._revive(valid)
        with torch.autocast(x.device.type, enabled=False):
            logits = 2 * frames @ self.codebook.T - self.codebook.square().sum(dim=1)
            losses = {"diversity": self._diversity(valid_frames(logits, mask))}
            if not self.training:
                indices = nearest(frames, self.codebook)
                vectors = straight_through(frames, F.embedding(indices, self.codebook.detach()))
                return Quantised(vectors, indices[..., None], losses)
            soft = ((logits + self._noise(logits)) / temperature).softmax(dim=-1)
            indices = soft.argmax(dim=-1)
            weights = straight_through(soft, F.one_hot(indices, len(self.codebook)).float()) if self.hard else soft
            vectors = weights @ self.codebook
        self._learn(valid, valid_frames(indices, mask))
        return Quantised(vectors, indices[..., None], losses)

    def _noise(self, logits: Tensor) -> Tensor:
        """Gumbel noise, drawn on the logits' device; each rank has its own."""
        with self._draws() as draws:
            seed = int(torch.randint(1 << 62, (), generator=draws)) + rank()
        generator = torch.Generator(logits.device).manual_seed(seed)
        return -torch.empty_like(logits).exponential_(generator=generator).log()

    def _diversity(self, logits: Tensor) -> Tensor:
        """What the mean probabilities of valid frames, (N, K), lack of even use."""
        if not len(logits):
            return logits.sum()
        return math.log(self.codes[0]) - torch.special.entr(logits.softmax(dim=-1).mean(dim=0)).sum()
