"""Model folders: ``weights.safetensors`` and ``model.json``, all that is needed to use a trained system anywhere."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from unitvoice import __version__
from unitvoice.errors import InputError
from unitvoice.files import read_json, write_json
from unitvoice.provenance import Origins, sealed, verified
from unitvoice.settings import build
from unitvoice.systems.base import System
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe

__all__ = ["load_model", "save_model"]


def save_model(
    folder: Path,
    system: System,
    recipe: Recipe,
    record: str = "",
    heard: Mapping[str, Path] | None = None,
    made_of: Origins | None = None,
    **facts: Any,  # noqa: ANN401 - JSON values
) -> None:
    """Write a model folder atomically.

    Args:
        folder: the model.
        system: its weights and speakers.
        recipe: what it was made from.
        record: the training log, which becomes ``log.jsonl``.
        heard: stage -> folder of what it sounded like, copied to ``listening``; one that does not exist is left out.
        made_of: what it was trained on, and its recipe.
        facts: whatever else should be known of it (seed, features).
    """
    about = ", ".join([recipe.system, *(f"{name} {fact}" for name, fact in facts.items() if name == "seed")])
    with sealed(folder, about, made_of) as beside:
        beside.mkdir()
        weights = {name: tensor.contiguous() for name, tensor in system.state_dict().items()}
        (beside / "weights.safetensors").write_bytes(save(weights))
        (beside / "log.jsonl").write_text(record, encoding="utf-8")
        described = json.loads(json.dumps(asdict(recipe)))
        for stage, sounds in (heard or {}).items():
            if sounds.is_dir():
                shutil.copytree(sounds, beside / "listening" / stage)
        versions = {"unitvoice": __version__, "torch": torch.__version__}
        write_json(
            beside / "model.json", {"recipe": described, "speakers": system.speakers, **facts, "versions": versions}
        )


def load_model(folder: Path) -> System:
    """Read a model folder into a system ready to encode and decode (evaluation mode, no gradients).

    Raises:
        InputError: the folder is not a model, or its weights are damaged or belong to another recipe.
    """
    if not (folder / "model.json").is_file():
        raise InputError(f"{folder} is not a model (it has no model.json); train one first")
    seal = verified(folder)
    described = read_json(folder / "model.json")
    if not isinstance(described, dict) or not {"recipe", "speakers"} <= set(described):
        raise InputError(f"{folder / 'model.json'} has no recipe or no speakers; train the model again")
    recipe = build(Recipe, described["recipe"], str(folder / "model.json"))
    system = create_system(recipe, described["speakers"])
    system.trained_on, system.seal = described.get("features", {}), seal
    try:
        system.load_state_dict(load_file(folder / "weights.safetensors"))
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{folder / 'weights.safetensors'} does not fit its model ({reason}); train it again"
        ) from None
    return system.eval().requires_grad_(requires_grad=False)
