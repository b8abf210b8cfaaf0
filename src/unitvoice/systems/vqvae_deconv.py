"""``vqvae-deconv``: units of cepstra, decoded to frames by transposed convolutions (VQ-VAE-Speech; Lamothe, 2019).

The original decodes cepstra, of which no sound can be made; here log-mel frames are the default, for conversion. Other
departures are in :mod:`unitvoice.systems.vqvae_speech`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unitvoice.errors import InputError
from unitvoice.systems.base import Batch
from unitvoice.systems.vqvae_speech import FrameDecoder, Kind, SpeechSettings, SpeechSystem

__all__ = ["Settings", "VqvaeDeconv"]

SPOKEN: Kind = "logmel"  # what vocoders read


@dataclass(frozen=True)
class Settings(SpeechSettings):
    """The numbers of the system."""

    output: Kind = SPOKEN  # of all kinds this one alone can be made sound of


class VqvaeDeconv(SpeechSystem):
    """The system; see the module's docstring."""

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(settings, speakers, kernel=3)
        self.decoder = FrameDecoder(settings, settings.output, len(self.speakers))
        self._begin(self.encoder, self.decoder)

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Take the statistics of input and output from the corpus, and the codebook's start from encoded data."""
        self._prepare_input(stage, batch, means, self.decoder.output)
        self.decoder.prepare(batch, means)

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """Squared error of the normalised output frames, and the losses of the codebook."""
        vectors, losses = self._quantised(batch)
        return {"reconstruction": self.decoder.loss(vectors, batch)} | losses

    def decode(self, indices: Tensor, speaker: str, frames: int) -> Tensor:
        """(T, 1) codes to (frames, 80) log-mel frames; InputError when the model was trained for another output."""
        if self.decoder.output != SPOKEN:
            raise InputError(
                f"the model decodes {self.decoder.output}, of which no sound can be made; it is for units alone. "
                f"Train one whose output is {SPOKEN}, or set speaks to false in the recipe"
            )
        row = torch.tensor([self.speaker_row(speaker)], device=indices.device)
        decoded: Tensor = self.decoder(self.quantiser.lookup(indices[None]), row, frames)[0]
        return decoded
