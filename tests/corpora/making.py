"""Small recordings for the tests of corpora."""

import numpy as np
import soundfile

from unitvoice import audio


def wave(seconds=0.5, seed=0, rate=audio.RATE):
    """Noise, (N,) float32."""
    return np.random.default_rng(seed).uniform(-0.1, 0.1, round(seconds * rate)).astype(np.float32)


def sound(path, seconds=0.5, *, rate=audio.RATE, samples=None):
    """Write a recording of noise, in the format of the path's suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave(seconds, rate=rate) if samples is None else samples, rate)
    return path


def speech(pattern, seed=0):
    """Samples of 1 s each: noise where the pattern has x, near silence elsewhere."""
    loud = np.repeat([0.1 if mark == "x" else 0.001 for mark in pattern], audio.RATE)
    return (loud * np.random.default_rng(seed).uniform(-1, 1, len(loud))).astype(np.float32)
