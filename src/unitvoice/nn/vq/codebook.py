"""What quantisers with a single codebook have in common."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional as F

from unitvoice.nn.ranks import agreed, gathered, total
from unitvoice.nn.vq.placement import draw, kmeans
from unitvoice.nn.vq.quantiser import Initialisation, Quantised, Quantiser, masked_mean, straight_through
from unitvoice.nn.vq.search import nearest

__all__ = ["CodebookQuantiser", "valid_frames"]


class CodebookQuantiser(Quantiser):
    """A codebook of ``codes`` vectors, of which a frame gets the nearest.

    Args:
        codes: number of codes, K.
        width: values per frame, D.
        decay: of the moving averages, per training step.
        revive_below: a code whose moving average of frames per step is below this is dead, and is moved to a frame
            drawn from the batch, before the batch is quantised; 0 lets dead codes be.
        prior: frames per step that each code is taken to have had at the start.
        seed: of the draws that revive codes.
    """

    codebook: Tensor  # (K, D)
    counts: Tensor  # (K,) moving average of frames per step
    used: Tensor  # (K,) int64, since the last reset
    revived: Tensor  # () int64
    random_state: Tensor  # of the generator that the module draws from

    def __init__(
        self,
        codes: int,
        width: int,
        *,
        decay: float = 0.99,
        revive_below: float = 0.0,
        prior: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.codes, self.width = (codes,), width
        self.decay, self.revive_below = decay, revive_below
        self.register_buffer("counts", torch.full((codes,), float(prior)))
        self.register_buffer("used", torch.zeros(codes, dtype=torch.int64))
        self.register_buffer("revived", torch.zeros((), dtype=torch.int64))
        self.register_buffer("random_state", torch.Generator().manual_seed(seed).get_state())

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Quantised:
        """Quantise frames, (B, T, D); see :class:`Quantiser`. The result is that of the codes before their update."""
        frames = self.project(x.float())
        valid = valid_frames(frames.detach(), mask)
        if self.training:
            self._revive(valid)
        table = self.table()
        indices = nearest(frames.detach(), table.detach())
        chosen = F.embedding(indices, table)
        losses = {name: masked_mean(value, mask) for name, value in self.terms(x.float(), frames, chosen).items()}
        if self.training:
            self._learn(valid, valid_frames(indices, mask))
        return Quantised(straight_through(frames, chosen.detach()), indices[..., None], losses)

    def table(self) -> Tensor:
        """The code vectors as they are used, (K, D)."""
        return self.codebook

    def project(self, frames: Tensor) -> Tensor:
        """Where frames are before they are compared with codes; shapes are equal."""
        return frames

    def terms(self, x: Tensor, frames: Tensor, chosen: Tensor) -> dict[str, Tensor]:
        """The losses at each place, (B, T, D), of raw frames, projected frames and their codes."""
        raise NotImplementedError

    def tables(self) -> tuple[Tensor, ...]:
        """The code vectors, (K, D)."""
        return (self.table(),)

    def usage(self) -> tuple[Tensor, ...]:
        """How often each code was used in training since the last reset, (K,)."""
        return (self.used,)

    def reset_usage(self) -> None:
        """Count usage from zero."""
        self.used.zero_()

    def revivals(self) -> Tensor:
        """Number of dead codes that were replaced so far, (1,)."""
        return self.revived[None]

    @torch.no_grad()
    def initialise(self, frames: Tensor, generator: torch.Generator, method: Initialisation = "kmeans") -> None:
        """Place the codes among frames, (N, D); see :class:`Quantiser`."""
        place = {"kmeans": kmeans, "draw": draw}[method]
        vectors = agreed(place(gathered(self.project(frames.float())), len(self.counts), generator))
        self.counts.fill_(max(1.0, self.revive_below))
        self._place(torch.arange(len(vectors), device=vectors.device), vectors)

    @torch.no_grad()
    def _revive(self, frames: Tensor) -> None:
        if self.revive_below <= 0 or not len(dead := (self.counts < self.revive_below).nonzero().flatten()):
            return
        pool = gathered(frames)
        with self._draws() as generator:
            picks = torch.randperm(len(pool), generator=generator)[: len(dead)].to(pool.device)
        dead = dead[: len(picks)]
        self.counts[dead] = self.counts.mean().clamp(min=self.revive_below)
        self._place(dead, pool[agreed(picks)])
        self.revived += len(dead)

    @contextmanager
    def _draws(self) -> Iterator[torch.Generator]:
        """A generator on the CPU that goes on where it stopped the last time, also after a restart."""
        generator = torch.Generator()
        generator.set_state(self.random_state.cpu())
        yield generator
        self.random_state.copy_(generator.get_state())

    @torch.no_grad()
    def _place(self, codes: Tensor, vectors: Tensor) -> None:
        """Give some codes, (M,), new vectors, (M, D), and whatever else belongs to them."""
        self.codebook[codes] = vectors

    @torch.no_grad()
    def _learn(self, frames: Tensor, indices: Tensor) -> None:
        """Update the statistics from valid frames, (N, D), and their codes, (N,)."""
        counts = total(torch.bincount(indices, minlength=len(self.counts)))
        self.used += counts
        self.counts.mul_(self.decay).add_(counts * (1 - self.decay))


def valid_frames(values: Tensor, mask: Tensor | None) -> Tensor:
    """Values of the frames where the mask is true, (B, T, ...) -> (N, ...)."""
    return values.flatten(0, 1) if mask is None else values[mask]
