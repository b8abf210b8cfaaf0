"""What can be wrong with the tables of a manifest, beside what no manifest is written with."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from unitvoice.corpora.published import COUNTS, DURATIONS, SPEAKERS, TRIALS
from unitvoice.corpora.sound_checks import BEYOND, Fault, Severity
from unitvoice.manifest import Manifest

__all__ = ["table_faults"]


def table_faults(manifest: Manifest) -> Iterator[tuple[str, Fault]]:
    """What is wrong, and with which utterance, speaker, subset or file."""
    yield from _speakers(manifest)
    yield from _counts(manifest)
    yield from _speech(manifest)
    yield from _tasks(manifest)


def _speakers(manifest: Manifest) -> Iterator[tuple[str, Fault]]:
    trained = {utterance.speaker for utterance in manifest.subset("unit", "voice")}
    heard = Fault("note", "test speaker in training", "scores on these speakers are not those on new ones")
    for speaker in sorted(trained & {utterance.speaker for utterance in manifest.subset("test")}):
        yield speaker, heard
    if not trained:
        yield "unit", Fault("error", "nothing to train on", "no utterance is for training")
    if not manifest.subset("test"):
        yield "test", Fault("error", "nothing to test on", "no utterance is in the test set")


def _counts(manifest: Manifest) -> Iterator[tuple[str, Fault]]:
    """Differences from what was published: an error where a submission would lack files."""
    found = Counter(utterance.subset for utterance in manifest.utterances)
    for subset, wanted in COUNTS.get((manifest.corpus, manifest.language), {}).items():
        if found[subset] != wanted:
            severity: Severity = "error" if subset == "test" else "note"
            yield subset, Fault(severity, "count", f"{found[subset]} files instead of {wanted}")
    if (manifest.corpus, manifest.language) in COUNTS and len(manifest.trials) != TRIALS[manifest.language]:
        yield "trials", Fault("note", "count", f"{len(manifest.trials)} instead of {TRIALS[manifest.language]}")
    if manifest.corpus == "zerospeech2017" and manifest.language in DURATIONS:
        yield from _counts_of_2017(manifest)


def _counts_of_2017(manifest: Manifest) -> Iterator[tuple[str, Fault]]:
    test = manifest.subset("test")
    duration = Path(test[0].path).parent.name if test else ""
    wanted = DURATIONS[manifest.language].get(duration, 0)
    if len(test) != wanted:
        yield f"test/{duration}", Fault("error", "count", f"{len(test)} files instead of {wanted}")
    speakers = len({utterance.speaker for utterance in manifest.subset("unit")})
    if speakers != SPEAKERS[manifest.language]:
        yield "train", Fault("note", "count", f"{speakers} speakers instead of {SPEAKERS[manifest.language]}")


def _speech(manifest: Manifest) -> Iterator[tuple[str, Fault]]:
    """The organisers' table of speech, beside the folder of the test set; notes, as nothing is made of it."""
    test = manifest.subset("test")
    table = manifest.path(test[0]).parent.parent / "vads.txt" if test else None
    if table is None or not table.is_file():
        return
    seconds: dict[str, float] = {}
    for utterance in manifest.utterances:
        stem = Path(utterance.path).stem
        seconds[stem] = max(utterance.seconds, seconds.get(stem, 0.0))
    for number, line in enumerate(table.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        fields = line.split()
        try:
            name, start, stop = fields[0], float(fields[1]), float(fields[2])
        except (ValueError, IndexError):
            if fields:
                yield f"{table.name}, line {number}", Fault("note", "vads", "not of the form 'stem start stop'")
            continue
        if name not in seconds:
            yield name, Fault("note", "vads", "speech is listed for a recording that is not there")
        elif not 0 <= start < stop <= seconds[name] + BEYOND:
            yield name, Fault("note", "vads", "speech is listed outside the recording")


def _tasks(manifest: Manifest) -> Iterator[tuple[str, Fault]]:
    known = manifest.by_name()
    for subset, task in manifest.tasks.items():
        if task.suffix != ".item":
            continue
        with task.open(encoding="utf-8", errors="replace") as file:
            next(file, None)
            names = {line.split(maxsplit=1)[0] for line in file if line.strip()}
        for name in sorted(names - set(known)):
            yield name, Fault("error", "abx", f"an item of the task {subset} is in a recording that is not there")
