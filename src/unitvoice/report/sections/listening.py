"""What automatic judges say of the conversions, and whether they can be trusted on the corpus."""

from collections.abc import Iterator, Mapping
from typing import Any

from unitvoice.report.markup import Content, Markup, element
from unitvoice.report.results import Absent, LanguageResults, Results
from unitvoice.report.sections.parts import missing, section, table

__all__ = ["listening"]

HEADS = ("figure", "conversions", "recordings", "with noise", "phases rebuilt", "shuffled", "unit", "better", "judge")
VERSIONS = ("clean", "noisy", "reconstructed", "shuffled")


def listening(results: Results) -> Markup:
    """A table for each language."""
    return section(
        "listening",
        "Automatic judges",
        element(
            "p",
            "Stand-ins for listeners, never listeners. Beside the mean over the conversions stand those over some "
            "recordings of the corpus as they are and made worse on purpose: with noise, with phases rebuilt from mel "
            "bands, and in shuffled pieces. A figure that does not put the recordings before the next two, and these "
            "before the last, is not used.",
        ),
        [_language(one) for one in results.languages],
    )


def _language(one: LanguageResults) -> Markup:
    found = one.listening
    if isinstance(found, Absent):
        return missing(one.name, found)
    rows = [row for judge in found["judges"].values() for row in _rows(judge)]
    absent = [missing(name, Absent(judge["absent"])) for name, judge in found["judges"].items() if "absent" in judge]
    shown = table(HEADS, rows, f"Automatic judges of {one.name}") if rows else None
    return element("div", element("h3", one.name), shown, absent)


def _rows(judge: Mapping[str, Any]) -> Iterator[list[Content]]:
    for name, figure in judge.get("figures", {}).items():
        means = figure.get("means", {})
        yield [
            name.replace("_", " "),
            _conversions(figure),
            *(_number(means.get(version)) for version in VERSIONS),
            figure.get("unit", ""),
            figure.get("better") or "neither",
            element("span", judge["judge"]["name"], title=_identity(judge["judge"])),
        ]


def _conversions(figure: Mapping[str, Any]) -> Content:
    if not figure["applicable"]:
        reason = figure.get("absent") or f"it does not keep {', '.join(figure['wrong'])}"
        return element("span", "not applicable", title=reason, class_="badge missed")
    return _number(figure.get("mean"))


def _identity(judge: Mapping[str, str]) -> str:
    weights = f", weights {judge['weights'][:12]}" if judge["weights"] else ""
    return f"version {judge['version']}{weights}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
