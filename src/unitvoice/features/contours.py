"""F0 as systems see it: contours normalised by speaker, and frames of another kind with the contour beside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice.errors import InputError
from unitvoice.features.f0_statistics import f0_statistics
from unitvoice.manifest import Utterance
from unitvoice.store import Store

__all__ = ["Contours", "WithContours", "beside"]

VALUES = 2  # of a frame of a contour


class Contours(Store):
    """A view of a store of F0: (T, 2), log-F0 in deviations from the mean of the speaker, and voicing.

    Where speech is not voiced, the first value is 0, as that of the mean; voicing tells them apart.

    Args:
        store: of a kind of F0.
        utterances: whose contours are wanted, and all that the statistics of their speakers are of.

    Raises:
        InputError: see :func:`unitvoice.features.f0_statistics.f0_statistics`.
    """

    def __init__(self, store: Store, utterances: Sequence[Utterance]) -> None:
        super().__init__(store.folder)
        self._speakers = {one.utterance: one.speaker for one in utterances if one.utterance in store}
        self._statistics = f0_statistics(store, [one for one in utterances if one.utterance in store])

    def __getitem__(self, utterance: str) -> NDArray[Any]:
        """The contour of an utterance."""
        f0, voicing = np.asarray(super().__getitem__(utterance)).T
        known = self._statistics.speakers.get(self._speakers[utterance], self._statistics.everyone)
        return np.stack([known.normalised(f0), voicing.astype(np.float32)], axis=1)


class WithContours(Store):
    """A view of a store: each frame, (D,), is followed by the values of the contour in the time up to the next one.

    Args:
        frames: of a rate that the contours' is a multiple of.
        contours: at 200 Hz.

    Raises:
        InputError: it is not.
    """

    def __init__(self, frames: Store, contours: Contours) -> None:
        super().__init__(frames.folder)
        self.contours = contours
        self._ratio = round(contours.rate / frames.rate)
        if self._ratio * frames.rate != contours.rate:
            raise InputError(
                f"F0 at {contours.rate:g} Hz cannot stand beside {frames.meta['kind']} at {frames.rate:g} Hz, as the "
                "rate is no multiple; take another kind of frames"
            )

    @property
    def width(self) -> int:
        """Values per frame."""
        return super().width + VALUES * self._ratio

    def __getitem__(self, utterance: str) -> NDArray[Any]:
        """Frames of an utterance, with those of its contour."""
        return beside(super().__getitem__(utterance), self.contours[utterance], self._ratio)


def beside(frames: NDArray[Any], contour: NDArray[Any], ratio: int) -> NDArray[np.float32]:
    """Frames, (T, D), each followed by ``ratio`` frames of a contour, (T', 2): (T, D + 2 * ratio).

    After its end the contour is not voiced.
    """
    missing = max(0, ratio * len(frames) - len(contour))
    lasting = np.pad(contour, ((0, missing), (0, 0)))[: ratio * len(frames)]
    return np.hstack([frames, lasting.reshape(len(frames), VALUES * ratio)]).astype(np.float32)
