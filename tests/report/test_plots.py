"""Charts as SVG."""

import re
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unitvoice.report.plots import HEIGHT, WIDTH, Axis, Line, Mark, line_chart, scatter_chart, ticks

FINITE = st.floats(-1e6, 1e6)


@given(FINITE, FINITE)
def test_ticks_are_few_round_and_within(low, high):
    assume(high - low > 1e-3 * max(abs(low), abs(high), 1e-3))
    found = ticks(low, high)
    margin = 1e-6 * (high - low)
    assert 1 <= len(found) <= 7
    assert found == sorted(set(found))
    assert all(low - margin <= tick <= high + margin for tick in found)


@given(st.floats(1e-3, 1e3), st.floats(1.4, 1e4))
def test_logarithmic_ticks_are_within(low, factor):
    high = low * factor
    assert all(low * 0.999 <= tick <= high * 1.001 for tick in ticks(low, high, log=True))


@given(st.lists(FINITE, min_size=1), st.booleans())
def test_an_axis_holds_its_values(values, zero):
    axis = Axis.over("x", values, zero=zero)
    assert all(-1e-9 <= axis.share(value) <= 1 + 1e-9 for value in values)


def test_a_logarithmic_axis_is_even_in_ratios():
    axis = Axis("x", 1.0, 100.0, log=True)
    assert axis.share(10.0) == pytest.approx(0.5)


def coordinates(path: str) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split())) for pair in path.removeprefix("M").split("L")]


def test_lines_go_from_left_to_right_and_upwards():
    chart = line_chart([Line("seed 0", [0, 1, 2], [0, 1, 2])], Axis("x", 0, 2), Axis("y", 0, 2), "rising")
    (path,) = re.findall(r'd="(M[^"]*)"', chart)
    points = coordinates(path)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)


def test_long_lines_are_thinned_but_keep_their_end():
    line = Line("seed 0", range(10_000), range(10_000))
    (path,) = re.findall(r'd="(M[^"]*)"', line_chart([line], Axis("x", 0, 9999), Axis("y", 0, 9999), "long"))
    points = coordinates(path)
    assert len(points) < 500
    assert points[-1] == pytest.approx((WIDTH - 18, 12))


def test_our_mark_is_drawn_last_with_its_name():
    marks = [Mark("ours", 1, 1, own=True, named=True), Mark("theirs", 2, 2)]
    chart = scatter_chart(marks, Axis("x", 0, 3), Axis("y", 0, 3), "plane")
    assert chart.index("theirs") < chart.index("ours")
    assert 'class="own">ours</text>' in chart or re.search(r'class="own"[^>]*>ours</text>', chart)


def test_names_of_marks_that_lie_together_do_not_lie_over_each_other():
    marks = [
        Mark(f"variant-{number}", 400.0 + number, 12.0 + number / 10, own=True, named=True) for number in range(8)
    ]
    x, y = Axis("x", 10, 1000, log=True), Axis("y", 0, 40)
    chart = str(scatter_chart(marks, x, y, "many"))
    heights = sorted(float(found) for found in re.findall(r'<text x="[^"]*" y="([^"]*)" [^>]*class="own"', chart))
    assert len(heights) == 8
    assert min(after - before for before, after in pairwise(heights)) >= 11


def test_a_name_that_has_room_stands_beside_its_mark():
    marks = [Mark("low", 20.0, 5.0, named=True), Mark("high", 20.0, 35.0, named=True)]
    chart = str(scatter_chart(marks, Axis("x", 10, 100, log=True), Axis("y", 0, 40), "two"))
    heights = [float(found) for found in re.findall(r'<circle cx="[^"]*" cy="([^"]*)"', chart)]
    names = [float(found) for found in re.findall(r'y="([^"]*)" [^>]*class="named"', chart)]
    assert sorted(names) == [pytest.approx(height + 4, abs=0.02) for height in sorted(heights)]


def test_a_line_of_one_point_can_be_seen():
    chart = str(line_chart([Line("one", [5.0], [2.0])], Axis("x", 0, 10), Axis("y", 0, 4), "a point"))
    assert re.search(r'd="M[0-9.]+ [0-9.]+h8\.0"', chart)
