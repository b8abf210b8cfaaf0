"""Quantisation of a frame in slices."""

from collections.abc import Sequence
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from unitvoice.nn.vq.codebook import CodebookQuantiser
from unitvoice.nn.vq.quantiser import Initialisation, Quantised, Quantiser

__all__ = ["SlicedQuantiser"]


class SlicedQuantiser(Quantiser):
    """Each slice of a frame has a quantiser of its own; the slices are as wide as their quantisers, one after another.

    Losses are sums over the slices, weighted by their shares of the width: the means over the whole vectors.

    Args:
        parts: one quantiser per slice, with different seeds.
    """

    def __init__(self, parts: Sequence[Quantiser]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.widths = [part.width for part in parts]
        self.codes = tuple(count for part in parts for count in part.codes)
        self.width = sum(self.widths)

    @classmethod
    def equal(cls, kind: type[CodebookQuantiser], codes: Sequence[int], width: int, **options: Any) -> Self:  # noqa: ANN401
        """Equally wide slices with codebooks of one kind, but as many codes as each is given.

        Args:
            kind: class of the slices' quantisers.
            codes: number of codes of each slice.
            width: values per frame, D.
            options: of the quantisers; the first has the ``seed``, each other the next.

        Raises:
            ValueError: the width is no multiple of the number of slices.

        >>> from unitvoice.nn.vq import EmaQuantiser
        >>> SlicedQuantiser.equal(EmaQuantiser, (16, 8), 6, decay=0.9)(torch.randn(2, 5, 6)).indices.shape
        torch.Size([2, 5, 2])
        """
        if width % len(codes):
            raise ValueError(f"a width of {width} cannot be cut into {len(codes)} equal slices; choose a multiple")
        first = options.pop("seed", 0)
        slices = enumerate(codes, start=first)
        return cls([kind(count, width // len(codes), seed=seed, **options) for seed, count in slices])

    def forward(self, x: Tensor, mask: Tensor | None = None, **options: float) -> Quantised:
        """Quantise frames, (B, T, D); ``options``, such as a temperature, go to the slices' quantisers."""
        results = [part(piece, mask, **options) for part, piece in self._pieces(x)]
        losses: dict[str, Tensor] = {}
        for result, width in zip(results, self.widths, strict=True):
            for name, loss in result.losses.items():
                losses[name] = losses.get(name, torch.zeros_like(loss)) + loss * (width / self.width)
        vectors = torch.cat([result.vectors for result in results], dim=-1)
        return Quantised(vectors, torch.cat([result.indices for result in results], dim=-1), losses)

    def _parts(self) -> list[Quantiser]:
        return cast("list[Quantiser]", list(self.parts))

    def _pieces(self, frames: Tensor) -> list[tuple[Quantiser, Tensor]]:
        """Each slice's quantiser and its values of the frames, (..., D_g)."""
        return list(zip(self._parts(), frames.split(self.widths, dim=-1), strict=True))

    def tables(self) -> tuple[Tensor, ...]:
        """The code vectors of each group, (K_g, D_g)."""
        return tuple(table for part in self._parts() for table in part.tables())

    def initialise(self, frames: Tensor, generator: torch.Generator, method: Initialisation = "kmeans") -> None:
        """Place the codes of each slice among frames, (N, D); see :class:`Quantiser`."""
        for part, piece in self._pieces(frames):
            part.initialise(piece, generator, method)

    def usage(self) -> tuple[Tensor, ...]:
        """How often each code was used in training since the last reset, (K_g,) int64 for each group."""
        return tuple(count for part in self._parts() for count in part.usage())

    def reset_usage(self) -> None:
        """Count usage from zero."""
        for part in self._parts():
            part.reset_usage()

    def revivals(self) -> Tensor:
        """Number of dead codes that were replaced so far, (G,) int64."""
        return torch.cat([part.revivals() for part in self._parts()])
