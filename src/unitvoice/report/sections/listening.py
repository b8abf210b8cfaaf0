"""What automatic judges say of the conversions, and whether they can be trusted on the corpus."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from unitvoice.report.markup import Content, Markup, element
from unitvoice.report.results import Absent, LanguageResults, Results
from unitvoice.report.sections.parts import missing, section, table

__all__ = ["listening"]

VERSIONS = {
    "clean": "recordings",
    "noisy": "with noise",
    "reconstructed": "phases rebuilt",
    "shuffled": "shuffled",
}


def listening(results: Results) -> Markup:
    """A table for each language."""
    return section(
        "listening",
        "Automatic judges",
        element(
            "p",
            "Stand-ins for listeners, never listeners. Beside means over the conversions stand those over some "
            "recordings of the corpus as they are and made worse on purpose: with noise, with phases rebuilt from mel "
            "bands, and in shuffled pieces. A figure that does not put the recordings before the next two, and these "
            "before the last, is not used.",
        ),
        [
            _language({variant.system: variant.languages[place] for variant in (results, *results.beside)})
            for place in range(len(results.languages))
        ],
    )


def _language(variants: Mapping[str, LanguageResults]) -> Markup:
    """A table with the conversions of each variant that has been judged; the check is the same for all."""
    one = next(iter(variants.values()))
    if isinstance(one.listening, Absent):
        return missing(one.name, one.listening)
    judged = {
        name: found.listening["judges"] for name, found in variants.items() if not isinstance(found.listening, Absent)
    }
    judges = one.listening["judges"]
    rows = [row for name in judges for row in _rows([said.get(name, {}) for said in judged.values()])]
    absent = [missing(name, Absent(judge["absent"])) for name, judge in judges.items() if "absent" in judge]
    spoken = judged if len(judged) > 1 else ("conversions",)
    heads = ("figure", *spoken, *VERSIONS.values(), "unit", "better", "judge")
    shown = table(heads, rows, f"Automatic judges of {one.name}") if rows else None
    return element("div", element("h3", one.name), shown, absent)


def _rows(variants: Sequence[Mapping[str, Any]]) -> Iterator[list[Content]]:
    """Rows of one judge, from what it said of each variant."""
    judge = variants[0]
    for name, figure in judge.get("figures", {}).items():
        means = figure.get("means", {})
        yield [
            name.replace("_", " "),
            *(_conversions(other.get("figures", {}).get(name)) for other in variants),
            *(_number(means.get(version)) for version in VERSIONS),
            figure.get("unit", ""),
            figure.get("better") or "neither",
            element("span", judge["judge"]["name"], title=_identity(judge["judge"])),
        ]


def _conversions(figure: Mapping[str, Any] | None) -> Content:
    if figure is None:
        return "-"
    if not figure["applicable"]:
        reason = figure.get("absent") or f"it does not keep {', '.join(figure['wrong'])}"
        return element("span", "not applicable", title=reason, class_="badge missed")
    return _number(figure.get("mean"))


def _identity(judge: Mapping[str, str]) -> str:
    weights = f", weights {judge['weights'][:12]}" if judge["weights"] else ""
    return f"version {judge['version']}{weights}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
