"""What is to be converted: a list that the user gives, or trials made of the test set."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from unitvoice.errors import InputError, listed
from unitvoice.manifest import Trial, Utterance

__all__ = ["Trials", "trials"]


@dataclass(frozen=True)
class Trials:
    """Which conversions are asked for."""

    table: str = ""  # CSV with the columns source and target (and name); relative to the corpus
    count: int = 20  # how many to make without a table
    shortest: float = 1.0  # s, of a source that is taken without a table, where there is one as long


def trials(utterances: Sequence[Utterance], root: Path, settings: Trials) -> tuple[Trial, ...]:
    """The trials of a corpus.

    Without a table, sources are test utterances of all speakers in turn, and each is asked for in the next target
    voice that is not its own.

    Raises:
        InputError: the table cannot be read, or its lines name no utterance, no training speaker or no file name.
    """
    if settings.table:
        return _listed(root / settings.table, utterances)
    voices = sorted({utterance.speaker for utterance in utterances if utterance.subset == "voice"})
    return tuple(_made(_sources(utterances, settings), voices))


def _sources(utterances: Sequence[Utterance], settings: Trials) -> list[Utterance]:
    test = [utterance for utterance in utterances if utterance.subset == "test"]
    by_speaker: dict[str, list[Utterance]] = defaultdict(list)
    for utterance in [u for u in test if u.seconds >= settings.shortest] or test:
        by_speaker[utterance.speaker].append(utterance)
    in_turn = chain.from_iterable(zip_longest(*by_speaker.values()))
    return [source for source in in_turn if source is not None][: settings.count]


def _made(sources: Sequence[Utterance], voices: Sequence[str]) -> Iterator[Trial]:
    for number, source in enumerate(sources):
        others = [voice for voice in voices if voice != source.speaker] or list(voices)
        if others:
            target = others[number % len(others)]
            yield Trial(source.utterance, target, f"{target}_{source.utterance}")


def _listed(path: Path, utterances: Sequence[Utterance]) -> tuple[Trial, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in csv.DictReader(file)]
    except OSError as error:
        raise InputError(f"the table of trials {path} cannot be read ({error.strerror}); correct its path") from None
    except (AttributeError, UnicodeDecodeError, csv.Error):
        rows = [{}]
    if not all({"source", "target"} <= set(row) for row in rows):
        raise InputError(f"{path} must be a CSV with the columns source and target, and perhaps name")
    sources = {utterance.utterance: utterance.utterance for utterance in utterances}
    sources |= {utterance.path: utterance.utterance for utterance in utterances if utterance.start is None}
    if lost := [row["source"] for row in rows if row["source"] not in sources]:
        some = listed([utterance.utterance for utterance in utterances], 3)
        raise InputError(f"{path}: no utterance is called {listed(lost)}; they are called {some}")
    trained = {utterance.utterance for utterance in utterances if utterance.subset == "unit"}
    if seen := [row["source"] for row in rows if sources[row["source"]] in trained]:
        raise InputError(
            f"{path}: these are for training and have no units: {listed(seen)}; name utterances of the other subsets"
        )
    return tuple(_trial(sources[row["source"]], row["target"], row.get("name", "")) for row in rows)


def _trial(source: str, target: str, name: str) -> Trial:
    return Trial(source, target, name or f"{target}_{source}")
