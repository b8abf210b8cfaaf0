"""The kinds of frames the pipeline knows, by name: one name, one meaning."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice.audio import RATE, Wave
from unitvoice.errors import InputError, listed
from unitvoice.features.spectral import Spectrum, log_mel, mfcc

__all__ = ["KINDS", "FeatureKind", "feature_kind"]


@dataclass(frozen=True)
class FeatureKind:
    """How frames of a kind are computed and stored."""

    compute: Callable[[Wave], NDArray[Any]]  # (N,) at 16 kHz -> (T, D)
    rate: float  # frames per second
    dtype: str
    parameters: dict[str, Any]


def _spectral(compute: Callable[..., NDArray[Any]], spectrum: Spectrum) -> FeatureKind:
    return FeatureKind(partial(compute, spectrum=spectrum), spectrum.rate, "float32", asdict(spectrum))


def _samples(wave: Wave) -> NDArray[np.int16]:
    return np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16)[:, None]


KINDS: dict[str, FeatureKind] = {
    "logmel": _spectral(log_mel, Spectrum()),
    "mfcc39": _spectral(mfcc, Spectrum(bands=40)),
    "wave": FeatureKind(_samples, float(RATE), "int16", {}),
}


def feature_kind(name: str) -> FeatureKind:
    """The kind of a name; InputError for an unknown one."""
    if name not in KINDS:
        raise InputError(f"unknown kind of features {name!r}; known are {listed(KINDS)}")
    return KINDS[name]
