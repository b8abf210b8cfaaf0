"""Subtracting what belongs to the recording or the speaker, not to the sound: mean spectra by scope."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unitvoice.manifest import Utterance

__all__ = ["Scope", "mean_frames"]

Scope = Literal["utterance", "speaker", "corpus"]


def mean_frames(
    store: Mapping[str, NDArray[Any]], utterances: Iterable[Utterance], scope: Scope
) -> dict[str, NDArray[np.float32]]:
    """The mean frame that each utterance is normalised with.

    Args:
        store: utterance -> (T, D) frames.
        utterances: the utterances to cover; with scope ``speaker`` or ``corpus`` the mean is over these alone.
        scope: over what the mean goes. A clip of a few phones has a mean of its own that says more about the phones
            than about the recording, so clips want ``speaker``.

    Returns:
        utterance -> (D,).
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for utterance in utterances:
        key = {"utterance": utterance.utterance, "speaker": utterance.speaker, "corpus": ""}[scope]
        groups[key].append(utterance.utterance)
    means: dict[str, NDArray[np.float32]] = {}
    for names in groups.values():
        mean = _mean(store, names)
        means |= dict.fromkeys(names, mean)
    return means


def _mean(store: Mapping[str, NDArray[Any]], names: list[str]) -> NDArray[np.float32]:
    total = sum(store[name].sum(axis=0, dtype=np.float64) for name in names)
    frames = sum(len(store[name]) for name in names)
    return np.asarray(total / max(frames, 1), dtype=np.float32)
