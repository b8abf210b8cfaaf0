"""What a system sounded like while it was trained: the same utterances at several steps, side by side."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unitvoice import audio
from unitvoice.errors import InputError
from unitvoice.files import read_json
from unitvoice.manifest import Manifest
from unitvoice.report.markup import Markup, element
from unitvoice.report.results import Absent, LanguageResults, Results
from unitvoice.report.sections.clips import Clip, player, recording
from unitvoice.report.sections.conversion import chosen
from unitvoice.report.sections.parts import missing, section
from unitvoice.training.listening import TRIALS

__all__ = ["rehearsals"]

STEPS = 4  # columns besides the source


def rehearsals(results: Results) -> Markup:
    """A card for each utterance that the first run spoke in training, with its steps in a row."""
    return section(
        "rehearsals",
        "How it learned to speak",
        element(
            "p",
            "The beginnings of the same utterances at several steps of the first run's training: one in its own "
            "voice, and two of speakers that it does not know, in target voices.",
        ),
        [_language(one) for one in results.languages],
    )


def _language(one: LanguageResults) -> Markup:
    folders = sorted(path.parent for path in (one.first.folder / "model").glob(f"listening/*/{TRIALS}"))
    if not folders:
        return missing(one.name, Absent("no stage of its recipe sets listen_every"))
    return element("div", element("h3", one.name), [card for folder in folders for card in _cards(one, folder)])


def _cards(one: LanguageResults, folder: Path) -> Iterator[Markup]:
    steps = sorted((path for path in folder.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))
    shown = [*chosen(steps[:-1], STEPS - 1), *steps[-1:]]
    for number, trial in enumerate(read_json(folder / TRIALS)):
        head = element(
            "h4", trial["source"], element("span", f"→ {trial['target']}, stage {folder.name}", class_="quiet")
        )
        try:
            clips = [player(clip) for clip in _clips(one.manifest, trial, [step / f"{number}.wav" for step in shown])]
        except InputError as error:
            yield missing(trial["source"], Absent(str(error)))
            continue
        yield element("article", head, element("div", clips, class_="clips"), class_="trial")


def _clips(manifest: Manifest, trial: dict[str, Any], files: list[Path]) -> Iterator[Clip]:
    source = manifest.by_name()[trial["source"]]
    spoken = recording(manifest, source)[: round(trial["seconds"] * audio.RATE)]
    yield Clip("Source", source.speaker, spoken)
    for path in files:
        yield Clip(f"Step {path.parent.name}", f"as {trial['target']}", audio.read(path))
