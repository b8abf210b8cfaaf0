"""The summary of a run as a plain text table."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from unitvoice import cli
from unitvoice.report.figures import COMPARED, Row, rows, variants
from unitvoice.report.results import BASELINE, Absent, Results, read_results

__all__ = ["add_options", "main", "read_chosen", "summary", "verdict"]


def summary(results: Results) -> str:
    """The figures of all languages, what was asked for, and the verdict on the submission, as lines of text."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(results))


def verdict(results: Results) -> str:
    """The verdict on the submission in a few words."""
    found = results.validation
    if isinstance(found, Absent):
        return found.reason
    official = sum(finding.official for finding in found.findings)
    counts = f"{official} official findings, {len(found.findings) - official} of ours"
    return f"{'valid' if found.valid else 'not valid'} ({counts})"


def _lines(results: Results) -> Iterator[str]:
    seeds = " ".join(map(str, results.seeds))
    yield f"{results.system}, seeds {seeds}: mean (lowest to highest) over the seeds"
    yield "ABX is the error on the test set across speakers; lower is better, 50 is chance"
    yield ""
    found = rows(results)
    labels = ["", *(row.label for row in found)]
    yield from _aligned([[label, *line] for label, line in zip(labels, _cells(results, found), strict=True)])
    yield f"{'submission':<{max(map(len, labels)) + 2}}{verdict(results)}"
    yield from _reasons(results, found)
    if results.beside:
        for place, one in enumerate(results.languages):
            yield ""
            yield from _aligned([[f"{one.name}, by variant", *COMPARED], *_compared(results, place)])


def _compared(results: Results, place: int) -> list[list[str]]:
    return [[row.label, *(figure.text for figure in row.cells)] for row in variants(results, place)]


def _aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) + 2 for column in zip(*lines, strict=True)]
    for line in lines:
        yield "".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True))


def _cells(results: Results, found: Sequence[Row]) -> list[list[str]]:
    """One line of texts per row: the languages, then what was asked for."""
    heads = [*(one.name for one in results.languages), "asked for"]
    return [heads, *([*(_cell(row, place) for place in range(len(row.cells))), _asked(row)] for row in found)]


def _cell(row: Row, place: int) -> str:
    figure = row.cells[place]
    return f"{figure.text} {figure.verdict}" if figure.verdict else figure.text


def _asked(row: Row) -> str:
    return f"{row.bar.kind} {row.bar.limit:g}" if row.bar else ""


def _reasons(results: Results, found: Sequence[Row]) -> Iterator[str]:
    """Why figures are missing, each reason once."""
    told: dict[str, None] = {}
    for row in found:
        for one, figure in zip(results.languages, row.cells, strict=True):
            if isinstance(figure.spread, Absent):
                told[f"  {one.name}: {figure.spread.reason}"] = None
    if told:
        yield "not there:"
        yield from told


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that say which results are meant, which the commands of the report share."""
    parser.add_argument("results", type=Path, metavar="RESULTS", help="results folder of a corpus")
    parser.add_argument("--languages", nargs="+", required=True, help="languages of the run")
    parser.add_argument("--system", required=True, help="name of the system")
    parser.add_argument("--seeds", nargs="+", type=int, required=True, help="of its runs; the first was handed in")
    parser.add_argument("--baseline", default=BASELINE, help="kind of features that the units are compared with")
    parser.add_argument(
        "--beside", type=_runs, nargs="+", default=[], metavar="SYSTEM=SEED,...", help="what it is compared with"
    )
    parser.add_argument(
        "--submission",
        type=Path,
        metavar="JSON",
        help="its validation instead of RESULTS/SYSTEM/validation.json",
    )


def read_chosen(options: argparse.Namespace) -> Results:
    """Read the results that the shared options name."""
    return read_results(
        options.results,
        options.languages,
        options.system,
        options.seeds,
        baseline=options.baseline,
        validation=options.submission,
        beside=dict(options.beside),
    )


def _runs(text: str) -> tuple[str, list[int]]:
    """Type of an argument such as ``system=0,1``."""
    name, _, seeds = text.partition("=")
    return name, [int(seed) for seed in seeds.split(",")]


def main(argv: Sequence[str] | None = None) -> None:
    """Print the summary of a run."""
    parser = cli.parser(__doc__)
    add_options(parser)
    sys.stdout.write(summary(read_chosen(parser.parse_args(argv))))


if __name__ == "__main__":
    cli.run(main)
