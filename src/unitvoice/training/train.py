"""Train a system on a corpus, stage by stage, into a model folder."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import get_args

import torch

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.features.contours import WithContours
from unitvoice.files import alone_in
from unitvoice.manifest import Manifest, Utterance, read_manifest
from unitvoice.models import save_model
from unitvoice.provenance import agreed, prefixed
from unitvoice.store import Store
from unitvoice.systems.base import System
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.encoding import as_read
from unitvoice.systems.recipe import Recipe, StageSettings, read_recipe
from unitvoice.training.batches import Batches
from unitvoice.training.development import Development, hold_out
from unitvoice.training.distributed import Device, Place, joined
from unitvoice.training.listening import Listening
from unitvoice.training.loop import Setup, train_stage
from unitvoice.training.stopping import warned

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
    device: Device = "auto",
    workers: int = 0,
    curves: Path | None = None,
) -> System:
    """Train all stages of a recipe and write the model folder.

    It holds the training log as ``log.jsonl``, and in ``listening/<stage>/<step>`` what the system sounded like.

    Several processes started by ``torchrun`` train one model together; the first of them writes.

    Args:
        recipe: the system and its stages.
        manifest: the corpus; the recipe's subsets of it are trained on, and ``dev`` is looked at.
        stores: the recipe's kinds of frames.
        model: where the model goes when training is complete.
        state: working folder of the checkpoints; an interrupted training goes on from there. Trainings of another
            recipe, corpus, seed or code have places of their own in it.
        seed: of weights, batches and everything random.
        code: tells versions of the code apart.
        threads: of torch; with one thread equal inputs give equal bytes.
        device: where to compute; ``auto`` takes a GPU where there is one.
        workers: processes that read batches; 0 for none but this one.
        curves: folder for TensorBoard; None for none.

    Returns:
        The system as it is in the model folder, on the CPU.

    Raises:
        InputError: the recipe, the corpus, the stores and the checkpoints do not fit together, or the disk is full.
        UnfinishedError: SIGTERM has come; a checkpoint is written.
    """
    torch.set_num_threads(threads)
    utterances = manifest.subset(*recipe.subsets)  # type: ignore[arg-type]
    speakers = sorted({utterance.speaker for utterance in utterances})
    if not speakers:
        raise InputError(f"the manifest has no utterance of the subsets {', '.join(recipe.subsets)} to train on")
    if lost := sorted(set(recipe.features) - set(stores)):
        raise InputError(f"the recipe reads features that were not given: {listed(lost)}; add their stores")
    if lost := sorted(
        {name for stage in recipe.stages.values() for name in stage.subsets or ()} - set(recipe.subsets)
    ):
        raise InputError(
            f"a stage trains on {listed(lost)}, which the recipe does not; add it to the recipe's subsets"
        )
    stores = {kind: stores[kind] for kind in recipe.features}
    made_of = agreed({"manifest": manifest.seal} | {kind: store.seal for kind, store in stores.items()})
    trained, held = hold_out(utterances, recipe.held_out)
    folder = state / _digest(recipe, utterances, stores, seed, code)
    with joined(device) as place, _writing(folder, place), warned() as warning:
        torch.manual_seed(seed)
        record = ""
        system = create_system(recipe, speakers).to(place.device)
        system.trained_on = {kind: store.meta for kind, store in stores.items()}
        frames = as_read(system, stores[system.input], stores.get(system.pitch or ""), manifest.utterances)
        if isinstance(frames, WithContours):
            stores |= {frames.contours.meta["kind"]: frames.contours}
        for stage, settings in recipe.stages.items():
            own, looked = (_of_stage(some, settings.subsets) for some in (trained, held))
            _check_lengths(system, own, stores[system.input], settings)
            drawn = partial(Batches, stores, prior=system.prior if system.told_means else None)
            batches = drawn(own, speakers, settings, seed, part=(place.rank, place.ranks))
            looked_at = drawn(looked, speakers, settings, seed, distinct=False) if looked else None
            development = Development(looked_at, manifest, frames)
            setup = Setup(place, workers, curves and curves / stage, warning)
            listening = _listening(recipe, settings, manifest, frames, system.shortest)
            record += train_stage(system, stage, settings, batches, development, listening, folder / stage, setup)
        system.cpu()
        if place.rank == 0:
            heard = {stage: folder / stage / "listening" for stage in recipe.stages}
            origins = prefixed("training", made_of) | {"recipe": recipe.origin}
            save_model(model, system, recipe, record, heard, origins, seed=seed, features=system.trained_on)
    return system


def _writing(folder: Path, place: Place) -> AbstractContextManager[object]:
    """The first rank writes in the working folder of a training, and no other training does."""
    return alone_in(folder) if place.rank == 0 else nullcontext()


def _listening(
    recipe: Recipe, settings: StageSettings, manifest: Manifest, frames: Store, shortest: int
) -> Listening | None:
    if settings.listen_every is None:
        return None
    if not recipe.speaks:
        raise InputError("the recipe does not speak, so there is nothing to listen to; leave out listen_every")
    return Listening(manifest, frames, shortest)


def _of_stage(utterances: Sequence[Utterance], subsets: Sequence[str] | None) -> list[Utterance]:
    """Those of some utterances that a stage trains on."""
    return [one for one in utterances if subsets is None or one.subset in subsets]


def _check_lengths(system: System, utterances: Sequence[Utterance], frames: Store, settings: StageSettings) -> None:
    """InputError when what a batch holds is too short for the system."""
    if settings.crop is not None and round(settings.crop * frames.rate) < system.shortest:
        raise InputError(
            f"a crop of {settings.crop:g} s is shorter than the {system.shortest} frames that the system needs; "
            "lengthen the stage's crop"
        )
    names = [one.utterance for one in utterances] if settings.crop is None else []
    if short := [name for name in names if name in frames and 0 < frames.rows(name) < system.shortest]:
        raise InputError(
            f"these utterances are shorter than the {system.shortest} frames that the system needs: {listed(short)}; "
            "leave them out of the manifest, or train on crops"
        )


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
    parser.add_argument("--steps", type=cli.natural, help="steps per stage, not the recipe's; 0 leaves it untrained")
    parser.add_argument("--code", default="", help="tells versions of the code apart: another one begins anew")
    parser.add_argument("--threads", type=cli.positive, default=1, help="threads of torch")
    parser.add_argument("--device", choices=get_args(Device), default="auto", help="where to compute")
    parser.add_argument("--workers", type=cli.natural, default=0, help="processes that read batches beside this one")
    parser.add_argument("--tensorboard", action="store_true", help="write curves, to the folder curves of the state")
    arguments = parser.parse_args(argv)
    recipe = read_recipe(arguments.recipe)
    if arguments.steps is not None:
        stages = {name: replace(stage, steps=arguments.steps) for name, stage in recipe.stages.items()}
        recipe = replace(recipe, stages=stages)
    stores = {store.meta["kind"]: store for store in map(Store, arguments.features)}
    manifest = read_manifest(arguments.manifest)
    options = {"seed": arguments.seed, "code": arguments.code, "threads": arguments.threads}
    options |= {
        "device": arguments.device,
        "workers": arguments.workers,
        "curves": arguments.state / "curves" if arguments.tensorboard else None,
    }
    train(recipe, manifest, stores, arguments.model, arguments.state, **options)


if __name__ == "__main__":
    cli.run(main)
