"""Write the report: one page of HTML that holds everything it shows and opens from disk."""

import logging
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from unitvoice import __version__, cli
from unitvoice.corpora.demo import MARK
from unitvoice.files import write_text
from unitvoice.report.markup import Markup, element, joined
from unitvoice.report.results import Results
from unitvoice.report.sections import (
    contrasts,
    conversion,
    experiments,
    guide,
    listening,
    rehearsals,
    scores,
    segments,
    statistics,
    submission,
    training,
    units,
)
from unitvoice.report.summary import add_options, read_chosen

__all__ = ["main", "page"]

log = logging.getLogger(__name__)

CONTENTS = {
    "figures": "Key figures",
    "experiments": "Experiments",
    "learning": "Learning",
    "leaderboard": "Published results",
    "conversion": "Listen",
    "listening": "Automatic judges",
    "units": "Units",
    "statistics": "Unit statistics",
    "segments": "ABX over bitrate",
    "contrasts": "Confusions",
    "training": "Training",
    "codebook": "Codebook",
    "rehearsals": "In training",
    "submission": "Submission",
    "about": "What was run",
    "guide": "How to read this",
}
STYLE, SCRIPT = "page.css", "page.js"


def page(results: Results, *, trials: int = 10) -> str:
    """The page as HTML; equal results give equal text.

    Args:
        results: what it shows.
        trials: conversions with players, shared evenly among the languages.
    """
    synthetic = any((one.manifest.root / MARK).is_file() for one in results.languages)
    content = [
        _head(results, synthetic=synthetic),
        scores.key_figures(results),
        experiments.experiments(results),
        scores.learning(results),
        scores.published(results, synthetic=synthetic),
        conversion.conversion(results, trials),
        listening.listening(results),
        units.units(results),
        statistics.statistics(results),
        segments.segments(results),
        contrasts.contrasts(results),
        training.training(results),
        training.codebook(results),
        rehearsals.rehearsals(results),
        submission.submission(results),
        guide.about(results),
        guide.guide(),
    ]
    title = f"{results.system}: report"
    style, script = (Markup(files(__package__).joinpath(name).read_text(encoding="utf-8")) for name in (STYLE, SCRIPT))
    head = [
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", style),
    ]
    body = [
        element("a", "Skip to the figures", href="#figures", class_="skip"),
        _navigation(results),
        element("main", content),
        element("footer", f"Written by unitvoice {__version__}."),
        element("script", script),
    ]
    whole = element("html", element("head", head), element("body", joined(body)), lang="en")
    return f"<!doctype html>\n{whole}\n"


def _head(results: Results, *, synthetic: bool) -> Markup:
    corpus = "the synthetic demo corpus" if synthetic else "recorded speech"
    languages = " and ".join(one.name for one in results.languages)
    seeds = ", ".join(map(str, results.seeds))
    return element(
        "header",
        element("h1", "Units and voices"),
        element(
            "p",
            "Discrete units learned from raw speech, and that speech in other voices: the system ",
            element("strong", results.system),
            f" on {corpus}, {languages}, seed{'s' if len(results.seeds) > 1 else ''} {seeds}.",
        ),
    )


def _navigation(results: Results) -> Markup:
    shown = {anchor: name for anchor, name in CONTENTS.items() if anchor != "experiments" or results.beside}
    links = [element("li", element("a", name, href=f"#{anchor}")) for anchor, name in shown.items()]
    return element("nav", element("ul", links), aria_label="Sections")


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="page to write (.html)")
    add_options(parser)
    parser.add_argument("--trials", type=int, default=10, help="conversions with players, in all languages together")
    options = parser.parse_args(argv)
    text = page(read_chosen(options), trials=options.trials)
    write_text(options.out, text)
    log.info("%s: %.1f MB", options.out, len(text.encode()) / 1e6)


if __name__ == "__main__":
    cli.run(main)
