"""``vqcpc-gru``: units that predict those to come, and a vocoder that learns to speak them (van Niekerk et al., 2020).

The encoder is trained first, by contrastive prediction among frames of the same speaker; then the vocoder, which reads
a table of its own. Departures from the original are in :mod:`unitvoice.systems.gru`; besides, only the predictors in
use are built.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.errors import InputError
from unitvoice.nn.cpc import ContrastivePrediction
from unitvoice.nn.framewise import FramewiseEncoder
from unitvoice.systems.base import Batch
from unitvoice.systems.gru import GruSettings, GruSystem

__all__ = ["Settings", "VqcpcGru", "by_speaker"]


@dataclass(frozen=True)
class Settings(GruSettings):
    """The numbers of the system."""

    layers: int = 4  # hidden ones of the encoder, which see one frame each
    memory: int = 256  # units of the network over codes that predictions are made from
    steps: int = 6  # codes ahead that are predicted
    negatives: int = 17


class VqcpcGru(GruSystem):
    """The system; see the module's docstring."""

    settings: Settings

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(settings, speakers)
        width = settings.width
        self.encoder = FramewiseEncoder(settings.bands, settings.channels, width, settings.layers)
        self.memory = nn.LSTM(width, settings.memory, batch_first=True)
        self.contrast = ContrastivePrediction(
            width, settings.memory, steps=settings.steps, negatives=settings.negatives
        )
        self.code_table = nn.Embedding(settings.codes, width)
        self._accuracy = torch.zeros(())  # of the last step of training

    def players(self, stage: str) -> Mapping[str, tuple[nn.Module, ...]]:
        """The encoder with its codebook in stage ``cpc``, the speaking parts in stage ``vocoder``."""
        stages: dict[str, dict[str, tuple[nn.Module, ...]]] = {
            "cpc": {"encoder": (self.encoder, self.quantiser, self.memory, self.contrast)},
            "vocoder": {"vocoder": (self.code_table, self.vocoder)},
        }
        if stage not in stages:
            raise InputError(f"vqcpc-gru has the stages cpc and vocoder, not {stage!r}; change the recipe's stages")
        return stages[stage]

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Place the codebook among encoded data, before the first stage."""
        if stage == "cpc":
            self._check(stage, batch, units=self.settings.steps + 2)  # another time to draw negatives from
            self._place_codes(stage, batch)
        else:
            self._check(stage, batch)

    def continuous(self, frames: Tensor) -> Tensor:
        """See :class:`GruSystem`."""
        encoded: Tensor = self.encoder(frames)
        return encoded

    def vectors(self, indices: Tensor) -> Tensor:
        """See :class:`GruSystem`; from the vocoder's own table."""
        return F.embedding(indices[..., 0], self.code_table.weight)

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """Contrast and commitment loss of the encoder, or cross-entropy of the wave's codes."""
        quantised = self.quantiser(self._inner(batch))
        if stage == "vocoder":
            return {"reconstruction": self._surprise(self.vectors(quantised.indices), batch)}
        context = self.memory(quantised.vectors)[0]
        contrast = self.contrast(*(by_speaker(values, batch.speakers) for values in (quantised.vectors, context)))
        if self.contrast.training:
            self._accuracy = contrast.accuracy
        return {
            "contrast": contrast.loss,
            "commitment": self.settings.commitment * quantised.losses["commitment"],
        }

    def monitor(self) -> dict[str, float]:
        """Figures of the codebook and accuracy of the last predictions, in stage ``cpc``."""
        figures = super().monitor()
        return figures and figures | {"accuracy": self._accuracy.item()}


def by_speaker(values: Tensor, speakers: Tensor) -> Tensor:
    """Crops in order of speaker, (S * U, ...), to U crops of each of S speakers, (S, U, ...).

    A speaker who was drawn twice counts as two.

    >>> by_speaker(torch.arange(6), torch.tensor([3, 3, 1, 1, 1, 1])).tolist()
    [[0, 1], [2, 3], [4, 5]]
    """
    runs = torch.unique_consecutive(speakers, return_counts=True)[1]
    return values.unflatten(0, (-1, math.gcd(*runs.tolist())))
