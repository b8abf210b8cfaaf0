"""What vocoders share: networks that make sound of log-mel frames, for all systems that decode such frames.

A vocoder is trained like a system and becomes the same kind of model folder, but it has no units and knows no voices:
frames are spoken as they are, less the mean of the corpus and at its scale. It learns from the log-mel distance alone
in a stage ``pretrain``, and against critics in a stage that has the name of the vocoder.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from unitvoice.audio import Wave
from unitvoice.errors import InputError, listed
from unitvoice.features.spectral import Spectrum
from unitvoice.systems.base import Batch, System
from unitvoice.systems.gan import WaveGan, waves_of
from unitvoice.systems.preparation import check_bands, check_crops

__all__ = ["HOP", "WaveVocoder"]

SOUND = "wave"
HOP = Spectrum().hop  # samples per frame
PRETRAIN = "pretrain"


class WaveVocoder(System):
    """A vocoder; see the module's docstring.

    Args:
        name: of the vocoder, and of its adversarial stage.
        gan: speaks vectors of ``bands`` values, ``HOP`` samples each.
        bands: of the frames.
        speakers: of the corpus.
    """

    input = "logmel"
    has_units = False
    mean: Tensor
    scale: Tensor

    def __init__(self, name: str, gan: WaveGan, bands: int, speakers: Sequence[str]) -> None:
        super().__init__(speakers)
        self.name, self.gan = name, gan
        self.register_buffer("mean", torch.zeros(bands))
        self.register_buffer("scale", torch.ones(()))

    def players(self, stage: str) -> Mapping[str, tuple[nn.Module, ...]]:
        """The generator, and where there are critics these before it."""
        known = (PRETRAIN, self.name)
        if stage not in known:
            raise InputError(
                f"there is no stage {stage!r} of this system; known are {listed(known)}; correct the recipe"
            )
        critics = {} if stage == PRETRAIN else {"critics": (self.gan.critics,)}
        return critics | {"generator": (self.gan.generator,)}

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Take the statistics of the frames from the corpus; the same in all stages."""
        frames = batch.frames[self.input]
        check_bands(frames, len(self.mean))
        check_crops(stage, batch)
        self.mean.copy_(means[self.input])
        self.scale.copy_((frames - self.mean).std())

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """The loss of the critics; what the generator minimises against them, or in ``pretrain`` without."""
        frames = batch.frames[self.input]
        length = (frames.shape[1] - 1) * HOP  # the last frame of a recording stands at its end
        real = waves_of(batch, SOUND)[:, :length]
        spoken = self.gan.generator(self._normalised(frames).mT)[:, :length]
        if player == "critics":
            return {"critics": self.gan.criticism(real, spoken)}
        if stage == PRETRAIN:
            return {"mel": self.gan.mel_distance(real, spoken)}
        return self.gan.imitation(real, spoken)

    def decode(self, indices: Tensor, speaker: str, frames: int) -> Tensor:
        """InputError: a vocoder changes no voice."""
        raise InputError(f"{self.name} is a vocoder, which converts no voices; give it to the conversion as --vocoder")

    def vocode(self, frames: Tensor, samples: int) -> Wave:
        """See :class:`unitvoice.systems.speaking.Vocodes`."""
        return self.gan.speak(self._normalised(frames), samples)

    def _normalised(self, frames: Tensor) -> Tensor:
        return (frames - self.mean) / self.scale
