"""Where units of a wave are made and spoken."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unitvoice.systems.wave_alignment import Alignment, Place

PAPER = Alignment(stride=64, field=550, hop=64, steps=85, before=5629, advance=15, shift=128)


def alignments():
    """Alignments of encoders and decoders of any size that fit each other."""
    return st.builds(
        lambda hold, field, steps, advance, shift: Alignment(
            64 * hold, 64 * hold + field, 64, steps, 189 + 64 * steps, advance, shift
        ),
        st.sampled_from([1, 2, 4, 8]),
        st.integers(1, 2000),
        st.integers(1, 90),
        st.integers(0, 20),
        st.integers(0, 200),
    )


def test_the_constants_are_the_published_ones():
    assert PAPER.context == 486
    assert PAPER.ahead == 960
    assert PAPER.heard_before == 4966
    assert PAPER.earlier == 85
    assert PAPER.left == 5629
    assert PAPER.right == 960 + 127


def test_a_published_crop_has_101_units_of_which_1024_samples_are_learned():
    place = PAPER.place(5629 + 1024 + 960 + 127, None, whole=False)
    assert place == Place(start=5629, spoken=16, first=-85, made=101)
    first, length = PAPER.heard(place)
    assert first == 5629 - 4966
    assert length == 550 + 100 * 64
    assert first + length == 5629 + 1024 + 960


def test_the_unit_first_told_has_heard_what_is_474_to_1023_samples_ahead():
    first, _ = PAPER.heard(Place(0, 1, 0, 1))
    assert (first, first + PAPER.field - 1) == (474, 1023)


@pytest.mark.parametrize(
    ("stride", "field", "skipped", "start"), [(64, 550, 11, -230), (256, 1126, 2, -422), (512, 1894, 1, -934)]
)
def test_units_of_the_published_strides_and_slower_ones_stand_near_the_middle_of_their_stretch(
    stride, field, skipped, start
):
    one = Alignment(stride, field, 64, 85, 5629, 15)
    assert (one.skipped, one.start) == (skipped, start)
    assert one.centre == start + field / 2
    assert abs(one.centre - stride / 2) <= stride / 2


@given(alignments())
def test_units_as_they_are_numbered_are_units_as_they_are_spoken(one):
    # the unit spoken from sample 0 on is number `skipped` of the utterance
    assert one.start + one.stride * one.skipped + one.field == one.stride + one.ahead
    assert abs(one.centre - one.stride / 2) <= one.stride / 2


@given(alignments(), st.integers(1, 20_000))
def test_an_utterance_has_a_unit_for_each_stretch_that_it_begins(one, samples):
    before, after = one.padding(samples)
    padded = before + samples + after
    assert (padded - one.field) % one.stride == 0
    assert (padded - one.field) // one.stride + 1 == math.ceil(samples / one.stride)
    assert max(before, after) <= one.most_padding


@given(alignments(), st.integers(0, 20_000), st.integers(1, 4) | st.none(), st.booleans())
def test_all_that_a_crop_needs_is_within_it(one, samples, window, whole):
    place = one.place(samples, window, whole=whole)
    if place is None:
        assert samples < one.left + one.stride + one.right
        return
    first, length = one.heard(place)
    assert first - one.shift >= 0
    assert first + length + max(one.shift - 1, 0) <= samples
    assert place.start - one.before >= 0
    assert place.start + place.spoken * one.stride + one.right <= samples
    assert place.first <= -one.earlier
    assert place.first + place.made >= place.spoken
    assert window is None or place.spoken <= window
    if whole:  # neither a unit before nor one after would fit
        assert first - one.shift - one.stride < 0
        assert first + length + max(one.shift - 1, 0) + one.stride > samples
