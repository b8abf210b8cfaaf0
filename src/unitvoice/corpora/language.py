"""One language of the demo corpus: its speakers, sentences, clips and lists, written in the layout of 2019."""

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unitvoice import audio
from unitvoice.corpora.channel import transmit
from unitvoice.corpora.clips import Item, Triphone, item_table, triphones, with_triplets
from unitvoice.corpora.grammar import Word, sentence
from unitvoice.corpora.speakers import Segment, Speaker, Synthesiser
from unitvoice.files import write_json, write_text

__all__ = ["SIZES", "Group", "Size", "write_language"]

DIGITS = {"english": 10, "surprise": 6}  # of the number in a file's name
SHORTEST_PAUSE = 0.05  # s; a shorter one does not end a stretch of speech
MARGIN = (800, 3200)  # samples of silence before and after a sentence, at least and at most
TASKS = {"english": "{}byCtxt_acSpkr.item", "surprise": "surprise_{}byCtxt_acSpkr.item"}


class Group(NamedTuple):
    """Some speakers and how much each of them says."""

    speakers: int
    seconds: float  # of sentences, per speaker


@dataclass(frozen=True)
class Size:
    """How large a language is."""

    unit: Group
    voice: Group
    test: Group
    dev: Group
    parallel: int  # sentences per voice
    trials: int
    vocabulary: int  # see `grammar.sentence`
    tokens: int  # clips of one triphone by one speaker, at most


SIZES = {
    "demo": {
        "english": Size(Group(8, 40), Group(2, 80), Group(6, 50), Group(4, 40), 4, 40, 29, 4),
        "surprise": Size(Group(6, 50), Group(1, 80), Group(4, 36), Group(3, 30), 4, 30, 160, 4),
    },
    "tiny": {
        "english": Size(Group(2, 5), Group(2, 5), Group(3, 8), Group(2, 6), 1, 4, 2, 2),
        "surprise": Size(Group(2, 5), Group(1, 5), Group(2, 8), Group(2, 6), 1, 3, 12, 2),
    },
}


class Recording(NamedTuple):
    """A sentence that has been said and written."""

    stem: str
    speaker: Speaker
    words: tuple[Word, ...]
    wave: audio.Wave
    segments: tuple[Segment, ...]

    @property
    def seconds(self) -> float:
        """Length of the recording in seconds."""
        return len(self.wave) / audio.RATE


class Studio:
    """Records sentences into a language's folder and keeps the books."""

    def __init__(
        self, folder: Path, language: str, vocabulary: int, synthesiser: Synthesiser, rng: np.random.Generator
    ) -> None:
        self.folder = folder
        self.language = language
        self.recordings: list[Recording] = []
        self.cuts: list[tuple[str, float]] = []  # (stem, seconds) of the clips
        self._vocabulary = vocabulary
        self._synthesiser = synthesiser
        self._rng = rng
        self._numbers: set[int] = set()

    def number(self) -> str:
        """A number that no other file has."""
        digits = DIGITS[self.language]
        while (drawn := int(self._rng.integers(10 ** (digits - 2), 4 * 10 ** (digits - 1)))) in self._numbers:
            pass
        self._numbers.add(drawn)
        return f"{drawn:0{digits}d}"

    def say(self, path: Path, speaker: Speaker, words: tuple[Word, ...]) -> Recording:
        """Write one sentence of one speaker, without an entry in the books."""
        varied = speaker.varied(self._rng)
        spoken = self._synthesiser.say(varied, words)
        before, after = self._rng.integers(*MARGIN, size=2)
        wave = transmit(np.pad(spoken.wave, (before, after)), varied.channel, self._rng)
        audio.write(path, wave)
        segments = tuple(_moved(segment, int(before)) for segment in spoken.segments)
        return Recording(path.stem, speaker, words, wave, segments)

    def record(self, subset: str, speaker: Speaker, words: tuple[Word, ...], number: str | None = None) -> Recording:
        """Write one sentence of one speaker into a subset."""
        path = self.folder / subset / f"{speaker.name}_{number or self.number()}.wav"
        self.recordings.append(self.say(path, speaker, words))
        return self.recordings[-1]

    def session(self, subset: str, speakers: Sequence[Speaker], seconds: float) -> list[Recording]:
        """Record every speaker for some seconds."""
        made = []
        for speaker in speakers:
            left = seconds
            while left > 0:
                made.append(self.record(subset, speaker, sentence(self.language, self._rng, self._vocabulary)))
                left -= made[-1].seconds
        return made

    def cut(self, subset: str, recordings: Sequence[Recording], tokens: int) -> list[Item]:
        """Write the triphone clips of a subset's sentences into the same subset."""
        by_stem = {recording.stem: recording for recording in recordings}
        found = [t for r in recordings for t in triphones(r.stem, r.speaker.name, r.segments)]
        return [self._cut(subset, by_stem[item.utterance], item) for item in with_triplets(found, tokens)]

    def _cut(self, subset: str, recording: Recording, item: Triphone) -> Item:
        wave = recording.wave[round(item.start * audio.RATE) : round(item.stop * audio.RATE)]
        stem = f"{item.speaker}_{self.number()}"
        audio.write(self.folder / subset / f"{stem}.wav", wave)
        self.cuts.append((stem, len(wave) / audio.RATE))
        return Item(stem, item)


def write_language(
    folder: Path, language: str, synthesiser: Synthesiser, *, size: Size, seed: int, references: bool
) -> None:
    """Write ``folder/<language>`` and its tasks in ``folder/ABXTasks``.

    Args:
        folder: the ``2019`` folder.
        language: one of ``grammar.LANGUAGES``.
        synthesiser: who speaks.
        size: how much to write.
        seed: decides everything that is drawn.
        references: also let the target voices say the sentences of the trials.
    """
    rng = np.random.default_rng([seed, *language.encode()])
    studio = Studio(folder / language, language, size.vocabulary, synthesiser, rng)
    cast = _cast(size, rng)
    studio.session("train/unit", cast["unit"], size.unit.seconds)
    studio.session("train/voice", cast["voice"], size.voice.seconds)
    for voice in cast["voice"]:
        for _ in range(size.parallel):
            words, number = sentence(language, rng, size.vocabulary), studio.number()
            source = cast["unit"][rng.integers(size.unit.speakers)]
            studio.record("train/parallel/source", source, words, number)
            studio.record("train/parallel/voice", voice, words, number)
    for subset, prefix, group in (("test", "", size.test), ("dev", "dev_", size.dev)):
        said = studio.session(subset, cast[subset], group.seconds)
        items = studio.cut(subset, said, size.tokens)
        write_text(folder / "ABXTasks" / TASKS[language].format(prefix), item_table(items))
    _write_lists(studio, size, cast, references=references)


def _moved(segment: Segment, samples: int) -> Segment:
    """The segment so many samples later, with times at whole samples."""
    start, stop = ((round(time * audio.RATE) + samples) / audio.RATE for time in (segment.start, segment.stop))
    return segment._replace(start=start, stop=stop)


def _cast(size: Size, rng: np.random.Generator) -> dict[str, list[Speaker]]:
    """The speakers of each role, with names like the real ones."""
    numbers = iter(rng.permutation(np.arange(1, 200)))
    cast = {}
    for role in ("unit", "test", "dev"):
        count = getattr(size, role).speakers
        cast[role] = _speakers([f"S{number:03d}" for number in sorted(next(numbers) for _ in range(count))], rng)
    return cast | {"voice": _speakers([f"V{i + 1:03d}" for i in range(size.voice.speakers)], rng)}


def _speakers(names: Sequence[str], rng: np.random.Generator) -> list[Speaker]:
    """Speakers whose vocal tracts cover the range evenly, so that no seed gives a group of look-alikes."""
    shortness = (2 * rng.permutation(len(names)) + rng.uniform(0, 2, len(names))) / len(names) - 1
    return [Speaker.draw(name, short, rng) for name, short in zip(names, shortness, strict=True)]


def _write_lists(studio: Studio, size: Size, cast: dict[str, list[Speaker]], *, references: bool) -> None:
    folder, extra = studio.folder, studio.folder / "extra"
    test = {speaker.name for speaker in cast["test"]}
    sentences = [recording for recording in studio.recordings if recording.speaker.name in test]
    wanted = min(size.trials, len(sentences))
    sources = [sentences[i * len(sentences) // wanted] for i in range(wanted)]  # of all speakers
    trials = [(source, cast["voice"][i % len(cast["voice"])]) for i, source in enumerate(sources)]
    _lines(folder / "synthesis.txt", (f"test/{source.stem} {voice.name}" for source, voice in trials))
    _lines(folder / "bitrate_filelist.txt", (f"{r.stem}.txt {r.seconds:.9g}" for r in sentences))
    _lines(folder / "vads.txt", _speech(studio))
    _lines(extra / "transcripts.txt", (f"{r.stem} {' '.join(w.text for w in r.words)}" for r in studio.recordings))
    with (extra / "phones.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["utterance", "start", "stop", "phone"])
        table.writerows(
            (r.stem, f"{s.start:.6f}", f"{s.stop:.6f}", s.phone) for r in studio.recordings for s in r.segments
        )
    truth = {role: [asdict(speaker) for speaker in speakers] for role, speakers in cast.items()}
    write_json(extra / "speakers.json", truth)
    if references:
        for source, voice in trials:
            number = source.stem.partition("_")[2]
            studio.say(extra / "references" / f"{voice.name}_{number}.wav", voice, source.words)


def _speech(studio: Studio) -> Iterator[str]:
    """Lines of the voice activity: what lies between two pauses, and clips as a whole."""
    for recording in studio.recordings:
        start = recording.segments[0].start
        for segment, following in itertools.pairwise((*recording.segments, None)):
            if segment and (following is None or following.start - segment.stop > SHORTEST_PAUSE):
                yield f"{recording.stem} {start:.4f} {segment.stop:.4f}"
                start = following.start if following else start
    for stem, seconds in studio.cuts:
        yield f"{stem} 0.0000 {seconds:.4f}"


def _lines(path: Path, lines: Iterable[str]) -> None:
    write_text(path, "".join(f"{line}\n" for line in lines))
