"""Converted speech to listen to: source, conversion and target voice of some trials, side by side."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from unitvoice import audio
from unitvoice.errors import InputError
from unitvoice.manifest import Trial
from unitvoice.report.markup import Content, Markup, element
from unitvoice.report.results import Absent, Judgement, LanguageResults, Results
from unitvoice.report.sections.clips import Clip, player, recording
from unitvoice.report.sections.parts import missing, section

__all__ = ["chosen", "conversion"]


def chosen[T](items: Sequence[T], most: int) -> list[T]:
    """Items spread evenly over a sequence: a choice that knows nothing of how they sound.

    >>> chosen(range(40), 4)
    [0, 10, 20, 30]
    """
    number = min(most, len(items))
    return [items[place * len(items) // number] for place in range(number)]


def conversion(results: Results, trials: int) -> Markup:
    """Cards of ``trials`` trials, shared evenly among the languages, each spoken by every variant that speaks."""
    number = len(results.languages)
    shares = [trials // number + (place < trials % number) for place in range(number)]
    every = (results, *results.beside)
    said = "each variant, from its first seed" if results.beside else "the first run"
    return section(
        "conversion",
        "Conversions to listen to",
        element(
            "p",
            f"What the source says, in the target's voice, by {said}. The trials are taken evenly from the "
            "list, not chosen by ear; the target example is another sentence of that voice.",
        ),
        _judge([one.judgement for one in results.languages]),
        [
            _language({variant.system: variant.languages[place] for variant in every}, share)
            for place, share in enumerate(shares)
        ],
    )


def _language(variants: Mapping[str, LanguageResults], trials: int) -> Markup:
    """Cards of a language, by variant; trials are those that the first has spoken."""
    one = next(iter(variants.values()))
    speaking = {name: found for name, found in variants.items() if _converted(found).is_dir()}
    if not _converted(one).is_dir():
        return missing(one.name, Absent("no trial was converted"))
    there = [trial for trial in one.manifest.trials if _wave(one, trial).is_file()]
    if not there:
        return missing(one.name, Absent("the manifest has no trial that was converted"))
    picked = chosen(sorted(there, key=lambda trial: trial.target), trials)
    cards = [_card(speaking, trial, number) for number, trial in enumerate(picked)]
    return element("div", element("h3", one.name), cards)


def _converted(one: LanguageResults) -> Path:
    return one.first.folder / "converted"


def _wave(one: LanguageResults, trial: Trial) -> Path:
    return _converted(one) / f"{trial.name}.wav"


def _judge(found: Sequence[Judgement | Absent]) -> Markup:
    names = sorted({one.judge for one in found if isinstance(one, Judgement)})
    if not names:
        return missing("Similarity to the speakers", next(one for one in found if isinstance(one, Absent)))
    return element(
        "p",
        f"Similarity is the cosine of speaker vectors by the {names[0]}, a stand-in for listeners: a "
        "conversion should be nearer to the target than to the source.",
    )


def _card(variants: Mapping[str, LanguageResults], trial: Trial, number: int) -> Markup:
    one = next(iter(variants.values()))
    try:
        clips = [player(clip) for clip in _clips(variants, trial, number)]
    except InputError as error:
        return missing(trial.name, Absent(str(error)))
    speaker = one.manifest.by_name()[trial.source].speaker
    head = element("h4", f"{trial.name}", element("span", f"{speaker} → {trial.target}", class_="quiet"))
    similarity = _similarity(one, trial) if len(variants) == 1 else None  # else each clip tells its own
    meter = _meter(*similarity) if similarity else None
    return element("article", head, meter, element("div", clips, class_="clips"), class_="trial")


def _similarity(one: LanguageResults, trial: Trial) -> tuple[float, float] | None:
    """Cosines with the target voice and the source speaker."""
    return None if isinstance(one.judgement, Absent) else one.judgement.trials.get(trial.name)


def _clips(variants: Mapping[str, LanguageResults], trial: Trial, number: int) -> Iterator[Clip]:
    manifest = next(iter(variants.values())).manifest
    source = manifest.by_name()[trial.source]
    yield Clip("Source", f"{source.speaker}, {source.utterance}", recording(manifest, source))
    for name, one in variants.items():
        role, detail = ("Converted", f"to {trial.target}") if len(variants) == 1 else (name, _told(one, trial))
        if _wave(one, trial).is_file():
            yield Clip(role, detail, audio.read(_wave(one, trial)))
    examples = [u for u in manifest.subset("voice") if u.speaker == trial.target]
    examples = examples or [u for u in manifest.utterances if u.speaker == trial.target]
    example = examples[number % len(examples)]
    yield Clip("Target voice", f"{example.speaker}, {example.utterance}", recording(manifest, example))


def _told(one: LanguageResults, trial: Trial) -> str:
    similarity = _similarity(one, trial)
    return f"{similarity[0]:.2f} to target, {similarity[1]:.2f} to source" if similarity else f"to {trial.target}"


def _meter(to_target: float, to_source: float) -> Markup:
    """Two short bars: how near the conversion is to the target voice and to the source speaker."""
    bars: list[Content] = [
        element(
            "span",
            f"to {name} ",
            element("span", element("i", class_=f"fill {kind}", style=f"width:{_share(value)}"), class_="track small"),
            f" {value:.2f}",
            class_="inline-bar",
        )
        for name, kind, value in (("target", "trained", to_target), ("source", "baseline", to_source))
    ]
    nearer = to_target > to_source
    badge = element("span", "nearer to target" if nearer else "nearer to source", class_=_badge(nearer))
    return element("p", bars, badge, class_="similarity")


def _badge(good: bool) -> str:  # noqa: FBT001 - a private choice of one of two words
    return "badge met" if good else "badge missed"


def _share(value: float) -> str:
    return f"{100 * min(max(value, 0.0), 1.0):.1f}%"
