"""What a system that speaks sample by sample offers beside the protocol of all systems."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from unitvoice.audio import Wave
from unitvoice.nn.precision import Precision
from unitvoice.nn.stepper import Stepper

__all__ = ["SpeaksSamples"]


@runtime_checkable
class SpeaksSamples(Protocol):
    """A system whose decoder predicts each sample from those before it."""

    def stepper(self, rows: int, precision: Precision) -> Stepper:
        """The decoder unrolled over time, for so many utterances in flight."""
        ...

    def conditions(self, units: Tensor, speaker: str) -> Tensor:
        """Conditions of the stepper, (F, width); InputError for a speaker that is not known, or was not heard.

        Args:
            units: (T, G) codes, or (T, D) vectors of a system without codes.
            speaker: whose voice they are spoken in.
        """
        ...

    def wave(self, samples: Tensor) -> Wave:
        """(N,) samples of the stepper as sound."""
        ...
