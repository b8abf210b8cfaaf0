"""Train a system on a corpus, stage by stage, into a model folder."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.manifest import Manifest, Utterance, read_manifest
from unitvoice.models import save_model
from unitvoice.store import Store
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, read_recipe
from unitvoice.training.batches import Batches
from unitvoice.training.loop import train_stage

__all__ = ["main", "train"]


def train(
    recipe: Recipe,
    manifest: Manifest,
    stores: dict[str, Store],
    model: Path,
    state: Path,
    *,
    seed: int,
    code: str = "",
    threads: int = 1,
) -> None:
    """Train all stages of a recipe and write the model folder, with the training log as ``log.jsonl`` inside.

    Args:
        recipe: the system and its stages.
        manifest: the corpus; the recipe's subsets of it are trained on.
        stores: the recipe's kinds of frames.
        model: where the model goes when training is complete.
        state: working folder of the checkpoints; an interrupted training goes on from there. Trainings of another
            recipe, corpus, seed or code have places of their own in it.
        seed: of weights, batches and everything random.
        code: tells versions of the code apart.
        threads: of torch; with one thread equal inputs give equal bytes.
    """
    torch.set_num_threads(threads)
    utterances = manifest.subset(*recipe.subsets)  # type: ignore[arg-type]
    speakers = sorted({utterance.speaker for utterance in utterances})
    if not speakers:
        raise InputError(f"the manifest has no utterance of the subsets {', '.join(recipe.subsets)} to train on")
    if lost := sorted(set(recipe.features) - set(stores)):
        raise InputError(f"the recipe reads features that were not given: {listed(lost)}; add their stores")
    stores = {kind: stores[kind] for kind in recipe.features}
    place = state / _digest(recipe, utterances, stores, seed, code)
    torch.manual_seed(seed)
    system = create_system(recipe, speakers)
    for stage, settings in recipe.stages.items():
        batches = Batches(stores, utterances, speakers, settings, seed)
        train_stage(system, stage, settings, batches, place / stage)
    features = {kind: store.meta for kind, store in stores.items()}
    record = "".join((place / stage / "log.jsonl").read_text(encoding="utf-8") for stage in recipe.stages)
    save_model(model, system, recipe, record, seed=seed, features=features)


def _digest(recipe: Recipe, utterances: Sequence[Utterance], stores: Mapping[str, Store], seed: int, code: str) -> str:
    """What a training depends on, as the name of its folder."""
    content = {kind: store.meta["content"] for kind, store in stores.items()}
    said = [(utterance.utterance, utterance.speaker) for utterance in utterances]
    made_of = [asdict(recipe), said, content, seed, code, torch.__version__]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]


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
    parser.add_argument("--code", default="", help="tells versions of the code apart: another one begins anew")
    parser.add_argument("--threads", type=cli.positive, default=1, help="threads of torch")
    arguments = parser.parse_args(argv)
    recipe = read_recipe(arguments.recipe)
    if arguments.steps is not None:
        stages = {name: replace(stage, steps=arguments.steps) for name, stage in recipe.stages.items()}
        recipe = replace(recipe, stages=stages)
    stores = {store.meta["kind"]: store for store in map(Store, arguments.features)}
    manifest = read_manifest(arguments.manifest)
    options = {"seed": arguments.seed, "code": arguments.code, "threads": arguments.threads}
    train(recipe, manifest, stores, arguments.model, arguments.state, **options)


if __name__ == "__main__":
    cli.run(main)
