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

    def conditions(self, indices: Tensor, speaker: str) -> Tensor:
        """(T, G) codes in a voice to (F, width) conditions of the stepper; InputError for an unknown speaker."""
        ...

    def wave(self, samples: Tensor) -> Wave:
        """(N,) samples of the stepper as sound."""
        ...
