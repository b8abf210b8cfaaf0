"""The phone contrasts that the units confuse most."""

import pandas as pd

from unitvoice.evaluation.phone_pairs import phone_pairs
from unitvoice.report.markup import Content, Markup, element
from unitvoice.report.results import Absent, LanguageResults, Results, Scores
from unitvoice.report.sections.parts import figure, missing, panels, section, table

__all__ = ["contrasts"]

SHOWN = 12
FEWEST = 20  # triplets; the error of fewer is mostly chance


def contrasts(results: Results) -> Markup:
    """The worst phone pairs of each language, with the error of the plain features beside them."""
    return section(
        "contrasts",
        "What the units confuse",
        panels([_language(one) for one in results.languages]),
    )


def _language(one: LanguageResults) -> Markup:
    found = [_confused(run.scores, "vectors") for run in one.trained]
    known = [errors for errors in found if not isinstance(errors, Absent)]
    if not known:
        return missing(one.name, next(errors for errors in found if isinstance(errors, Absent)))
    mean = pd.concat(known).groupby(level=[0, 1]).agg({"error": "mean", "triplets": "first"})
    often = mean[mean["triplets"] >= FEWEST]
    worst = often.sort_values("error", ascending=False, kind="stable").head(SHOWN)
    plain = _confused(one.baseline_scores, one.baseline)
    lines: list[list[Content]] = [
        [f"{pair[0]} / {pair[1]}", _bar(row.error), _beside(plain, pair), str(int(row.triplets))]
        for pair, row in zip(worst.index, worst.itertuples(), strict=True)
    ]
    caption = (
        f"ABX error of single phone pairs, the {len(lines)} worst of {len(often)} with {FEWEST} triplets or more, "
        "mean over seeds: pairs that differ in one feature should stand here, not a vowel beside a consonant."
    )
    heads = ["phones", "codes (%)", f"{one.baseline.upper()} (%)", "triplets"]
    return figure(caption, table(heads, lines, f"Most confused phones, {one.name}"), heading=one.name)


def _confused(scores: Scores | Absent, name: str) -> pd.DataFrame | Absent:
    cells = scores if isinstance(scores, Absent) else scores.cells(name)
    return cells if isinstance(cells, Absent) else phone_pairs(cells)


def _bar(error: float) -> Content:
    share = f"width:{min(error, 100.0):.1f}%"
    track = element("span", element("i", class_="fill trained", style=share), class_="track small")
    return element("span", track, f"{error:.1f}", class_="inline-bar")


def _beside(plain: pd.DataFrame | Absent, pair: tuple[str, str]) -> str:
    if isinstance(plain, Absent) or pair not in plain.index:
        return "-"
    return f"{plain.loc[pair, 'error']:.1f}"
