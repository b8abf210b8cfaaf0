"""What every system is: what it reads, how it is trained, how it encodes, how it speaks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from unitvoice.errors import InputError, listed

if TYPE_CHECKING:
    from unitvoice.provenance import Seal

__all__ = ["Batch", "System", "Units"]


@dataclass(frozen=True)
class Batch:
    """Crops of equal length, or whole utterances that hold their last frame; all kinds cover the same stretch of time.

    Where a stage asks for so many speakers, the utterances of each stand together.
    """

    frames: dict[str, Tensor]  # kind -> (B, T, D)
    speakers: Tensor  # (B,) rows of the speaker table
    utterances: tuple[str, ...]
    lengths: dict[str, Tensor] = field(default_factory=dict)  # kind -> (B,) frames that are no padding
    means: dict[str, Tensor] = field(default_factory=dict)  # kind -> (B, D) mean frames of the utterances, where told

    @property
    def padded(self) -> bool:
        """Whether some utterances are shorter than others and hold their last frame."""
        return any(bool((lengths < self.frames[kind].shape[1]).any()) for kind, lengths in self.lengths.items())

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device; what was pinned is copied while the work goes on."""
        return self._with(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Batch":
        """The batch in memory that a GPU can read by itself; torch's loader calls this."""
        return self._with(Tensor.pin_memory)

    def parts(self, count: int) -> "list[Batch]":
        """The batch cut into equal parts, in order."""
        size = len(self.utterances) // count
        return [self._rows(slice(first, first + size)) for first in range(0, count * size, size)]

    def _rows(self, rows: slice) -> "Batch":
        return replace(self._with(lambda tensor: tensor[rows]), utterances=self.utterances[rows])

    def _with(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        return replace(
            self,
            frames={kind: change(frames) for kind, frames in self.frames.items()},
            speakers=change(self.speakers),
            lengths={kind: change(lengths) for kind, lengths in self.lengths.items()},
            means={kind: change(means) for kind, means in self.means.items()},
        )


class Units(NamedTuple):
    """The units of one utterance."""

    indices: Tensor  # (T, G) int64: one code per codebook; of a system without codes (T, 0)
    vectors: Tensor  # (T, D): the code vectors, straight from the codebook; without codes what was encoded
    continuous: Tensor  # (T, D): what was quantised


class System(nn.Module):
    """Base of all systems.

    A system knows its speakers by name; the row in a speaker table is the place in ``speakers``.
    """

    input: str  # kind of frames that `encode` reads
    shortest: int = 1  # frames of it that `encode` needs at least
    unit_rate: float  # units per second
    unit_first: float  # s, time of the first unit's centre
    has_units: bool = True  # a network that only makes sound has none
    discrete: bool = True  # whether units have codes; without, they are spoken from their vectors
    hears: bool = False  # whether it has to hear a voice before it can speak in it
    prior: float  # see `mean_frames`: how far an utterance's mean frame is drawn to its speaker's before encoding
    told_means: bool = False  # whether batches tell the mean frames that `encode` would be given of the utterances
    pitch: str | None = None  # kind of F0 whose contour `encode` finds beside the frames; see `WithContours`

    def __init__(self, speakers: Sequence[str]) -> None:
        super().__init__()
        self.speakers = tuple(speakers)
        self.trained_on: dict[str, Any] = {}  # kind -> what a model folder says of the frames
        self.seal: Seal | None = None  # of the folder that it was read from

    def players(self, stage: str) -> Mapping[str, tuple[nn.Module, ...]]:
        """The modules that a stage trains, by player, in the order of their turns within a step.

        A player has an optimiser of its own. In its turn its modules are in training mode, and everything else is
        frozen and in evaluation mode. Most systems have one player; an adversarial one has two. What no player is
        ever to change is a buffer, not a parameter.
        """
        return {"system": (self,)}

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """The weighted terms whose sum a player minimises in its turn, by name; names differ between players."""
        raise NotImplementedError

    def monitor(self) -> dict[str, float]:
        """Figures worth watching that are not losses (codebook usage and the like)."""
        return {}

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Set what is estimated from data before the first step (statistics, codebooks)."""

    def encode(self, frames: Tensor, mean: Tensor) -> Units:
        """Units of one whole utterance: no speaker, no text, the same result in any company.

        Args:
            frames: (T, D) of the kind ``input``.
            mean: (D,), the mean frame to normalise with.
        """
        raise NotImplementedError

    def hear(self, speaker: str, recordings: Sequence[Tensor]) -> None:
        """Remember the voice of some recordings, each (T, D) frames of the kind ``input``; where :attr:`hears`.

        Raises:
            InputError: the system can speak in the voices of its training alone, and this is none of them.
        """
        raise NotImplementedError

    def decode(self, indices: Tensor, speaker: str, frames: int) -> Tensor:
        """Speak units in a voice: (T, G) codes to (frames, D) frames for a vocoder."""
        raise NotImplementedError

    def speaker_row(self, speaker: str) -> int:
        """Row of a speaker in the speaker table; InputError for one the model does not know."""
        if speaker not in self.speakers:
            raise InputError(f"the model does not know the speaker {speaker!r}; it knows {listed(self.speakers, 20)}")
        return self.speakers.index(speaker)
