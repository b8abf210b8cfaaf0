"""The key figures, what learning bought, and the published results."""

from collections.abc import Sequence
from typing import get_args

from unitvoice.evaluation.leaderboard import Language as PublishedLanguage
from unitvoice.evaluation.leaderboard import Published, leaderboard
from unitvoice.report.figures import OF_BASELINE, OF_UNTRAINED, Figure, Row, Spread, rows, spread
from unitvoice.report.markup import Content, Markup, element
from unitvoice.report.plots import Axis, Mark, scatter_chart
from unitvoice.report.results import Absent, LanguageResults, Results
from unitvoice.report.sections.parts import figure, legend, missing, panels, section, table
from unitvoice.report.summary import verdict

__all__ = ["key_figures", "learning", "published"]

SCALE = 50.0  # %: the end of the bars, chance


def key_figures(results: Results) -> Markup:
    """The summary as a table, with the verdicts on what was asked for."""
    found = rows(results)
    heads = ["", *(one.name for one in results.languages)]
    lines: list[list[Content]] = [[_label(row), *map(_cell, row.cells)] for row in found]
    absent = {
        (one.name, cell.spread.reason): cell.spread
        for row in found
        for one, cell in zip(results.languages, row.cells, strict=True)
        if isinstance(cell.spread, Absent)
    }
    reasons = [missing(name, reason) for (name, _), reason in absent.items()]
    seeds = f"Mean and range over {len(results.seeds)} seeds" if len(results.seeds) > 1 else "One seed"
    caption = (
        f"{seeds}; ABX is the error on the test set across speakers (lower is better, 50 % is chance); "
        "a bar counts as met when every seed meets it."
    )
    whole = figure(caption, table(heads, lines, "Key figures"))
    handed_in = element("p", "The submission: ", element("strong", verdict(results)), ".")
    return section("figures", "Key figures", whole, reasons, handed_in)


def _cell(cell: Figure) -> Content:
    shown = [cell.mean, " ", element("span", cell.range, class_="range")]
    if cell.verdict is None:
        return shown
    met = cell.verdict == "met"
    badge = element("span", f"{'✓' if met else '✗'} {cell.verdict}", class_="badge met" if met else "badge missed")
    return [*shown, " ", badge]


def _label(row: Row) -> Content:
    asked = f" {row.bar.kind} {row.bar.limit:g}" if row.bar else None
    return [row.label, element("span", asked, class_="quiet") if asked else None]


def learning(results: Results) -> Markup:
    """ABX of plain features, untrained codes, trained codes and what was quantised, by language."""
    return section(
        "learning",
        "What learning bought",
        element(
            "p",
            "Plain features and the same network before training are what the learned units have to beat. "
            "Vectors before quantisation show what choosing one of a few codes costs.",
        ),
        panels([_learned(one) for one in results.languages]),
    )


def _learned(one: LanguageResults) -> Markup:
    plain = one.baseline_scores
    baseline = spread([plain if isinstance(plain, Absent) else plain.abx(one.baseline)])
    untrained = spread(run.abx("vectors") for run in one.untrained)
    bars = [
        ("baseline", one.baseline.upper(), baseline),
        ("untrained", "untrained codes", untrained),
        ("trained", "trained codes", spread(run.abx("vectors") for run in one.trained)),
        ("continuous", "before quantisation", spread(run.abx("continuous") for run in one.trained)),
    ]
    shown = [(kind, name, found) for kind, name, found in bars if isinstance(found, Spread)]
    gone = [missing(name, found) for _, name, found in bars if isinstance(found, Absent)]
    limits = [
        (kind, bar.limit * found.mean)
        for kind, bar, found in (("limit", OF_BASELINE, baseline), ("limit dashed", OF_UNTRAINED, untrained))
        if isinstance(found, Spread)
    ]
    drawn = element("div", [_bar(kind, name, found, limits) for kind, name, found in shown], class_="bars")
    key = legend(
        ("limit", f"{OF_BASELINE.limit:g} of {one.baseline.upper()}"),
        ("limit dashed", f"{OF_UNTRAINED.limit:g} of untrained"),
        *([("dot", "one seed")] if len(one.trained) > 1 else []),
    )
    caption = "ABX error across speakers in %, from 0 to chance (50): the blue bar should end left of both lines."
    return figure(caption, drawn, key, gone, heading=one.name)


def _bar(kind: str, name: str, found: Spread, limits: Sequence[tuple[str, float]]) -> Markup:
    marks = [element("i", class_=line, style=f"left:{_share(at)}") for line, at in limits]
    dots = [element("i", class_="dot", style=f"left:{_share(value)}") for value in found.values]
    fill = element("i", class_=f"fill {kind}", style=f"width:{_share(found.mean)}")
    return element(
        "div",
        element("span", name, class_="bar-name"),
        element("span", fill, marks, dots if len(dots) > 1 else None, class_="track"),
        element("span", f"{found.mean:.1f}", class_="bar-value"),
        class_="bar",
    )


def _share(value: float) -> str:
    return f"{100 * min(value / SCALE, 1.0):.2f}%"


def published(results: Results, *, synthetic: bool) -> Markup:
    """Our scores beside the rows of the leaderboard."""
    warning = element(
        "p",
        element("strong", "Do not compare our row with the others. "),
        "The demo corpus is synthetic and far smaller than the challenge's; its row shows the form of a result. "
        "Scores on the real corpora, from the same code, do compare.",
        class_="warning",
    )
    return section(
        "leaderboard",
        "Beside the published results",
        warning if synthetic else None,
        element(
            "p",
            "ABX and bitrate are computed and compare between the editions of 2019 and 2020. MOS, CER and similarity "
            "(Sim) come from listeners; only rows of one edition compare, and a row without them has not been heard.",
        ),
        panels([_published(results, one) for one in results.languages]),
    )


def _published(results: Results, one: LanguageResults) -> Markup:
    if one.name not in get_args(PublishedLanguage):
        return missing(one.name, Absent("nothing was published on this language"))
    language: PublishedLanguage = "english" if one.name == "english" else "surprise"
    ours = _ours(results, one)
    caption = (
        "Published systems of both editions, ABX error over bitrate (logarithmic): good systems stand at the bottom "
        "left, and more bits make low errors easier."
    )
    return element(
        "div",
        figure(caption, _plane(ours, language), heading=one.name),
        _board(ours, language),
    )


def _ours(results: Results, one: LanguageResults) -> tuple[str, float, float] | Absent:
    """Name, ABX error and bitrate of our codes."""
    error = spread(run.abx("vectors") for run in one.trained)
    rate = spread(run.bitrate("vectors") for run in one.trained)
    if isinstance(error, Absent):
        return error
    return rate if isinstance(rate, Absent) else (results.system, error.mean, rate.mean)


def _plane(ours: tuple[str, float, float] | Absent, language: PublishedLanguage) -> Markup:
    found = leaderboard(language=language)
    best = min(found, key=lambda row: row.abx).system
    marks = [Mark(row.system, row.bitrate, row.abx, named=_known(row, best)) for row in found]
    if not isinstance(ours, Absent):
        marks.append(Mark(ours[0], ours[2], ours[1], own=True, named=True))
    x = Axis.over("bitrate (bit/s)", [mark.x for mark in marks], log=True)
    y = Axis.over("ABX error (%)", [mark.y for mark in marks], zero=True)
    return scatter_chart(marks, x, y, f"ABX error over bitrate of {len(marks)} systems, {language}")


def _known(row: Published, best: str) -> bool:
    return row.edition == "2020" and row.system in {best, "baseline20a", "topline20a"}


def _board(ours: tuple[str, float, float] | Absent, language: PublishedLanguage) -> Markup:
    found = sorted(leaderboard(language=language), key=lambda row: row.abx)
    mine = []
    if not isinstance(ours, Absent):
        mine = [[ours[0], "this run (mean)", "-", f"{ours[1]:.2f}", f"{ours[2]:.0f}", *"---"]]
    lines = [
        [
            row.system,
            row.authors,
            row.edition,
            f"{row.abx:.2f}",
            f"{row.bitrate:.0f}",
            *(_human(value) for value in (row.mos, row.cer, row.similarity)),
        ]
        for row in found
    ]
    heads = ["system", "authors", "edition", "ABX", "bitrate", "MOS", "CER", "Sim"]
    label = f"Published results, {language}, the lowest ABX error first"
    return table(heads, [*mine, *lines], label, own=len(mine), texts=3, sortable=True, filtered="edition")


def _human(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
