"""How units and phones go together, frame by frame."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score

from unitvoice.manifest import Phone

__all__ = ["Agreement", "agreement", "by_utterance", "co_occurrence", "frame_phones", "phone_boundaries"]

Counts = NDArray[np.int64]
ROUNDING = 1e-6  # s; what alignments are written with


@dataclass(frozen=True)
class Agreement:
    """Scores of the units of frames against their phones; all but the last are of 0 to 1, up to chance."""

    frames: int
    phones: int  # kinds
    units: int  # kinds
    normalised_mutual_information: float  # by the mean of both entropies
    adjusted_mutual_information: float  # 0 is chance
    adjusted_rand_index: float  # 0 is chance
    phone_purity: float  # share of frames whose phone is the most frequent one of their unit
    cluster_purity: float  # share of frames whose unit is the most frequent one of their phone
    phone_information: float  # share of the phones' entropy that the units tell


def by_utterance(phones: Iterable[Phone]) -> dict[str, list[Phone]]:
    """The phones of each utterance, in order of time."""
    found: dict[str, list[Phone]] = {}
    for phone in phones:
        found.setdefault(phone.utterance, []).append(phone)
    return {name: sorted(spoken, key=lambda phone: phone.start) for name, spoken in found.items()}


def frame_phones(phones: Sequence[Phone], times: NDArray[np.float64]) -> NDArray[np.int64]:
    """The phone at each time, (T,) s: its place in the sequence, or -1 between phones.

    A phone begins with its start and ends before its stop; of two that overlap the later one counts.
    """
    starts = np.array([phone.start for phone in phones])
    places = np.searchsorted(starts, times + ROUNDING, side="right") - 1
    stops = np.array([phone.stop for phone in phones])
    return np.where((places >= 0) & (times + ROUNDING < stops[places]), places, -1)


def phone_boundaries(phones: Sequence[Phone]) -> NDArray[np.float64]:
    """Times at which phones begin or end, s, each once."""
    times = np.sort([time for phone in phones for time in (phone.start, phone.stop)])
    return times[np.diff(times, prepend=-np.inf) > ROUNDING]


def co_occurrence(phones: NDArray[np.integer], units: NDArray[np.integer]) -> Counts:
    """How often each phone and unit stand together, (N,) and (N,) of 0..P-1 and 0..U-1 -> (P, U)."""
    shape = (int(phones.max(initial=-1)) + 1, int(units.max(initial=-1)) + 1)
    return np.bincount(phones * shape[1] + units, minlength=shape[0] * shape[1]).reshape(shape)


def agreement(phones: NDArray[np.integer], units: NDArray[np.integer]) -> Agreement:
    """Scores of the units of frames against their phones, (N,) and (N,), N > 0.

    Mutual information and the Rand index are those of scikit-learn; purity is that of HuBERT (Hsu et al., 2021).

    >>> agreement(np.array([0, 0, 1, 1]), np.array([5, 5, 3, 3])).phone_purity
    1.0
    """
    _, phones = np.unique(phones, return_inverse=True)
    _, units = np.unique(units, return_inverse=True)
    table = co_occurrence(phones, units)
    shares = table / len(phones)
    by_phone, by_unit = shares.sum(axis=1), shares.sum(axis=0)
    together = shares > 0
    information = float((shares * np.log(shares / np.outer(by_phone, by_unit), where=together, out=shares * 0)).sum())
    entropy = -float((by_phone * np.log(by_phone)).sum())
    return Agreement(
        frames=len(phones),
        phones=table.shape[0],
        units=table.shape[1],
        normalised_mutual_information=float(normalized_mutual_info_score(phones, units)),
        adjusted_mutual_information=float(adjusted_mutual_info_score(phones, units)),
        adjusted_rand_index=float(adjusted_rand_score(phones, units)),
        phone_purity=float(table.max(axis=0).sum() / len(phones)),
        cluster_purity=float(table.max(axis=1).sum() / len(phones)),
        phone_information=information / entropy if entropy else 0.0,
    )
