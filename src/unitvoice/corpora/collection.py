"""From recordings with speakers to a manifest: cut, split, aligned, with ABX tasks and trials."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unitvoice import audio
from unitvoice.corpora.abx_items import Alignments, aligned, item_table, phone_table
from unitvoice.corpora.cutting import Cut, cut_all
from unitvoice.corpora.recordings import Recording, lengths, named
from unitvoice.corpora.speaker_rules import SpeakerRule
from unitvoice.corpora.speakers import Segment
from unitvoice.corpora.splits import Split, split
from unitvoice.corpora.trial_lists import Trials, trials
from unitvoice.errors import InputError
from unitvoice.manifest import Manifest, Subset, Utterance

__all__ = ["Settings", "assemble"]

log = logging.getLogger(__name__)
SHORTEST = 1.0  # s, that the longest utterance may be: pauses cannot be told from closures in less


@dataclass(frozen=True)
class Settings:
    """What the configuration may say of a corpus that is a collection of recordings."""

    speaker: SpeakerRule = field(default_factory=SpeakerRule)  # corpus of kind `folder` only
    microphone: str = "mic1"  # `vctk` 0.92 only
    split: Split = field(default_factory=Split)
    longest: float = 15.0  # s; longer recordings are cut
    alignments: Alignments | None = None
    trials: Trials = field(default_factory=Trials)


def assemble(
    kind: str, root: Path, language: str, recordings: Sequence[Recording], settings: Settings, scratch: Path
) -> Manifest:
    """The manifest of recordings below ``root``.

    Args:
        kind: of the corpus.
        root: its folder.
        language: its name in the manifest.
        recordings: the sound files with their speakers.
        settings: how to cut and split them.
        scratch: folder for the ABX tasks, which must be there until the manifest is written.

    Raises:
        InputError: a setting does not fit the recordings.
    """
    if settings.longest < SHORTEST:
        raise InputError(f"longest must be {SHORTEST} s or more, not {settings.longest}")
    known = named(recordings, root)
    cuts = cut_all(known, lengths([recording.path for recording in known]), settings.longest)
    subsets = split(cuts, settings.split)
    utterances = tuple(_utterance(cut, subset, root) for cut, subset in zip(cuts, subsets, strict=True))
    phones = aligned(cuts, root, settings.alignments, _rate) if settings.alignments else {}
    return Manifest(
        corpus=kind,
        language=language,
        root=root,
        utterances=utterances,
        trials=trials(utterances, root, settings.trials),
        tasks=_tasks(utterances, phones, settings.alignments or Alignments(), scratch),
        phones=phone_table(phones),
    )


def _utterance(cut: Cut, subset: Subset, root: Path) -> Utterance:
    path = cut.recording.path.relative_to(root).as_posix()
    return Utterance(cut.name, cut.recording.speaker, subset, path, cut.start, cut.stop, cut.seconds)


def _rate(path: Path) -> int:
    return audio.info(path).rate


def _tasks(
    utterances: Sequence[Utterance], phones: Mapping[str, Sequence[Segment]], settings: Alignments, scratch: Path
) -> dict[str, Path]:
    tasks = {}
    for subset in ("test", "dev"):
        table = item_table([u for u in utterances if u.subset == subset], phones, settings.tokens)
        if table:
            tasks[subset] = scratch / f"{subset}.item"
            tasks[subset].write_text(table, encoding="utf-8")
        elif phones:
            log.warning("no ABX task of the %s set: no two speakers of it say a phone in a context they share", subset)
    return tasks
