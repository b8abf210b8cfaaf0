"""What the systems of van Niekerk et al. (2020) share: units at 50 Hz of the mel spectrum, spoken sample by sample.

Departures from the original, in both systems:

* the codebook starts among encoded data, and codes without frames are placed anew, where the original's start is an
  accident of its averages and its dead codes stay dead;
* a crop has context on both sides, whose units are dropped, as the zeros beside a crop are in no recording;
* an utterance is padded so that units and sound begin and end with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Lt, MultipleOf
from pydantic import PositiveInt
from torch import Tensor
from torch.nn import functional as F

from unitvoice.audio import Wave, mu_law_decode
from unitvoice.errors import InputError
from unitvoice.nn.augmentation import random_warp
from unitvoice.nn.convolutions import settling
from unitvoice.nn.gru_stepper import GruStepper
from unitvoice.nn.gru_vocoder import GruVocoder
from unitvoice.nn.precision import Precision
from unitvoice.nn.vq import EmaQuantiser
from unitvoice.systems.base import Batch, System, Units
from unitvoice.systems.preparation import MORE_DATA, check_bands, check_crops, check_spoken, place_codes

__all__ = ["STRIDE", "Context", "GruSettings", "GruSystem"]

FRAME_RATE = 100.0  # Hz, of the mel frames
STRIDE = 2
SOUND = "mulaw"

type Context = Annotated[int, Ge(0), MultipleOf(STRIDE)]
type Warp = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True)
class GruSettings:
    """The numbers that both systems have."""

    bands: int = 80
    channels: int = 512  # of the encoder
    codes: int = 512
    width: int = 64  # values per code vector
    decay: float = 0.999  # of the codebook's moving averages
    revive_below: float = 0.1  # frames per step, averaged: a code with fewer is placed anew
    commitment: float = 0.25
    normalise: bool = False  # whether the encoder sees frames less their mean; not in the original
    prior: float = 16.0  # frames that the speaker's mean then counts for beside the utterance's own, when encoding
    warp: Warp = 0.0  # largest relative stretch of the mel axis that the encoder sees in training; not in the original
    context: Context = 2  # frames on each side of a crop whose units are dropped
    window: PositiveInt | None = None  # units in the middle of a crop whose samples are learned at most; None for all
    speaker_width: int = 64
    conditioning: int = 128  # units of each direction of the vocoder's conditioning network
    sample_width: int = 256
    hidden: int = 896  # units of the vocoder's network over samples
    head: int = 256


class GruSystem(System):
    """A frame encoder, a codebook and a recurrent vocoder; see the module's docstring."""

    input = "peakmel"
    unit_rate = FRAME_RATE / STRIDE
    unit_first = 0.5 / FRAME_RATE  # a unit stands between its two frames

    def __init__(self, settings: GruSettings, speakers: Sequence[str]) -> None:
        super().__init__(speakers)
        self.settings, self.prior = settings, settings.prior
        self.quantiser = EmaQuantiser(
            settings.codes, settings.width, decay=settings.decay, revive_below=settings.revive_below
        )
        self.vocoder = GruVocoder(
            settings.width,
            len(self.speakers),
            speaker_width=settings.speaker_width,
            conditioning=settings.conditioning,
            sample_width=settings.sample_width,
            hidden=settings.hidden,
            head=settings.head,
        )

    def continuous(self, frames: Tensor) -> Tensor:
        """What is quantised: (B, T, bands) frames, T even, to (B, T / 2, width)."""
        raise NotImplementedError

    def vectors(self, indices: Tensor) -> Tensor:
        """What the vocoder reads of codes, (..., T, 1) -> (..., T, width)."""
        return self.quantiser.lookup(indices)

    def _check(self, stage: str, batch: Batch, units: int = 1) -> None:
        """InputError when a stage cannot learn from such batches, for which crops must have so many units."""
        check_spoken(batch, SOUND)
        frames = batch.frames[self.input]
        check_bands(frames, self.settings.bands)
        check_crops(stage, batch)
        length = frames.shape[1]
        needed = 2 * self.settings.context + STRIDE * units
        if length < needed:
            raise InputError(
                f"stage {stage} needs crops of {needed} frames, context included, not {length}; set its crop"
            )

    def _place_codes(self, stage: str, batch: Batch) -> None:
        """Place the codebook among encoded data; InputError when they are too few."""
        with torch.no_grad(), settling(self):
            self._inner(batch)
        # the codes stand where the encoder will put frames in use, so that an untrained system is a fair comparison
        self.eval()
        with torch.no_grad():
            encoded = self._inner(batch).flatten(0, 1)
        self.train()
        place_codes(stage, self.quantiser.initialise, encoded, MORE_DATA)

    def _inner(self, batch: Batch) -> Tensor:
        """What is quantised of crops without their context, (B, G, width)."""
        frames = batch.frames[self.input].float()
        frames = frames[:, : frames.shape[1] // STRIDE * STRIDE]
        if self.quantiser.training:
            frames = random_warp(frames, self.settings.warp)
        encoded = self.continuous(self._levelled(frames, frames.mean(dim=1)))
        edge = self.settings.context // STRIDE
        return encoded[:, edge : encoded.shape[1] - edge]

    def _levelled(self, frames: Tensor, mean: Tensor) -> Tensor:
        return frames - mean[:, None] if self.settings.normalise else frames

    def _surprise(self, vectors: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy of the wave's codes, nats a sample, given the vectors that belong to :meth:`_inner`."""
        units = min(vectors.shape[1], self.settings.window or vectors.shape[1])
        first = (vectors.shape[1] - units) // 2 * STRIDE
        start = (self.settings.context + first) * self.vocoder.hop
        codes = batch.frames[SOUND][:, start : start + units * STRIDE * self.vocoder.hop, 0].long()
        logits = self.vocoder(vectors, batch.speakers, codes, first)
        return F.cross_entropy(logits.flatten(0, 1), codes.flatten())

    def monitor(self) -> dict[str, float]:
        """Figures of the codebook, in a stage that trains it."""
        return self.quantiser.figures() if self.quantiser.training else {}

    def encode(self, frames: Tensor, mean: Tensor) -> Units:
        """Units at 50 Hz, half as many as frames, rounded up; see :class:`System`."""
        even = F.pad(frames.float().T[None], (0, len(frames) % STRIDE), mode="replicate").mT
        continuous = self.continuous(self._levelled(even, mean[None]))
        indices = self.quantiser(continuous).indices
        return Units(indices[0], self.quantiser.lookup(indices)[0], continuous[0])

    def stepper(self, rows: int, precision: Precision) -> GruStepper:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        return GruStepper(self.vocoder, rows, precision)

    def conditions(self, indices: Tensor, speaker: str) -> Tensor:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        row = torch.tensor([self.speaker_row(speaker)], device=indices.device)
        frames = self.vocoder.condition(self.vectors(indices)[None], row)[0]
        return self.stepper(1, "float32").fold(frames)

    def wave(self, samples: Tensor) -> Wave:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        return mu_law_decode(samples.cpu().numpy())
