"""Recordings made worse on purpose, to see whether a judge hears it."""

from collections.abc import Callable, Mapping

import numpy as np

from unitvoice.audio import RATE, Wave
from unitvoice.conversion.vocoding import GriffinLim
from unitvoice.features.spectral import log_mel

__all__ = ["VERSIONS", "noisy", "reconstructed", "shuffled"]

SNR = 20.0  # dB
PIECE = RATE // 20  # samples, 50 ms
ITERATIONS = 30


def noisy(wave: Wave, seed: int, snr: float = SNR) -> Wave:
    """With white noise, so many dB below the speech."""
    noise = np.random.default_rng(seed).standard_normal(len(wave))
    level = np.sqrt(np.mean(np.square(wave, dtype=np.float64)) / 10 ** (snr / 10))
    return (wave + level * noise).astype(np.float32)


def reconstructed(wave: Wave, seed: int) -> Wave:
    """From 80 mel bands, with phases found by Griffin and Lim's iterations."""
    return GriffinLim(ITERATIONS)(log_mel(wave), len(wave), seed)


def shuffled(wave: Wave, seed: int) -> Wave:
    """In pieces of 50 ms, in another order: the voice without the words."""
    pieces = [wave[start : start + PIECE] for start in range(0, len(wave), PIECE)]
    return np.concatenate([pieces[place] for place in np.random.default_rng(seed).permutation(len(pieces))])


VERSIONS: Mapping[str, Callable[[Wave, int], Wave]] = {
    "clean": lambda wave, _: wave,
    "noisy": noisy,
    "reconstructed": reconstructed,
    "shuffled": shuffled,
}
