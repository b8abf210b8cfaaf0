"""One test sentence: its spectrogram, its phones and its units, on one time axis."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unitvoice import audio
from unitvoice.errors import InputError
from unitvoice.features.spectral import Spectrum
from unitvoice.manifest import Phone, Utterance
from unitvoice.report.embedded import VIRIDIS, gradient, spectrogram
from unitvoice.report.markup import Markup, element
from unitvoice.report.plots import ticks
from unitvoice.report.results import Absent, LanguageResults, Results
from unitvoice.report.sections.parts import figure, missing, section
from unitvoice.store import Store

__all__ = ["UnitRun", "code_colours", "runs", "units"]

SECONDS = 3.0  # length of the sentence that is looked for
SCALE = 370.0  # pixels per second
TALL, PHONES, UNITS, AXIS = 190, 26, 30, 22  # pixels
ROOM = 8.0  # pixels that one character of a label needs
SCALE_END = 0.05  # s before the end of the picture where a label would not fit to the right
LIGHT = 120  # luma (0 to 255) above which a label is dark


class UnitRun(NamedTuple):
    """The same code for some time."""

    code: tuple[int, ...]  # one index per codebook
    first: int  # frame
    frames: int


def runs(indices: NDArray[Any]) -> list[UnitRun]:
    """Indices, (T, G), as runs of equal codes.

    >>> runs(np.array([[7], [7], [2]]))
    [UnitRun(code=(7,), first=0, frames=2), UnitRun(code=(2,), first=2, frames=1)]
    """
    found = []
    first = 0
    for code, group in groupby(map(tuple, indices.tolist())):
        frames = sum(1 for _ in group)
        found.append(UnitRun(code, first, frames))
        first += frames
    return found


def code_colours(codes: Sequence[tuple[int, ...]], vectors: NDArray[np.floating]) -> dict[tuple[int, ...], str]:
    """A colour per code, alike for codes whose vectors are alike: by rank along their first principal component.

    Args:
        codes: K of them, all different.
        vectors: (K, D), of the codes.
    """
    centred = vectors - vectors.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    axis = axis * np.sign(axis[np.argmax(np.abs(axis))])  # the sign of a component is arbitrary
    ranks = np.argsort(np.argsort(centred @ axis, kind="stable"), kind="stable")
    colours = gradient(VIRIDIS, ranks / max(len(ranks) - 1, 1))
    return {code: f"#{red:02x}{green:02x}{blue:02x}" for code, (red, green, blue) in zip(codes, colours, strict=True)}


def units(results: Results) -> Markup:
    """A picture for each language."""
    return section(
        "units",
        "Units over a spectrogram",
        element("p", "One sentence of a speaker that training never heard, coded by the first run."),
        [_picture(one) for one in results.languages],
    )


def _picture(one: LanguageResults) -> Markup:
    indices, vectors = one.first.units("indices"), one.first.units("vectors")
    if isinstance(indices, Absent) or isinstance(vectors, Absent):
        return missing(one.name, next(store for store in (indices, vectors) if isinstance(store, Absent)))
    spoken: dict[str, list[Phone]] = {}
    for phone in one.manifest.phones:
        spoken.setdefault(phone.utterance, []).append(phone)
    sentence = _sentence([u for u in one.manifest.subset("test") if u.utterance in indices], set(spoken))
    if sentence is None:
        return missing(one.name, Absent("the test set was not encoded"))
    phones = spoken.get(sentence.utterance, [])
    seen = "the same phone should get the same colours wherever it stands, with changes at its borders"
    labels = f"phones above them, {seen}" if phones else "the corpus has no phone labels"
    caption = (
        f"{sentence.utterance}, {sentence.seconds:.2f} s: codes in the lowest row, alike in colour when their vectors "
        f"are alike; {labels}."
    )
    try:
        drawn = _drawing(one, sentence, phones, indices, vectors)
    except InputError as error:
        return missing(one.name, Absent(str(error)))
    label = f"Spectrogram, phones and units of {sentence.utterance}"
    box = element("div", drawn, class_="scroll", tabindex="0", role="region", aria_label=label)
    return figure(caption, box, heading=one.name)


def _sentence(found: Sequence[Utterance], labelled: set[str]) -> Utterance | None:
    """The sentence nearest to the wanted length, one with phone labels if there is one."""
    return min(
        found,
        key=lambda one: (one.utterance not in labelled, abs(one.seconds - SECONDS), one.utterance),
        default=None,
    )


def _drawing(
    one: LanguageResults, sentence: Utterance, phones: Sequence[Phone], indices: Store, vectors: Store
) -> Markup:
    wave = audio.read(one.manifest.path(sentence), start=sentence.start or 0.0, stop=sentence.stop)
    width = sentence.seconds * SCALE
    floor = TALL + (PHONES if phones else 0)
    hop = SCALE / Spectrum().rate  # frame i is centred on i * hop
    shape = {"x": -hop / 2, "y": 0, "width": (1 + len(wave) // Spectrum().hop) * hop, "height": TALL}
    image = element("image", href=spectrogram(wave), preserveAspectRatio="none", class_="spectrogram", **shape)
    content = [image, *_phones(phones, floor + UNITS), *_units(indices, vectors, sentence.utterance, floor)]
    height = floor + UNITS + AXIS
    content.extend(_times(sentence.seconds, floor + UNITS))
    box = f"0 0 {width:.1f} {height}"
    return element("svg", content, viewBox=box, width=width, height=height, class_="timeline", role="img")


def _phones(phones: Sequence[Phone], bottom: int) -> Iterator[Markup]:
    for phone in phones:
        first, last = phone.start * SCALE, phone.stop * SCALE
        name = element("title", f"{phone.phone}, {phone.start:.2f} to {phone.stop:.2f} s")
        yield element("line", x1=first, x2=first, y1=0, y2=bottom, class_="border")
        yield element("line", x1=last, x2=last, y1=0, y2=bottom, class_="border")
        yield element("rect", name, x=first, y=TALL, width=last - first, height=PHONES, class_="phone")
        if last - first >= ROOM * min(len(phone.phone), 2):
            yield element("text", phone.phone, x=(first + last) / 2, y=TALL + 18, text_anchor="middle")


def _units(indices: Store, vectors: Store, utterance: str, top: int) -> Iterator[Markup]:
    frame = SCALE / indices.rate
    begin = float(indices.meta["first"]) * SCALE - frame / 2
    colours = _colours(indices, vectors)
    for run in runs(indices[utterance]):
        left, width = begin + run.first * frame, run.frames * frame
        label = " ".join(map(str, run.code))
        colour = colours[run.code]
        title = element("title", f"code {label}, {run.frames} frames")
        yield element("rect", title, x=left, y=top, width=width, height=UNITS, fill=colour, class_="unit")
        if width >= ROOM * len(label):
            kind = "code dark" if _is_light(colour) else "code"
            yield element("text", label, x=left + width / 2, y=top + 20, text_anchor="middle", class_=kind)


def _colours(indices: Store, vectors: Store) -> dict[tuple[int, ...], str]:
    codes, places = np.unique(np.asarray(indices.frames), axis=0, return_index=True)
    return code_colours([tuple(code) for code in codes.tolist()], np.asarray(vectors.frames[places], np.float64))


def _is_light(colour: str) -> bool:
    red, green, blue = bytes.fromhex(colour[1:])
    return 0.299 * red + 0.587 * green + 0.114 * blue > LIGHT


def _times(seconds: float, top: int) -> Iterator[Markup]:
    for time in ticks(0, seconds, most=8):
        at = time * SCALE
        yield element("line", x1=at, x2=at, y1=top, y2=top + 4, class_="floor")
        side = "start" if time == 0 else "end" if time > seconds - SCALE_END else "middle"
        yield element("text", f"{time:g} s", x=at, y=top + 17, text_anchor=side)
