"""What the whole challenge asks of a cluster: the DAG and its jobs, bytes on the disk, and work of training.

    python benchmarks/cluster.py [--folder /tmp/cluster] [--tables dag disk training]

The corpus of the DAG has the real number of files; the hours of speech are those of the challenge's papers. Frames are
stored for a piece of noise, and a step of each paper-sized recipe is counted on a batch of two; both then grow in
proportion. Nothing is trained and nothing submitted.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from full_size import write_corpus
from torch.utils.flop_counter import FlopCounterMode
from training import make_data, speakers

from unitvoice.audio import RATE
from unitvoice.features.kinds import KINDS
from unitvoice.settings import build
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.training.batches import Batches
from unitvoice.training.distributed import Place
from unitvoice.training.run import Run

ROOT = Path(__file__).parent.parent
HOURS = {"english": 15 + 40 / 60 + 4 + 40 / 60 + 1.39, "surprise": 15 + 1.5 + 1.17}  # units, voices and test
RUNS: dict[str, dict[str, Any]] = {
    "one system, one seed": {"seeds": [0]},
    "one system, three seeds, 8 shards": {"seeds": [0, 1, 2], "conversion": {"shards": 8}},
    "all systems, one seed": {"seeds": [0], "conversion": {"shards": 1}},
    "all systems, three seeds, 8 shards": {"seeds": [0, 1, 2], "conversion": {"shards": 8}},
}
BATCH = 2  # of the step that is counted


def configuration(name: str, corpus: Path) -> dict[str, Any]:
    """The configuration of one of the runs."""
    config: dict[str, Any] = {"corpus": str(corpus), "languages": list(HOURS), "size": "paper"} | RUNS[name]
    config["system"] = "vqvae-mel"
    config["submission"] = {"author": "nobody", "affiliation": "nowhere", "open_source": False}
    if not name.startswith("all"):
        return config
    everything = yaml.safe_load((ROOT / "workflow" / "configs" / "systems.yaml").read_text(encoding="utf-8"))
    return config | {"submit": everything["submit"], "experiments": everything["experiments"]}


def seconds_of(command: list[str], log: Path) -> float:
    """Seconds of the processor that a command takes; what it prints goes to a file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o644), (os.POSIX_SPAWN_DUP2, 1, 2)]
    process = os.posix_spawn(sys.executable, [sys.executable, *command], os.environ, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(log.read_text(encoding="utf-8"))
    return usage.ru_utime + usage.ru_stime


def print_dag(folder: Path) -> None:
    """Size of the DAG, and what it takes to build it alone and to have every job scheduled as well."""
    corpus = folder / "2020"
    corpus.mkdir()
    print(f"{write_corpus(corpus, 1.0):,} recordings\n")
    local = re.findall(r"^    (\w+),$", (ROOT / "Snakefile").read_text(encoding="utf-8"), re.MULTILINE)
    print("| run | rules' jobs | jobs of Slurm | s, DAG | s, DAG and schedule |")
    print("|---|---:|---:|---:|---:|")
    for name in RUNS:
        work, log = folder / name.replace(" ", "-"), folder / "said"
        work.mkdir()
        (work / "config.yaml").write_text(yaml.safe_dump(configuration(name, corpus)), encoding="utf-8")
        command = ["-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(work)]
        command += ["--workflow-profile", str(ROOT / "workflow" / "profiles" / "slurm")]
        command += ["--configfile", str(work / "config.yaml")]
        alone = seconds_of([*command, "--dag"], log)
        scheduled = seconds_of([*command, "--dry-run"], log)
        said = log.read_text(encoding="utf-8")
        rules = int(re.findall(r"^total +(\d+)$", said, re.MULTILINE)[0])
        single = [rule for rule in re.findall(r"^rule (\w+):$", said, re.MULTILINE) if rule not in local]
        jobs = len(single) + said.count(" Group job ")
        print(f"| {name} | {rules} | {jobs} | {alone:.1f} | {scheduled:.1f} |", flush=True)


def print_disk(seconds: float = 20.0) -> None:
    """Size of a store of each kind for both languages."""
    wave = (0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE))).astype(np.float32)
    print("\n| kind of frames | kB per s of speech | GB, english | GB, surprise |\n|---|---:|---:|---:|")
    for name, kind in KINDS.items():
        if name.startswith("f0-"):
            continue  # as large as f0
        rate = kind.compute(wave).astype(kind.dtype).nbytes / seconds
        sizes = " | ".join(f"{3.6e-6 * rate * hours:.2f}" for hours in HOURS.values())
        print(f"| {name} | {rate / 1000:.1f} | {sizes} |", flush=True)


def print_training(folder: Path) -> None:
    """Work of all steps of all stages, and size of the two checkpoints of each stage that are kept."""
    print("\n| recipe | M parameters | steps | PFLOP of all steps | GB of checkpoints |\n|---|---:|---:|---:|---:|")
    for path in sorted((ROOT / "workflow" / "systems").glob("*.yaml")):
        recipe = build(Recipe, load_recipe(path), str(path))
        if not set(recipe.features) <= set(KINDS):
            continue  # frames of a pretrained encoder
        place = folder / path.stem
        place.mkdir()
        stages = list(counted(recipe, place))
        size = 1e-6 * sum(part.numel() for part in create_system(recipe, speakers()).parameters())
        steps = sum(stage.steps for stage in recipe.stages.values())
        work, saved = (sum(column) for column in zip(*stages, strict=True))
        print(f"| {path.stem} | {size:.1f} | {steps:,} | {1e-15 * work:,.0f} | {2e-9 * saved:.1f} |", flush=True)


def counted(recipe: Recipe, folder: Path) -> Iterator[tuple[float, float]]:
    """Of each stage the operations in matrix products, and the bytes of a checkpoint."""
    stores, utterances = make_data(recipe.features, folder)
    system = create_system(recipe, speakers())
    for stage, settings in recipe.stages.items():
        if not settings.steps:
            continue
        small = replace(settings, batch=BATCH, accumulate=1, compile=False, precision="float32")
        if small.speakers:
            small = replace(small, batch=2 * BATCH, speakers=BATCH)
        batches = Batches(stores, utterances, speakers(), settings, 0)  # fewer are too few to start codes from
        system.prepare(stage, batches.whole(0), batches.corpus_means())
        run = Run(system, stage, small, 0, Place())
        with FlopCounterMode(display=False) as counter:
            run.step(Batches(stores, utterances, speakers(), small, 0)[0])
        work = counter.get_total_flops() * settings.batch / small.batch * settings.steps
        yield work, float(content(run.state()))


def content(state: object) -> int:
    """Bytes of the tensors in a state."""
    if isinstance(state, torch.Tensor):
        return state.nbytes
    parts = state.values() if isinstance(state, Mapping) else state if isinstance(state, list | tuple) else ()
    return sum(map(content, parts))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder otherwise")
    parser.add_argument(
        "--tables", nargs="+", choices=["dag", "disk", "training"], default=["dag", "disk", "training"]
    )
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT / "src")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        for table in options.tables:
            if table == "dag":
                print_dag(Path(scratch))
            elif table == "disk":
                print_disk()
            else:
                print_training(Path(scratch))


if __name__ == "__main__":
    main()
