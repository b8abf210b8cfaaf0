"""Invented speakers: what makes one voice differ from another, and one utterance from the next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from unitvoice.corpora.channel import Channel
from unitvoice.corpora.grammar import Word

__all__ = ["Segment", "Speaker", "Spoken", "Synthesiser"]

FORMANTS = 9  # as many as espeak's voice files have; the formant synthesiser uses the first of them
TRACT_RATIO = 1.4  # of the longest to the shortest vocal tract
SPEAKER_JITTER = 0.08  # of a formant around what the tract's length says
UTTERANCE_JITTER = 0.04


class Segment(NamedTuple):
    """One phone of a synthesised sentence; pauses have no segment."""

    start: float  # s
    stop: float  # s
    phone: str


class Spoken(NamedTuple):
    """A synthesised sentence."""

    wave: NDArray[np.float32]  # (N,) at `unitvoice.audio.RATE`
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Speaker:
    """The truth about one voice, or about one utterance of it."""

    name: str
    pitch: float  # mean F0, Hz
    formants: tuple[float, ...]  # factor of each formant's frequency
    tempo: float  # factor of the speaking rate
    source: int  # kind of glottal source: 0 plain, 1 and more the Klatt varieties of espeak
    breath: float  # 0 none to 1 much
    channel: Channel

    @classmethod
    def draw(cls, name: str, shortness: float, rng: np.random.Generator) -> Self:
        """A new speaker with a vocal tract between long (-1) and short (1); a short one tends to a high voice."""
        tract = TRACT_RATIO ** (shortness / 2)
        return cls(
            name=name,
            pitch=float(145 * 2 ** (0.55 * shortness + 0.2 * rng.uniform(-1, 1))),
            formants=_factors(tract, SPEAKER_JITTER, rng),
            tempo=float(rng.uniform(0.9, 1.15)),
            source=int(rng.choice([0, 0, 1, 2, 3, 4])),
            breath=float(rng.uniform(0, 1)),
            channel=Channel.draw(rng),
        )

    def varied(self, rng: np.random.Generator) -> Self:
        """The same speaker in another utterance: no two are said alike."""
        jitter = _factors(1.0, UTTERANCE_JITTER, rng)
        return replace(
            self,
            pitch=self.pitch * float(rng.uniform(0.94, 1.06)),
            formants=tuple(round(old * new, 4) for old, new in zip(self.formants, jitter, strict=True)),
            tempo=self.tempo * float(rng.uniform(0.94, 1.06)),
            channel=self.channel.varied(rng),
        )


class Synthesiser(Protocol):
    """What turns words into speech with exact phone times."""

    def say(self, speaker: Speaker, words: Sequence[Word]) -> Spoken:
        """One sentence in one voice, without the channel."""


def _factors(centre: float, jitter: float, rng: np.random.Generator) -> tuple[float, ...]:
    return tuple(round(float(factor), 4) for factor in centre * (1 + jitter * rng.uniform(-1, 1, FORMANTS)))
