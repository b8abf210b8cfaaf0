"""What one trained model gives at other bitrates, by segments of its units that cost a price each."""

from collections.abc import Mapping
from typing import Any

from unitvoice.report.markup import Content, Markup, element
from unitvoice.report.plots import Axis, Line, line_chart
from unitvoice.report.results import Absent, LanguageResults, Results
from unitvoice.report.sections.parts import details, figure, legend, missing, panels, section, table

__all__ = ["segments"]

FORMS = {"runs": "runs of equal codes written once", "all": "every frame written"}
HEADS = ("penalty", "segments / s", *(f"{what}, {form}" for form in FORMS for what in ("bit/s", "ABX %")))


def segments(results: Results) -> Markup:
    """A chart for each language, and its numbers."""
    return section(
        "segments",
        "ABX over bitrate",
        element(
            "p",
            "One trained model, its units put into segments of one code by dynamic programming: each segment costs "
            "a penalty, in multiples of the mean squared distance of a frame to its code. A higher penalty gives "
            "fewer segments and fewer bits.",
        ),
        legend(*((f"series-{number}", text) for number, text in enumerate(FORMS.values()))),
        panels([_language(one) for one in results.languages]),
    )


def _language(one: LanguageResults) -> Markup:
    found = one.segments
    if isinstance(found, Absent):
        return missing(one.name, found)
    lines = [_line(form, text, found) for form, text in FORMS.items()]
    drawn = [line for line in lines if line.x]
    if not drawn:
        return missing(one.name, Absent(next(iter(found["absent"].values()), "there is no point")))
    x = Axis.over("bitrate (bit/s)", [value for line in drawn for value in line.x])
    y = Axis.over("ABX across speakers (%)", [value for line in drawn for value in line.y])
    chart = line_chart(drawn, x, y, f"ABX over bitrate, {one.name}")
    rows = [_row(point) for point in found["points"]]
    numbers = details("The numbers", table(HEADS, rows, f"ABX over bitrate, {one.name}", texts=0))
    caption = (
        "ABX error of the test set over the official bitrate; each point of a line is one penalty, 0 at the right."
    )
    return figure(caption, chart, numbers, heading=one.name)


def _line(form: str, text: str, found: Mapping[str, Any]) -> Line:
    points = [point[form] for point in found["points"] if {"bitrate", "abx"} <= set(point[form])]
    return Line(text, [point["bitrate"] for point in points], [point["abx"] for point in points])


def _row(point: Mapping[str, Any]) -> list[Content]:
    values = [point[form].get(name) for form in FORMS for name in ("bitrate", "abx")]
    texts = ["-" if value is None else f"{value:.1f}" for value in values]
    return [f"{point['penalty']:g}", f"{point['segments_per_second']:.1f}", *texts]
