"""Vocoders: from log-mel frames to a waveform."""

from dataclasses import dataclass, field
from typing import Protocol

import librosa
import numpy as np
from numpy.typing import NDArray

from unitvoice.audio import Wave
from unitvoice.features.spectral import Spectrum, mel_to_linear

__all__ = ["GriffinLim", "Vocoder"]


class Vocoder(Protocol):
    """Anything that makes sound of log-mel frames: phase reconstruction, or a trained generator."""

    def __call__(self, frames: NDArray[np.float32], samples: int, seed: int) -> Wave:
        """(T, bands) frames to (samples,) at 16 kHz; the same seed gives the same sound."""
        ...


@dataclass(frozen=True)
class GriffinLim:
    """Phase reconstruction: fast Griffin-Lim (Perraudin et al. 2013) on the linear spectrum of the mel bands."""

    iterations: int = 60
    momentum: float = 0.99
    spectrum: Spectrum = field(default_factory=Spectrum)

    def __call__(self, frames: NDArray[np.float32], samples: int, seed: int) -> Wave:
        """See :class:`Vocoder`; the phases begin at random by the seed."""
        wave: Wave = librosa.griffinlim(
            mel_to_linear(frames, self.spectrum).T,
            n_iter=self.iterations,
            hop_length=self.spectrum.hop,
            win_length=self.spectrum.window,
            n_fft=self.spectrum.fft,
            momentum=self.momentum,
            length=samples,
            random_state=seed,
        )
        return wave
