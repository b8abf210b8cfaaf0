"""``vqvae-wavenet``: units of cepstra, spoken sample by sample by a WaveNet (VQ-VAE-Speech; Lamothe, 2019).

The original never connected its decoder. Here unit m and the one after it, 15 ms before and 5 ms after the middle of
their 20 ms of sound, make a vector, and each vector lasts for 320 samples, so that the wave is as long as its source.
Other departures:

* vectors are brought to the rate of samples by learned smoothing without rectifiers, held at the ends;
* by options that are not published, codes also learn from frames, which teach them more in a short training, and the
  WaveNet learns from the middle of each crop alone. Others are in :mod:`unitvoice.systems.vqvae_speech`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.audio import Wave, mu_law_decode
from unitvoice.nn.output_heads import CategoricalHead
from unitvoice.nn.precision import Precision
from unitvoice.nn.upsampling import SmoothingUpsampler
from unitvoice.nn.wavenet import WaveNet
from unitvoice.nn.wavenet_stepper import WaveNetStepper, fold
from unitvoice.systems.base import Batch
from unitvoice.systems.vqvae_speech import FrameDecoder, SpeechSettings, SpeechSystem

__all__ = ["Settings", "VqvaeWavenet"]

SOUND = "mulaw"
SCALES = (2, 2, 2, 2, 4, 5)  # 320 samples per vector, by six filters as in the original


@dataclass(frozen=True)
class Settings(SpeechSettings):
    """The numbers of the system."""

    speaker_width: int = 128
    condition: int = 768  # values of what the WaveNet is told
    residual: int = 768
    gate: int = 768
    skip: int = 256
    layers: int = 20
    stacks: int = 2
    dropout: float = 0.05
    guide: float = 0.0  # weight of the squared error of log-mel frames, decoded beside the sound
    window: PositiveInt | None = None  # units in the middle of a crop whose samples are learned at most; None for all


class VqvaeWavenet(SpeechSystem):
    """The system; see the module's docstring."""

    settings: Settings

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(settings, speakers, kernel=1)
        self.condition = nn.Conv1d(settings.width, settings.condition, 2)
        self.guide = FrameDecoder(settings, "logmel", len(self.speakers)) if settings.guide else None
        self._begin(self.encoder, self.condition, *([self.guide] if self.guide else []))
        told = settings.speaker_width > 0
        self.speaker_table = nn.Embedding(len(self.speakers), settings.speaker_width) if told else None
        self.wavenet = WaveNet(
            CategoricalHead(),
            SmoothingUpsampler(settings.condition, SCALES),
            voice=settings.speaker_width,
            residual=settings.residual,
            gate=settings.gate,
            skip=settings.skip,
            layers=settings.layers,
            stacks=settings.stacks,
            dropout=settings.dropout,
        )

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Take the statistics of the frames from the corpus, and the codebook's start from encoded data."""
        self._prepare_input(stage, batch, means, SOUND, *([self.guide.output] if self.guide else []))
        if self.guide:
            self.guide.prepare(batch, means)

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """Cross-entropy of the codes of the wave, the losses of the codebook and, by option, of decoded frames."""
        vectors, losses = self._quantised(batch)
        conditions, codes = self._windowed(self._conditions(vectors), batch.frames[SOUND][..., 0].long())
        predicted = self.wavenet(conditions, self._voice(batch.speakers), codes)
        losses["reconstruction"] = self.wavenet.head.loss(predicted, codes)
        if self.guide:
            losses["guide"] = self.settings.guide * self.guide.loss(vectors, batch)
        return losses

    def _conditions(self, vectors: Tensor) -> Tensor:
        """Code vectors, (B, T, W), each with the one after it, (B, T, C); the last is held."""
        conditions: Tensor = self.condition(F.pad(vectors.mT, (0, 1), mode="replicate")).mT
        return conditions

    def _windowed(self, conditions: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """The middle of crops, from which the WaveNet learns: (B, U, C) and (B, S) to fewer of both."""
        hop = self.wavenet.hop
        units = codes.shape[1] // hop
        count = min(self.settings.window or units, units)
        if count == units:
            return conditions, codes
        first = (units - count) // 2
        return conditions[:, first : first + count], codes[:, first * hop : (first + count) * hop]

    def _voice(self, speakers: Tensor) -> Tensor | None:
        """(B,) rows of the speaker table to (B, E)."""
        return None if self.speaker_table is None else self.speaker_table(speakers)

    def stepper(self, rows: int, precision: Precision) -> WaveNetStepper:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        return WaveNetStepper(self.wavenet, rows, precision)

    def conditions(self, indices: Tensor, speaker: str) -> Tensor:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        vectors = self._conditions(self.quantiser.lookup(indices[None]))[0]
        voice = self._voice(torch.tensor([self.speaker_row(speaker)], device=indices.device))
        return fold(self.wavenet, vectors, None if voice is None else voice[0])

    def wave(self, samples: Tensor) -> Wave:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        return mu_law_decode(samples.cpu().numpy())
