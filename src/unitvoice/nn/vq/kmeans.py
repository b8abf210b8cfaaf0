"""Vector quantisation by k-means over mini-batches."""

import torch
from torch import Tensor
from torch.nn import functional as F

from unitvoice.nn.ranks import agreed, gathered, total
from unitvoice.nn.vq.codebook import CodebookQuantiser
from unitvoice.nn.vq.placement import draw, kmeans
from unitvoice.nn.vq.quantiser import Initialisation
from unitvoice.nn.vq.search import nearest

__all__ = ["KMeansQuantiser"]

PATIENCE = 10  # frames per code between two looks for starved centres
MOST = 0.5  # share of a batch that may become centres


class KMeansQuantiser(CodebookQuantiser):
    """Codes that are the means of all frames they ever got, learned batch by batch (Sculley, 2010), not by gradient.

    Several sets of centres learn side by side from different starts; the one whose distortion has the lowest moving
    average is the codebook. So codes may change their meaning while it learns: what is to read them should be trained
    in a later stage, with this module in evaluation mode. The frames should come from a fixed encoder.

    A centre with far fewer frames than the one that has most is starved, and moves to a frame drawn from the batch;
    it then counts as many frames as the poorest of those that stay, all as in scikit-learn's ``MiniBatchKMeans``. The
    published units of HuBERT and CPC were made with a ratio of 0.5, which keeps moving good centres where clusters
    are uneven: on a mixture with Dirichlet weights the distortion was nearly twice that of 0.01, in both libraries.
    The only loss is ``distortion``, the squared distance of frames from their codes, a mean over the width.

    Args:
        codes: number of codes, K.
        width: values per frame, D.
        inits: number of sets of centres that learn side by side, R.
        reassignment_ratio: share of the largest count below which a centre is starved; 0 lets starved centres be.
        decay: of the moving average of the distortion, per training step.
        seed: of the draws that move starved centres.

    >>> quantiser = KMeansQuantiser(codes=8, width=4, inits=3)
    >>> vectors, indices, losses = quantiser(torch.randn(2, 5, 4))
    >>> vectors.shape, indices.shape, list(losses)
    (torch.Size([2, 5, 4]), torch.Size([2, 5, 1]), ['distortion'])
    """

    centres: Tensor  # (R, K, D)
    counts: Tensor  # (R, K) int64, frames that a centre is the mean of
    distortion: Tensor  # (R,) float64, moving average, all starting from 0: it can only be compared
    since: Tensor  # () int64, frames since the last look for starved centres

    def __init__(
        self,
        codes: int,
        width: int,
        *,
        inits: int = 4,
        reassignment_ratio: float = 0.01,
        decay: float = 0.99,
        seed: int = 0,
    ) -> None:
        super().__init__(codes, width, decay=decay, seed=seed)
        self.reassignment_ratio = reassignment_ratio
        self.register_buffer("centres", torch.empty(inits, codes, width).uniform_(-1 / codes, 1 / codes))
        self.register_buffer("counts", torch.zeros(inits, codes, dtype=torch.int64))
        self.register_buffer("revived", torch.zeros(inits, dtype=torch.int64))
        self.register_buffer("distortion", torch.zeros(inits, dtype=torch.float64))
        self.register_buffer("since", torch.zeros((), dtype=torch.int64))

    @property
    def best(self) -> int:
        """Which of the sets of centres is the codebook."""
        return int(self.distortion.argmin())

    def table(self) -> Tensor:
        """The centres with the least distortion, (K, D)."""
        return self.centres[self.best]

    def revivals(self) -> Tensor:
        """Number of starved centres of the codebook that were moved so far, (1,)."""
        return self.revived[self.best][None]

    def terms(self, x: Tensor, frames: Tensor, chosen: Tensor) -> dict[str, Tensor]:
        """``distortion``, (B, T, D)."""
        return {"distortion": (frames - chosen).square()}

    @torch.no_grad()
    def initialise(self, frames: Tensor, generator: torch.Generator, method: Initialisation = "kmeans") -> None:
        """Place all sets of centres among frames, (N, D), each by other draws; see :class:`Quantiser`.

        A centre counts the frames that it is the mean of: its cluster, or the one frame that was drawn.
        """
        pool = gathered(frames.float())
        for number in range(len(self.centres)):
            place = {"kmeans": kmeans, "draw": draw}[method]
            self.centres[number] = agreed(place(pool, self.codes[0], generator))
            members = nearest(pool, self.centres[number])
            self.counts[number] = torch.bincount(members, minlength=self.codes[0]) if method == "kmeans" else 1
        self.distortion.zero_()

    @torch.no_grad()
    def _revive(self, frames: Tensor) -> None:
        late = self.since >= PATIENCE * self.codes[0]
        due = late | (self.counts == 0).any(dim=1)
        starved = (self.counts < self.reassignment_ratio * self.counts.amax(dim=1, keepdim=True)) & due[:, None]
        if late:
            self.since.zero_()
        if not starved.any():
            return
        pool = gathered(frames)
        for number in starved.any(dim=1).nonzero().flatten().tolist():
            poorest = self.counts[number].argsort(stable=True)
            moved = poorest[: min(int(starved[number].sum()), int(MOST * len(pool)))]
            with self._draws() as draws:
                picks = torch.randperm(len(pool), generator=draws)[: len(moved)].to(pool.device)
            self.centres[number, moved] = pool[agreed(picks)]
            self.counts[number, moved] = int(self.counts[number, poorest[len(moved)]])
            self.revived[number] += len(moved)

    @torch.no_grad()
    def _learn(self, frames: Tensor, indices: Tensor) -> None:
        best = self.best
        points = frames.double()  # so that the split of a batch over ranks does not show
        for number, centres in enumerate(self.centres):
            members = indices if number == best else nearest(frames, centres)
            shares = F.one_hot(members, self.codes[0]).double()
            squares = (points - F.embedding(members, centres.double())).square()
            mine = torch.column_stack([shares.T @ points, shares.sum(dim=0), shares.T @ squares.sum(dim=1)])
            sums, counts, spread = total(mine).split([self.width, 1, 1], dim=1)
            counts = counts[:, 0].long()
            known = self.counts[number] + counts
            means = (centres.double() * self.counts[number, :, None] + sums) / known.clamp(min=1)[:, None]
            self.centres[number] = torch.where(counts[:, None] > 0, means, centres)
            self.counts[number] = known
            seen = counts.sum()
            self.distortion[number] += (1 - self.decay) * (spread.sum() / seen.clamp(min=1) - self.distortion[number])
            if number == best:
                self.used += counts
        self.since += seen
