"""Centres of k-means with the frames that they are of, in one plain file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice.errors import InputError
from unitvoice.files import atomic, parse_json
from unitvoice.store import Store

__all__ = ["Clusters", "described", "read_clusters", "write_clusters"]

TABLE = 2  # axes


@dataclass(frozen=True)
class Clusters:
    """Centres, and what they are centres of."""

    centres: NDArray[np.float32]  # (K, D)
    frames: dict[str, Any]  # kind, rate, first and parameters of the store that they were learned from
    facts: dict[str, Any] = field(default_factory=dict)  # whatever else is known of them, for the reader

    def check(self, store: Store) -> None:
        """InputError when a store has frames of another kind, encoder, layer, rate or width."""
        self.check_told(described(store), store.width, str(store.folder))

    def check_told(self, frames: Mapping[str, Any], width: int, place: str) -> None:
        """The same of frames of which as much is told, with so many values, at a place for the message."""
        if other := [key for key in self.frames if frames[key] != self.frames[key]]:
            said = "; ".join(f"{key} is {frames[key]} and was {self.frames[key]}" for key in other)
            raise InputError(f"{place} has other frames than the centres were learned from: {said}")
        if width != self.centres.shape[1]:
            raise InputError(f"{place} has {width} values per frame, the centres {self.centres.shape[1]}")


def described(store: Store) -> dict[str, Any]:
    """What tells the frames of a store from others."""
    return {key: store.meta[key] for key in ("kind", "rate", "first", "parameters")}


def write_clusters(clusters: Clusters, path: Path) -> None:
    """Write a .npz file: ``centres``, and the JSON texts ``frames`` and ``facts``; equal content gives equal bytes."""
    frames, facts = (np.array(json.dumps(part, sort_keys=True)) for part in (clusters.frames, clusters.facts))
    with atomic(path) as beside, beside.open("wb") as file:
        np.savez(file, centres=clusters.centres, frames=frames, facts=facts)


def read_clusters(path: Path) -> Clusters:
    """Read what :func:`write_clusters` wrote; InputError when it is something else, or damaged."""
    try:
        with np.load(path, allow_pickle=False) as content:
            centres = np.asarray(content["centres"], dtype=np.float32)
            frames, facts = (parse_json(str(content[name])) for name in ("frames", "facts"))
    except Exception as error:  # noqa: BLE001 - a damaged archive can end in any exception
        raise InputError(
            f"{path} is not a file of centres ({error}); make it with unitvoice.units.kmeans, or import it with "
            "unitvoice.units.exchange"
        ) from None
    if centres.ndim != TABLE or not isinstance(frames, Mapping) or not np.isfinite(centres).all():
        raise InputError(f"{path} is damaged: its centres are not a table of numbers; make it again")
    return Clusters(centres, dict(frames), dict(facts))
