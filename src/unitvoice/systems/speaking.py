"""What systems that make sound by themselves offer beside the protocol of all systems."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from unitvoice.audio import Wave
from unitvoice.nn.precision import Precision
from unitvoice.nn.sixteen_bits import amplitude
from unitvoice.nn.stepper import Stepper

__all__ = ["SixteenBits", "SpeaksSamples", "SpeaksWaves", "Vocodes"]


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


class SixteenBits:
    """Of a system that speaks sample by sample in 16 bits: how these sound."""

    def wave(self, samples: Tensor) -> Wave:
        """See :class:`SpeaksSamples`."""
        spoken: Wave = amplitude(samples).cpu().numpy()
        return spoken


@runtime_checkable
class SpeaksWaves(Protocol):
    """A system that speaks an utterance at once."""

    def speak(self, units: Tensor, speaker: str, samples: int) -> Wave:
        """The same units always give the same sound, of just so many samples at 16 kHz.

        InputError for a speaker that is not known.

        Args:
            units: (T, G) codes, or (T, D) vectors of a system without codes.
            speaker: whose voice they are spoken in.
            samples: length of the result.
        """
        ...


@runtime_checkable
class Vocodes(Protocol):
    """A system that makes sound of what others decode."""

    def vocode(self, frames: Tensor, samples: int) -> Wave:
        """(T, D) frames of the kind ``input`` as just so many samples at 16 kHz; the same frames, the same sound."""
        ...
