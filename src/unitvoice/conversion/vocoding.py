"""Vocoders: from log-mel frames to a waveform."""

import math
from dataclasses import dataclass, field
from typing import Protocol

import librosa
import numpy as np
from numpy.typing import NDArray

from unitvoice.audio import Wave
from unitvoice.features.spectral import Spectrum, mel_to_linear

__all__ = ["GriffinLim", "Vocoder"]

TINY = np.float32(1e-16)


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
        hop, fft = self.spectrum.hop, self.spectrum.fft
        settings = {"hop_length": hop, "win_length": self.spectrum.window, "n_fft": fft}
        # silence after the last frame, where the frames do not cover the samples or a whole transform
        missing = max(0, 1 + math.ceil(max(samples, fft) / hop) - len(frames))
        magnitudes = np.pad(mel_to_linear(frames, self.spectrum), ((0, missing), (0, 0))).T
        phases = np.exp(2j * np.pi * np.random.default_rng(seed).random(magnitudes.shape)).astype(np.complex64)
        before = np.zeros_like(phases)
        for _ in range(self.iterations):
            wave = librosa.istft(magnitudes * phases, **settings)
            now = librosa.stft(wave, **settings)
            phases = now - self.momentum / (1 + self.momentum) * before
            phases /= np.abs(phases) + TINY
            before = now
        spoken: Wave = librosa.istft(magnitudes * phases, **settings)
        return spoken[:samples]
