"""What all sections are made of."""

from collections.abc import Sequence

from unitvoice.report.markup import Content, Markup, element
from unitvoice.report.results import Absent

__all__ = ["details", "figure", "legend", "missing", "panels", "section", "table"]


def section(anchor: str, title: str, *content: Content) -> Markup:
    """A section that the navigation can point to."""
    return element("section", element("h2", title, id=f"{anchor}-title"), *content, id=anchor)


def figure(caption: Content, *content: Content, heading: str | None = None) -> Markup:
    """A figure: a heading, what is to be seen, and a sentence that says what to see in it."""
    head = element("h3", heading) if heading else None
    return element("figure", head, *content, element("figcaption", caption))


def panels(*content: Content) -> Markup:
    """Figures side by side where there is room."""
    return element("div", *content, class_="panels")


def missing(what: str, absent: Absent) -> Markup:
    """The sentence that stands in for something that is not there."""
    return element("p", f"{what}: not shown, because {absent.reason}.", class_="missing")


def details(summary: str, *content: Content) -> Markup:
    """Something that unfolds on request."""
    return element("details", element("summary", summary), *content)


def legend(*entries: tuple[str, str]) -> Markup:
    """Names of what is drawn, each with the CSS class of its swatch."""
    return element("ul", [element("li", element("i", class_=kind), name) for kind, name in entries], class_="legend")


def table(
    heads: Sequence[Content],
    lines: Sequence[Sequence[Content]],
    label: str,
    *,
    own: int = 0,
    texts: int = 1,
    sortable: bool = False,
    filtered: str | None = None,
) -> Markup:
    """A table in a box of its own that scrolls sideways where it is too wide.

    Args:
        heads: of the columns.
        lines: one sequence of cells each.
        label: what the table is, for those who do not see it.
        own: so many of the first lines are ours and stand out.
        texts: so many of the first columns hold words, the others numbers.
        sortable: a click on a head sorts the lines.
        filtered: head of a column by whose values lines can be hidden; ours cannot.
    """
    head = element("tr", [element("th", text, scope="col", class_=_kind(i, texts)) for i, text in enumerate(heads)])
    body = [
        element(
            "tr",
            [element("td", cell, class_=_kind(i, texts)) for i, cell in enumerate(line)],
            class_="own" if number < own else None,
        )
        for number, line in enumerate(lines)
    ]
    kind = "sortable" if sortable else None
    whole = element("table", element("thead", head), element("tbody", body), class_=kind, data_filter=filtered)
    return element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=label)


def _kind(column: int, texts: int) -> str | None:
    return None if column < texts else "number"
