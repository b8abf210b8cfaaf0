"""What systems share that speak a whole wave at once and learn it against critics, as MelGAN does."""

from dataclasses import dataclass, field

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.audio import Wave
from unitvoice.errors import InputError
from unitvoice.features.kinds import HOP_SPECTRUM
from unitvoice.features.spectral import mel_filters
from unitvoice.nn.gan_losses import critics_loss, feature_distance, generator_loss
from unitvoice.nn.mel_spectrum import MelSpectrum
from unitvoice.nn.melgan import Critics, Generator
from unitvoice.nn.pieces import in_pieces
from unitvoice.systems.base import Batch
from unitvoice.systems.preparation import check_spoken

__all__ = ["CriticSettings", "GanSettings", "GeneratorSettings", "WaveGan", "waves_of"]

FULL_SCALE = 32767


@dataclass(frozen=True)
class GeneratorSettings:
    """See :class:`unitvoice.nn.melgan.Generator`."""

    ratios: tuple[PositiveInt, ...] = (8, 8, 4, 2, 2)
    channels: PositiveInt = 32
    blocks: PositiveInt = 3


@dataclass(frozen=True)
class CriticSettings:
    """See :class:`unitvoice.nn.melgan.Critics`."""

    scales: PositiveInt = 3
    channels: PositiveInt = 16
    widest: PositiveInt = 1024


@dataclass(frozen=True)
class GanSettings:
    """The generator, its critics, and the weights of what the generator minimises; of weight 0 nothing is computed."""

    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    critics: CriticSettings = field(default_factory=CriticSettings)
    adversarial: PositiveFloat = 1.0
    features: NonNegativeFloat = 10.0  # distance of the critics' features
    mel: NonNegativeFloat = 0.0  # distance of log-mel frames


class WaveGan(nn.Module):
    """A generator, its critics and a mel spectrum to compare waves by.

    Args:
        settings: of the recipe.
        inputs: values per vector that is spoken.
        hop: samples per vector.

    Raises:
        InputError: the generator's ratios do not give this hop.
    """

    def __init__(self, settings: GanSettings, inputs: int, hop: int) -> None:
        super().__init__()
        own, critics = settings.generator, settings.critics
        self.weights = settings
        self.generator = Generator(inputs, channels=own.channels, ratios=own.ratios, blocks=own.blocks)
        if self.generator.hop != hop:
            raise InputError(
                f"the generator's ratios {list(own.ratios)} make {self.generator.hop} samples of a vector, which must "
                f"be {hop}; change the recipe's ratios"
            )
        self.critics = Critics(critics.scales, critics.channels, critics.widest)
        self.spectrum = MelSpectrum(torch.from_numpy(mel_filters(HOP_SPECTRUM)), HOP_SPECTRUM.hop)

    def criticism(self, real: Tensor, spoken: Tensor) -> Tensor:
        """What the critics minimise, given waves, (B, N) each; there may be more or fewer spoken ones."""
        return critics_loss(self.critics(real), self.critics(spoken))

    def imitation(self, real: Tensor, spoken: Tensor) -> dict[str, Tensor]:
        """What the generator minimises, given waves and what it speaks in their place, (B, N) each."""
        weights = self.weights
        judged = self.critics(spoken)
        terms = {"adversarial": weights.adversarial * generator_loss(judged)}
        if weights.features:
            with torch.no_grad():
                heard = self.critics(real)
            terms["features"] = weights.features * feature_distance(heard, judged)
        if weights.mel:
            terms["mel"] = weights.mel * self.mel_distance(real, spoken)
        return terms

    def pleasing(self, spoken: Tensor) -> Tensor:
        """What the generator minimises of waves, (B, N), that have no recording to compare them with."""
        return self.weights.adversarial * generator_loss(self.critics(spoken))

    def mel_distance(self, real: Tensor, spoken: Tensor) -> Tensor:
        """Mean absolute difference of log-mel frames, base 10, of waves, (B, N) each."""
        return F.l1_loss(self.spectrum(spoken), self.spectrum(real))

    def speak(self, vectors: Tensor, samples: int) -> Wave:
        """(T, inputs) vectors as sound: so many samples, with silence where the vectors do not last for them."""
        generator = self.generator
        wave = in_pieces(generator, vectors.mT[None], hop=generator.hop, reach=generator.reach)[0, :samples]
        spoken: Wave = F.pad(wave, (0, samples - len(wave))).float().cpu().numpy()
        return spoken


def waves_of(batch: Batch, kind: str) -> Tensor:
    """Waves of a batch, (B, N) between -1 and 1; InputError when the recipe does not read them."""
    check_spoken(batch, kind)
    return batch.frames[kind][..., 0].float() / FULL_SCALE
