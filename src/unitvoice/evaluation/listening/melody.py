"""What is left of the source's melody: F0 of conversions against that of their sources."""

import numpy as np
from numpy.typing import NDArray

from unitvoice import __version__
from unitvoice.audio import Wave
from unitvoice.evaluation.listening.judge import Figure, Heard, Judge
from unitvoice.evaluation.listening.pitch import compare_pitch
from unitvoice.features.f0 import HOP, track_f0

__all__ = ["Melody"]


class Melody(Judge):
    """Voicing and F0 against the source's, moved to the mean log-F0 of the conversion, as voices differ in it.

    See :func:`unitvoice.evaluation.listening.pitch.compare_pitch`. A system that keeps no pitch has a low correlation.
    """

    figures = (
        Figure("f0_voicing_errors", "%", "lower", "frames voiced in the source or in the conversion alone"),
        Figure("f0_gross_errors", "%", "lower", "frames voiced in both, whose F0 is off by more than 20 %"),
        Figure("f0_difference", "semitones", "lower", "root mean square, over the frames voiced in both"),
        Figure("f0_correlation", "-1 to 1", "higher", "of log-F0, over the frames voiced in both"),
    )
    name = "F0 by Praat, against the source's"
    version = __version__
    weights = ""

    def score(self, heard: Heard) -> dict[str, float]:
        """The figures; only voicing errors where no frame is voiced in both."""
        if min(len(heard.wave), len(heard.source)) < HOP:
            return {}
        true, found = _contours(heard.source, heard.wave)
        both = (true > 0) & (found > 0)
        if both.any():
            true *= np.exp(np.log(found[both]).mean() - np.log(true[both]).mean())
        scores = compare_pitch(true, found)
        figures = {
            "f0_voicing_errors": scores.vde,
            "f0_gross_errors": scores.gpe,
            "f0_difference": scores.semitones,
            "f0_correlation": scores.correlation,
        }
        return {name: value for name, value in figures.items() if value is not None}


def _contours(*waves: Wave) -> list[NDArray[np.float64]]:
    """F0 of recordings, (T,) Hz or 0, as long as the shortest of them."""
    contours = [track_f0(wave)[:, 0].astype(np.float64) for wave in waves]
    shortest = min(map(len, contours))
    return [contour[:shortest] for contour in contours]
