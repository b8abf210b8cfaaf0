"""Vector quantisation on a sphere."""

from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.nn.vq.gradient import GradientQuantiser
from unitvoice.nn.vq.quantiser import Quantised

__all__ = ["SphereQuantiser", "encoder_weight"]


def encoder_weight(step: int) -> float:
    """Weight of the terms that bind the encoder, in the original: small at first, lest all frames take one code.

    >>> [round(encoder_weight(step), 4) for step in (0, 1100, 1500, 2000, 9000)]
    [0.001, 0.001, 0.005, 0.01, 0.01]
    """
    return 0.01 * min(max(step / 1000 - 1, 0.1), 1.0)


class SphereQuantiser(GradientQuantiser):
    """Codes and frames projected to a sphere, so that the nearest code has the largest cosine (mkotha/WaveRNN, 2019).

    Gradients pass through the projection. The losses are ``codebook``, ``commitment`` (both after the projection) and
    ``radius``, which pulls raw frames to the sphere; the original weighs ``codebook`` by 1 and the two others by
    :func:`encoder_weight`. All are means over the width here and were sums there: multiply the weights by ``width``.

    Args:
        codes: number of codes, K; they start evenly spread over the sphere.
        width: values per frame, D.
        scale: root mean square of the values of a vector on the sphere, whose radius is scale * sqrt(D).
        decay: of the moving average of usage that tells dead codes.
        revive_below: see :class:`CodebookQuantiser`.
        seed: of the draws that revive codes.

    >>> import torch
    >>> quantiser = SphereQuantiser(codes=8, width=4, scale=0.5)
    >>> quantiser(torch.randn(2, 5, 4)).vectors.norm(dim=-1).mean()
    tensor(1.)
    """

    def __init__(
        self,
        codes: int,
        width: int,
        *,
        scale: float = 0.06,
        decay: float = 0.99,
        revive_below: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__(codes, width, decay=decay, revive_below=revive_below, seed=seed)
        self.radius = scale * width**0.5
        nn.init.normal_(self.codebook)
        self._return()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Quantised:
        """Quantise frames, (B, T, D); see :class:`Quantiser`."""
        if self.training:
            self._return()
        return super().forward(x, mask)

    def table(self) -> Tensor:
        """The code vectors on the sphere, (K, D)."""
        return self.project(self.codebook)

    def project(self, frames: Tensor) -> Tensor:
        """The nearest points of the sphere, (..., D); the origin stays where it is."""
        return self.radius * F.normalize(frames, dim=-1)

    def terms(self, x: Tensor, frames: Tensor, chosen: Tensor) -> dict[str, Tensor]:
        """``codebook``, ``commitment`` and ``radius``, (B, T, D)."""
        return super().terms(x, frames, chosen) | {"radius": (frames - x).square()}

    def _return(self) -> None:
        """Bring the parameters back to the sphere that the optimiser's last step left.

        The detached data are changed, behind autograd's back: the projection of what is on the sphere is the same.
        """
        self.codebook.data.copy_(self.project(self.codebook.data))
