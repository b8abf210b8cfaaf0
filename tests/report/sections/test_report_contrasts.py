"""The most confused phones."""

import numpy as np
import pandas as pd
import pytest

from unitvoice.evaluation.abx import average
from unitvoice.report.sections.contrasts import confusions


@pytest.fixture
def cells() -> pd.DataFrame:
    random = np.random.default_rng(0)
    names = [(a, b, s, x) for a in "pbt" for b in "pbt" if a != b for s in "uvw" for x in "uvw" if s != x]
    chosen = random.choice(len(names), 60)
    table = pd.DataFrame([names[i] for i in chosen], columns=["phone", "other_phone", "speaker", "x_speaker"])
    table["context"] = [f"c{i}" for i in range(len(table))]
    table["triplets"] = random.integers(1, 9, len(table))
    table["error"] = random.uniform(0, 100, len(table))
    return table


def test_pairs_are_averaged_as_the_score_is(cells):
    """Where both orders of each pair occur, the mean over the unordered pairs is the official score."""
    assert len(cells[["phone", "other_phone"]].drop_duplicates()) == 6
    assert confusions(cells)["error"].mean() == pytest.approx(average(cells))


def test_both_orders_of_a_pair_are_one(cells):
    found = confusions(cells)
    assert list(found.index) == [("b", "p"), ("b", "t"), ("p", "t")]
    assert found["triplets"].sum() == cells["triplets"].sum()
