"""The systems by name."""

import importlib
from collections.abc import Sequence

from unitvoice.errors import InputError, listed
from unitvoice.settings import build
from unitvoice.systems.base import System
from unitvoice.systems.recipe import Recipe

__all__ = ["SYSTEMS", "create_system"]

SYSTEMS = {
    "vqvae-mel": ("vqvae_mel", "VqvaeMel"),
    "vqvae-gru": ("vqvae_gru", "VqvaeGru"),
    "vqcpc-gru": ("vqcpc_gru", "VqcpcGru"),
    "vqvae-deconv": ("vqvae_deconv", "VqvaeDeconv"),
}


def create_system(recipe: Recipe, speakers: Sequence[str]) -> System:
    """A system with fresh weights from torch's random state; InputError for an unknown or wrong setting."""
    if recipe.system not in SYSTEMS:
        raise InputError(f"unknown system {recipe.system!r}; known are {listed(SYSTEMS)}")
    # imported by need, so that a change of one system concerns that system alone
    module_name, class_name = SYSTEMS[recipe.system]
    module = importlib.import_module(f"unitvoice.systems.{module_name}")
    settings = build(module.Settings, recipe.model, f"the model section of {recipe.system}")
    system: System = getattr(module, class_name)(settings, speakers)
    if system.input != recipe.features[0]:
        raise InputError(
            f"the model of {recipe.system} reads {system.input}, but the first of the recipe's features is "
            f"{recipe.features[0]}; make them agree"
        )
    return system
