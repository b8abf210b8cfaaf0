"""Maps of vectors in two dimensions, with the phone, the speaker and the unit of each point."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitvoice.errors import InputError

__all__ = ["METHODS", "Method", "draw", "project"]

log = logging.getLogger(__name__)

Method = Literal["tsne", "umap"]
METHODS: tuple[Method, ...] = get_args(Method)
FEWEST = 10  # points
NEIGHBOURS = 30  # that both methods look at, where there are enough points
Vectors = NDArray[np.floating[Any]]


def draw(rows: int, most: int, seed: int) -> NDArray[np.int64]:
    """Which of some rows are shown: at most so many, without repeats, in order.

    >>> draw(3, 5, seed=0).tolist()
    [0, 1, 2]
    """
    return np.sort(np.random.default_rng(seed).choice(rows, min(most, rows), replace=False))


def project(vectors: Vectors, labels: pd.DataFrame, methods: Sequence[Method], seed: int) -> pd.DataFrame:
    """Places of vectors on maps; near vectors come to lie near each other, far distances mean little.

    Args:
        vectors: (N, D); their number decides the time: some seconds for 1500.
        labels: N rows to be written beside the places.
        methods: of making maps.
        seed: of both methods; equal arguments give equal maps on one machine.

    Returns:
        Columns method, x, y and those of the labels; N rows per method.

    Raises:
        InputError: there are too few vectors for a map, or UMAP is not installed.
    """
    if len(vectors) < FEWEST:
        raise InputError(f"a map needs {FEWEST} vectors, there are {len(vectors)}; encode more of the corpus")
    known: dict[Method, Callable[[Vectors, int], Vectors]] = {"tsne": _tsne, "umap": _umap}
    tables = []
    for method in methods:
        places = known[method](np.asarray(vectors, np.float64), seed)
        tables.append(labels.assign(method=method, x=places[:, 0], y=places[:, 1]))
    return pd.concat(tables)[["method", "x", "y", *labels.columns]] if tables else pd.DataFrame()


def _tsne(vectors: Vectors, seed: int) -> Vectors:
    """Van der Maaten and Hinton, 2008, from the principal components on."""
    from sklearn.manifold import TSNE  # noqa: PLC0415 - slow to import, and only maps need it

    perplexity = min(NEIGHBOURS, (len(vectors) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=1).fit_transform(vectors)


def _umap(vectors: Vectors, seed: int) -> Vectors:
    """McInnes et al., 2018."""
    try:
        import umap  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        raise InputError(
            "umap-learn is not installed; pip install 'unitvoice[maps]', or draw t-SNE maps alone"
        ) from None
    neighbours = min(NEIGHBOURS, len(vectors) - 1)
    return umap.UMAP(n_neighbors=neighbours, random_state=seed, n_jobs=1).fit_transform(vectors)
