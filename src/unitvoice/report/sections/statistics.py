"""Statistics of the units: agreement with phones, boundaries, runs, the speaker in them, distances and maps."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from unitvoice.report.embedded import heat_map
from unitvoice.report.maps import Cloud, cloud_chart
from unitvoice.report.markup import Content, Markup, element
from unitvoice.report.plots import Axis, Line, line_chart
from unitvoice.report.results import Absent, LanguageResults, Results, Statistics
from unitvoice.report.sections.parts import figure, missing, panels, section, table

__all__ = ["statistics"]

ROWS: Sequence[tuple[str, str, str, Callable[[Any], str]]] = (
    ("normalised mutual information", "phones", "normalised_mutual_information", "{:.3f}".format),
    ("adjusted mutual information", "phones", "adjusted_mutual_information", "{:.3f}".format),
    ("adjusted Rand index", "phones", "adjusted_rand_index", "{:.3f}".format),
    ("phone purity", "phones", "phone_purity", "{:.3f}".format),
    ("cluster purity", "phones", "cluster_purity", "{:.3f}".format),
    ("share of the phones' entropy that units tell", "phones", "phone_information", "{:.3f}".format),
    ("boundaries: precision", "boundaries", "precision", "{:.3f}".format),
    ("boundaries: recall", "boundaries", "recall", "{:.3f}".format),
    ("boundaries: F1", "boundaries", "f1", "{:.3f}".format),
    ("boundaries: over-segmentation", "boundaries", "over_segmentation", "{:.2f}".format),
    ("boundaries: R-value", "boundaries", "r_value", "{:.3f}".format),
    ("entropy (bit)", "usage", "entropy", "{:.2f}".format),
    ("bitrate (bit/s)", "usage", "bitrate", "{:.0f}".format),
    ("bitrate of runs written once (bit/s)", "usage", "run_collapsed_bitrate", "{:.0f}".format),
    ("mean length of a run (ms)", "runs", "mean_ms", "{:.1f}".format),
    ("speaker told before quantisation (% of frames)", "speaker_before", "frame_accuracy", "{:.1f}".format),
    ("speaker told after quantisation (% of frames)", "speaker_after", "frame_accuracy", "{:.1f}".format),
    ("speaker by chance (% of frames)", "speaker_after", "chance", "{:.1f}".format),
)
LABELS = ("phone", "speaker", "unit")
METHODS = {"tsne": "t-SNE", "umap": "UMAP"}
WIDE = 900  # pixels of the table of phones and units


def statistics(results: Results) -> Markup:
    """A table of figures, and pictures for each language."""
    heads = ["figure", *(one.name for one in results.languages)]
    lines: list[list[Content]] = [
        [label, *(_value(one.statistics, part, key, form) for one in results.languages)]
        for label, part, key, form in ROWS
    ]
    return section(
        "statistics",
        "Statistics of the units",
        element(
            "p",
            "Units of the test sentences of the first run against their phones, frame by frame; boundaries count "
            "within 20 ms. Scores that are adjusted are 0 by chance; purity grows with the number of codes.",
        ),
        table(heads, lines, "Statistics of the units"),
        [_language(one) for one in results.languages],
    )


def _value(found: Statistics | Absent, part: str, key: str, form: Callable[[Any], str]) -> Content:
    if isinstance(found, Absent):
        return element("span", "-", title=found.reason)
    values = found.content[part]
    return element("span", "-", title=values["absent"]) if "absent" in values else form(values[key])


def _language(one: LanguageResults) -> Markup:
    found = one.statistics
    if isinstance(found, Absent):
        return missing(one.name, found)
    charts = [_runs(found, one.name), _distances(found, one.name), *_maps(found, one.name)]
    return element("div", element("h3", one.name), _table(found, one.name), panels(charts))


def _absent(found: Statistics, part: str) -> Absent | None:
    reason = found.content[part].get("absent")
    return Absent(reason) if reason else None


def _table(found: Statistics, name: str) -> Markup:
    """Which phones a unit stands for: a column per unit, its phones in ink."""
    counts = found.table("phone_units")
    if isinstance(counts, Absent):
        return missing("Phones and units", _absent(found, "phones") or counts)
    frames = counts.pivot_table(index="phone", columns="unit", values="frames", fill_value=0, aggfunc="sum")
    shares = frames / frames.sum(axis=0)
    phones = frames.sum(axis=1).sort_values(ascending=False, kind="stable").index
    shares = shares.loc[phones]
    first = shares.to_numpy().argmax(axis=0)
    order = np.lexsort([-shares.to_numpy().max(axis=0), first])
    image = heat_map(shares.to_numpy()[:, order])
    tall = 16 * len(phones)
    content = [element("image", href=image, x=40, y=0, width=WIDE, height=tall, preserveAspectRatio="none")]
    content += [element("text", phone, x=34, y=16 * row + 12, text_anchor="end") for row, phone in enumerate(phones)]
    whole = element(
        "svg", content, viewBox=f"0 0 {WIDE + 40} {tall}", width=WIDE + 40, height=tall, role="img", aria_label=name
    )
    caption = (
        f"Phones (rows, the most frequent first) of {shares.shape[1]} units (columns), as shares of the unit's "
        "frames: the darker, the more. Pure units have one dark place."
    )
    return figure(caption, element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=name))


def _runs(found: Statistics, name: str) -> Markup:
    if absent := _absent(found, "runs"):
        return missing("Runs", absent)
    runs = found.content["runs"]
    lengths = {int(length): count for length, count in runs["lengths"].items()}
    shown = range(1, max(lengths) + 1)
    line = Line(
        "runs", [runs["frame_ms"] * length for length in shown], [lengths.get(n, 0) / runs["runs"] for n in shown]
    )
    x, y = Axis.over("length (ms)", line.x, zero=True), Axis.over("share of runs", line.y, zero=True)
    caption = f"How long a unit stays: {runs['mean_ms']:.0f} ms in the mean, {runs['median_ms']:.0f} ms in the middle."
    return figure(caption, line_chart([line], x, y, f"Lengths of runs, {name}"))


def _distances(found: Statistics, name: str) -> Markup:
    if absent := _absent(found, "distances"):
        return missing("Distances", absent)
    known: Mapping[str, Sequence[float]] = found.content["distances"]
    edges = known["edges"]
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    lines = [
        Line(label, middles, [count / max(sum(known[key]), 1) for count in known[key]])
        for label, key in (("frames to their codes", "frames_to_codes"), ("between codes", "between_codes"))
    ]
    x = Axis.over("Euclidean distance", edges, zero=True)
    y = Axis.over("share", [value for line in lines for value in line.y], zero=True)
    caption = (
        "Distances of frames to their codes (solid) and between codes (dashed): apart, when codes tell frames apart."
    )
    return figure(caption, line_chart(lines, x, y, f"Distances, {name}"))


def _maps(found: Statistics, name: str) -> list[Markup]:
    places = found.table("maps")
    if isinstance(places, Absent):
        return [missing("Maps", _absent(found, "maps") or places)]
    seed = found.content["maps"]["seed"]
    return [
        _map(group, label, f"{METHODS.get(str(method), str(method))} of what is quantised, seed {seed}, {name}")
        for method, group in places.groupby("method")
        for label in LABELS
    ]


def _map(places: pd.DataFrame, label: str, description: str) -> Markup:
    groups = places[places[label] != ""].groupby(label)
    clouds = [Cloud(str(name), group["x"].tolist(), group["y"].tolist()) for name, group in groups]
    if not clouds:
        return missing(f"Map by {label}", Absent(f"no frame has a {label}"))
    named = "" if label == "unit" else f" Names stand in the middle of a {label}'s frames."
    caption = (
        f"By {label}: {description}. Frames that are near each other are alike; far distances mean little.{named}"
    )
    return figure(caption, cloud_chart(clouds, f"By {label}: {description}", named=label != "unit"))
