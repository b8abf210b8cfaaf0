"""The published results of the 2019 and 2020 editions, as data.

Rows of different editions share a scale for ABX and bitrate only: the listening tests differ.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from unitvoice.evaluation.distances import Distance

__all__ = ["Edition", "Language", "Published", "leaderboard"]

Edition = Literal["2019", "2020"]
Language = Literal["english", "surprise"]


@dataclass(frozen=True)
class Published:
    """One row of the leaderboard: a system on a language."""

    edition: Edition
    language: Language
    system: str  # the archive's name of the submission
    authors: str
    distance: Distance  # the one that the authors declared
    mos: float | None  # 1..5, higher is better; None for late rows
    cer: float | None  # 0..1, of human transcriptions, lower is better; None for late rows
    similarity: float | None  # to the target voice, 1..5, higher is better; None for late rows
    cosine: float  # ABX error, %
    kl: float  # ABX error, %; 50.0 where frames have negative values
    levenshtein: float  # ABX error, %
    bitrate: float  # bit/s
    late: bool  # handed in after the listening test
    source: str

    @property
    def abx(self) -> float:
        """The ABX error (%) of the declared distance: the official column."""
        return {"cosine": self.cosine, "KL": self.kl, "levenshtein": self.levenshtein}[self.distance]


@cache
def leaderboard(edition: Edition | None = None, language: Language | None = None) -> tuple[Published, ...]:
    """All rows of an edition and a language, in the archive's order; None means all.

    >>> best = min(leaderboard("2020", "english"), key=lambda row: row.abx)
    >>> best.system, best.abx, best.late
    ('Liu20', 13.35, True)
    """
    text = files("unitvoice.evaluation").joinpath("leaderboard.csv").read_text(encoding="utf-8")
    rows = (_row(fields) for fields in csv.DictReader(text.splitlines()))
    return tuple(
        row for row in rows if row.edition == (edition or row.edition) and row.language == (language or row.language)
    )


def _row(fields: dict[str, str]) -> Published:
    human = {name: float(fields[name]) if fields[name] else None for name in ("mos", "cer", "similarity")}
    scores = {name: float(fields[name]) for name in ("cosine", "kl", "levenshtein", "bitrate")}
    return Published(**{**fields, **human, **scores, "late": fields["late"] == "yes"})  # type: ignore[arg-type]
