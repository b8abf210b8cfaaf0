"""Bigrams of words in ARPA's format."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

__all__ = ["bigram_arpa"]

START, END = "<s>", "</s>"
DISCOUNT = 0.5  # taken from every count of a bigram, for those that were not seen
NEVER = -99.0  # log10 probability of what has none


def bigram_arpa(sentences: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> str:
    """A bigram model with absolute discounting, which backs off to unigrams that count each word once more.

    Args:
        sentences: words of each; those outside the vocabulary are passed over.
        vocabulary: words that can follow any word, seen or not.

    Returns:
        The content of an ``.lm`` file.

    >>> bigram_arpa([["a", "b"]], ["a", "b"]).splitlines()[1]
    'ngram 1=4'
    """
    known = set(vocabulary)
    runs = [[START, *(word for word in words if word in known), END] for words in sentences]
    pairs = Counter(pair for run in runs for pair in pairwise(run))
    heads = Counter(first for first, _ in pairs.elements())
    followers = sorted({*vocabulary, END})
    counts = Counter(word for run in runs for word in run[1:])
    total = counts.total() + len(followers)
    unigrams = {word: (counts[word] + 1) / total for word in followers}
    lines = [
        "\\data\\",
        f"ngram 1={len(followers) + 1}",
        f"ngram 2={len(pairs)}",
        "",
        "\\1-grams:",
        *_unigram_lines(unigrams, pairs, heads),
        "",
        "\\2-grams:",
        *(
            f"{math.log10((count - DISCOUNT) / heads[first]):.6f} {first} {second}"
            for (first, second), count in sorted(pairs.items())
        ),
        "",
        "\\end\\",
    ]
    return "\n".join(lines) + "\n"


def _unigram_lines(unigrams: dict[str, float], pairs: Counter[tuple[str, str]], heads: Counter[str]) -> Iterator[str]:
    for word in sorted({START, *unigrams}):
        seen = [second for first, second in pairs if first == word]
        left = DISCOUNT * len(seen) / heads[word] if seen else 1.0
        rest = 1 - math.fsum(unigrams[second] for second in seen)
        weight = math.log10(left / rest) if rest > 0 else NEVER
        probability = math.log10(unigrams[word]) if word in unigrams else NEVER
        yield f"{probability:.6f} {word} {weight:.6f}"
