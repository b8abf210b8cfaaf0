"""Maps of points as inline SVG: a colour per group, without axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from unitvoice.report.markup import Markup, element
from unitvoice.report.plots import Axis

__all__ = ["Cloud", "cloud_chart"]

WIDTH, HEIGHT = 400, 300  # units of the drawing, about pixels


@dataclass(frozen=True)
class Cloud:
    """Points of a map that belong together."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


def cloud_chart(clouds: Sequence[Cloud], description: str, *, named: bool = False) -> Markup:
    """A map: a colour per cloud, its name on hovering and, if wished, in its middle.

    Args:
        clouds: with at least one point each.
        description: for those who do not see it.
        named: whether names are written.
    """
    x = Axis.over("", [value for cloud in clouds for value in cloud.x])
    y = Axis.over("", [value for cloud in clouds for value in cloud.y])
    drawn = [_cloud(cloud, x, y, 360 * number / len(clouds)) for number, cloud in enumerate(clouds)]
    names = [_name(cloud, x, y) for cloud in clouds] if named else []
    frame = f"0 0 {WIDTH} {HEIGHT}"
    return element("svg", drawn, names, viewBox=frame, role="img", aria_label=description, class_="chart")


def _cloud(cloud: Cloud, x: Axis, y: Axis, hue: float) -> Markup:
    # a line of no length with round ends is a dot, and the shortest way to write one
    places = zip(cloud.x, cloud.y, strict=True)
    dots = "".join(f"M{WIDTH * x.share(a):.0f} {HEIGHT * (1 - y.share(b)):.0f}h0" for a, b in places)
    style = f"stroke:hsl({hue:.0f} 65% 50%)"
    title = element("title", cloud.label)
    return element("path", title, d=dots, style=style, stroke_width=3, stroke_linecap="round", fill="none")


def _name(cloud: Cloud, x: Axis, y: Axis) -> Markup:
    across, down = WIDTH * x.share(median(cloud.x)), HEIGHT * (1 - y.share(median(cloud.y)))
    return element("text", cloud.label, x=across, y=down + 4, text_anchor="middle", class_="own")
