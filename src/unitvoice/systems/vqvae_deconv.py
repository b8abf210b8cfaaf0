"""``vqvae-deconv``: units of cepstra, decoded to frames by transposed convolutions (VQ-VAE-Speech; Lamothe, 2019).

The original decodes cepstra, of which no sound can be made; here log-mel frames are the default, for conversion. Other
departures are in :mod:`unitvoice.systems.vqvae_speech`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.errors import InputError
from unitvoice.nn.deconvolution import DeconvolutionDecoder
from unitvoice.systems.base import Batch
from unitvoice.systems.vqvae_speech import WIDTHS, Kind, SpeechSettings, SpeechSystem, scale_of

__all__ = ["Settings", "VqvaeDeconv"]

SPOKEN: Kind = "logmel"  # what vocoders read


@dataclass(frozen=True)
class Settings(SpeechSettings):
    """The numbers of the system."""

    output: Kind = SPOKEN  # of all kinds this one alone can be made sound of


class VqvaeDeconv(SpeechSystem):
    """The system; see the module's docstring."""

    settings: Settings
    output_mean: Tensor
    output_scale: Tensor

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(settings, speakers, kernel=3)
        values = WIDTHS[settings.output]
        given = settings.width + settings.speaker_width
        self.speaker_table = (
            nn.Embedding(len(self.speakers), settings.speaker_width) if settings.speaker_width else None
        )
        self.decoder = DeconvolutionDecoder(given, settings.channels, values, settings.blocks)
        self.register_buffer("output_mean", torch.zeros(values))
        self.register_buffer("output_scale", torch.ones(values))
        self._begin(self.encoder, self.decoder)

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Take the statistics of input and output from the corpus, and the codebook's start from encoded data."""
        output = self.settings.output
        self._prepare_input(stage, batch, means, output)
        self.output_mean.copy_(means[output])
        self.output_scale.copy_(scale_of(batch.frames[output], self.output_mean))

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """Squared error of the normalised output frames, and the losses of the codebook."""
        target = (batch.frames[self.settings.output] - self.output_mean) / self.output_scale
        vectors, losses = self._quantised(batch)
        decoded = self._decoded(vectors, batch.speakers, target.shape[1])
        return {"reconstruction": F.mse_loss(decoded, target)} | losses

    def decode(self, indices: Tensor, speaker: str, frames: int) -> Tensor:
        """(T, 1) codes to (frames, 80) log-mel frames; InputError when the model was trained for another output."""
        if self.settings.output != SPOKEN:
            raise InputError(
                f"the model decodes {self.settings.output}, of which no sound can be made; it is for units alone. "
                f"Train one whose output is {SPOKEN}"
            )
        row = torch.tensor([self.speaker_row(speaker)], device=indices.device)
        decoded = self._decoded(self.quantiser.lookup(indices[None]), row, frames)[0]
        return decoded * self.output_scale + self.output_mean

    def _decoded(self, vectors: Tensor, speakers: Tensor, frames: int) -> Tensor:
        """Normalised output frames, (B, frames, D)."""
        if self.speaker_table is not None:
            voice = self.speaker_table(speakers)[:, None].expand(-1, vectors.shape[1], -1)
            vectors = torch.cat([vectors, voice], dim=-1)
        decoded: Tensor = self.decoder(vectors.mT, frames).mT
        return decoded
