"""Scores of F0 contours: their definitions, bounds and symmetries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unitvoice.errors import InputError
from unitvoice.evaluation.listening.pitch import compare_pitch

HZ = st.one_of(st.just(0.0), st.floats(60, 400))


@st.composite
def pairs(draw):
    frames = draw(st.integers(1, 40))
    return tuple(draw(arrays(np.float64, frames, elements=HZ)) for _ in range(2))


def slowly(true, found):
    """The definitions, frame by frame."""
    voicing = gross = both = 0
    for one, other in zip(true, found, strict=True):
        voicing += (one > 0) != (other > 0)
        if one > 0 and other > 0:
            both += 1
            gross += abs(other / one - 1) > 0.2
    frames = len(true)
    return 100 * voicing / frames, 100 * (voicing + gross) / frames, 100 * gross / both if both else None


@given(pairs())
def test_errors_are_those_of_the_definitions(pair):
    found = compare_pitch(*pair)
    assert (found.vde, found.ffe, found.gpe) == pytest.approx(slowly(*pair))


@given(pairs())
def test_scores_stay_within_their_bounds(pair):
    found = compare_pitch(*pair)
    assert 0 <= found.vde <= found.ffe <= 100
    assert (found.gpe is None) == (found.semitones is None) == (found.voiced == 0)
    assert found.correlation is None or -1 <= found.correlation <= 1
    assert found.semitones is None or np.isfinite(found.semitones)


@given(pairs())
def test_a_contour_has_no_error_against_itself(pair):
    found = compare_pitch(pair[0], pair[0])
    assert (found.vde, found.ffe) == (0, 0)
    assert found.gpe in {0, None}
    assert found.semitones in {0, None}
    assert found.correlation is None or found.correlation == pytest.approx(1)


@given(pairs())
def test_voicing_correlation_and_semitones_do_not_care_which_contour_is_the_true_one(pair):
    one, other = compare_pitch(*pair), compare_pitch(*pair[::-1])
    assert one.vde == other.vde
    assert one.semitones == pytest.approx(other.semitones)
    assert one.correlation == pytest.approx(other.correlation)


def test_all_voiced_against_none_voiced_is_entirely_wrong():
    found = compare_pitch(np.full(9, 100.0), np.zeros(9))
    assert (found.vde, found.ffe, found.gpe, found.semitones) == (100, 100, None, None)


@pytest.mark.parametrize(("shift", "wrong"), [(1.21, 100), (1.19, 0), (0.79, 100), (0.81, 0)])
def test_more_than_20_percent_is_a_gross_error(shift, wrong):
    contour = np.linspace(80, 300, 50)
    found = compare_pitch(contour, shift * contour)
    assert (found.gpe, found.ffe, found.vde) == (wrong, wrong, 0)


@pytest.mark.parametrize("semitones", [-12, -1, 5])
def test_a_transposed_melody_correlates_fully_and_is_as_far_as_it_was_transposed(semitones):
    contour = np.append(np.linspace(80, 200, 50), 0)
    found = compare_pitch(contour, 2 ** (semitones / 12) * contour)
    assert found.correlation == pytest.approx(1)
    assert found.semitones == pytest.approx(abs(semitones))


def test_a_melody_upside_down_correlates_negatively_and_a_flat_one_not_at_all():
    contour = np.geomspace(100, 200, 21)
    assert compare_pitch(contour, contour[::-1]).correlation == pytest.approx(-1)
    assert compare_pitch(contour, np.full(21, 140.0)).correlation is None


@pytest.mark.parametrize(
    ("true", "found"), [([], []), ([1.0], [1.0, 2.0]), ([[1.0]], [[1.0]]), ([np.nan], [1.0]), ([100.0], [-1.0])]
)
def test_contours_that_cannot_be_compared_are_refused(true, found):
    with pytest.raises(InputError, match="F0 contours must have"):
        compare_pitch(np.array(true), np.array(found))
