"""What a run trains: the system of the configuration, or one variant of it for each experiment; perhaps a vocoder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unitvoice.errors import InputError, listed
from unitvoice.settings import merged
from unitvoice.systems.recipe import load_recipe
from unitvoice.systems.table import DECODE_FRAMES, WITHOUT_UNITS, module_of

__all__ = ["TAKEN", "Variant", "read_variants", "read_vocoder"]

VOCODER = "vocoder"
TAKEN = ("manifest", "features", "baselines", "lists", VOCODER)  # folders of results that belong to no variant


@dataclass(frozen=True)
class Variant:
    """A recipe with its overrides, and the seeds that it is trained with."""

    name: str  # of its results
    recipe: Path
    overrides: dict[str, Any]
    resolved: dict[str, Any]  # the recipe with its size and the overrides
    seeds: tuple[int, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Kinds of frames that it reads; the first is what it encodes."""
        return tuple(self.resolved["features"])

    @property
    def pitch(self) -> tuple[str, ...]:
        """Those of them that are of F0."""
        return tuple(kind for kind in self.features if kind.partition("-")[0] == "f0")

    @property
    def module(self) -> str:
        """Name of the module that defines the system."""
        return module_of(self.resolved["system"])

    @property
    def speaks(self) -> bool:
        """Whether there is anything to convert with."""
        return bool(self.resolved.get("speaks", True))

    @property
    def decodes_frames(self) -> bool:
        """Whether it needs a vocoder to be heard."""
        return self.speaks and self.resolved["system"] in DECODE_FRAMES

    @property
    def options(self) -> str:
        """The overrides as JSON; equal ones are equal texts."""
        return json.dumps(self.overrides, sort_keys=True)


def read_variants(config: Mapping[str, Any], recipes: Path) -> dict[str, Variant]:
    """The variants of a configuration by name, in its order; without experiments the system itself is the only one.

    Args:
        config: that follows the schema.
        recipes: folder of the recipes.

    Raises:
        InputError: there is no such recipe, overrides do not fit, or an experiment has the name of something else.
    """
    if taken := sorted(set(config["experiments"]) & {*TAKEN, *config["languages"]}):
        raise InputError(f"experiments cannot be called {listed(taken)}, as other results are; rename them")
    if not config["experiments"]:
        return {config["system"]: _variant(config["system"], {}, config, recipes)}
    found = {}
    for name, changes in config["experiments"].items():
        try:
            found[name] = _variant(name, changes, config, recipes)
        except InputError as error:
            raise InputError(f"experiment {name}: {error}") from None
    return found


def read_vocoder(config: Mapping[str, Any], variants: Mapping[str, Variant], recipes: Path) -> Variant | None:
    """The network that a configuration wants to speak decoded frames with; None for phase reconstruction.

    Args:
        config: that follows the schema.
        variants: of the configuration.
        recipes: folder of the recipes.

    Raises:
        InputError: the overrides do not fit the network's recipe, or there is nothing for it to speak.
    """
    conversion = config["conversion"]
    if conversion["vocoder"] == "griffin-lim":
        return None
    if not any(variant.decodes_frames for variant in variants.values()):
        raise InputError("none of the systems decodes frames for a vocoder; leave out the key vocoder of conversion")
    recipe, overrides = recipes / f"{conversion['vocoder']}.yaml", conversion["vocoder_overrides"]
    resolved = load_recipe(recipe, config["size"], overrides)
    return Variant(VOCODER, recipe, overrides, resolved, tuple(config["seeds"][:1]))


def _variant(name: str, changes: Mapping[str, Any], config: Mapping[str, Any], recipes: Path) -> Variant:
    system = changes.get("system", config["system"])
    recipe = recipes / f"{system}.yaml"
    if not recipe.is_file():
        known = sorted(path.stem for path in recipes.glob("*.yaml"))
        raise InputError(f"unknown system {system!r}; there are recipes for {listed(known, 30)}")
    if system in WITHOUT_UNITS:
        raise InputError(f"{system} only makes sound and has no units; choose another system (this may be a vocoder)")
    overrides = merged(config["overrides"], changes.get("overrides", {}))
    seeds: Sequence[int] = changes.get("seeds", config["seeds"])
    return Variant(name, recipe, overrides, load_recipe(recipe, config["size"], overrides), tuple(seeds))
