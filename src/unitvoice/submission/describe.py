"""Write the metadata of a submission from a recipe and the author's words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from unitvoice import cli
from unitvoice.files import write_text
from unitvoice.provenance import sealed
from unitvoice.systems.recipe import Recipe, read_recipe

__all__ = ["describe", "main"]

DECLARED = {"cosine": "dtw_cosine", "KL": "dtw_kl", "levenshtein": "levenshtein"}


def describe(recipe: Recipe, distance: str) -> dict[str, Any]:
    """What the recipe says of a submission: description, hyperparameters and the distance for its embeddings."""
    stages = {
        name: f"{stage.steps} steps of {stage.batch} crops of {stage.crop} s" for name, stage in recipe.stages.items()
    }
    return {
        "system description": recipe.description,
        "hyperparameters": {"system": recipe.system, **recipe.model, "stages": stages},
        "abx distance": DECLARED[distance],
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("recipe", type=Path, help="resolved recipe (JSON)")
    parser.add_argument("output", type=Path, help="metadata to write (YAML)")
    parser.add_argument("--author", required=True, help="who submits")
    parser.add_argument("--affiliation", required=True, help="where they belong")
    parser.add_argument("--distance", choices=DECLARED, default="cosine", help="the distance made for the embeddings")
    parser.add_argument("--open-source", action="store_true", help="the code is in the archive")
    parser.add_argument("--parallel-train", action="store_true", help="parallel recordings were trained on")
    parser.add_argument("--external-data", action="store_true", help="other data was used")
    arguments = parser.parse_args(argv)
    recipe = read_recipe(arguments.recipe)
    metadata = {
        "author": arguments.author,
        "affiliation": arguments.affiliation,
        "open source": arguments.open_source,
        "using parallel train": arguments.parallel_train,
        "using external data": arguments.external_data,
    } | describe(recipe, arguments.distance)
    with sealed(arguments.output, f"metadata of {recipe.system}", {"recipe": recipe.origin}) as beside:
        write_text(beside, yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True))


if __name__ == "__main__":
    cli.run(main)
