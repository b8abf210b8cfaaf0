"""Judges without weights: what follows from a formula."""

import librosa  # like scipy, it loads its parts when they are used
import numpy as np
import scipy
from numpy.typing import NDArray

from unitvoice import __version__
from unitvoice.audio import Wave
from unitvoice.evaluation.listening.judge import Figure, Heard, Judge
from unitvoice.features.spectral import log_mel

__all__ = ["CepstralDistortion", "Duration", "mel_cepstra"]

ORDER = 24  # cepstra that are compared; the zeroth, loudness, is not
TO_DECIBEL = 10 / np.log(10) * np.sqrt(2)


def mel_cepstra(wave: Wave) -> NDArray[np.float64]:
    """Cepstra 1 to 24 of the log-mel magnitudes: the cosine series of the logarithm of the spectrum on the mel axis.

    Args:
        wave: (N,) samples at 16 kHz.

    Returns:
        (1 + N // 160, 24). The root mean square of the difference of two spectra that differ in these cepstra only, in
        dB, is the Euclidean distance of the cepstra times 10 / ln 10 * sqrt(2).
    """
    frames = log_mel(wave).astype(np.float64)
    series: NDArray[np.float64] = scipy.fft.dct(frames, type=2, axis=1) / frames.shape[1]
    return series[:, 1 : ORDER + 1]


class CepstralDistortion(Judge):
    """Mel-cepstral distortion (Kubichek, 1993) to the target speaker's recording of the sentence, along a DTW path."""

    figures = (
        Figure(
            "mel_cepstral_distortion", "dB", "lower", "distance of spectra from the target's own recording, aligned"
        ),
    )
    name = "mel-cepstral distortion, 24 cepstra of 80 mel bands, DTW"
    version = __version__
    weights = ""

    def score(self, heard: Heard) -> dict[str, float]:
        """The mean over the path; none without a reference."""
        if heard.reference is None:
            return {}
        costs = TO_DECIBEL * scipy.spatial.distance.cdist(mel_cepstra(heard.wave), mel_cepstra(heard.reference))
        _, path = librosa.sequence.dtw(C=costs)
        return {"mel_cepstral_distortion": float(costs[path[:, 0], path[:, 1]].mean())}


class Duration(Judge):
    """How long a conversion is."""

    figures = (Figure("length_ratio", "times", None, "length of the conversion over that of the source"),)
    name = "length in samples"
    version = __version__
    weights = ""

    def score(self, heard: Heard) -> dict[str, float]:
        """The ratio."""
        return {"length_ratio": len(heard.wave) / len(heard.source)}
