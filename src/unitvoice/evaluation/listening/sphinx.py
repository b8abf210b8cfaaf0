"""Recognisers of pocketsphinx, whose acoustic model is in its wheel: a loop of phones, and words of a known text."""

import importlib.metadata
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unitvoice.audio import Wave
from unitvoice.evaluation.listening.judge import Figure, Heard, UnsuitedError, hash_of_files, optional
from unitvoice.evaluation.listening.language_model import bigram_arpa
from unitvoice.evaluation.listening.recogniser import Recogniser, error_percent, plain

__all__ = ["PhoneLoop", "Words"]

PACKAGE = "pocketsphinx"
NO_PHONES = frozenset({"SIL", "+NSN+", "+SPN+", "(NULL)"})
BEAM = 1e-20  # wide, as a loop of phones has many ways
PHONE_WEIGHT = 2.0  # of the language model of phones
KNOWN = 0.8  # share of a text's words whose pronunciation must be known
LOUD = 2**15 - 1


class _Sphinx(Recogniser):
    """What both recognisers share.

    A decoder goes on with what it learned of the sound before; each recording gets a new one, which takes 30 ms.
    """

    def __init__(self, files: Iterable[str], **options: Any) -> None:  # noqa: ANN401 - of the library
        super().__init__()
        library = optional(PACKAGE, "listening")
        settings = {"hmm": str(_model("en-us")), "loglevel": "FATAL", "cmn": "batch"} | options
        self._new_decoder = partial(library.Decoder, **settings)
        self.version = importlib.metadata.version(PACKAGE)
        acoustic = [path for path in _model("en-us").iterdir() if path.is_file()]
        self.weights = hash_of_files([*acoustic, *map(_model, files)])

    def tokens(self, wave: Wave) -> list[str]:
        """What the decoder found, in order of time."""
        samples = (np.clip(wave, -1, 1) * LOUD).astype(np.int16)
        decoder = self._new_decoder()
        decoder.start_utt()
        decoder.process_raw(samples.tobytes(), full_utt=True)
        decoder.end_utt()
        return [segment.word for segment in decoder.seg() or ()]


class PhoneLoop(_Sphinx):
    """English phones in any order: what is left in a conversion of what it hears in the source, in any language."""

    figures = (
        Figure(
            "sphinx_phone_errors", "%", "lower", "phones heard in the conversion against those heard in the source"
        ),
    )
    name = "phone loop of pocketsphinx"

    def __init__(self) -> None:
        model = "en-us-phone.lm.bin"
        options = {"allphone": str(_model(model)), "lm": None, "dict": None}
        super().__init__([model], beam=BEAM, pbeam=BEAM, lw=PHONE_WEIGHT, **options)

    def transcribe(self, wave: Wave) -> str:
        """Phones, without silences and noises."""
        return " ".join(token for token in self.tokens(wave) if token not in NO_PHONES)

    def score(self, heard: Heard) -> dict[str, float]:
        """Phone errors; none where no phone is heard in the source."""
        expected = self.expected(heard._replace(text=None))
        if not expected:
            return {}
        return {"sphinx_phone_errors": error_percent(expected, self.transcribe(heard.wave))}


class Words(_Sphinx):
    """English words, with a language model of bigrams made from the corpus's own transcripts.

    Args:
        texts: utterance -> what is said in it; all words can be heard.
        judged: utterances whose texts the language model must not have counted.

    Raises:
        UnsuitedError: there are no transcripts, or too few of their words are in the dictionary of pocketsphinx.
    """

    figures = (
        Figure("sphinx_word_errors", "%", "lower", "words heard in the conversion against the transcript"),
        Figure("sphinx_character_errors", "%", "lower", "the same in characters"),
    )
    name = "words of pocketsphinx with bigrams of the transcripts"

    def __init__(self, texts: Mapping[str, str], judged: Iterable[str] = ()) -> None:
        model = "cmudict-en-us.dict"
        optional(PACKAGE, "listening")
        entries = _pronunciations(_model(model), {word for text in texts.values() for word in plain(text).split()})
        hidden = set(judged)
        counted = [plain(text).split() for name, text in texts.items() if name not in hidden]
        self._folder = tempfile.TemporaryDirectory()  # lives as long as the judge, whose decoders read it
        lexicon, grammar = (Path(self._folder.name) / name for name in ("words.dict", "bigrams.lm"))
        lexicon.write_text("".join(f"{line}\n" for line in entries), encoding="utf-8")
        known = sorted({line.split()[0].partition("(")[0] for line in entries})
        grammar.write_text(bigram_arpa(counted, known), encoding="utf-8")
        super().__init__([model, str(grammar)], lm=str(grammar), dict=str(lexicon))

    def transcribe(self, wave: Wave) -> str:
        """Words, without silences and noises."""
        words = (token.partition("(")[0] for token in self.tokens(wave))
        return " ".join(word for word in words if word and not word.startswith(("<", "[", "+")))

    def score(self, heard: Heard) -> dict[str, float]:
        """Errors against the transcript; none without one."""
        if heard.text is None or not (expected := self.expected(heard)):
            return {}
        found = self.transcribe(heard.wave)
        return {
            "sphinx_word_errors": error_percent(expected, found),
            "sphinx_character_errors": error_percent(expected, found, characters=True),
        }


def _model(name: str) -> Path:
    return Path(optional(PACKAGE, "listening").get_model_path("en-us")) / name


def _pronunciations(dictionary: Path, words: set[str]) -> Sequence[str]:
    """The dictionary's lines for some words, other pronunciations included."""
    if not words:
        raise UnsuitedError("the corpus has no transcripts")
    lines = dictionary.read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line.split(maxsplit=1)[0].partition("(")[0] in words]
    known = {line.split(maxsplit=1)[0] for line in found}
    if len(words & known) < KNOWN * len(words):
        raise UnsuitedError(
            f"pocketsphinx knows how {len(words & known)} of the {len(words)} words of the transcripts are said"
        )
    return found
