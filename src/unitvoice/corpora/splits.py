"""Splitting a corpus into training, voices, development and test set, by speakers where there are enough of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from unitvoice.corpora.cutting import Cut
from unitvoice.errors import InputError, listed
from unitvoice.manifest import Subset

__all__ = ["Split", "split"]

MANY = 8  # speakers, from which on some are held out; with fewer, all are needed in training


@dataclass(frozen=True)
class Split:
    """How to split."""

    seed: int = 0
    hold_out: Literal["auto", "speakers", "utterances"] = "auto"  # auto: speakers when there are 8 or more
    voices: int | list[str] = 2  # target voices: names, or how many (those who speak most; at most half of all)
    test: float = 0.2  # share of the speakers, or of each speaker's seconds
    dev: float = 0.1


def split(cuts: Sequence[Cut], settings: Split) -> list[Subset]:
    """The subset of each utterance.

    Utterances that the corpus itself assigns keep their part, when it assigns some to training and some to the test.
    Otherwise speakers are held out, or, where they are few, a part of what each says. What the target voices say in
    training is ``voice``, the rest of training ``unit``.

    Raises:
        InputError: shares that leave nothing for training, or voices that nobody has.
    """
    if not (settings.test >= 0 and settings.dev >= 0 and settings.test + settings.dev < 1):
        raise InputError(f"split: test {settings.test} and dev {settings.dev} must be shares that leave some training")
    parts = [cut.recording.part for cut in cuts]
    given = {"train", "test"} <= set(parts)
    trained = [cut for cut, part in zip(cuts, parts, strict=True) if not given or part in {"train", None}]
    voices = _voices(_spoken(trained), settings.voices)
    if given:
        chosen: list[str] = [part or "train" for part in parts]
    elif _by_speakers(cuts, settings):
        roles = _held_out(sorted({cut.recording.speaker for cut in cuts} - voices), settings)
        chosen = [roles.get(cut.recording.speaker, "train") for cut in cuts]
    else:
        chosen = _by_utterances(cuts, settings)
    return [_subset(part, cut.recording.speaker in voices) for part, cut in zip(chosen, cuts, strict=True)]


def _subset(part: str, voice: bool) -> Subset:  # noqa: FBT001 - a table of four lines
    if part == "test":
        return "test"
    if part == "dev":
        return "dev"
    return "voice" if voice else "unit"


def _spoken(cuts: Sequence[Cut]) -> Mapping[str, float]:
    """Seconds of each speaker."""
    seconds: dict[str, float] = defaultdict(float)
    for cut in cuts:
        seconds[cut.recording.speaker] += cut.seconds
    return seconds


def _voices(seconds: Mapping[str, float], wanted: int | list[str]) -> set[str]:
    if isinstance(wanted, int):
        most = sorted(seconds, key=lambda speaker: (-seconds[speaker], speaker))
        return set(most[: max(1, min(wanted, len(most) // 2))])
    if strange := sorted(set(wanted) - set(seconds)):
        known = listed(sorted(seconds), 20)
        raise InputError(f"split: nobody in training is called {listed(strange)}; there are {known}")
    return set(wanted)


def _by_speakers(cuts: Sequence[Cut], settings: Split) -> bool:
    speakers = {cut.recording.speaker for cut in cuts}
    return settings.hold_out == "speakers" or (settings.hold_out == "auto" and len(speakers) >= MANY)


def _held_out(speakers: Sequence[str], settings: Split) -> dict[str, str]:
    """Speakers of the test and the development set: two at least, so that there are two voices to compare."""
    order = np.random.default_rng(settings.seed).permutation(len(speakers))
    test, dev = (max(2, round(share * len(speakers))) if share else 0 for share in (settings.test, settings.dev))
    if test + dev >= len(speakers):
        raise InputError(
            f"split: {len(speakers)} speakers beside the target voices are too few to hold out {test + dev} of them; "
            "say `hold_out: utterances`, or ask for fewer voices"
        )
    roles = ["test"] * test + ["dev"] * dev
    return {speakers[place]: role for place, role in zip(order, roles, strict=False)}


def _by_utterances(cuts: Sequence[Cut], settings: Split) -> list[str]:
    """A share of each speaker's seconds; who says one utterance is in training with it."""
    rng = np.random.default_rng(settings.seed)
    by_speaker: dict[str, list[int]] = defaultdict(list)
    for place, cut in enumerate(cuts):
        by_speaker[cut.recording.speaker].append(place)
    chosen = ["train"] * len(cuts)
    for speaker in sorted(by_speaker):
        places = rng.permutation(by_speaker[speaker])
        total = sum(cuts[place].seconds for place in places)
        done = 0.0
        for number, place in enumerate(places[:-1]):
            middle = (done + cuts[place].seconds / 2) / total if total else 1.0
            if middle < settings.test or (number == 0 and settings.test):
                chosen[place] = "test"
            elif middle < settings.test + settings.dev:
                chosen[place] = "dev"
            done += cuts[place].seconds
    return chosen
