"""Time training: steps of a recipe in all precisions, beside what the machine can multiply, and reading its batches.

    python benchmarks/training.py [--recipe workflow/systems/vqvae-mel.yaml] [--sizes demo paper] [--steps 20]

The frames are noise in stores of the recipe's kinds. The matrix products of a step are counted by torch; their share
is of the rate at which the same machine multiplies large matrices of the same precision, in the same run.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from unitvoice.features.kinds import KINDS
from unitvoice.manifest import Utterance
from unitvoice.settings import build
from unitvoice.store import Store, create_store
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, StageSettings, load_recipe
from unitvoice.training.batches import Batches
from unitvoice.training.distributed import Place, joined
from unitvoice.training.loading import loaded
from unitvoice.training.run import Run

SPEAKERS, UTTERANCES, SECONDS = 20, 400, 4.0
VARIANTS: dict[str, dict[str, Any]] = {
    "float32": {},
    "bf16": {"precision": "bf16"},
    "compiled": {"compile": True},
}


def main() -> None:
    """Print two tables: the steps, and the loader."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", type=Path, default=Path("workflow/systems/vqvae-mel.yaml"))
    parser.add_argument("--sizes", nargs="+", choices=["demo", "paper"], default=["demo", "paper"])
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--steps", type=int, default=20, help="timed, after three that are not")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipes = {size: build(Recipe, load_recipe(options.recipe, size), size) for size in options.sizes}
    with joined(options.device) as place, tempfile.TemporaryDirectory() as folder:
        stores, utterances = make_data(next(iter(recipes.values())).features, Path(folder))
        rates = {precision: product_rate(precision, place.device) for precision in ("float32", "bf16")}
        print(f"{place.device}, {options.threads} threads; matrix products, GFLOP/s: {rates}\n")
        print("| size, stage | variant | ms/step | steps/s | crops/s | s of speech/s | GFLOP/step | of products |")
        print("|---|---|---:|---:|---:|---:|---:|---:|")
        needs: dict[str, tuple[Batches, float]] = {}
        for size, recipe in recipes.items():
            for stage, settings in recipe.stages.items():
                batches = Batches(stores, utterances, speakers(), settings, 0)
                for variant in options.variants:
                    changed = replace(settings, **VARIANTS[variant])
                    seconds, flops = step_time(recipe, stage, changed, batches, place, options.steps)
                    print(step_line(f"{size}, {stage}", variant, batches, seconds, flops, rates[changed.precision]))
                    best = min(seconds, needs.get(f"{size}, {stage}", (batches, seconds))[1])
                    needs[f"{size}, {stage}"] = (batches, best)
        print("\n| size, stage | workers | batches/s | the fastest step needs |\n|---|---:|---:|---:|")
        for name, (batches, seconds) in needs.items():
            for workers in (0, 1):
                print(f"| {name} | {workers} | {loader_rate(batches, workers):.0f} | {1 / seconds:.1f} |")


def speakers() -> list[str]:
    """Names of all speakers."""
    return [f"S{number:03d}" for number in range(SPEAKERS)]


def make_data(kinds: tuple[str, ...], folder: Path) -> tuple[dict[str, Store], list[Utterance]]:
    """Stores of noise, one utterance of which stands under many names."""
    random = np.random.default_rng(0)
    wave = (0.1 * random.standard_normal(round(SECONDS * 16000))).astype(np.float32)
    said = [
        Utterance(f"u{number:04d}", speakers()[number % SPEAKERS], "unit", "x.wav", None, None, SECONDS)
        for number in range(UTTERANCES)
    ]
    for name in kinds:
        kind = KINDS[name]
        frames = kind.compute(wave)
        with create_store(folder / name, kind=name, rate=kind.rate, dtype=kind.dtype) as writer:
            for utterance in said:
                writer.append(utterance.utterance, random.permutation(frames))
    return {name: Store(folder / name) for name in kinds}, said


def timed(work: Callable[[], object], device: torch.device) -> float:
    """Seconds that some work takes, the device's part included."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    begun = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def product_rate(precision: str, device: torch.device, size: int = 1024) -> float:
    """The best of ten products of square matrices, GFLOP/s."""
    one = torch.randn(size, size, device=device, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    seconds = min(timed(lambda: one @ one, device) for _ in range(10))
    return round(2e-9 * size**3 / seconds, 1)


def step_time(
    recipe: Recipe, stage: str, settings: StageSettings, batches: Batches, place: Place, steps: int
) -> tuple[float, float]:
    """Median seconds of a step of all players, and its floating point operations in matrix products."""
    torch.manual_seed(0)
    system = create_system(recipe, speakers()).to(place.device)
    system.prepare(stage, batches.whole(0).to(place.device), batches.corpus_means())
    read = [batches[step] for step in range(4)]  # the loader is timed apart
    with FlopCounterMode(display=False) as counter:
        Run(system, stage, replace(settings, compile=False), 0, place).step(read[0])
    run = Run(system, stage, settings, 0, place)
    times = [timed(lambda step=step: run.step(read[step % 4]), place.device) for step in range(3 + steps)]
    return float(np.median(times[3:])), float(counter.get_total_flops())


def step_line(name: str, variant: str, batches: Batches, seconds: float, flops: float, rate: float) -> str:
    """A line of the first table."""
    crops, speech = batches.settings.batch / seconds, batches.seconds / seconds
    share = 1e-9 * flops / seconds / rate
    speeds = f"{1e3 * seconds:.0f} | {1 / seconds:.2f} | {crops:.0f} | {speech:.0f}"
    return f"| {name} | {variant} | {speeds} | {1e-9 * flops:.1f} | {share:.0%} |"


def loader_rate(batches: Batches, workers: int, count: int = 200) -> float:
    """Batches per second, read one after the other without training."""
    reading = loaded(batches, range(count + 1), workers=workers, pinned=False)
    next(reading)  # the workers are there
    begun = time.perf_counter()
    for _ in reading:
        pass
    return count / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
