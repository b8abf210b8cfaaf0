"""Boundaries: the best matching, and scores worked out by hand."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unitvoice.evaluation.unit_statistics_boundaries import compare, matched

TIMES = st.lists(st.integers(0, 15), max_size=5, unique=True).map(sorted)


def most_pairs(found, true):
    """By trying all assignments of the shorter list to the longer, in hundredths of a second."""
    short, long = sorted((found, true), key=len)
    tries = permutations(long, len(short))
    return max(sum(abs(a - b) <= 2 for a, b in zip(short, one, strict=True)) for one in tries)


@given(TIMES, TIMES)
def test_no_other_pairing_has_more_hits(found, true):
    assert matched(np.array(found) / 100, np.array(true) / 100) == most_pairs(found, true)


def test_a_boundary_at_the_edge_of_the_tolerance_counts():
    assert matched(np.array([0.3]), np.array([0.32])) == 1
    assert matched(np.array([0.3]), np.array([0.321])) == 0


def test_scores_worked_out_by_hand():
    """Of four true boundaries three are found, by six boundaries in two utterances."""
    pairs = [
        (np.array([0.10, 0.11, 0.30, 0.50]), np.array([0.11, 0.31, 0.80])),
        (np.array([0.20, 0.90]), np.array([0.21])),
    ]
    found = compare(pairs)
    assert (found.found, found.true, found.hits) == (6, 4, 3)
    assert found.precision == 0.5
    assert found.recall == 0.75
    assert found.f1 == pytest.approx(0.6)
    assert found.over_segmentation == pytest.approx(0.5)
    assert found.r_value == pytest.approx(1 - ((0.25**2 + 0.5**2) ** 0.5 + 0.75 / 2**0.5) / 2)


def test_perfect_boundaries_have_perfect_scores():
    times = np.array([0.1, 0.2, 0.4])
    found = compare([(times, times)])
    assert (found.precision, found.recall, found.f1, found.over_segmentation, found.r_value) == (1, 1, 1, 0, 1)


def test_a_boundary_everywhere_has_a_high_recall_and_a_low_r_value():
    found = compare([(np.arange(1, 100) / 100, np.array([0.2, 0.4, 0.6]))])
    assert found.recall == 1
    assert found.r_value < 0


def test_boundaries_that_all_miss_have_no_f1():
    assert compare([(np.array([0.5]), np.array([0.1]))]).f1 == 0


def test_without_boundaries_there_is_no_score():
    assert compare([(np.array([]), np.array([0.1]))]) is None
    assert compare([(np.array([0.1]), np.array([]))]) is None
