"""The variants of a run side by side: which is better, by how much, and whether that is chance."""

from collections.abc import Iterator, Sequence
from typing import get_args

from unitvoice.evaluation.leaderboard import Language as PublishedLanguage
from unitvoice.evaluation.leaderboard import leaderboard
from unitvoice.report.figures import COMPARED, Row, Spread, spread, variants
from unitvoice.report.markup import Content, Markup, element
from unitvoice.report.plots import Axis, Line, Mark, line_chart, scatter_chart
from unitvoice.report.results import Absent, LanguageResults, Results
from unitvoice.report.sections.parts import figure, legend, missing, panels, section, table
from unitvoice.report.sweeps import Sweep, sweeps
from unitvoice.report.table import differences, settings

__all__ = ["experiments", "pareto"]

SIGNIFICANT = 0.05
CURVES = ("dev_abx", "dev_loss")  # the first that there is


def experiments(results: Results) -> Markup | None:
    """For each language a table, the plane of error and bitrate, paired differences, curves and sweeps.

    None where there is one variant alone.
    """
    if not results.beside:
        return None
    every = (results, *results.beside)
    return section(
        "experiments",
        "Experiments",
        element(
            "p",
            "Every variant has its own model, units and scores. Further down conversions and judges are side by side; "
            "all else is about the first.",
        ),
        [
            element(
                "div",
                element("h3", one.name),
                _compared(results, place, one.name),
                _differences(results, place, one.name),
                panels(*_shown(every, place, one.name)),
            )
            for place, one in enumerate(results.languages)
        ],
    )


def _shown(every: Sequence[Results], place: int, language: str) -> Iterator[Markup]:
    yield _plane(every, place, language)
    yield _curves(every, place, language)
    for sweep in sweeps({variant.system: settings(variant) for variant in every}):
        yield _sweep(sweep, {variant.system: variant.languages[place] for variant in every}, language)


def _compared(results: Results, place: int, language: str) -> Markup:
    caption = (
        "Mean and range over the seeds: ABX error across speakers and bitrate of the codes, how many of them the test "
        "sentences use and how evenly, and how many trials of the first seed are nearer to the target voice."
    )
    lines: list[list[Content]] = [[row.label, *_cells(row)] for row in variants(results, place)]
    return figure(caption, table(["variant", *COMPARED], lines, f"Variants, {language}", own=1, sortable=True))


def _cells(row: Row) -> list[Content]:
    return [[cell.mean, " ", element("span", cell.range, class_="range")] for cell in row.cells]


def _differences(results: Results, place: int, language: str) -> Markup:
    found = differences(results, place)
    lines: list[list[Content]] = []
    for name, gap in found.items():
        if isinstance(gap, Absent):
            lines.append([name, "-", "-", "-", gap.reason])
            continue
        chance = min(1.0, gap.chance * len(found))
        told = "chance" if chance >= SIGNIFICANT else f"{results.system} is {'better' if gap.mean > 0 else 'worse'}"
        lines.append([name, f"{gap.mean:+.2f}", f"{gap.low:+.2f} to {gap.high:+.2f}", f"{chance:.3g}", told])
    caption = (
        f"How much higher the ABX error of each variant is than that of {results.system}, on the same phone pairs: "
        "mean, its 95 % interval, and how probable such a difference is by chance (sign-flipping test over pairs of "
        "phones, times the number of variants compared). The spread over seeds stands in the table of figures."
    )
    heads = ["variant", "points", "interval", "p", "reading"]
    return figure(caption, table(heads, lines, f"Differences from {results.system}, {language}"))


def pareto(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points (bitrate, error) that no other one undercuts in both, from the least bitrate on.

    >>> pareto([(2, 5), (1, 9), (3, 7), (4, 4)])
    [(1, 9), (2, 5), (4, 4)]
    """
    front: list[tuple[float, float]] = []
    for rate, error in sorted(points):
        if not front or error < front[-1][1]:
            front.append((rate, error))
    return front


def _plane(every: Sequence[Results], place: int, language: str) -> Markup:
    marks = []
    for variant in every:
        one = variant.languages[place]
        error = spread(run.abx("vectors") for run in one.trained)
        rate = spread(run.bitrate("vectors") for run in one.trained)
        if isinstance(error, Spread) and isinstance(rate, Spread):
            marks.append(Mark(variant.system, rate.mean, error.mean, own=True, named=True))
    if not marks:
        return missing("ABX error over bitrate", Absent("no variant was scored"))
    if language in get_args(PublishedLanguage):
        named: PublishedLanguage = "english" if language == "english" else "surprise"
        marks += [Mark(row.system, row.bitrate, row.abx) for row in leaderboard(language=named)]
    front = pareto([(mark.x, mark.y) for mark in marks if mark.own])
    x = Axis.over("bitrate (bit/s)", [mark.x for mark in marks], log=True)
    y = Axis.over("ABX error (%)", [mark.y for mark in marks], zero=True)
    chart = scatter_chart(marks, x, y, f"ABX error over bitrate of the variants, {language}", front=front)
    caption = (
        "ABX error over bitrate (logarithmic) of the variants, over the published systems of both editions in grey, "
        "which compare on the challenge's own corpora alone. On the line stand the variants that no other one beats "
        "in both."
    )
    return figure(caption, chart)


def _curves(every: Sequence[Results], place: int, language: str) -> Markup:
    for name in CURVES:
        lines = [line for variant in every if (line := _curve(variant.system, variant.languages[place], name)).x]
        if lines:
            break
    else:
        return missing("Curves of training", Absent("no run logged figures of what it was not trained on"))
    x = Axis("share of training (%)", 0, 100)
    y = Axis.over(name, [value for line in lines for value in line.y])
    names = legend(*((f"series-{number % 6}", line.label) for number, line in enumerate(lines)))
    caption = f"{name} of the first seed of each variant, over the share of its training."
    return figure(caption, line_chart(lines, x, y, f"{name} of the variants, {language}"), names)


def _curve(label: str, one: LanguageResults, name: str) -> Line:
    log = one.first.log
    found = [(100 * (number + 1) / len(log), record[name]) for number, record in enumerate(log) if name in record]
    return Line(label, [share for share, _ in found], [value for _, value in found])


def _sweep(sweep: Sweep, languages: dict[str, LanguageResults], language: str) -> Markup:
    errors = [spread(run.abx("vectors") for run in languages[name].trained) for _, name in sweep.points]
    points = [(value, found) for (value, _), found in zip(sweep.points, errors, strict=True)]
    known = [(value, found.mean) for value, found in points if isinstance(found, Spread)]
    if not known:
        return missing(sweep.setting, next(found for found in errors if isinstance(found, Absent)))
    values = [value for value, _ in known]
    x = Axis.over(sweep.setting, values, log=min(values) > 0)
    y = Axis.over("ABX error (%)", [error for _, error in known])
    line = Line(sweep.setting, values, [error for _, error in known])
    caption = f"ABX error over {sweep.setting}, everything else equal: {', '.join(name for _, name in sweep.points)}."
    return figure(caption, line_chart([line], x, y, f"ABX error over {sweep.setting}, {language}"))
