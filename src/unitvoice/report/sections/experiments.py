"""The variants of a run side by side."""

from unitvoice.report.figures import COMPARED, Row, variants
from unitvoice.report.markup import Content, Markup, element
from unitvoice.report.results import LanguageResults, Results
from unitvoice.report.sections.parts import figure, panels, section, table

__all__ = ["experiments"]


def experiments(results: Results) -> Markup | None:
    """A table for each language; nothing where there is one variant alone."""
    if not results.beside:
        return None
    return section(
        "experiments",
        "Experiments",
        element("p", "Every variant has its own model, units and scores; the rest of this page is about the first."),
        panels([_compared(results, place, one) for place, one in enumerate(results.languages)]),
    )


def _compared(results: Results, place: int, one: LanguageResults) -> Markup:
    caption = (
        "Mean and range over the seeds: ABX error across speakers and bitrate of the codes, how many of them the test "
        "sentences use and how evenly, and how many trials of the first seed are nearer to the target voice."
    )
    lines: list[list[Content]] = [[row.label, *_cells(row)] for row in variants(results, place)]
    shown = table(["variant", *COMPARED], lines, f"Variants, {one.name}", own=1)
    return figure(caption, shown, heading=one.name)


def _cells(row: Row) -> list[Content]:
    return [[cell.mean, " ", element("span", cell.range, class_="range")] for cell in row.cells]
