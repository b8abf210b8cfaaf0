"""Voices of a generator: rows of a table, or what is heard of recordings."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from unitvoice.errors import InputError, listed
from unitvoice.nn.ranks import total
from unitvoice.nn.speaker_encoder import SpeakerEncoder

__all__ = ["HeardVoices", "VoiceTable", "others_of_same"]


class VoiceTable(nn.Embedding):
    """A row for each speaker by name, and how many crops of each were learned from.

    Shape:
        input (B,) rows; output (B, width).
    """

    learned: Tensor  # (S,) int64

    def __init__(self, speakers: Sequence[str], width: int) -> None:
        super().__init__(len(speakers), width)
        self._speakers = tuple(speakers)
        self.register_buffer("learned", torch.zeros(len(speakers), dtype=torch.int64))

    def count(self, speakers: Tensor) -> None:
        """Note the (B,) speakers of a batch that is learned from."""
        self.learned += total(torch.bincount(speakers, minlength=len(self.learned)))

    def check(self, row: int) -> None:
        """InputError for a speaker of whom nothing was learned."""
        if not self.learned[row]:
            known = [name for name, crops in zip(self._speakers, self.learned.tolist(), strict=True) if crops]
            raise InputError(
                f"the model has not learned to speak as {self._speakers[row]}, but as "
                f"{listed(known, 20) or 'nobody yet'}; train its generator with recordings of that voice"
            )


class HeardVoices(nn.Module):
    """Voices by an encoder of frames, which may be of anybody.

    Args:
        values: of a frame.
        width: of a voice.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, values: int, width: int) -> None:
        super().__init__()
        self.encoder = SpeakerEncoder(values, width)
        self.register_buffer("mean", torch.zeros(values))
        self.register_buffer("scale", torch.ones(values))
        self._heard: dict[str, Tensor] = {}  # speaker -> (width,)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, values) frames to voices, (B, width)."""
        voices: Tensor = self.encoder(((frames.float() - self.mean) / self.scale).mT)
        return voices

    def hear(self, speaker: str, recordings: Sequence[Tensor]) -> None:
        """Remember a voice as the mean over recordings, each (T, values)."""
        self._heard[speaker] = torch.cat([self(frames[None]) for frames in recordings]).mean(dim=0)

    def voice(self, speaker: str) -> Tensor:
        """A voice that was heard, (width,); InputError for another."""
        if speaker not in self._heard:
            raise InputError(f"the model has not heard the speaker {speaker!r}; give it recordings as references")
        return self._heard[speaker].to(self.mean.device)  # it may have been heard elsewhere


def others_of_same(speakers: Tensor) -> Tensor:
    """For each crop of (B,) speakers the place of the next one of the same, around the end; its own where it is alone.

    >>> others_of_same(torch.tensor([4, 7, 4, 4, 9]))
    tensor([2, 1, 3, 0, 4])
    """
    count = len(speakers)
    places = torch.arange(count, device=speakers.device)
    steps = (places - places[:, None] - 1) % count  # how far each crop is after the one that follows
    strangers = speakers != speakers[:, None]
    return steps.masked_fill(strangers, count).argmin(dim=1)
