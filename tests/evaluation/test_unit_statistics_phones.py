"""Agreement of units with phones, against tables whose scores are known and against formulas written out."""

from math import comb, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unitvoice.evaluation.unit_statistics_phones import (
    agreement,
    by_utterance,
    co_occurrence,
    frame_phones,
    phone_boundaries,
)
from unitvoice.manifest import Phone

SEEDS = st.integers(0, 2**32 - 1)


def labels(table):
    """The labels of frames that have this table of counts."""
    pairs = [(p, u) for p, row in enumerate(table) for u, count in enumerate(row) for _ in range(count)]
    return np.array(pairs).T


def entropy(counts):
    total = sum(counts)
    return -sum(count / total * log(count / total) for count in counts if count)


def oracle(table):
    """Scores by loops over the table."""
    total = sum(map(sum, table))
    rows, columns = [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]
    joint = entropy([count for row in table for count in row])
    information = entropy(rows) + entropy(columns) - joint
    together = sum(comb(count, 2) for row in table for count in row)
    expected = sum(comb(count, 2) for count in rows) * sum(comb(count, 2) for count in columns) / comb(total, 2)
    most = (sum(comb(count, 2) for count in rows) + sum(comb(count, 2) for count in columns)) / 2
    return {
        "normalised_mutual_information": 2 * information / (entropy(rows) + entropy(columns)),
        "adjusted_rand_index": (together - expected) / (most - expected),
        "phone_purity": sum(max(column) for column in zip(*table, strict=True)) / total,
        "cluster_purity": sum(max(row) for row in table) / total,
        "phone_information": information / entropy(rows),
    }


@pytest.mark.parametrize("table", [[[5, 1, 0], [0, 4, 2]], [[7, 0], [3, 3], [0, 9]], [[2, 2], [2, 2]]])
def test_the_scores_of_a_table_are_those_of_their_definitions(table):
    found = agreement(*labels(table))
    for name, expected in oracle(table).items():
        assert getattr(found, name) == pytest.approx(expected, abs=1e-9), name


def test_a_table_worked_out_by_hand():
    """Two phones of four frames, three units: 3 + 1 and 1 + 3, of which one unit is shared."""
    found = agreement(*labels([[3, 1, 0], [0, 1, 3]]))
    assert (found.frames, found.phones, found.units) == (8, 2, 3)
    assert found.phone_purity == 7 / 8
    assert found.cluster_purity == 6 / 8
    assert found.phone_information == pytest.approx(3 / 4)  # the shared unit tells nothing, in a quarter of the frames


@given(SEEDS)
def test_perfect_units_have_perfect_scores_whatever_they_are_called(seed):
    random = np.random.default_rng(seed)
    phones = np.append(random.integers(0, 5, 40), [0, 0, 1])
    found = agreement(phones, random.permutation(9)[phones])
    for name in [*oracle([[2, 0], [0, 1]]), "adjusted_mutual_information"]:
        assert getattr(found, name) == pytest.approx(1), name


def test_constant_units_tell_nothing():
    phones = np.repeat([0, 1, 2], [6, 3, 1])
    found = agreement(phones, np.zeros(10, int))
    assert found.phone_purity == 0.6
    assert found.cluster_purity == 1
    for name in set(oracle([[2, 0], [0, 1]])) - {"phone_purity", "cluster_purity"}:
        assert getattr(found, name) == pytest.approx(0, abs=1e-12), name
    assert found.adjusted_mutual_information == pytest.approx(0, abs=1e-12)


def test_one_phone_alone_is_no_division_by_zero():
    assert agreement(np.zeros(3, int), np.array([0, 1, 1])).phone_information == 0


@given(SEEDS)
def test_adjusted_scores_of_units_by_chance_are_about_nothing_and_the_others_are_not(seed):
    random = np.random.default_rng(seed)
    found = agreement(random.integers(0, 4, 2000), random.integers(0, 50, 2000))
    assert abs(found.adjusted_mutual_information) < 0.02
    assert abs(found.adjusted_rand_index) < 0.01
    assert found.normalised_mutual_information > found.adjusted_mutual_information


@given(SEEDS)
def test_a_table_counts_every_frame_once(seed):
    random = np.random.default_rng(seed)
    phones, units = random.integers(0, 4, 30), random.integers(0, 6, 30)
    table = co_occurrence(phones, units)
    for p, u in np.ndindex(table.shape):
        assert table[p, u] == sum(a == p and b == u for a, b in zip(phones, units, strict=True))


def test_frames_have_the_phone_they_lie_in():
    phones = [Phone("u", 0.1, 0.2, "a"), Phone("u", 0.2, 0.3, "b"), Phone("u", 0.4, 0.5, "a")]
    times = np.array([0.05, 0.1, 0.15, 0.2, 0.299, 0.3, 0.35, 0.4, 0.5])
    assert frame_phones(phones, times).tolist() == [-1, 0, 0, 1, 1, -1, -1, 2, -1]
    assert phone_boundaries(phones).tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


def test_phones_are_sorted_by_utterance_and_time():
    phones = [Phone("v", 0.0, 0.1, "x"), Phone("u", 0.5, 0.6, "b"), Phone("u", 0.1, 0.2, "a")]
    assert {name: [one.phone for one in found] for name, found in by_utterance(phones).items()} == {
        "v": ["x"],
        "u": ["a", "b"],
    }
