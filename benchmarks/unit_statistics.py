"""Unit statistics of a million frames: what all of them count, and what a probe and maps draw from them.

Units are those of the nearest of 256 codes to vectors of 64 values that depend on the phone and the speaker. Parts are
timed apart; each is of one thread.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from unitvoice.evaluation.speaker_probe import probe
from unitvoice.evaluation.unit_statistics import read_corpus, write_statistics
from unitvoice.manifest import Manifest, Phone, Utterance
from unitvoice.store import create_store

RATE, SECONDS, WIDTH, CODES, SPEAKERS, PHONES, PHONE = 50.0, 10.0, 64, 256, 40, 48, 0.1


def main() -> None:
    """Print seconds and results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    frames = parser.parse_args().frames
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = make(folder, frames)
        corpus = read_corpus(manifest, folder / "units")
        print(f"| of {frames:,} frames | s |\n|---|---:|")
        told = timed("probe", lambda: probe(corpus.continuous, manifest.utterances))
        for method in ("tsne", "umap"):
            timed(
                f"everything, with a map by {method}",
                lambda method=method: write_statistics(corpus, folder / method, maps=[method]),
            )
    print(f"\nSpeakers of frames that the probe knows: {told.frame_accuracy:.1f} %; by chance: {told.chance:.1f} %.")


def make(folder: Path, frames: int) -> Manifest:
    """Stores of units, and the manifest that goes with them."""
    random = np.random.default_rng(0)
    codes, voices = random.standard_normal((CODES, WIDTH)), 0.3 * random.standard_normal((SPEAKERS, WIDTH))
    rows = round(RATE * SECONDS)
    names = [f"u{number:05d}" for number in range(frames // rows)]
    said = tuple(
        Utterance(name, f"s{number % SPEAKERS}", "test", f"{name}.wav", None, None, SECONDS)
        for number, name in enumerate(names)
    )
    phones = []
    with (
        create_store(folder / "units" / "indices", kind="indices", rate=RATE, first=0.01, dtype="int32") as indices,
        create_store(folder / "units" / "vectors", kind="vectors", rate=RATE, first=0.01) as vectors,
        create_store(folder / "units" / "continuous", kind="continuous", rate=RATE, first=0.01) as continuous,
    ):
        for number, name in enumerate(names):
            spoken = random.integers(PHONES, size=round(SECONDS / PHONE))
            phones += [Phone(name, PHONE * at, PHONE * (at + 1), f"p{one}") for at, one in enumerate(spoken)]
            found = spoken.repeat(round(RATE * PHONE)) * (CODES // PHONES) + random.integers(
                CODES // PHONES, size=rows
            )
            indices.append(name, found[:, None])
            vectors.append(name, codes[found])
            noise = 0.5 * random.standard_normal((rows, WIDTH))
            continuous.append(name, codes[found] + voices[number % SPEAKERS] + noise)
    return Manifest("made", "english", folder, said, (), (), {}, tuple(phones))


def timed[T](what: str, work: Callable[[], T]) -> T:
    """Do something, and print what it took."""
    begun = time.perf_counter()
    done = work()
    print(f"| {what} | {time.perf_counter() - begun:.0f} |", flush=True)
    return done


if __name__ == "__main__":
    main()
