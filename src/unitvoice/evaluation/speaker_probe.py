"""How much frames tell of who speaks: a linear classifier, on utterances that it was not trained on."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from unitvoice.errors import InputError
from unitvoice.manifest import Utterance

__all__ = ["Probe", "probe"]

HELD_OUT = 4  # one in so many utterances of a speaker, at least one
LEAST = 2  # utterances of a speaker, and speakers
ITERATIONS, PRECISION = 1000, 1e-3  # of the optimiser; the gradient it ends at


@dataclass(frozen=True)
class Probe:
    """Accuracy of the classifier in %, and what knowing nothing would give."""

    frame_accuracy: float  # of single frames
    utterance_accuracy: float  # of utterances, by the sum of their frames' log-probabilities
    chance: float  # always naming the most frequent speaker of the held-out frames
    utterance_chance: float  # the same of the held-out utterances
    speakers: int
    trained_on: int  # frames
    held_out: int  # utterances
    seed: int


@dataclass(frozen=True)
class _Part:
    """Frames of some utterances."""

    frames: NDArray[np.float64]  # (N, D)
    speakers: NDArray[np.str_]  # (N,)
    utterances: NDArray[np.int64]  # (N,)


def probe(
    frames: Mapping[str, NDArray[Any]], utterances: Sequence[Utterance], *, most: int = 20_000, seed: int = 0
) -> Probe:
    """Train a logistic regression on frames and try it on other utterances of the same speakers.

    Args:
        frames: utterance -> (T, D); a store serves.
        utterances: that may be used; speakers with one utterance are left out.
        most: frames to train on, shared evenly among the utterances; as many again are tried.
        seed: decides which utterances are held out, and which frames are drawn.

    Raises:
        InputError: there are not two speakers with two utterances each.
    """
    groups: dict[str, list[str]] = {}
    for one in utterances:
        if one.utterance in frames and len(frames[one.utterance]):
            groups.setdefault(one.speaker, []).append(one.utterance)
    groups = {speaker: sorted(names) for speaker, names in groups.items() if len(names) >= LEAST}
    if len(groups) < LEAST:
        raise InputError("the probe needs two speakers with two utterances each; encode more of the corpus")
    random = np.random.default_rng(seed)
    known, unknown = [], []
    for speaker, names in sorted(groups.items()):
        order = random.permutation(len(names))
        cut = max(len(names) // HELD_OUT, 1)
        unknown += [(names[place], speaker) for place in order[:cut]]
        known += [(names[place], speaker) for place in order[cut:]]
    train, test = (_sample(frames, part, most, seed) for part in (known, unknown))
    scaler = StandardScaler().fit(train.frames)
    model = LogisticRegression(max_iter=ITERATIONS, tol=PRECISION).fit(scaler.transform(train.frames), train.speakers)
    return _judged(
        model.classes_, model.predict_log_proba(scaler.transform(test.frames)), test, len(train.frames), seed
    )


def _sample(frames: Mapping[str, NDArray[Any]], chosen: Sequence[tuple[str, str]], most: int, seed: int) -> _Part:
    """Frames of utterances, as many of each as fit, drawn without repeats."""
    share = max(most // len(chosen), 1)
    tables, speakers, numbers = [], [], []
    for number, (name, speaker) in enumerate(chosen):
        rows = np.asarray(frames[name], np.float64)
        random = np.random.default_rng([seed, zlib.crc32(name.encode())])
        tables.append(rows[np.sort(random.choice(len(rows), min(share, len(rows)), replace=False))])
        speakers += [speaker] * len(tables[-1])
        numbers += [number] * len(tables[-1])
    return _Part(np.concatenate(tables), np.array(speakers), np.array(numbers))


def _judged(classes: NDArray[np.str_], logs: NDArray[np.float64], test: _Part, trained_on: int, seed: int) -> Probe:
    truth = np.searchsorted(classes, test.speakers)
    first = np.unique(test.utterances, return_index=True)[1]
    sums = np.add.reduceat(logs, first)
    return Probe(
        frame_accuracy=_percent(logs.argmax(axis=1) == truth),
        utterance_accuracy=_percent(sums.argmax(axis=1) == truth[first]),
        chance=_percent(truth == np.bincount(truth).argmax()),
        utterance_chance=_percent(truth[first] == np.bincount(truth[first]).argmax()),
        speakers=len(classes),
        trained_on=trained_on,
        held_out=len(first),
        seed=seed,
    )


def _percent(right: NDArray[np.bool_]) -> float:
    return round(100 * float(right.mean()), 3)
