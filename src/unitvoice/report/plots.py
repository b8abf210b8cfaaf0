"""Small line and scatter charts as inline SVG, drawn with the page's own colours and fonts."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unitvoice.report.markup import Markup, element, joined

__all__ = ["Axis", "Line", "Mark", "line_chart", "scatter_chart", "ticks"]

WIDTH, HEIGHT = 400, 240  # units of the drawing, about pixels
LEFT, RIGHT, TOP, BOTTOM = 56, 18, 12, 40
DOT = 4.0  # half the length of a line with one point
MOST_POINTS = 400  # of a line; more would not be seen
FEW_TICKS = 3
LETTER, LINE = 7, 12  # about the width of a letter and the height of a line


@dataclass(frozen=True)
class Line:
    """One line of a chart."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Mark:
    """One mark of a scatter chart."""

    label: str
    x: float
    y: float
    own: bool = False  # ours stands out
    named: bool = False  # the label is written beside it, not only shown on hovering


@dataclass(frozen=True)
class Axis:
    """One axis: which values it shows, and how they are written."""

    label: str
    low: float
    high: float
    log: bool = False

    @classmethod
    def over(cls, label: str, values: Sequence[float], *, log: bool = False, zero: bool = False) -> "Axis":
        """An axis that holds all values; those of a logarithmic axis must be positive."""
        low, high = min(values), max(values)
        if log:
            return cls(label, low / 1.15, high * 1.15, log=True)
        low = min(low, 0.0) if zero else low
        margin = 0.05 * (high - low) or abs(high) or 1.0
        return cls(label, low if zero and low == 0 else low - margin, high + margin)

    def share(self, value: float) -> float:
        """Where a value stands between both ends, 0 to 1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round values within the axis."""
        return ticks(self.low, self.high, log=self.log)


def ticks(low: float, high: float, *, log: bool = False, most: int = 6) -> list[float]:
    """Round numbers from ``low`` to ``high``.

    >>> ticks(0, 48)
    [0.0, 10.0, 20.0, 30.0, 40.0]
    >>> ticks(30, 2000, log=True)
    [50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0]
    """
    if log:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        tenths = [10.0**decade for decade in decades if low <= 10.0**decade <= high]
        finer = [m * 10.0**decade for decade in decades for m in (1, 2, 5) if low <= m * 10.0**decade <= high]
        return tenths if len(tenths) > FEW_TICKS else finer
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(m * power for m in (1, 2, 5, 10) if (high - low) / (m * power) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) + 0.0 for number in range(first, last + 1)]


def line_chart(lines: Sequence[Line], x: Axis, y: Axis, description: str) -> Markup:
    """A chart of lines, told apart by colour and by dashes.

    Args:
        lines: with at least one point each.
        x: the horizontal axis.
        y: the vertical axis.
        description: for those who do not see it.
    """
    drawn = [
        element("path", element("title", line.label), d=_path(line, x, y), class_=f"line series-{number % 6}")
        for number, line in enumerate(lines)
    ]
    return _chart(x, y, description, drawn)


def scatter_chart(
    marks: Sequence[Mark], x: Axis, y: Axis, description: str, front: Sequence[tuple[float, float]] = ()
) -> Markup:
    """A chart of marks, ours last and above all others; over a line through the points of ``front``, if any."""
    ordered = sorted(marks, key=lambda mark: mark.own)
    drawn = [_mark(mark, x, y) for mark in ordered] + _labels([mark for mark in ordered if mark.named], x, y)
    if front:
        line = Line("front", [point[0] for point in front], [point[1] for point in front])
        drawn.insert(0, element("path", element("title", line.label), d=_path(line, x, y), class_="line front"))
    return _chart(x, y, description, drawn)


def _chart(x: Axis, y: Axis, description: str, drawn: Sequence[Markup]) -> Markup:
    frame = f"0 0 {WIDTH} {HEIGHT}"
    return element("svg", _grid(x, y), drawn, viewBox=frame, role="img", aria_label=description, class_="chart")


def _across(axis: Axis, value: float) -> float:
    return LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT)


def _down(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM)


def _grid(x: Axis, y: Axis) -> Markup:
    return joined([*_horizontals(y), *_verticals(x)])


def _horizontals(y: Axis) -> Iterator[Markup]:
    for value in y.ticks():
        at = _down(y, value)
        yield element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=at, y2=at, class_="grid")
        yield element("text", f"{value:g}", x=LEFT - 6, y=at + 4, text_anchor="end")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f"rotate(-90 12 {middle})"
    yield element("text", y.label, x=12, y=middle, text_anchor="middle", transform=turned, class_="axis")


def _verticals(x: Axis) -> Iterator[Markup]:
    floor = HEIGHT - BOTTOM
    yield element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=floor, y2=floor, class_="floor")
    for value in x.ticks():
        at = _across(x, value)
        yield element("line", x1=at, x2=at, y1=floor, y2=floor + 4, class_="floor")
        yield element("text", f"{value:g}", x=at, y=floor + 16, text_anchor="middle")
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield element("text", x.label, x=middle, y=HEIGHT - 5, text_anchor="middle", class_="axis")


def _path(line: Line, x: Axis, y: Axis) -> str:
    step = -(-len(line.x) // MOST_POINTS)
    places = [*range(0, len(line.x) - 1, step), len(line.x) - 1]
    if len(places) == 1:  # which a path does not show
        return f"M{_across(x, line.x[0]) - DOT:.1f} {_down(y, line.y[0]):.1f}h{2 * DOT}"
    return "M" + "L".join(f"{_across(x, line.x[i]):.1f} {_down(y, line.y[i]):.1f}" for i in places)


def _mark(mark: Mark, x: Axis, y: Axis) -> Markup:
    title = element("title", f"{mark.label}: {mark.y:.2f} at {mark.x:.1f}")
    kind, size = ("mark own", 6) if mark.own else ("mark", 4)
    return element("circle", title, cx=_across(x, mark.x), cy=_down(y, mark.y), r=size, class_=kind)


def _labels(marks: Sequence[Mark], x: Axis, y: Axis) -> list[Markup]:
    """Names beside their marks; one that would lie over another moves up or down, and a line leads to it."""
    drawn: list[Markup] = []
    taken: list[tuple[float, float, float]] = []  # left, right, height of the names so far
    for mark in sorted(marks, key=lambda mark: -mark.y):
        across, down = _across(x, mark.x), _down(y, mark.y)
        beyond = across > (LEFT + WIDTH) * 0.7
        at, width = across + (-9 if beyond else 9), LETTER * len(mark.label)
        left, right = (at - width, at) if beyond else (at, at + width)
        beside = [other for first, last, other in taken if left < last and first < right]
        height = _free(down, beside)
        taken.append((left, right, height))
        if height != down:
            drawn.append(element("line", x1=across, y1=down, x2=at, y2=height, class_="grid"))
        kind, anchor = "own" if mark.own else "named", "end" if beyond else "start"
        drawn.append(element("text", mark.label, x=at, y=height + 4, text_anchor=anchor, class_=kind))
    return drawn


def _free(wanted: float, taken: Sequence[float]) -> float:
    """The height nearest to the wanted one that is a line away from all those taken, within the chart if it can be."""
    heights = [wanted, *(other + side * LINE for other in taken for side in (-1, 1))]
    free = [height for height in heights if all(abs(height - other) >= LINE - 1e-6 for other in taken)]
    return min(free, key=lambda height: (not TOP < height < HEIGHT - BOTTOM, abs(height - wanted)))
