"""``melgan``: a vocoder, from log-mel frames to sound (Kumar et al., 2019), for all systems that decode such frames.

It is trained like a system and becomes the same kind of model folder, but it has no units and knows no voices: frames
are spoken as they are. Departures from the original: frames at 100 Hz, as the systems here decode them, less the mean
of the corpus and at its scale; by option, the generator learns from the log-mel distance first, or also.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from unitvoice.audio import Wave
from unitvoice.errors import InputError, listed
from unitvoice.features.spectral import Spectrum
from unitvoice.systems.base import Batch, System, Units
from unitvoice.systems.gan import GanSettings, GeneratorSettings, WaveGan, waves_of
from unitvoice.systems.preparation import check_bands, check_crops

__all__ = ["MelGan", "Settings"]

SOUND = "wave"
HOP = Spectrum().hop  # samples per frame
STAGES = ("pretrain", "melgan")  # by the log-mel distance alone; against critics


@dataclass(frozen=True)
class Settings(GanSettings):
    """The numbers of the vocoder."""

    generator: GeneratorSettings = field(default_factory=lambda: GeneratorSettings(ratios=(8, 5, 2, 2)))
    bands: int = 80


class MelGan(System):
    """The vocoder; see the module's docstring."""

    input = "logmel"
    unit_rate = Spectrum().rate
    unit_first = 0.0
    discrete = False
    prior = 0.0
    mean: Tensor
    scale: Tensor

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(speakers)
        self.gan = WaveGan(settings, settings.bands, HOP)
        self.register_buffer("mean", torch.zeros(settings.bands))
        self.register_buffer("scale", torch.ones(()))

    def players(self, stage: str) -> Mapping[str, tuple[nn.Module, ...]]:
        """The generator, and where there are critics these before it."""
        if stage not in STAGES:
            known = listed(STAGES)
            raise InputError(f"there is no stage {stage!r} of this system; known are {known}; correct the recipe")
        critics = {"critics": (self.gan.critics,)} if stage == "melgan" else {}
        return critics | {"generator": (self.gan.generator,)}

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Take the statistics of the frames from the corpus; the same in all stages."""
        frames = batch.frames[self.input]
        check_bands(frames, len(self.mean))
        check_crops(stage, batch)
        self.mean.copy_(means[self.input])
        self.scale.copy_((frames - self.mean).std())

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """The hinge loss of the critics; what the generator minimises against them, or in ``pretrain`` without."""
        frames = batch.frames[self.input]
        length = (frames.shape[1] - 1) * HOP  # the last frame of a recording stands at its end
        real = waves_of(batch, SOUND)[:, :length]
        spoken = self.gan.generator(self._normalised(frames).mT)[:, :length]
        if player == "critics":
            return {"critics": self.gan.criticism(real, spoken)}
        if stage == "pretrain":
            return {"mel": self.gan.mel_distance(real, spoken)}
        return self.gan.imitation(real, spoken)

    def encode(self, frames: Tensor, mean: Tensor) -> Units:
        """The frames themselves, as there are no units; see :class:`System`."""
        return Units(torch.zeros(len(frames), 0, dtype=torch.int64, device=frames.device), frames, frames)

    def decode(self, indices: Tensor, speaker: str, frames: int) -> Tensor:
        """InputError: a vocoder changes no voice."""
        raise InputError("melgan is a vocoder, which converts no voices; give it to the conversion as --vocoder")

    def vocode(self, frames: Tensor, samples: int) -> Wave:
        """See :class:`unitvoice.systems.speaking.Vocodes`."""
        return self.gan.speak(self._normalised(frames), samples)

    def _normalised(self, frames: Tensor) -> Tensor:
        return (frames - self.mean) / self.scale
