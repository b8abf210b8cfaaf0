"""Units by centres of k-means."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from unitvoice.features.clusters import Clusters, described, read_clusters, write_clusters
from unitvoice.nn.vq.search import nearest
from unitvoice.store import Store
from unitvoice.systems.base import Units

__all__ = ["Clusters", "assigned", "described", "read_clusters", "write_clusters"]


def assigned(clusters: Clusters, store: Store, names: Sequence[str]) -> Iterator[tuple[str, Units]]:
    """The units of utterances by name, in the given order: the nearest centre of each frame.

    Raises:
        InputError: the store has other frames than the centres were learned from.
    """
    clusters.check(store)
    table = torch.from_numpy(clusters.centres)
    for name in names:
        frames = torch.tensor(np.asarray(store[name], dtype=np.float32))
        indices = nearest(frames, table)
        yield name, Units(indices[:, None], table[indices], frames)
