"""``wavernn-unconditional``: babble, sample by sample, by WaveRNN on a stack of contexts (mkotha/WaveRNN, 2019).

It is told nothing, neither units nor voices, and speaks like the corpus as a whole. It is trained like a system and
becomes the same kind of model folder; ``python -m unitvoice babble`` speaks it.

Departures from the original: 16,000 samples a second, not 22,050; coarse and fine numbers are kept apart in each pass,
not after each update.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import PositiveInt
from torch import Tensor

from unitvoice.audio import RATE
from unitvoice.errors import InputError
from unitvoice.nn.context_stack import ContextStack
from unitvoice.nn.context_stepper import ContextStepper
from unitvoice.nn.precision import Precision
from unitvoice.nn.wavernn import surprise
from unitvoice.systems.base import Batch, System
from unitvoice.systems.preparation import check_crops
from unitvoice.systems.speaking import SixteenBits

__all__ = ["Settings", "UnconditionalWaveRnn"]


@dataclass(frozen=True)
class Settings:
    """The numbers of the network."""

    channels: PositiveInt = 128  # of its convolutions
    stack: PositiveInt = 512  # units of each GRU of its stack
    warmup: PositiveInt = 64  # states that each of these drops
    hidden: PositiveInt = 896  # units of the network over samples
    head: PositiveInt = 896


class UnconditionalWaveRnn(SixteenBits, System):
    """The network; see the module's docstring."""

    input = "wave"
    has_units = False

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(speakers)
        self.decoder = ContextStack(
            0,
            channels=settings.channels,
            width=settings.stack,
            hidden=settings.hidden,
            head=settings.head,
            warmup=settings.warmup,
        )

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """InputError: there is nothing to learn from crops that are so short."""
        check_crops(stage, batch)
        samples, needed = batch.frames[self.input].shape[1], self.decoder.before + self.decoder.hop
        if samples < needed:
            raise InputError(
                f"a crop of {samples / RATE:g} s is too short: samples are learned after {needed} others "
                f"({needed / RATE:g} s); lengthen the crop of stage {stage}"
            )

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """Cross-entropy of the coarse and fine numbers of the samples after those that warm the network up."""
        samples = batch.frames[self.input][..., 0].long()
        hops = (samples.shape[1] - self.decoder.before) // self.decoder.hop
        samples = samples[:, : self.decoder.before + hops * self.decoder.hop]
        logits = self.decoder(samples, *self._nothing(len(samples), self.decoder.steps + hops))
        coarse, fine = surprise(logits, samples[:, self.decoder.before :])
        return {"coarse": coarse, "fine": fine}

    def _nothing(self, crops: int, steps: int) -> tuple[Tensor, Tensor]:
        """Vectors and voices without a value: (B, T, 0) and (B, 0)."""
        some = next(self.parameters())
        return some.new_zeros(crops, steps, 0), some.new_zeros(crops, 0)

    def stepper(self, rows: int, precision: Precision) -> ContextStepper:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        silence, voices = self._nothing(1, 1)
        return ContextStepper(self.decoder, voices, silence[0, 0], rows, precision)

    def conditions(self, units: Tensor, speaker: str) -> Tensor:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`; (T, 0) units are nothing, of 64 samples each."""
        return units.new_zeros(len(units), 1)  # the number of the only voice
