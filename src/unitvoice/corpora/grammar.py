"""Texts of the demo corpus: few words that differ in one phone, so that every context occurs with many phones."""

from itertools import islice
from typing import NamedTuple

import numpy as np

__all__ = ["LANGUAGES", "Word", "sentence"]

LANGUAGES = ("english", "surprise")

VOWELS = ("a", "e", "i", "ii", "ei", "ou", "uu", "v")
# Words that differ in their vowel only: first consonant, last consonant, and a spelling for each of `VOWELS`
ENGLISH_FRAMES = """
b t    bat bet bit beat bait boat boot but
p t    pat pet pit peat - - - putt
s t    sat set sit seat - - suit -
m t    mat met mitt meat mate moat moot mutt
n t    - net knit neat - note newt nut
l t    - let lit - late - loot -
k t    cat - kit - kate coat coot cut
r t    rat - - - rate wrote root rut
g t    - get - - gate goat - gut
f t    fat - fit feet fate - - -
b d    bad bed bid bead - bode - bud
m d    mad - mid - made mowed mood mud
r d    - red rid reed raid road rude -
d d    dad dead did deed - - dude dud
f d    fad fed - feed fade - food -
b k    back beck - beak bake - - buck
p k    pack peck pick peak - poke - puck
s k    sack - sick seek sake soak - suck
t k    tack tech tick teak take - - tuck
r k    rack wreck rick reek rake - - -
k p    cap - - keep cape cope coop cup
l p    lap - lip leap - lope loop -
s p    sap - sip seep - soap soup sup
m n    man men - mean main moan moon -
p n    pan pen pin - pain - - pun
t n    tan ten tin teen - tone - ton
s n    - - sin seen sane sewn soon sun
m s    mass mess miss - mace - moose -
l s    lass less - lease lace - loose -
"""
ENGLISH_LINKS = {"say": "s ei", "by": "b ai", "the": "dh @", "a": "@", "and": "a n d", "or": "o r"}
ENGLISH_TEMPLATES = ("the {} {} a {} {}", "say {} {} by {} {}", "{} or {} {} and {}", "a {} and the {} or {} {}")

SURPRISE_CONSONANTS = "ptkbdgmnsl"
SURPRISE_VOWELS = "aeiou"
SURPRISE_WORDS = 160


class Word(NamedTuple):
    """A word as it is written and as it is pronounced."""

    text: str
    phones: tuple[str, ...]


def sentence(language: str, rng: np.random.Generator, vocabulary: int) -> tuple[Word, ...]:
    """An invented sentence, of one to three clauses in English and 5 to 9 words in the surprise language.

    Args:
        language: one of `LANGUAGES`.
        rng: decides the words.
        vocabulary: how many rows of the English table, or words of the surprise language, are in use.

    >>> " ".join(word.text for word in sentence("english", np.random.default_rng(1), vocabulary=1))
    'but or bat bet and bait a bet and the but or boot bat'
    """
    if language == "english":
        return tuple(word for _ in range(rng.integers(1, 4)) for word in _clause(rng, vocabulary))
    return tuple(LEXICON[index] for index in rng.choice(min(vocabulary, len(LEXICON)), rng.integers(5, 10)))


def _clause(rng: np.random.Generator, frames: int) -> tuple[Word, ...]:
    template = ENGLISH_TEMPLATES[rng.integers(len(ENGLISH_TEMPLATES))].split()
    frame = FRAMES[rng.integers(min(frames, len(FRAMES)))]
    fillers = iter(rng.permutation(len(frame)))
    return tuple(frame[next(fillers)] if text == "{}" else LINKS[text] for text in template)


def _frames() -> tuple[tuple[Word, ...], ...]:
    rows = [line.split() for line in ENGLISH_FRAMES.strip().splitlines()]
    return tuple(
        tuple(Word(text, (first, vowel, last)) for vowel, text in zip(VOWELS, spellings, strict=True) if text != "-")
        for first, last, *spellings in rows
    )


def _lexicon() -> tuple[Word, ...]:
    rng = np.random.default_rng(2019)  # the language is the same for every seed of the corpus
    syllables = [consonant + vowel for consonant in SURPRISE_CONSONANTS for vowel in SURPRISE_VOWELS]
    words = ("".join(rng.choice(syllables, rng.integers(2, 4))) for _ in iter(int, 1))
    return tuple(
        Word(text, tuple(text)) for text in islice(dict.fromkeys(islice(words, 2 * SURPRISE_WORDS)), SURPRISE_WORDS)
    )


FRAMES = _frames()
LINKS = {text: Word(text, tuple(phones.split())) for text, phones in ENGLISH_LINKS.items()}
LEXICON = _lexicon()
