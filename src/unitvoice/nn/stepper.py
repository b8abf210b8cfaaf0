"""What every network that speaks sample by sample offers to the generator."""

from typing import Protocol

from torch import Tensor

__all__ = ["Stepper"]


class Stepper(Protocol):
    """A network with its state unrolled over time: a fixed number of rows, one utterance in each.

    All tensors stay where they are and are changed in place, so that the steps can be captured as a graph on a GPU. A
    row's samples depend on its own conditions and noise alone.
    """

    rows: int  # utterances in flight
    hop: int  # samples per frame of conditions
    width: int  # values per frame of conditions
    draws: int  # uniform numbers that a sample needs
    device: str  # where its tensors are
    logits: Tensor  # (rows, ...) what the last sample was drawn from

    def clear(self, row: int) -> None:
        """Begin a new utterance in a row."""
        ...

    def step(self, condition: Tensor, noise: Tensor) -> Tensor:
        """The next sample of all rows, remembered as the past of the one after it.

        Args:
            condition: (rows, width).
            noise: (rows, draws), even in [0, 1).

        Returns:
            (rows,) in the network's own form: codes or amplitudes.
        """
        ...

    def remember(self, samples: Tensor) -> None:
        """Take (rows,) samples for the last ones instead of those that were drawn."""
        ...
