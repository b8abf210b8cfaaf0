"""Log-mel spectra and MFCCs, and the way back from mel bands to a linear spectrum."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import librosa  # like scipy, it loads its parts when they are used
import numpy as np
import scipy
from numpy.typing import NDArray

from unitvoice.audio import RATE, Wave

__all__ = [
    "FLOOR",
    "Spectrum",
    "decibel_mel",
    "hop_mel",
    "log_mel",
    "mel_filters",
    "mel_to_linear",
    "mfcc",
    "power_mfcc",
]

Frames = NDArray[np.float32]
FLOOR = 1e-5  # smallest mel magnitude; the logarithm of silence is log(FLOOR) = -11.5
HOP_POWER = np.float32(1e-8)  # what `hop_mel` adds to the power of each frequency
PIECE = 1 << 16  # frames that are transformed at once
DYNAMICS = 80.0  # dB that `decibel_mel` and `power_mfcc` span


@dataclass(frozen=True)
class Spectrum:
    """Short-time analysis: frame i is centred on sample ``i * hop``, so N samples give 1 + N // hop frames."""

    fft: int = 1024  # points; the low mel bands are empty with fewer than 1024 at 80 bands
    window: int = 400  # samples (25 ms), Hann
    hop: int = 160  # samples (10 ms)
    bands: int = 80
    low: float = 0.0  # Hz
    high: float = 8000.0  # Hz
    preemphasis: float = 0.0

    @property
    def rate(self) -> float:
        """Frames per second."""
        return RATE / self.hop


@lru_cache
def mel_filters(spectrum: Spectrum) -> Frames:
    """Slaney mel filters, (bands, 1 + fft // 2)."""
    return librosa.filters.mel(
        sr=RATE, n_fft=spectrum.fft, n_mels=spectrum.bands, fmin=spectrum.low, fmax=spectrum.high, dtype=np.float32
    )


@lru_cache
def _sparse_filters(spectrum: Spectrum) -> "scipy.sparse.csr_array":
    """The filters, nearly all of whose weights are zero; their product does not depend on the threads of a BLAS."""
    return scipy.sparse.csr_array(mel_filters(spectrum))


def _magnitudes(wave: Wave, spectrum: Spectrum) -> Iterator[Frames]:
    """(N,) to pieces of (1 + fft // 2, at least 1 + N // hop)."""
    if spectrum.preemphasis:
        wave = np.append(wave[:1], wave[1:] - spectrum.preemphasis * wave[:-1]).astype(np.float32)
    # reflection needs more samples than half a transform; an extremely short clip is padded with silence first
    half = spectrum.fft // 2
    wave = np.pad(wave, (0, max(0, half + 1 - len(wave))))
    padded = np.pad(wave, half, mode="reflect")
    yield from map(np.abs, _transformed(padded, spectrum))


def _transformed(padded: Wave, spectrum: Spectrum) -> Iterator[NDArray[np.complex64]]:
    """Short-time transforms, the first of which begins with the first sample, in pieces of (1 + fft // 2, T).

    They are many times as large as the sound; in pieces, hours need little memory.
    """
    settings = {"n_fft": spectrum.fft, "hop_length": spectrum.hop, "win_length": spectrum.window}
    frames = 1 + (len(padded) - spectrum.fft) // spectrum.hop
    for first in range(0, frames, PIECE):
        last = min(first + PIECE, frames) - 1
        stretch = padded[first * spectrum.hop : last * spectrum.hop + spectrum.fft]
        yield librosa.stft(stretch, center=False, **settings)


def _mel(spectra: Iterable[Frames], spectrum: Spectrum) -> Frames:
    """Bands of spectra in pieces, (bands, T)."""
    return np.concatenate([_sparse_filters(spectrum) @ piece for piece in spectra], axis=1)


def log_mel(wave: Wave, spectrum: Spectrum = Spectrum()) -> Frames:
    """Natural logarithm of mel magnitudes.

    Args:
        wave: (N,) samples at 16 kHz.
        spectrum: the analysis.

    Returns:
        (1 + N // hop, bands), floored at log(FLOOR).

    >>> log_mel(np.zeros(1600, np.float32)).shape
    (11, 80)
    """
    frames = 1 + len(wave) // spectrum.hop
    return np.log(np.maximum(_mel(_magnitudes(wave, spectrum), spectrum), FLOOR)).T[:frames].astype(np.float32)


def decibel_mel(wave: Wave, spectrum: Spectrum = Spectrum()) -> Frames:
    """Decibels of mel magnitudes, such that 1 is a magnitude of 1 and 0 lies 80 dB below (van Niekerk et al., 2020).

    What is more than 80 dB below the loudest value of the recording is raised to there; so the values of a recording
    span 1 at most, but need not lie between 0 and 1.

    Args:
        wave: (N,) samples at 16 kHz.
        spectrum: the analysis.

    Returns:
        (1 + N // hop, bands).

    >>> decibel_mel(np.zeros(1600, np.float32)).shape
    (11, 80)
    """
    decibels = 20 / np.log(10) * log_mel(wave, spectrum)
    return (np.maximum(decibels, decibels.max() - DYNAMICS) / DYNAMICS + 1).astype(np.float32)


def hop_mel(wave: Wave, spectrum: Spectrum = Spectrum(window=1024, hop=256)) -> Frames:
    """Base-10 logarithm of mel magnitudes of whole hops (Kumar et al., 2019); frame i stands amid hop i.

    Args:
        wave: (N,) samples at 16 kHz; what is after the last whole hop does not count.
        spectrum: the analysis.

    Returns:
        (N // hop, bands), floored at log10(FLOOR).

    >>> hop_mel(np.zeros(2600, np.float32)).shape
    (10, 80)
    """
    padded = np.pad(wave, (spectrum.fft - spectrum.hop) // 2, mode="reflect")
    found = _transformed(padded, spectrum)
    magnitudes = (np.sqrt(np.square(piece.real) + np.square(piece.imag) + HOP_POWER) for piece in found)
    return np.log10(np.maximum(_mel(magnitudes, spectrum), FLOOR)).T.astype(np.float32)


def mfcc(wave: Wave, coefficients: int = 13, spectrum: Spectrum = Spectrum(bands=40)) -> Frames:
    """Mel-frequency cepstra with first and second differences (slopes over 9 frames).

    Args:
        wave: (N,) samples at 16 kHz.
        coefficients: cepstra per frame, the zeroth included.
        spectrum: the analysis.

    Returns:
        (1 + N // hop, 3 * coefficients).

    >>> mfcc(np.zeros(1600, np.float32)).shape
    (11, 39)
    """
    decibels = librosa.power_to_db(np.exp(2 * log_mel(wave, spectrum)), amin=FLOOR**2, top_db=None)
    return _cepstra(decibels.T, coefficients)


def power_mfcc(wave: Wave, coefficients: int = 13, spectrum: Spectrum = Spectrum(fft=400)) -> Frames:
    """Mel-frequency cepstra of bands that add up powers, not magnitudes, and lie 80 dB below the loudest at least.

    Args:
        wave: (N,) samples at 16 kHz.
        coefficients: cepstra per frame, the zeroth included.
        spectrum: the analysis.

    Returns:
        (1 + N // hop, 3 * coefficients).

    >>> power_mfcc(np.zeros(1600, np.float32)).shape
    (11, 39)
    """
    powers = _mel(map(np.square, _magnitudes(wave, spectrum)), spectrum)
    decibels = librosa.power_to_db(powers[:, : 1 + len(wave) // spectrum.hop], amin=FLOOR**2, top_db=DYNAMICS)
    return _cepstra(decibels, coefficients)


def _cepstra(decibels: Frames, coefficients: int) -> Frames:
    """(bands, T) to cepstra with their first and second slopes over 9 frames, (T, 3 * coefficients)."""
    static = librosa.feature.mfcc(S=decibels, n_mfcc=coefficients)
    slopes = [librosa.feature.delta(static, order=order, mode="nearest") for order in (1, 2)]
    return np.concatenate([static, *slopes]).T.astype(np.float32)


def mel_to_linear(log_frames: Frames, spectrum: Spectrum = Spectrum()) -> Frames:
    """Linear magnitudes whose mel bands are about the given ones.

    Each band is divided by its filter's sum and spread over the frequencies by the filters' weights. The filter bank's
    pseudo-inverse, which would be exact, turns the small errors of predicted bands into noise.

    Args:
        log_frames: (T, bands) natural logarithms.
        spectrum: the analysis they came from.

    Returns:
        (T, 1 + fft // 2) magnitudes.
    """
    filters = mel_filters(spectrum)
    density = np.exp(log_frames) / filters.sum(axis=1)
    return np.asarray(
        (_sparse_filters(spectrum).T @ density.T).T / np.maximum(filters.sum(axis=0), 1e-8), dtype=np.float32
    )
