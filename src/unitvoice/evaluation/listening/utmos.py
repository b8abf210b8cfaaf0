"""UTMOS: a network that learned the mean opinion scores of synthetic speech (Saeki et al., 2022), by torch's hub."""

import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

from unitvoice.audio import RATE
from unitvoice.errors import InputError
from unitvoice.evaluation.listening.judge import Figure, Heard, Judge
from unitvoice.features.ssl_weights import fingerprint

__all__ = ["Utmos"]

ENTRY = "utmos22_strong"
SUGGESTED = "tarepan/SpeechMOS:v1.2.0"


class Utmos(Judge):
    """The strong learner alone, as it is published for torch's hub; code of that repository is run.

    Args:
        place: the repository as torch's hub names it, such as tarepan/SpeechMOS:v1.2.0, or a folder that is a copy of
            it; its weights are fetched where torch's cache lacks them.

    Raises:
        InputError: there is no such repository or folder, or its weights cannot be had.
    """

    figures = (Figure("utmos", "1 to 5", "higher", "mean opinion, as a network guesses that listeners would say"),)

    def __init__(self, place: str) -> None:
        self._network = _loaded(place)
        self.name = f"UTMOS, {Path(place).name if Path(place).is_dir() else place}"
        self.version = f"torch {torch.__version__}"
        self.weights = fingerprint(self._network)

    @torch.inference_mode()
    def score(self, heard: Heard) -> dict[str, float]:
        """The opinion of the whole conversion; none of one with no sound."""
        if not heard.wave.any():
            return {}
        return {"utmos": float(self._network(torch.from_numpy(heard.wave)[None], RATE)[0])}


def _loaded(place: str) -> nn.Module:
    local = Path(place).is_dir()
    logging.getLogger("torch.hub").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: Any = torch.hub.load(
                place, ENTRY, source="local" if local else "github", trust_repo=True, verbose=False
            )
    except Exception as error:  # noqa: BLE001 - whatever the code of a repository raises
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InputError(
            f"{place} has no {ENTRY} that can be loaded here ({reason}); give {SUGGESTED} where there is a "
            "network, or the folder of a copy of it, with its weights in torch's cache"
        ) from None
    if not isinstance(found, nn.Module):
        raise InputError(f"{ENTRY} of {place} is no network; give {SUGGESTED}, or the folder of a copy of it")
    return found.eval()
