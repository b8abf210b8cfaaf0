"""Recipes: the numbers of one system, resolved from its file, a size overlay and the user's overrides."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Lt, MinLen
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.provenance import Origin, read_json, write_json
from unitvoice.settings import build, merged, read_yaml

__all__ = ["Recipe", "StageSettings", "load_recipe", "main", "read_recipe"]

SIZES = ("paper", "demo")

type Share = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True)
class StageSettings:
    """How one stage of training runs."""

    steps: NonNegativeInt
    batch: PositiveInt  # crops per step, of all ranks together
    crop: PositiveFloat | None  # s of speech per crop; None: whole utterances of similar length, padded
    learning_rate: PositiveFloat
    learning_rates: dict[str, PositiveFloat] = field(default_factory=dict)  # of players that have another one
    betas: tuple[Share, Share] = (0.9, 0.999)  # of Adam
    amsgrad: bool = False  # steps by the largest second moment so far (Reddi et al., 2018)
    weight_decay: NonNegativeFloat = 0.0  # decoupled, as in AdamW
    warmup: NonNegativeInt = 0  # steps of linear rise of the learning rate
    decay_at: tuple[int, ...] = ()  # steps at which the learning rate is multiplied by `decay`
    decay_every: PositiveInt | None = None  # steps, as of an epoch: at its multiples the rate is multiplied as well
    decay: PositiveFloat = 0.5
    cosine: bool = False  # after the warm-up the learning rate falls to zero along a half cosine
    clip: PositiveFloat | None = None  # largest norm of the gradient
    skips: PositiveInt = 20  # updates in a row that may be left out for a gradient that is not finite
    accumulate: PositiveInt = 1  # parts in which a batch is computed one after the other, to need less memory
    precision: Literal["float32", "bf16"] = "float32"  # of matrix products; weights are float32
    compile: bool = False  # compile the losses where there is a compiler
    average: Share | None = None  # decay of a moving average of the weights, which is what the stage yields
    subsets: tuple[str, ...] | None = None  # those of the recipe that the stage trains on; None for all
    sampling: Literal["frame", "utterance", "speaker"] = "frame"  # what is equally likely to be drawn
    speakers: PositiveInt | None = None  # a batch holds so many speakers, and as many utterances of each, all distinct
    checkpoint_every: PositiveInt = 500  # steps; the last two are kept
    keep_every: PositiveInt | None = None  # steps; checkpoints at its multiples are made and stay
    develop_every: PositiveInt = 1000  # steps between looks at what is not trained on
    listen_every: PositiveInt | None = None  # steps between samples to listen to; and after the last step
    measure: Literal["loss", "abx"] = "loss"  # what `patience` and `select` go by, of the held-out or the dev set
    patience: PositiveInt | None = None  # looks without a new best after which the stage ends
    select: Literal["last", "best"] = "last"  # which weights the stage yields
    collapse: Share = 0.02  # share of the codes below which perplexity raises an alarm


@dataclass(frozen=True)
class Recipe:
    """Everything that defines a system but the data and the seed."""

    system: str
    description: str
    features: Annotated[tuple[str, ...], MinLen(1)]  # kinds of frames that training and encoding read
    model: dict[str, Any]  # the system's own settings; its module defines and checks them
    stages: Annotated[dict[str, StageSettings], MinLen(1)]
    subsets: tuple[str, ...] = field(default=("unit", "voice"))  # what is trained on
    speaks: bool = True  # whether there is anything to convert with; units are made all the same
    held_out: Share = 0.02  # share of these utterances that is not, to measure the losses on

    @property
    def origin(self) -> Origin:
        """As it stands in the seals of what is made by it."""
        return Origin(self.system, sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest())


def load_recipe(path: Path, size: str = "paper", overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Resolve a recipe file.

    Args:
        path: YAML with paper-sized numbers and an overlay for each further size.
        size: ``paper`` or the name of an overlay.
        overrides: a last overlay, the user's.

    Returns:
        The resolved mapping, checked to be a :class:`Recipe`.
    """
    content = read_yaml(path)
    overlays = {name: content.pop(name, None) for name in SIZES}
    if size != "paper" and not overlays.get(size):
        raise InputError(f"{path} has no overlay {size!r}; known sizes are {listed(SIZES)}")
    overlay = overlays.get(size) or {}
    if not isinstance(overlay, Mapping):
        raise InputError(f"the overlay {size!r} of {path} must hold a mapping of keys to values")
    resolved = merged(content, overlay, overrides or {})
    build(Recipe, resolved, str(path))
    return resolved


def read_recipe(path: Path) -> Recipe:
    """Read a resolved recipe."""
    return build(Recipe, read_json(path), str(path))


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module: resolve a recipe into one JSON file."""
    parser = cli.parser(main.__doc__)
    parser.add_argument("recipe", type=Path, help="recipe file (YAML)")
    parser.add_argument("output", type=Path, help="resolved recipe (JSON)")
    parser.add_argument("--size", choices=SIZES, default="paper", help="overlay to apply")
    parser.add_argument("--overrides", type=cli.mapping, default="{}", help="JSON object laid over the recipe")
    arguments = parser.parse_args(argv)
    resolved = load_recipe(arguments.recipe, arguments.size, arguments.overrides)
    write_json(arguments.output, resolved, f"{arguments.recipe.stem}, {arguments.size}")


if __name__ == "__main__":
    cli.run(main)
