"""What systems share that speak a whole wave at once and learn it against critics, as MelGAN and HiFi-GAN do."""

from dataclasses import asdict, dataclass, field

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from unitvoice.audio import Wave
from unitvoice.errors import InputError
from unitvoice.features.kinds import HOP_SPECTRUM
from unitvoice.features.spectral import mel_filters
from unitvoice.nn import hifigan, melgan
from unitvoice.nn.gan_losses import HINGE, LEAST_SQUARES, Objective
from unitvoice.nn.mel_spectrum import MelSpectrum
from unitvoice.nn.melgan import Critics
from unitvoice.nn.pieces import in_pieces
from unitvoice.nn.wave_critics import WaveCritics
from unitvoice.systems.base import Batch
from unitvoice.systems.preparation import check_spoken

__all__ = [
    "FULL_SCALE",
    "CriticSettings",
    "GanSettings",
    "GeneratorSettings",
    "HifiCriticSettings",
    "HifiGanSettings",
    "HifiGeneratorSettings",
    "WaveGan",
    "Weights",
    "hifi_gan",
    "mel_gan",
    "waves_of",
]

FULL_SCALE = 32767  # of a sample in a store
HIFI_POWER = 1e-9  # added to the power of each frequency
PIECE = 12  # times its reach: vectors that a generator speaks at once

type Generator = melgan.Generator | hifigan.Generator


@dataclass(frozen=True)
class Weights:
    """Weights of what a generator minimises; of weight 0 nothing is computed."""

    adversarial: PositiveFloat = 1.0
    features: NonNegativeFloat = 10.0  # distance of the critics' features
    mel: NonNegativeFloat = 0.0  # distance of log-mel frames


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
class GanSettings(Weights):
    """MelGAN's generator, its critics, and the weights."""

    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    critics: CriticSettings = field(default_factory=CriticSettings)


@dataclass(frozen=True)
class HifiGeneratorSettings:
    """See :class:`unitvoice.nn.hifigan.Generator`."""

    ratios: tuple[PositiveInt, ...] = (5, 4, 4, 2, 2)
    channels: PositiveInt = 512
    kernels: tuple[PositiveInt, ...] = (3, 7, 11)
    dilations: tuple[PositiveInt, ...] = (1, 3, 5)
    deviation: PositiveFloat | None = None


@dataclass(frozen=True)
class HifiCriticSettings:
    """See :class:`unitvoice.nn.wave_critics.WaveCritics`."""

    periods: tuple[PositiveInt, ...] = (2, 3, 5, 7, 11)
    scales: NonNegativeInt = 3
    period_channels: PositiveInt = 32
    widest: PositiveInt = 1024
    scale_channels: PositiveInt = 128


@dataclass(frozen=True)
class HifiGanSettings(Weights):
    """HiFi-GAN's generator, its critics, and the weights."""

    features: NonNegativeFloat = 2.0
    mel: NonNegativeFloat = 45.0
    generator: HifiGeneratorSettings = field(default_factory=HifiGeneratorSettings)
    critics: HifiCriticSettings = field(default_factory=HifiCriticSettings)


class WaveGan(nn.Module):
    """A generator, its critics and a mel spectrum to compare waves by.

    Args:
        generator: speaks (B, inputs, T) vectors.
        critics: judge (B, N) waves.
        objective: what they minimise.
        spectrum: its frames are compared.
        weights: of what the generator minimises.
    """

    def __init__(
        self,
        generator: Generator,
        critics: Critics | WaveCritics,
        objective: Objective,
        spectrum: MelSpectrum,
        weights: Weights,
    ) -> None:
        super().__init__()
        self.generator, self.critics, self.spectrum = generator, critics, spectrum
        self.objective, self.weights = objective, weights

    def criticism(self, real: Tensor, spoken: Tensor) -> Tensor:
        """What the critics minimise, given waves, (B, N) each; there may be more or fewer spoken ones."""
        return self.objective.critics(self.critics(real), self.critics(spoken))

    def imitation(self, real: Tensor, spoken: Tensor) -> dict[str, Tensor]:
        """What the generator minimises, given waves and what it speaks in their place, (B, N) each."""
        weights = self.weights
        judged = self.critics(spoken)
        terms = {"adversarial": weights.adversarial * self.objective.generator(judged)}
        if weights.features:
            with torch.no_grad():
                heard = self.critics(real)
            terms["features"] = weights.features * self.objective.features(heard, judged)
        if weights.mel:
            terms["mel"] = weights.mel * self.mel_distance(real, spoken)
        return terms

    def pleasing(self, spoken: Tensor) -> Tensor:
        """What the generator minimises of waves, (B, N), that have no recording to compare them with."""
        return self.weights.adversarial * self.objective.generator(self.critics(spoken))

    def mel_distance(self, real: Tensor, spoken: Tensor) -> Tensor:
        """Mean absolute difference of log-mel frames of waves, (B, N) each."""
        return F.l1_loss(self.spectrum(spoken), self.spectrum(real))

    def speak(self, vectors: Tensor, samples: int) -> Wave:
        """(T, inputs) vectors as sound: so many samples, with silence where the vectors do not last for them."""
        generator = self.generator
        options = {"hop": generator.hop, "reach": generator.reach, "size": PIECE * generator.reach}
        with parametrize.cached():  # the weights are computed once, not for each piece
            wave = in_pieces(generator, vectors.mT[None], **options)[0, :samples]
        spoken: Wave = F.pad(wave, (0, samples - len(wave))).float().cpu().numpy()
        return spoken


def mel_gan(settings: GanSettings, inputs: int, hop: int) -> WaveGan:
    """MelGAN, whose log-mel frames have base 10.

    Args:
        settings: of the recipe.
        inputs: values per vector that is spoken.
        hop: samples per vector.

    Raises:
        InputError: the generator's ratios do not give this hop.
    """
    own, critics = settings.generator, settings.critics
    generator = melgan.Generator(inputs, channels=own.channels, ratios=own.ratios, blocks=own.blocks)
    _check_hop(own.ratios, generator.hop, hop)
    judges = Critics(critics.scales, critics.channels, critics.widest)
    spectrum = MelSpectrum(torch.from_numpy(mel_filters(HOP_SPECTRUM)), HOP_SPECTRUM.hop)
    return WaveGan(generator, judges, HINGE, spectrum, settings)


def hifi_gan(settings: HifiGanSettings, inputs: int, hop: int) -> WaveGan:
    """HiFi-GAN, whose log-mel frames have the natural logarithm; see :func:`mel_gan`.

    Raises:
        InputError: the generator's ratios do not give this hop, its channels cannot be halved so often, or there are
            no critics.
    """
    own, critics = settings.generator, settings.critics
    if not critics.periods and not critics.scales:
        raise InputError("there must be critics; give the recipe's critics periods, scales or both")
    try:
        generator = hifigan.Generator(inputs, **asdict(own))
    except ValueError as error:
        raise InputError(f"the generator's settings: {error}; change one of the two") from None
    _check_hop(own.ratios, generator.hop, hop)
    spectrum = MelSpectrum(
        torch.from_numpy(mel_filters(HOP_SPECTRUM)), HOP_SPECTRUM.hop, power=HIFI_POWER, natural=True
    )
    return WaveGan(generator, WaveCritics(**asdict(critics)), LEAST_SQUARES, spectrum, settings)


def _check_hop(ratios: tuple[int, ...], made: int, hop: int) -> None:
    if made != hop:
        raise InputError(
            f"the generator's ratios {list(ratios)} make {made} samples of a vector, which must be {hop}; change the "
            "recipe's ratios"
        )


def waves_of(batch: Batch, kind: str) -> Tensor:
    """Waves of a batch, (B, N) between -1 and 1; InputError when the recipe does not read them."""
    check_spoken(batch, kind)
    return batch.frames[kind][..., 0].float() / FULL_SCALE
