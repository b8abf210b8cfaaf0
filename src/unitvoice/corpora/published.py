"""How many files the organisers' corpora have, from the lists of their validator and the challenge's papers."""

from unitvoice.manifest import Subset

__all__ = ["COUNTS", "DURATIONS", "SPEAKERS", "TRIALS"]

# (corpus, language) -> files by subset. The test sets are those of the 2020 validator; the papers say the rest.
_2020: dict[str, dict[Subset, int]] = {
    "english": {"test": 13_529, "unit": 5_941, "voice": 970 + 2_563},
    "surprise": {"test": 10_189, "unit": 15_340, "voice": 1_862},
}
COUNTS: dict[tuple[str, str], dict[Subset, int]] = {
    ("zerospeech2020", language): counts for language, counts in _2020.items()
} | {
    # the archives of 2019 may lack test files that 2020 added
    ("zerospeech2019", language): {key: count for key, count in counts.items() if key != "test"}
    for language, counts in _2020.items()
}

# of 2017, language -> test files by their duration
DURATIONS: dict[str, dict[str, int]] = {
    "english": {"1s": 47_096, "10s": 6_927, "120s": 378},
    "french": {"1s": 47_096, "10s": 6_927, "120s": 378},
    "mandarin": {"1s": 21_247, "10s": 3_865, "120s": 262},
    "LANG1": {"1s": 13_711, "10s": 1_421, "120s": 111},
    "LANG2": {"1s": 6_385, "10s": 755, "120s": 61},
}
# of 2017, language -> training files, one a speaker
SPEAKERS = {"english": 69, "french": 28, "mandarin": 12, "LANG1": 30, "LANG2": 14}
TRIALS = {"english": 193, "surprise": 150}
