"""Maps: every point is drawn once, and names stand where their points are."""

import re

from unitvoice.report.maps import HEIGHT, WIDTH, Cloud, cloud_chart

CLOUDS = [Cloud("<a>", [0.0, 1.0, 2.0], [0.0, 1.0, 0.5]), Cloud("b", [5.0], [9.0])]


def test_every_point_is_drawn_inside_the_frame():
    text = str(cloud_chart(CLOUDS, "a map"))
    points = [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h0", text)]
    assert len(points) == 4
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert points[-1][0] > points[0][0]
    assert points[-1][1] < points[0][1]  # what is large is above
    assert len(set(re.findall(r"hsl\((\d+)", text))) == 2


def test_names_are_told_on_hovering_and_written_on_request():
    assert str(cloud_chart(CLOUDS, "a map")).count("&lt;a&gt;") == 1
    named = str(cloud_chart(CLOUDS, "a map", named=True))
    assert named.count("&lt;a&gt;") == 2
    assert "<a>" not in named
