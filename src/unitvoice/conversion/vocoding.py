"""Vocoders: from log-mel frames to a waveform."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import librosa
import numpy as np
import torch
from numpy.typing import NDArray

from unitvoice.audio import Wave
from unitvoice.errors import InputError
from unitvoice.features.spectral import Spectrum, mel_to_linear
from unitvoice.models import load_model
from unitvoice.systems.base import System
from unitvoice.systems.speaking import SpeaksSamples, SpeaksWaves, Vocodes

__all__ = ["GriffinLim", "TrainedVocoder", "Vocoder", "load_vocoder"]

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


@dataclass(frozen=True)
class TrainedVocoder:
    """A network, on its device, that was trained to make sound of frames; it draws nothing, and needs no seed."""

    system: Vocodes
    device: torch.device

    @torch.inference_mode()
    def __call__(self, frames: NDArray[np.float32], samples: int, seed: int) -> Wave:
        """See :class:`Vocoder`."""
        return self.system.vocode(torch.from_numpy(frames).to(self.device), samples)


def load_vocoder(folder: Path, system: System, device: torch.device) -> TrainedVocoder:
    """The vocoder of a model folder, for a system that decodes frames.

    Raises:
        InputError: the model is no vocoder, the system speaks by itself, or their frames differ.
    """
    if isinstance(system, SpeaksSamples | SpeaksWaves):
        raise InputError("the model makes sound by itself; leave out the vocoder")
    vocoder = load_model(folder)
    if not isinstance(vocoder, Vocodes):
        raise InputError(
            f"{folder} is a model, but no vocoder; train the recipe melgan or hifigan, and give its folder"
        )
    kind = vocoder.input
    read, decoded = (one.trained_on.get(kind, {}).get("parameters") for one in (vocoder, system))
    if read != decoded:
        raise InputError(
            f"the vocoder {folder} was trained on other {kind} frames than the model decodes; train one on the same"
        )
    return TrainedVocoder(vocoder.to(device), device)
