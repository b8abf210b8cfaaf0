"""Mean frames to subtract: what belongs to the recording and the speaker, not to the sound."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice.manifest import Utterance

__all__ = ["mean_frame", "mean_frames"]

Frame = NDArray[np.float32]


def mean_frames(store: Mapping[str, NDArray[Any]], utterances: Iterable[Utterance], prior: float) -> dict[str, Frame]:
    """The mean frame of each utterance, drawn to its speaker's mean the more, the shorter it is.

    A sentence knows its recording best by its own mean. The mean of a clip of a few phones says more about the phones
    than about the recording, and so the speaker's mean over all utterances counts for ``prior`` frames beside it: the
    estimate of a mean under a normal prior.

    Args:
        store: utterance -> (T, D) frames.
        utterances: whose means are wanted; a speaker's mean is over these alone.
        prior: weight of the speaker's mean, in frames; 0 for the utterance's own mean, infinity for the speaker's.

    Returns:
        utterance -> (D,).
    """
    speakers: dict[str, list[str]] = defaultdict(list)
    for utterance in utterances:
        speakers[utterance.speaker].append(utterance.utterance)
    means: dict[str, Frame] = {}
    for names in speakers.values():
        speaker = mean_frame(store, names)
        for name in names:
            share = 1.0 if np.isinf(prior) else prior / max(len(store[name]) + prior, 1e-9)
            means[name] = np.asarray(share * speaker + (1 - share) * mean_frame(store, [name]), dtype=np.float32)
    return means


def mean_frame(store: Mapping[str, NDArray[Any]], names: Sequence[str]) -> Frame:
    """Mean over all frames of some utterances, (D,); zero when they have none."""
    total = sum(store[name].sum(axis=0, dtype=np.float64) for name in names)
    frames = sum(len(store[name]) for name in names)
    return np.asarray(total / max(frames, 1), dtype=np.float32)
