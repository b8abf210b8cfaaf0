"""``melgan``: a vocoder, from log-mel frames to sound (Kumar et al., 2019); see :mod:`unitvoice.systems.vocoder`.

Departures from the original: frames at 100 Hz, as the systems here decode them, less the mean of the corpus and at its
scale; by option, the generator learns from the log-mel distance first, or also.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import PositiveInt

from unitvoice.systems.gan import GanSettings, GeneratorSettings, mel_gan
from unitvoice.systems.vocoder import HOP, WaveVocoder

__all__ = ["MelGan", "Settings"]


@dataclass(frozen=True)
class Settings(GanSettings):
    """The numbers of the vocoder."""

    generator: GeneratorSettings = field(default_factory=lambda: GeneratorSettings(ratios=(8, 5, 2, 2)))
    bands: PositiveInt = 80


class MelGan(WaveVocoder):
    """The vocoder; see the module's docstring."""

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__("melgan", mel_gan(settings, settings.bands, HOP), settings.bands, speakers)
