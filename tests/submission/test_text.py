"""Frames as text, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from unitvoice.submission.text import RowReader, RowWriter, read_text

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
FRAMES = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6), elements=FLOATS)


@given(FRAMES)
def test_float32_survives_the_text_bit_for_bit(frames):
    rows = [line.split(" ") for line in RowWriter()(frames).decode().splitlines()]
    read = np.array([[np.float32(float(value)) for value in row] for row in rows])
    np.testing.assert_array_equal(read.view(np.uint32), frames.view(np.uint32))


@given(FRAMES, st.lists(st.integers(0, 1), min_size=1, max_size=20))
def test_same_code_prints_the_same_text_wherever_it_occurs(frames, codes):
    lines = RowWriter()(frames[codes]).splitlines()
    alone = [RowWriter()(frames[[code]]).strip() for code in codes]
    assert lines == alone


@given(FRAMES)
def test_what_is_written_is_judged_sound(frames):
    frames[:, 0] = 1.0
    facts = read_text(RowWriter()(frames), RowReader())
    assert (facts.frames, facts.width, facts.faults) == (*frames.shape, ())


def test_times_are_the_first_column():
    text = RowWriter()(np.ones((3, 2), np.float32), 0.0125 + np.arange(3) / 100)
    assert text == b"0.0125 1 1\n0.0225 1 1\n0.0325 1 1\n"


def test_forgetting_rows_does_not_change_the_text(monkeypatch):
    frames = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)[np.arange(40) % 8]
    expected = RowWriter()(frames)
    monkeypatch.setattr("unitvoice.submission.text.MOST_ROWS", 3)
    writer = RowWriter()
    assert [writer(frames), writer(frames)] == [expected, expected]


def test_reader_forgets_rows_but_says_so(monkeypatch):
    monkeypatch.setattr("unitvoice.submission.text.MOST_ROWS", 3)
    rows = RowReader()
    facts = read_text(b"".join(b"%d 1\n" % number for number in range(10)), rows)
    assert (facts.frames, facts.width, facts.faults, rows.overflowed) == (10, 2, (), True)
    assert len(rows) <= 3


@pytest.mark.parametrize("text", [b"1 2\n3 4\n", b"1 2\r\n3 4\r\n", b"1 2\n3 4", b"1e-3 -2\n+3 4E5\n"])
def test_sound_notations_pass(text):
    facts = read_text(text, RowReader())
    assert (facts.frames, facts.width, facts.faults) == (2, 2, ())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "holds no frame"),
        (b"\n\n", "holds no frame"),
        (b"1 2\n\n3 4\n", "line 2 is blank"),
        (b"1 2\n3\t4\n", "line 2 has a tab"),
        (b"1 2\n 3 4\n", "line 2 has a stray blank"),
        (b"1 2\n3 4 \n", "line 2 has a stray blank"),
        (b"1 2\n3  4\n", "line 2 has a stray blank"),
        (b"1 2\n3 x\n", "line 2 has something that is not a number"),
        (b"1 2\n3 nan\n", "line 2 has a value that is not finite"),
        (b"1 2\n3 1e999\n", "line 2 has a value that is not finite"),
        (b"1 2\n0 -0\n", "line 2 has zeros only"),
        (b"1 2\n3 4 5\n5 6 7\n", "line 2 (and 1 more lines) has 3 instead of 2 columns"),
        (b"1\n2\n", "line 1 (and 1 more lines) has 1 of at least 2 columns"),
        (b"1 2\n3 1_0\n", "line 2 has a character that no number has"),
        (b"1 2\n3 \xff\n", "line 2 has a character that no number has"),
        ("1 2\n3 \uff14\n".encode(), "line 2 has a character that no number has"),
    ],
)
def test_each_fault_is_named_with_its_line(text, fault):
    (found,) = read_text(text, RowReader()).faults
    assert found.startswith(fault)


def test_different_faults_of_one_file_are_all_named():
    faults = read_text(b"x 1\n\n1 2\nnan 3\n", RowReader()).faults
    assert [fault.split(" ")[1] for fault in faults] == ["1", "2", "4"]
