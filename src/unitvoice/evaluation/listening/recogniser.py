"""Judges that write down what they hear."""

import hashlib
import re
from abc import abstractmethod

from unitvoice.audio import Wave
from unitvoice.evaluation.listening.judge import Heard, Judge, optional

__all__ = ["Recogniser", "error_percent", "plain"]


class Recogniser(Judge):
    """Compares what it hears in a conversion with the text, or with what it hears in the source itself."""

    def __init__(self) -> None:
        self._heard: dict[bytes, str] = {}  # of sources, each of which is heard once
        optional("jiwer", "listening")

    @abstractmethod
    def transcribe(self, wave: Wave) -> str:
        """What is said: tokens with blanks between them."""

    def expected(self, heard: Heard) -> str:
        """The text, or what the judge hears in the source where there is none."""
        if heard.text is not None:
            return plain(heard.text)
        key = hashlib.sha256(heard.source.tobytes()).digest()
        if key not in self._heard:
            self._heard[key] = self.transcribe(heard.source)
        return self._heard[key]


def error_percent(expected: str, found: str, *, characters: bool = False) -> float:
    """Insertions, deletions and replacements of words, or of characters, in % of what is expected; it may exceed 100.

    >>> error_percent("a b c d", "a x c")
    50.0
    """
    jiwer = optional("jiwer", "listening")
    rate = jiwer.cer if characters else jiwer.wer
    return 100 * float(rate(expected, found))


def plain(text: str) -> str:
    """Words in small letters, without punctuation.

    >>> plain("Don't STOP, now.")
    "don't stop now"
    """
    return " ".join(re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower()))
