"""The contour of F0 of a recording by itself: as it is, transposed, or flat."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice.errors import InputError
from unitvoice.features.f0_statistics import log_f0

__all__ = ["AS_IT_IS", "Intonation"]

SEMITONES = 12  # per octave


@dataclass(frozen=True)
class Intonation:
    """What is made of the contour of a recording.

    Args:
        shift: semitones up, as far as the range of the target's voice is that of the recording: a voice with twice
            the deviation of log-F0 moves twice as far.
        flat: whether all voiced frames are at the speaker's mean, before they are shifted.
    """

    shift: float = 0.0
    flat: bool = False

    def __post_init__(self) -> None:  # noqa: D105 - it refuses what is no number
        if not math.isfinite(self.shift):
            raise InputError(f"pitch cannot be shifted by {self.shift} semitones; give a finite number")

    def contour(self, f0: NDArray[Any]) -> NDArray[np.float32]:
        """A contour as :class:`unitvoice.features.contours.Contours` has, by the statistics of the recording itself.

        Args:
            f0: (T, 2) frames of a kind of F0.

        Returns:
            (T, 2): log-F0 in deviations from its mean, 0 where not voiced, and voicing.
        """
        hertz, voicing = np.asarray(f0, dtype=np.float64).T
        voiced = voicing > 0
        values = np.zeros(len(hertz))
        if voiced.any():
            own = log_f0(np.log(hertz[voiced]))
            values = (0 if self.flat else own.normalised(hertz)) + self.shift * np.log(2) / SEMITONES / own.deviation
        return np.stack([np.where(voiced, values, 0), voicing], axis=1).astype(np.float32)


AS_IT_IS = Intonation()
