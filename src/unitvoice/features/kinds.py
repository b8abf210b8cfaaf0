"""The kinds of frames the pipeline knows, by name: one name, one meaning."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice.audio import RATE, Wave, mu_law_encode
from unitvoice.errors import InputError, listed
from unitvoice.features import f0, highpass
from unitvoice.features.htk import Analysis, log_bank, mfcc_with_slopes
from unitvoice.features.spectral import Spectrum, decibel_mel, hop_mel, log_mel, mfcc, power_mfcc

__all__ = ["HOP_SPECTRUM", "KINDS", "FeatureKind", "feature_kind"]

PEAK = 0.999  # largest magnitude of a recording after normalisation
PEAK_SPECTRUM = Spectrum(fft=2048, low=50.0, preemphasis=0.97)
HOP_PEAK = 0.95
HOP_SPECTRUM = Spectrum(window=1024, hop=256)
HIGH_SPECTRUM = Spectrum(fft=400)
HIGH_PASS = {"cutoff": highpass.CUTOFF}
HIGH_CODES = HIGH_PASS | {"gain": highpass.GAIN, "emphasis": highpass.EMPHASIS}


@dataclass(frozen=True)
class FeatureKind:
    """How frames of a kind are computed and stored."""

    compute: Callable[[Wave], NDArray[Any]]  # (N,) at 16 kHz -> (T, D); TrackerError where it fails on a recording
    rate: float  # frames per second
    dtype: str
    parameters: dict[str, Any]
    first: float = 0.0  # s, time of the first frame's centre


def _spectral(compute: Callable[..., NDArray[Any]], spectrum: Spectrum) -> FeatureKind:
    return FeatureKind(partial(compute, spectrum=spectrum), spectrum.rate, "float32", asdict(spectrum))


def _f0(tracker: str) -> FeatureKind:
    facts = {"tracker": tracker, "hop": f0.HOP, "floor": f0.FLOOR, "ceiling": f0.CEILING}
    return FeatureKind(partial(f0.track_f0, tracker=tracker), RATE / f0.HOP, "float32", facts, first=f0.FIRST)


def _samples(wave: Wave) -> NDArray[np.int16]:
    return np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16)[:, None]


def _at_peak(wave: Wave, peak: float = PEAK) -> Wave:
    """The recording as loud as it can be; silence stays silence. (N,) -> (N,)."""
    return wave / (np.abs(wave).max(initial=0.0) or 1) * np.float32(peak)


def _peak_htk(compute: Callable[[Wave], NDArray[Any]]) -> FeatureKind:
    analysis = Analysis()
    facts = asdict(analysis) | {"peak": PEAK}
    return FeatureKind(lambda wave: compute(_at_peak(wave)), analysis.rate, "float32", facts)


def _peak_mel(wave: Wave) -> NDArray[np.float16]:
    return decibel_mel(_at_peak(wave), PEAK_SPECTRUM).astype(np.float16)


def _peak_codes(wave: Wave) -> NDArray[np.uint8]:
    return mu_law_encode(_at_peak(wave))[:, None]


def _in_hops(wave: Wave) -> Wave:
    """The recording at its peak, with silence up to a whole hop at its end: nothing of it is lost. (N,) -> (M,)."""
    return np.pad(_at_peak(wave, HOP_PEAK), (0, -len(wave) % HOP_SPECTRUM.hop))


def _hop_mel(wave: Wave) -> NDArray[np.float32]:
    return hop_mel(_in_hops(wave), HOP_SPECTRUM)


def _high_mfcc(wave: Wave) -> NDArray[np.float32]:
    return power_mfcc(highpass.high_passed(wave), spectrum=HIGH_SPECTRUM)


def _high_codes(wave: Wave) -> NDArray[np.uint8]:
    return highpass.codes_of(wave)[:, None]


KINDS: dict[str, FeatureKind] = {
    "logmel": _spectral(log_mel, Spectrum()),
    "peakmel": FeatureKind(_peak_mel, PEAK_SPECTRUM.rate, "float16", asdict(PEAK_SPECTRUM) | {"peak": PEAK}),
    "mulaw": FeatureKind(_peak_codes, float(RATE), "uint8", {"peak": PEAK}),
    "hopmel": FeatureKind(
        _hop_mel,
        HOP_SPECTRUM.rate,
        "float32",
        asdict(HOP_SPECTRUM) | {"peak": HOP_PEAK},
        first=HOP_SPECTRUM.hop / 2 / RATE,
    ),
    "hopwave": FeatureKind(
        lambda wave: _samples(_in_hops(wave)), float(RATE), "int16", {"peak": HOP_PEAK, "hop": HOP_SPECTRUM.hop}
    ),
    "peakwave": FeatureKind(lambda wave: _samples(_at_peak(wave, HOP_PEAK)), float(RATE), "int16", {"peak": HOP_PEAK}),
    "highmfcc": FeatureKind(_high_mfcc, HIGH_SPECTRUM.rate, "float32", asdict(HIGH_SPECTRUM) | HIGH_PASS),
    "highmulaw": FeatureKind(_high_codes, float(RATE), "uint8", HIGH_CODES),
    "htkmfcc": _peak_htk(mfcc_with_slopes),
    "htkbank": _peak_htk(log_bank),
    "mfcc39": _spectral(mfcc, Spectrum(bands=40)),
    "wave": FeatureKind(_samples, float(RATE), "int16", {}),
    "f0": _f0("praat"),
    "f0-pyin": _f0("pyin"),
    "f0-world": _f0("world"),
}


def feature_kind(name: str) -> FeatureKind:
    """The kind of a name; InputError for an unknown one."""
    if name not in KINDS:
        known = f"known are {listed(KINDS, 30)}"
        raise InputError(f"unknown kind of features {name!r}; {known}, and the encoders under the configuration's ssl")
    return KINDS[name]
