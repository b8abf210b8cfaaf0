"""HTML and SVG as nested calls, in which text can never become markup by accident."""

from collections.abc import Iterable
from html import escape

__all__ = ["Content", "Markup", "element", "joined"]

VOID = frozenset({"br", "col", "hr", "img", "link", "meta"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


type Content = str | Iterable[Content] | None


def joined(content: Content) -> Markup:
    """HTML of some content: plain text is escaped, None is nothing, sequences follow one another.

    >>> joined(["a < b", None, Markup("<hr>")])
    'a &lt; b<hr>'
    """
    if content is None:
        return Markup()
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(escape(content))
    return Markup("".join(joined(part) for part in content))


def element(name: str, /, *content: Content, **attributes: object) -> Markup:
    """One element of HTML or SVG.

    Args:
        name: of the element.
        content: what is inside; plain text is escaped.
        attributes: underscores stand for hyphens, and one at the end is dropped (``class_``); None and False leave the
            attribute out, True writes it without a value; numbers are written with two decimals at most.

    >>> element("a", "R & D", href="#x", class_="link", hidden=False)
    '<a href="#x" class="link">R &amp; D</a>'
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    inside = joined(content)
    return Markup(f"<{name}{written}>" if name in VOID else f"<{name}{written}>{inside}</{name}>")


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key if key == "viewBox" else key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f' {name}="{escape(text)}"'
