"""Judges' networks from the library transformers: a name on the hub, or a folder."""

from typing import Any, NamedTuple

import torch

from unitvoice.errors import InputError
from unitvoice.evaluation.listening.judge import optional
from unitvoice.features.ssl_weights import fingerprint

__all__ = ["Pretrained", "pretrained"]


class Pretrained(NamedTuple):
    """A network, what makes its input of sound, and where they come from."""

    prepare: Any
    network: Any
    version: str
    weights: str  # SHA-256


def pretrained(model: str, preparation: str, network: str, what: str) -> Pretrained:
    """Load a network of transformers, in evaluation mode and single precision.

    Args:
        model: name on the hub, or a folder that transformers saved.
        preparation: class of what makes the input of sound.
        network: class of the network.
        what: it is, in an error.

    Raises:
        InputError: transformers is not installed, or there is no such model.
    """
    library = optional("transformers", "ssl")
    library.utils.logging.disable_progress_bar()
    library.utils.logging.set_verbosity_error()
    try:
        prepare = getattr(library, preparation).from_pretrained(model)
        loaded = getattr(library, network).from_pretrained(model, dtype=torch.float32, use_safetensors=True).eval()
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(
            f"{model} is no {what} that can be read here ({reason}); give a name on the hub where there is a network, "
            "or a folder that save_pretrained wrote"
        ) from None
    return Pretrained(prepare, loaded, f"transformers {library.__version__}", fingerprint(loaded))
