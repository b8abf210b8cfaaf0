"""Voices of a generator: rows of a table, of which it is known whether anything was learned."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from unitvoice.errors import InputError, listed
from unitvoice.nn.ranks import total

__all__ = ["VoiceTable"]


class VoiceTable(nn.Embedding):
    """A row for each speaker by name, and how many crops of each were learned from.

    Shape:
        input (B,) rows; output (B, width).
    """

    learned: Tensor  # (S,) int64

    def __init__(self, speakers: Sequence[str], width: int) -> None:
        super().__init__(len(speakers), width)
        self._speakers = tuple(speakers)
        self.register_buffer("learned", torch.zeros(len(speakers), dtype=torch.int64))

    def count(self, speakers: Tensor) -> None:
        """Note the (B,) speakers of a batch that is learned from."""
        self.learned += total(torch.bincount(speakers, minlength=len(self.learned)))

    def check(self, row: int) -> None:
        """InputError for a speaker of whom nothing was learned."""
        if not self.learned[row]:
            known = [name for name, crops in zip(self._speakers, self.learned.tolist(), strict=True) if crops]
            raise InputError(
                f"the model has not learned to speak as {self._speakers[row]}, but as "
                f"{listed(known, 20) or 'nobody yet'}; train its generator with recordings of that voice"
            )
