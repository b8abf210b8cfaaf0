"""What every system is: what it reads, how it is trained, how it encodes, how it speaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor, nn

from unitvoice.errors import InputError, listed

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


class Units(NamedTuple):
    """The units of one utterance."""

    indices: Tensor  # (T, G) int64: one code per codebook
    vectors: Tensor  # (T, D): the code vectors, straight from the codebook
    continuous: Tensor  # (T, D): what was quantised


class System(nn.Module):
    """Base of all systems.

    A system knows its speakers by name; the row in a speaker table is the place in ``speakers``.
    """

    input: str  # kind of frames that `encode` reads
    unit_rate: float  # units per second
    unit_first: float  # s, time of the first unit's centre
    prior: float  # see `mean_frames`: how far an utterance's mean frame is drawn to its speaker's before encoding

    def __init__(self, speakers: Sequence[str]) -> None:
        super().__init__()
        self.speakers = tuple(speakers)
        self.trained_on: dict[str, Any] = {}  # kind -> what a model folder says of the frames

    def players(self, stage: str) -> Mapping[str, tuple[nn.Module, ...]]:
        """The modules that a stage trains, by player, in the order of their turns within a step.

        A player has an optimiser of its own. In its turn its modules are in training mode, and everything else is
        frozen and in evaluation mode. Most systems have one player; an adversarial one has two.
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

    def decode(self, indices: Tensor, speaker: str, frames: int) -> Tensor:
        """Speak units in a voice: (T, G) codes to (frames, D) frames for a vocoder."""
        raise NotImplementedError

    def speaker_row(self, speaker: str) -> int:
        """Row of a speaker in the speaker table; InputError for one the model does not know."""
        if speaker not in self.speakers:
            raise InputError(f"the model does not know the speaker {speaker!r}; it knows {listed(self.speakers, 20)}")
        return self.speakers.index(speaker)
