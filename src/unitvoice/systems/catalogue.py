"""Systems made from recipes."""

import importlib
from collections.abc import Sequence

from unitvoice.errors import InputError
from unitvoice.settings import build
from unitvoice.systems.base import System
from unitvoice.systems.recipe import Recipe
from unitvoice.systems.table import SYSTEMS, module_of

__all__ = ["create_system"]


def create_system(recipe: Recipe, speakers: Sequence[str]) -> System:
    """A system with fresh weights from torch's random state; InputError for an unknown or wrong setting."""
    # imported by need, so that a change of one system concerns that system alone
    module = importlib.import_module(module_of(recipe.system))
    settings = build(module.Settings, recipe.model, f"the model section of {recipe.system}")
    system: System = getattr(module, SYSTEMS[recipe.system][1])(settings, speakers)
    if system.input != recipe.features[0]:
        raise InputError(
            f"the model of {recipe.system} reads {system.input}, but the first of the recipe's features is "
            f"{recipe.features[0]}; make them agree"
        )
    if system.pitch not in (None, *recipe.features):
        raise InputError(
            f"the model of {recipe.system} reads {system.pitch}, which is not among the recipe's features; add it"
        )
    return system
