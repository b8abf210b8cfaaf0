"""Errors by pair of phones, and the comparison of two systems on them."""

import numpy as np
import pandas as pd
import pytest

from unitvoice.evaluation.abx import average
from unitvoice.evaluation.phone_pairs import paired, phone_pairs


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
    assert phone_pairs(cells)["error"].mean() == pytest.approx(average(cells))


def test_both_orders_of_a_pair_are_one(cells):
    found = phone_pairs(cells)
    assert list(found.index) == [("b", "p"), ("b", "t"), ("p", "t")]
    assert found["triplets"].sum() == cells["triplets"].sum()


def shifted(cells, points):
    """The scores of a system that is so much worse on each pair, give or take."""
    random = np.random.default_rng(1)
    wave = {pair: points + random.normal() for pair in phone_pairs(cells).index}
    gaps = [wave[tuple(sorted(pair))] for pair in zip(cells["phone"], cells["other_phone"], strict=True)]
    return cells.assign(error=cells["error"] + gaps)


@pytest.fixture
def many() -> pd.DataFrame:
    """Forty-five pairs of ten phones, of two speakers."""
    random = np.random.default_rng(2)
    names = [(a, b) for a in "abcdefghij" for b in "abcdefghij" if a != b]
    table = pd.DataFrame(names, columns=["phone", "other_phone"])
    return table.assign(speaker="s", x_speaker="t", context="x", triplets=4, error=random.uniform(10, 90, len(table)))


def test_a_small_but_steady_difference_is_told_from_chance(many):
    found = paired([shifted(many, 2.0)], [many])
    assert found.pairs == 45
    assert found.mean == pytest.approx(2.0, abs=0.5)
    assert 1.4 < found.low < found.mean < found.high < 2.7
    assert found.chance < 0.001


def test_a_difference_that_goes_both_ways_is_chance(many):
    found = paired([shifted(many, 0.0)], [many])
    assert found.low < 0 < found.high
    assert found.chance > 0.1


def test_the_difference_is_that_of_the_scores_and_turns_its_sign_with_the_sides(many):
    worse = shifted(many, 3.0)
    there, back = paired([worse], [many]), paired([many], [worse])
    assert there.mean == pytest.approx(average(worse) - average(many))
    assert (back.mean, back.chance) == (pytest.approx(-there.mean), there.chance)


def test_runs_of_a_system_are_averaged_before_they_are_compared(many):
    runs = [shifted(many, 1.0), shifted(many, 5.0)]
    assert paired(runs, [many]).mean == pytest.approx(np.mean([average(run) - average(many) for run in runs]))


def test_few_pairs_cannot_be_told_from_chance(many):
    three = many[many["phone"].isin(["a", "b"]) & many["other_phone"].isin(["a", "b", "c"])]
    assert paired([three.assign(error=three["error"] + 9)], [three]).chance > 0.2


def test_only_pairs_that_both_were_scored_on_count(many):
    fewer = many[(many["phone"] != "a") & (many["other_phone"] != "a")]
    assert paired([shifted(fewer, 2.0)], [many]).pairs == 36
    with pytest.raises(ValueError, match="no pair of phones in common"):
        paired([many[many["phone"] == "a"]], [fewer])
