"""``unit-vqvae``: units of raw waves, learned with the HiFi-GAN that speaks them (Polyak et al., 2021).

All is trained at once: the encoder and its codes by what the generator needs, against critics. Departures from the
original:

* recordings are at their peak in training and in encoding alike, so that units do not depend on the level;
* the state of the codes is part of all checkpoints; they begin among encoded data;
* units cover a recording to its end;
* by option the generator is told the speaker, without which it cannot convert voices.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.audio import RATE, Wave
from unitvoice.errors import InputError
from unitvoice.nn.strided import strided_encoder
from unitvoice.nn.vq import EmaQuantiser
from unitvoice.systems.base import Batch, System, Units
from unitvoice.systems.gan import FULL_SCALE, HifiGanSettings, HifiGeneratorSettings, hifi_gan, waves_of
from unitvoice.systems.preparation import MORE_DATA, check_crops, place_codes
from unitvoice.systems.voices import VoiceTable

__all__ = ["Settings", "UnitVqvae"]

STAGE = "unit-vqvae"


@dataclass(frozen=True)
class Settings(HifiGanSettings):
    """The numbers of the system."""

    generator: HifiGeneratorSettings = field(default_factory=lambda: HifiGeneratorSettings(ratios=(5, 4, 2, 2, 2)))
    strides: tuple[PositiveInt, ...] = (2, 2, 2, 2, 2, 5)  # of the encoder
    channels: PositiveInt = 32  # of the encoder
    codes: PositiveInt = 256
    width: PositiveInt = 128  # values per code vector
    decay: float = 0.99  # of the codebook's moving averages
    revive_below: float = 1.0  # frames per step, averaged: a code with fewer is placed anew
    commitment: NonNegativeFloat = 0.02
    table: NonNegativeInt = 0  # values of a speaker's row; 0: the generator is not told the speaker, as published


class UnitVqvae(System):
    """The system; see the module's docstring."""

    input = "peakwave"
    prior = 0.0

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(speakers)
        self.settings = settings
        self.hop = math.prod(settings.strides)
        self.unit_rate = RATE / self.hop
        self.unit_first = self.hop / 2 / RATE
        self.encoder = strided_encoder(1, settings.channels, settings.width, settings.strides)
        self.quantiser = EmaQuantiser(
            settings.codes, settings.width, decay=settings.decay, revive_below=settings.revive_below
        )
        self.voices = VoiceTable(self.speakers, settings.table) if settings.table else None
        self.gan = hifi_gan(settings, settings.width + settings.table, self.hop)

    def players(self, stage: str) -> Mapping[str, tuple[nn.Module, ...]]:
        """The critics, and all that they judge."""
        if stage != STAGE:
            raise InputError(f"there is no stage {stage!r} of this system; known is {STAGE}; correct the recipe")
        spoken = (self.encoder, self.quantiser, self.gan.generator, *([self.voices] if self.voices else []))
        return {"critics": (self.gan.critics,), "generator": spoken}

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Place the codes among encoded data."""
        check_crops(stage, batch)
        length = batch.frames[self.input].shape[1]
        if length % self.hop:
            raise InputError(
                f"stage {stage} needs a crop that is a multiple of {self.hop / RATE:g} s; correct its crop"
            )
        with torch.no_grad():
            encoded = self._encoded(waves_of(batch, self.input)).flatten(0, 1)
        place_codes(stage, self.quantiser.initialise, encoded, MORE_DATA)

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """What the critics minimise, or the generator with its encoder."""
        real = waves_of(batch, self.input)
        quantised = self.quantiser(self._encoded(real))
        spoken = self.gan.generator(self._told(quantised.vectors, batch.speakers).mT)
        if player == "critics":
            return {"critics": self.gan.criticism(real, spoken)}
        if self.voices is not None and self.voices.training:
            self.voices.count(batch.speakers)
        commitment = self.settings.commitment * quantised.losses["commitment"]
        return self.gan.imitation(real, spoken) | {"commitment": commitment}

    def monitor(self) -> dict[str, float]:
        """Figures of the codebook."""
        return self.quantiser.figures()

    def encode(self, frames: Tensor, mean: Tensor) -> Units:
        """A unit for each 10 ms, or as the settings say, rounded up; see :class:`System`."""
        wave = frames[:, 0].float() / FULL_SCALE
        continuous = self._encoded(F.pad(wave, (0, -len(wave) % self.hop))[None])
        indices = self.quantiser(continuous).indices
        return Units(indices[0], self.quantiser.lookup(indices)[0], continuous[0])

    def speak(self, units: Tensor, speaker: str, samples: int) -> Wave:
        """See :class:`unitvoice.systems.speaking.SpeaksWaves`."""
        if self.voices is None:
            raise InputError("the model was trained without speakers, and speaks in no voice of choice; set its table")
        row = self.speaker_row(speaker)
        self.voices.check(row)
        told = self._told(self.quantiser.lookup(units[None]), torch.tensor([row], device=units.device))
        return self.gan.speak(told[0], samples)

    def _encoded(self, waves: Tensor) -> Tensor:
        """What is quantised, (B, U, width), of waves, (B, U * hop)."""
        encoded: Tensor = self.encoder(waves[:, None]).mT
        return encoded

    def _told(self, vectors: Tensor, speakers: Tensor) -> Tensor:
        """What the generator speaks from: vectors, (B, U, width), and by option the voices of (B,) speakers."""
        if self.voices is None:
            return vectors
        return torch.cat([vectors, self.voices(speakers)[:, None].expand(-1, vectors.shape[1], -1)], dim=-1)
