"""F0 trackers on speech-like sound whose F0 is known, clean and in noise.

Times are of the processor, so that other work on the same cores counts little.
"""

import argparse
import sys
import time
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from unitvoice.audio import RATE, Wave
from unitvoice.evaluation.listening.pitch import compare_pitch
from unitvoice.features.f0 import HOP, TRACKERS, track_f0

FORMANTS = ((600, 80), (1400, 120), (2500, 160))  # Hz: centre and width
STRETCH = 0.4  # s of voiced speech, and then of noise


def speech(seconds: float, low: float, high: float, random: np.random.Generator) -> tuple[Wave, NDArray[np.float64]]:
    """Pulses whose F0 swings between two values, and noise, through formants; and F0 amid each hop, 0 in the noise."""
    times = np.arange(round(seconds * RATE)) / RATE
    hertz = np.sqrt(low * high) * (high / low) ** (0.5 * np.sin(2 * np.pi * 0.7 * times))
    voiced = (times / STRETCH).astype(int) % 2 == 0
    pulses = np.diff(np.floor(np.cumsum(hertz / RATE)), prepend=0.0)
    sound = np.where(voiced, pulses, 0.02 * random.standard_normal(len(times)))
    for centre, width in FORMANTS:
        pole = np.exp((-np.pi * width + 2j * np.pi * centre) / RATE)
        sound = lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], sound)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32), np.where(voiced, hertz, 0)[HOP // 2 :: HOP]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0, help="of each of two voices")
    seconds = parser.parse_args().seconds
    there = [name for name in TRACKERS if name != "world" or find_spec("pyworld")]
    for name in there:  # compiles and imports before the clock starts
        track_f0(np.ones(RATE, np.float32), name)
    print("| tracker | SNR (dB) | s per s | GPE (%) | VDE (%) | FFE (%) | error (semitones) |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in there:
        for snr in (None, 10):
            random = np.random.default_rng(0)
            known = [speech(seconds, *voice, random) for voice in ((85, 140), (160, 280))]
            waves = [wave if snr is None else _noisy(wave, snr, random) for wave, _ in known]
            begun = time.process_time()
            found = np.concatenate([track_f0(wave, name)[:, 0] for wave in waves])
            cost = (time.process_time() - begun) / (2 * seconds)
            one = compare_pitch(np.concatenate([true for _, true in known]), found.astype(np.float64))
            errors = f"{one.gpe or 0:.2f} | {one.vde:.1f} | {one.ffe:.1f} | {one.semitones or 0:.2f}"
            print(f"| {name} | {'clean' if snr is None else snr} | {cost:.4f} | {errors} |")
            sys.stdout.flush()


def _noisy(wave: Wave, snr: float, random: np.random.Generator) -> Wave:
    noise = random.standard_normal(len(wave)) * np.sqrt(np.mean(wave**2)) * 10 ** (-snr / 20)
    return (wave + noise).astype(np.float32)


if __name__ == "__main__":
    main()
