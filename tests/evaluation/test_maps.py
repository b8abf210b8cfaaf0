"""Maps: near vectors stay near, and the same seed draws the same map."""

import os
import sys

import numpy as np
import pandas as pd
import pytest

from unitvoice.errors import InputError
from unitvoice.evaluation.maps import draw, project


@pytest.fixture
def clouds():
    """Two clouds far apart."""
    vectors = np.random.default_rng(0).standard_normal((60, 5))
    vectors[30:] += 20
    return vectors, pd.DataFrame({"phone": ["a"] * 30 + ["b"] * 30})


SLOW = pytest.mark.skipif("UNITVOICE_SLOW_TESTS" not in os.environ, reason="UMAP takes half a minute to compile")


@pytest.mark.parametrize("method", ["tsne", pytest.param("umap", marks=SLOW)])
def test_clouds_stay_apart_and_a_seed_decides_the_map(clouds, method):
    found = project(*clouds, [method], seed=1)
    assert list(found.columns) == ["method", "x", "y", "phone"]
    places = found[["x", "y"]].to_numpy()
    means = [places[:30].mean(axis=0), places[30:].mean(axis=0)]
    spread = max(
        np.linalg.norm(part - mean, axis=1).max() for part, mean in zip((places[:30], places[30:]), means, strict=True)
    )
    assert np.linalg.norm(means[0] - means[1]) > spread
    if method == "tsne":
        pd.testing.assert_frame_equal(found, project(*clouds, [method], seed=1))


def test_too_few_vectors_are_refused():
    with pytest.raises(InputError, match="needs 10 vectors"):
        project(np.zeros((4, 2)), pd.DataFrame(index=range(4)), ["tsne"], 0)


def test_umap_that_is_not_installed_is_named_with_the_cure(clouds, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(InputError, match=r"pip install 'unitvoice\[maps\]'"):
        project(*clouds, ["umap"], 0)


def test_a_draw_is_in_order_without_repeats():
    found = draw(1000, 50, seed=3)
    assert len(set(found.tolist())) == 50
    assert (np.diff(found) > 0).all()
    assert found.tolist() != draw(1000, 50, seed=4).tolist()
