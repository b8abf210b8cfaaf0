"""The bigram model: probabilities that sum to one, and more of what was seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unitvoice.evaluation.listening.language_model import bigram_arpa

WORDS = ("a", "b", "c", "d")


def read(arpa):
    """Unigrams with their weights, and bigrams, as probabilities."""
    unigrams, bigrams, order = {}, {}, 0
    for line in arpa.splitlines():
        fields = line.split()
        if line.startswith("\\") and "-grams" in line:
            order = int(line[1])
        elif order == 1 and len(fields) == 3:
            unigrams[fields[1]] = (10 ** float(fields[0]), 10 ** float(fields[2]))
        elif order == 2 and len(fields) == 3:
            bigrams[fields[1], fields[2]] = 10 ** float(fields[0])
    return unigrams, bigrams


def probability(model, first, second):
    """By the rule of back-off."""
    unigrams, bigrams = model
    return bigrams.get((first, second), unigrams[first][1] * unigrams[second][0])


@given(st.lists(st.lists(st.sampled_from([*WORDS, "unknown"]), max_size=5), max_size=5))
def test_what_can_follow_a_word_has_probabilities_that_sum_to_one(sentences):
    model = read(bigram_arpa(sentences, WORDS))
    assert set(model[0]) == {*WORDS, "<s>", "</s>"}
    for first in ("<s>", *WORDS):
        assert sum(probability(model, first, second) for second in (*WORDS, "</s>")) == pytest.approx(1, abs=1e-4)


def test_what_was_seen_is_likelier():
    model = read(bigram_arpa([["a", "b"], ["a", "b"], ["a", "c"]], WORDS))
    assert probability(model, "a", "b") == pytest.approx(1.5 / 3, abs=1e-4)
    assert probability(model, "a", "b") > probability(model, "a", "c") > probability(model, "a", "d") > 0


def test_the_head_counts_what_follows():
    lines = bigram_arpa([["a"]], WORDS).splitlines()
    unigrams, bigrams = read("\n".join(lines))
    assert lines[1:3] == [f"ngram 1={len(unigrams)}", f"ngram 2={len(bigrams)}"]
