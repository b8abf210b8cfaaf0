"""Train a system on a corpus, stage by stage, into a model folder."""

import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from unitvoice import cli
from unitvoice.errors import InputError
from unitvoice.files import write_text
from unitvoice.manifest import Manifest, read_manifest
from unitvoice.models import save_model
from unitvoice.store import Store
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, read_recipe
from unitvoice.training.batches import Batches
from unitvoice.training.loop import train_stage

__all__ = ["main", "train"]

log = logging.getLogger(__name__)


def train(
    recipe: Recipe,
    manifest: Manifest,
    stores: dict[str, Store],
    model: Path,
    state: Path,
    *,
    seed: int,
    threads: int = 1,
) -> None:
    """Train all stages of a recipe and write the model folder, with the training log as ``log.jsonl`` inside.

    Args:
        recipe: the system and its stages.
        manifest: the corpus; the recipe's subsets of it are trained on.
        stores: the recipe's kinds of frames.
        model: where the model goes when training is complete.
        state: working folder of the checkpoints; an interrupted training goes on from there. It belongs to one recipe,
            corpus and seed, and is begun anew when they change.
        seed: of weights, batches and everything random.
        threads: of torch; with one thread equal inputs give equal bytes.
    """
    torch.set_num_threads(threads)
    utterances = manifest.subset(*recipe.subsets)  # type: ignore[arg-type]
    speakers = sorted({utterance.speaker for utterance in utterances})
    if not speakers:
        raise InputError(f"the manifest has no utterance of the subsets {', '.join(recipe.subsets)} to train on")
    _claim(state, recipe, stores, seed)
    torch.manual_seed(seed)
    system = create_system(recipe, speakers)
    for stage, settings in recipe.stages.items():
        batches = Batches(stores, utterances, speakers, settings, seed)
        train_stage(system, stage, settings, batches, state / stage)
    features = {kind: store.meta for kind, store in stores.items()}
    save_model(model, system, recipe, seed=seed, features=features)
    lines = [(state / stage / "log.jsonl").read_text(encoding="utf-8") for stage in recipe.stages]
    write_text(model / "log.jsonl", "".join(lines))


def _claim(state: Path, recipe: Recipe, stores: dict[str, Store], seed: int) -> None:
    """Empty the working folder unless it is of the same recipe, data and seed."""
    made_of = [asdict(recipe), {kind: store.meta["content"] for kind, store in stores.items()}, seed]
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    owner = state / "made-of.sha256"
    if owner.exists() and owner.read_text(encoding="utf-8") == digest:
        return
    if state.exists():
        log.info("%s belongs to another recipe, corpus or seed; training begins anew", state)
        shutil.rmtree(state)
    write_text(owner, digest)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("recipe", type=Path, help="resolved recipe (JSON), see unitvoice.systems.recipe")
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("model", type=Path, help="model folder to write")
    parser.add_argument("--features", type=Path, nargs="+", required=True, help="one store per kind the recipe reads")
    parser.add_argument("--state", type=Path, required=True, help="working folder for checkpoints; kept between runs")
    parser.add_argument("--seed", type=int, default=0, help="of everything random")
    parser.add_argument("--steps", type=int, help="steps per stage instead of the recipe's; 0 leaves it untrained")
    parser.add_argument("--threads", type=cli.positive, default=1, help="threads of torch")
    arguments = parser.parse_args(argv)
    recipe = read_recipe(arguments.recipe)
    if arguments.steps is not None:
        stages = {name: replace(stage, steps=arguments.steps) for name, stage in recipe.stages.items()}
        recipe = replace(recipe, stages=stages)
    stores = {store.meta["kind"]: store for store in map(Store, arguments.features)}
    manifest = read_manifest(arguments.manifest)
    train(recipe, manifest, stores, arguments.model, arguments.state, seed=arguments.seed, threads=arguments.threads)


if __name__ == "__main__":
    cli.run(main)
