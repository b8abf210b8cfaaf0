"""The texts: minimal pairs that both synthesisers can say."""

import numpy as np
import pytest

from unitvoice.corpora.formants import PHONES
from unitvoice.corpora.grammar import FRAMES, LANGUAGES, LEXICON, LINKS, sentence


def test_words_of_a_frame_differ_in_their_vowel_only():
    for frame in FRAMES:
        firsts, vowels, lasts = zip(*(word.phones for word in frame), strict=True)
        assert len(set(firsts)) == len(set(lasts)) == 1
        assert len(set(vowels)) == len(frame) >= 4


def test_no_word_is_in_a_language_twice():
    english = [word.text for frame in FRAMES for word in frame] + list(LINKS)
    surprise = [word.text for word in LEXICON]
    assert len(set(english)) == len(english) > 150
    assert len(set(surprise)) == len(surprise) == 160


def test_the_formant_synthesiser_knows_every_phone():
    words = [word for frame in FRAMES for word in frame] + list(LINKS.values()) + list(LEXICON)
    assert {phone for word in words for phone in word.phones} <= set(PHONES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_small_vocabulary_is_kept_to(language):
    rng = np.random.default_rng(0)
    used = {word for _ in range(300) for word in sentence(language, rng, vocabulary=2)}
    known = {*FRAMES[0], *FRAMES[1], *LINKS.values()} if language == "english" else set(LEXICON[:2])
    assert used == known
