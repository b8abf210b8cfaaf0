"""Units on a time axis, and the choice of trials."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unitvoice.report.sections.conversion import chosen
from unitvoice.report.sections.units import code_colours, runs


@given(st.lists(st.integers(0, 3), max_size=40))
def test_runs_spell_the_indices(codes):
    found = runs(np.array(codes, dtype=np.int64).reshape(-1, 1))
    assert [run.code[0] for run in found for _ in range(run.frames)] == codes
    assert all(a.code != b.code and a.first + a.frames == b.first for a, b in pairwise(found))


def test_several_codebooks_make_one_code():
    assert [run.code for run in runs(np.array([[1, 2], [1, 2], [1, 3]]))] == [(1, 2), (1, 3)]


def test_near_codes_get_near_colours():
    line = np.array([[0.0, 0.0], [1.0, 0.1], [5.0, 0.5]])
    codes = [(0,), (1,), (2,)]
    colours = code_colours(codes, line)
    assert len(set(colours.values())) == 3
    assert {colours[0,], colours[2,]} == {"#440154", "#fde725"}


@given(st.integers(1, 60), st.integers(1, 20))
def test_chosen_items_differ_and_keep_their_order(number, most):
    found = chosen(range(number), most)
    assert found == sorted(set(found))
    assert len(found) == min(number, most)
