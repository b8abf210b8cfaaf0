"""Where in a wave units are made and spoken, when a decoder needs samples and units before those that it learns."""

import math
from dataclasses import dataclass

__all__ = ["Alignment", "Place"]


@dataclass(frozen=True)
class Place:
    """What of a crop is learned."""

    start: int  # sample with which it begins
    spoken: int  # units
    first: int  # number of the first unit that is made of the crop; the one spoken at `start` is number 0
    made: int  # units


@dataclass(frozen=True)
class Alignment:
    """All follows from strides. Times are in samples, and a unit sees samples on both sides of its centre.

    The unit that is spoken from sample 0 on has seen the ``field`` samples up to ``stride + ahead``.
    """

    stride: int  # samples per unit, a multiple of `hop`
    field: int  # samples that a unit sees
    hop: int  # samples per vector of the decoder, which gets each unit so often as it lasts
    steps: int  # vectors before the first sample that the decoder learns
    before: int  # samples before it
    advance: int  # vectors by which the decoder is told in advance
    shift: int = 0  # largest random shift of what the encoder hears

    @property
    def hold(self) -> int:
        """Vectors per unit."""
        return self.stride // self.hop

    @property
    def context(self) -> int:
        """Samples that a unit sees beside its own."""
        return self.field - self.stride

    @property
    def ahead(self) -> int:
        """Samples after its own that the unit has seen which is spoken."""
        return self.advance * self.hop

    @property
    def earlier(self) -> int:
        """Units before the first sample that the decoder learns."""
        return math.ceil(self.steps / self.hold)

    @property
    def heard_before(self) -> int:
        """Samples before it that the encoder hears."""
        return self.context - self.ahead + self.earlier * self.stride

    @property
    def left(self) -> int:
        """Samples of a crop before the first that is learned."""
        return max(self.before, self.heard_before + self.shift)

    @property
    def right(self) -> int:
        """Samples of a crop after the last that is learned."""
        return self.ahead + max(self.shift - 1, 0)

    @property
    def skipped(self) -> int:
        """Units from one to the one that is spoken in its time; for which see :attr:`start`."""
        return math.floor((self.ahead + (self.stride - self.field) / 2) / self.stride + 0.5)

    @property
    def start(self) -> int:
        """First sample that unit 0 of an utterance sees; negative.

        Of the grids of units that agree with how they are spoken, the one whose centres are nearest to the middles of
        equal stretches from the utterance's beginning.
        """
        return self.stride * (1 - self.skipped) + self.ahead - self.field

    @property
    def centre(self) -> float:
        """Time of the middle of what unit 0 sees."""
        return self.start + self.field / 2

    def padding(self, samples: int) -> tuple[int, int]:
        """Samples to put before and after an utterance, so that there is a unit for each stretch that it begins."""
        count = math.ceil(samples / self.stride)
        return -self.start, (count - 1) * self.stride + self.start + self.field - samples

    @property
    def most_padding(self) -> int:
        """The most that :meth:`padding` gives."""
        return max(-self.start, self.start + self.field - 1)

    def place(self, samples: int, window: int | None, *, whole: bool) -> Place | None:
        """What to learn of a crop; None of one that is too short.

        Args:
            samples: of the crop.
            window: units in its middle that are spoken at most; None for all.
            whole: whether to make units of the whole crop, or of what is spoken alone.
        """
        room = samples - self.left - self.right
        spoken = min(room // self.stride, window or room)
        if spoken < 1:
            return None
        start = self.left + (room - spoken * self.stride) // 2
        first, last = -self.earlier, spoken
        if whole:
            first = math.ceil((self.field + self.shift - start - self.ahead) / self.stride) - 1
            last = (samples - start - self.right) // self.stride
        return Place(start, spoken, first, last - first)

    def heard(self, place: Place) -> tuple[int, int]:
        """First sample of a crop, without shift, that its units see, and how many samples."""
        first = place.start + self.stride * (place.first + 1) + self.ahead - self.field
        return first, self.field + (place.made - 1) * self.stride
