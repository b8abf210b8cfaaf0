"""``hifigan``: a vocoder, from log-mel frames to sound (Kong et al., 2020); see :mod:`unitvoice.systems.vocoder`.

Departures from the original: frames at 100 Hz, as the systems here decode them, less the mean of the corpus and at its
scale; the last frame of a crop is not judged, as it stands at the crop's end; by option, the generator learns from the
log-mel distance alone first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import PositiveInt

from unitvoice.systems.gan import HifiGanSettings, HifiGeneratorSettings, hifi_gan
from unitvoice.systems.vocoder import HOP, WaveVocoder

__all__ = ["HifiGan", "Settings"]


@dataclass(frozen=True)
class Settings(HifiGanSettings):
    """The numbers of the vocoder."""

    generator: HifiGeneratorSettings = field(default_factory=lambda: HifiGeneratorSettings(ratios=(5, 4, 2, 2, 2)))
    bands: PositiveInt = 80


class HifiGan(WaveVocoder):
    """The vocoder; see the module's docstring."""

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__("hifigan", hifi_gan(settings, settings.bands, HOP), settings.bands, speakers)
