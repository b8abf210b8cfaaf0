"""``wavernn``: a vocoder, from log-mel frames to sound of 16 bits, sample by sample (mkotha/WaveRNN, 2019).

It is trained like a system and becomes the same kind of model folder, but it has no units and knows no voices. It is
the only vocoder that speaks sample by sample: many utterances at once, by the options of conversion.

Departures from the original: frames at 100 Hz, as the systems here decode them, less the mean of the corpus and at its
scale; coarse and fine numbers are kept apart in each pass, not after each update; frames are held beyond the ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from pydantic import PositiveInt
from torch import Tensor

from unitvoice.audio import Wave
from unitvoice.errors import InputError
from unitvoice.features.spectral import Spectrum
from unitvoice.nn.precision import Precision
from unitvoice.nn.upsampling import RepeatingUpsampler
from unitvoice.nn.wavernn import WaveRnn, surprise
from unitvoice.nn.wavernn_stepper import WaveRnnStepper
from unitvoice.systems.base import Batch, System
from unitvoice.systems.preparation import check_bands, check_crops, check_spoken
from unitvoice.systems.speaking import SixteenBits

__all__ = ["Settings", "WaveRnnVocoder"]

SOUND = "wave"
HOP = Spectrum().hop  # samples per frame
SHORTEST = 3  # frames of a crop: the first and the last are the neighbours of those that are learned


@dataclass(frozen=True)
class Settings:
    """The numbers of the vocoder."""

    bands: PositiveInt = 80
    scales: tuple[PositiveInt, ...] = (5, 4, 8)  # whose product is the samples of a frame
    hidden: PositiveInt = 896
    head: PositiveInt = 896


class WaveRnnVocoder(SixteenBits, System):
    """The vocoder; see the module's docstring."""

    input = "logmel"
    has_units = False
    mean: Tensor
    scale: Tensor

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(speakers)
        try:
            self.upsampler = RepeatingUpsampler(settings.bands, settings.scales)
        except ValueError as error:
            raise InputError(f"{error}; change the recipe's scales") from None
        if self.upsampler.hop != HOP:
            raise InputError(
                f"the scales {list(settings.scales)} make {self.upsampler.hop} samples of a frame, which has {HOP}; "
                "change them"
            )
        self.network = WaveRnn(settings.bands, hidden=settings.hidden, head=settings.head)
        self.register_buffer("mean", torch.zeros(settings.bands))
        self.register_buffer("scale", torch.ones(()))

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Take the statistics of the frames from the corpus."""
        check_spoken(batch, SOUND)
        check_crops(stage, batch)
        frames = batch.frames[self.input]
        check_bands(frames, len(self.mean))
        if frames.shape[1] < SHORTEST:
            raise InputError(f"stage {stage} needs crops of {SHORTEST} frames or more; lengthen its crop")
        self.mean.copy_(means[self.input])
        self.scale.copy_((frames - self.mean).std())

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """Cross-entropy of the coarse and fine numbers of the samples of all frames but the first and the last."""
        frames = self._normalised(batch.frames[self.input])
        conditions = self.upsampler(frames).mT[:, HOP:-HOP]
        samples = batch.frames[SOUND][..., 0].long()[:, HOP - 1 : HOP + conditions.shape[1]]
        coarse, fine = surprise(self.network(conditions, samples), samples[:, 1:])
        return {"coarse": coarse, "fine": fine}

    def decode(self, indices: Tensor, speaker: str, frames: int) -> Tensor:
        """InputError: a vocoder changes no voice."""
        raise InputError("wavernn is a vocoder, which converts no voices; give it to the conversion as --vocoder")

    def stepper(self, rows: int, precision: Precision) -> WaveRnnStepper:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        return WaveRnnStepper(self.network, self.upsampler, rows, precision)

    def conditions(self, units: Tensor, speaker: str) -> Tensor:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`; units are frames, (T, bands), whoever speaks."""
        return self.upsampler.windows(self._normalised(units)[None])[0].flatten(1)

    @torch.no_grad()
    def vocode(self, frames: Tensor, samples: int) -> Wave:
        """See :class:`unitvoice.systems.speaking.Vocodes`; one sample after the other, for want of others to speak."""
        stepper, conditions = self.stepper(1, "float32"), self.conditions(frames, "")
        stepper.clear(0)
        noise = torch.rand(samples, 1, stepper.draws, generator=torch.Generator().manual_seed(0)).to(frames.device)
        last = len(conditions) - 1  # which is held
        spoken = [
            stepper.step(conditions[None, min(place // HOP, last)], now).clone() for place, now in enumerate(noise)
        ]
        return self.wave(torch.cat(spoken))

    def _normalised(self, frames: Tensor) -> Tensor:
        return (frames - self.mean) / self.scale
