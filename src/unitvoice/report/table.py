"""Write the results of a run as tables for other programs: one line per language, variant and seed; and as JSON."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from unitvoice import cli
from unitvoice.evaluation.phone_pairs import Difference, paired
from unitvoice.evaluation.usage import perplexity
from unitvoice.files import write_json, write_text
from unitvoice.report.figures import usage
from unitvoice.report.results import Absent, LanguageResults, Results, Run
from unitvoice.report.summary import add_options, read_chosen

__all__ = ["FIGURES", "differences", "lines", "main", "settings", "tables"]

FIGURES = (
    "abx_across",  # %
    "abx_within",  # %
    "abx_continuous",  # %, of what was quantised, across speakers
    "abx_untrained",  # %, of the same system before training
    "bitrate",  # bit/s
    "codes",  # in use on the test set
    "perplexity",
    "nearer_target_percent",  # of the trials; of the first seed
)


def settings(variant: Results) -> dict[str, Any]:
    """Model and stages of the first run that has a model."""
    models = [run.model for one in variant.languages for run in one.trained]
    return next((dict(model.settings) for model in models if not isinstance(model, Absent)), {})


def lines(results: Results) -> list[dict[str, Any]]:
    """A line for each language, variant and seed; what is not there is None."""
    return [
        {"language": one.name, "variant": variant.system, "seed": run.seed} | _figures(one, run)
        for variant in (results, *results.beside)
        for one in variant.languages
        for run in one.trained
    ]


def _figures(one: LanguageResults, run: Run) -> dict[str, float | None]:
    shares = usage(one, run)
    untrained = next((other for other in one.untrained if other.seed == run.seed), None)
    found = {
        "abx_across": run.abx("vectors"),
        "abx_within": run.abx("vectors", mode="within"),
        "abx_continuous": run.abx("continuous"),
        "abx_untrained": untrained.abx("vectors") if untrained else None,
        "bitrate": run.bitrate("vectors"),
        "codes": shares if isinstance(shares, Absent) else float(len(shares)),
        "perplexity": shares if isinstance(shares, Absent) else perplexity(shares),
        "nearer_target_percent": one.judged("nearer_target") if run is one.first else None,
    }
    return {name: value if isinstance(value, float) else None for name, value in found.items()}


def differences(results: Results, place: int) -> dict[str, Difference | Absent]:
    """How much higher the ABX error of each variant beside the first is than the first's, in one of the languages."""
    own = _cells(results.languages[place])
    return {one.system: _difference(_cells(one.languages[place]), own) for one in results.beside}


def _difference(other: list[pd.DataFrame] | Absent, own: list[pd.DataFrame] | Absent) -> Difference | Absent:
    if isinstance(own, Absent):
        return own
    if isinstance(other, Absent):
        return other
    try:
        return paired(other, own)
    except ValueError as error:
        return Absent(str(error))


def _cells(one: LanguageResults) -> list[pd.DataFrame] | Absent:
    """Tables of the cells of all runs."""
    found = []
    for run in one.trained:
        table = run.scores if isinstance(run.scores, Absent) else run.scores.cells("vectors")
        if isinstance(table, Absent):
            return table
        found.append(table)
    return found


def tables(results: Results) -> tuple[str, dict[str, Any]]:
    """The lines as CSV, and everything as JSON values: settings, lines, means and deviations, paired differences."""
    found = lines(results)
    text = io.StringIO()
    writer = csv.DictWriter(text, ["language", "variant", "seed", *FIGURES], lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    variants = {variant.system: settings(variant) for variant in (results, *results.beside)}
    gaps = {
        one.name: {
            name: {"absent": gap.reason} if isinstance(gap, Absent) else vars(gap)
            for name, gap in differences(results, place).items()
        }
        for place, one in enumerate(results.languages)
    }
    return text.getvalue(), {
        "variants": variants,
        "runs": found,
        "summary": _summary(found),
        "differences": {"from": results.system, "languages": gaps},
    }


def _summary(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean and sample deviation over the seeds of each variant and language, of what all of its seeds have."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in found:
        groups.setdefault((line["language"], line["variant"]), []).append(line)
    return [
        {"language": language, "variant": variant, "seeds": len(group)} | _spreads(group)
        for (language, variant), group in groups.items()
    ]


def _spreads(group: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    spreads = {}
    for name in FIGURES:
        values = [line[name] for line in group if line[name] is not None]
        if len(values) == len(group) or (values and name == "nearer_target_percent"):
            spreads[name] = {"mean": float(np.mean(values))}
            if len(values) > 1:
                spreads[name]["deviation"] = float(np.std(values, ddof=1))
    return spreads


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("csv", type=Path, help="table to write")
    parser.add_argument("json", type=Path, help="the same and more to write, as JSON")
    add_options(parser)
    arguments = parser.parse_args(argv)
    text, content = tables(read_chosen(arguments))
    write_text(arguments.csv, text)
    write_json(arguments.json, content)


if __name__ == "__main__":
    cli.run(main)
