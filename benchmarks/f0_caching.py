"""What keeping the F0 of whole utterances buys: batches and steps of the F0 codes against F0 tracked on each crop.

The published order of work tracks F0 anew on every crop that is drawn. Both read the same crops of the same sound;
times are of the processor, so that other work on the same cores counts little.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from f0 import speech

from unitvoice.evaluation.listening.pitch import compare_pitch
from unitvoice.features.contours import Contours
from unitvoice.features.f0 import track_f0
from unitvoice.features.kinds import KINDS
from unitvoice.manifest import Utterance
from unitvoice.settings import build
from unitvoice.store import Store, create_store
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, StageSettings, load_recipe
from unitvoice.training.batches import Batches
from unitvoice.training.distributed import Place
from unitvoice.training.run import Run

RECIPE = Path("workflow/systems/code-hifigan.yaml")
SPEAKERS, UTTERANCES, SECONDS = 4, 8, 6.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10)
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    recipe = build(Recipe, load_recipe(RECIPE, "paper"), str(RECIPE))
    settings = recipe.stages["f0-vqvae"]
    with tempfile.TemporaryDirectory() as folder:
        stores, said = make_data(Path(folder))
        crops = batches(stores, said, settings)
        contours = batches({"f0": Contours(stores["f0"], said)}, said, settings)
        step = stepper(recipe)
        kept = spent(lambda number: contours[number], steps)
        tracked = spent(lambda number: on_crops(crops[number]), steps)
        learned = spent(lambda number: step(contours[number]), steps)
    print("| | ms a batch | with the step | ratio |\n|---|---:|---:|---:|")
    print(f"| F0 of whole utterances, kept | {kept:.1f} | {learned:.0f} | 1.0 |")
    together = learned - kept + tracked
    print(f"| F0 tracked on each crop | {tracked:.1f} | {together:.0f} | {together / learned:.1f} |")
    once = np.concatenate([crops[number].frames["f0"][..., 0].flatten() for number in range(steps)])
    anew = np.concatenate([on_crops(crops[number]).flatten() for number in range(steps)])
    differ = compare_pitch(once.astype(np.float64), anew.astype(np.float64))
    print(f"\nF0 of crops differs from that of whole utterances: VDE {differ.vde:.1f} %, FFE {differ.ffe:.1f} %.")


def make_data(folder: Path) -> tuple[dict[str, Store], list[Utterance]]:
    """Stores of the F0 and the waves of synthetic speech."""
    random = np.random.default_rng(0)
    said = [
        Utterance(f"u{number}", f"S{number % SPEAKERS}", "unit", "x.wav", None, None, SECONDS)
        for number in range(UTTERANCES)
    ]
    ranges = [(85.0 + 25 * number, 140.0 + 40 * number) for number in range(SPEAKERS)]
    waves = [speech(SECONDS, *ranges[number % SPEAKERS], random)[0] for number in range(UTTERANCES)]
    for name in ("f0", "peakwave"):
        kind = KINDS[name]
        with create_store(folder / name, kind=name, rate=kind.rate, dtype=kind.dtype) as writer:
            for one, wave in zip(said, waves, strict=True):
                writer.append(one.utterance, kind.compute(wave))
    return {name: Store(folder / name) for name in ("f0", "peakwave")}, said


def batches(stores: dict[str, Store], said: list[Utterance], settings: StageSettings) -> Batches:
    """The batches of a stage."""
    return Batches(stores, said, [f"S{number}" for number in range(SPEAKERS)], settings, 0)


def on_crops(batch: Batch) -> np.ndarray:
    """F0 tracked on each crop of a batch, (B, T), Hz."""
    return np.stack([track_f0(wave.numpy())[:, 0] for wave in batch.frames["peakwave"][..., 0]])


def stepper(recipe: Recipe) -> Callable[[Batch], object]:
    """A step of the stage of F0 codes."""
    system = create_system(recipe, [f"S{number}" for number in range(SPEAKERS)])
    return Run(system, "f0-vqvae", recipe.stages["f0-vqvae"], 0, Place()).step


def spent(work: Callable[[int], object], steps: int) -> float:
    """Median milliseconds of the processor."""
    times = []
    for number in range(steps):
        begun = time.process_time()
        work(number)
        times.append(time.process_time() - begun)
    return 1e3 * float(np.median(times))


if __name__ == "__main__":
    main()
