"""A recurrent vocoder: units in, mu-law codes of the wave out, one after the other."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["GruVocoder"]


class GruVocoder(nn.Module):
    """An autoregressive GRU over companded samples (Lorenzo-Trueba et al., 2019; van Niekerk et al., 2020).

    Vectors and the speaker's embedding pass a bidirectional GRU at the conditioning rate; the next sample is predicted
    from the sample before and the conditioning frame that it stands in.

    Args:
        inputs: values per vector, W.
        speakers: rows of the speaker table.
        speaker_width: values per speaker.
        conditioning: units of each direction of the two-layer conditioning GRU, C / 2.
        sample_width: values per embedded sample.
        hidden: units of the GRU over samples.
        head: units of the layer before the logits.
        levels: codes of the wave; the one in the middle is silence, and stands before the first sample.
        hop: samples per conditioning frame.
        upsample: conditioning frames per vector.

    >>> vocoder = GruVocoder(8, speakers=2, hidden=16)
    >>> codes = torch.zeros(1, 640, dtype=torch.int64)
    >>> vocoder(torch.zeros(1, 2, 8), torch.tensor([1]), codes).shape
    torch.Size([1, 640, 256])
    """

    def __init__(
        self,
        inputs: int,
        speakers: int,
        *,
        speaker_width: int = 64,
        conditioning: int = 128,
        sample_width: int = 256,
        hidden: int = 896,
        head: int = 256,
        levels: int = 256,
        hop: int = 160,
        upsample: int = 2,
    ) -> None:
        super().__init__()
        self.levels, self.hop, self.upsample = levels, hop, upsample
        self.start = levels // 2
        self.speaker_table = nn.Embedding(speakers, speaker_width)
        self.conditioning = nn.GRU(
            inputs + speaker_width, conditioning, num_layers=2, batch_first=True, bidirectional=True
        )
        self.sample_table = nn.Embedding(levels, sample_width)
        self.recurrence = nn.GRU(sample_width + 2 * conditioning, hidden, batch_first=True)
        self.head = nn.Sequential(nn.Linear(hidden, head), nn.ReLU(), nn.Linear(head, levels))

    def condition(self, vectors: Tensor, speakers: Tensor) -> Tensor:
        """Conditioning frames of vectors, (B, T, W), and rows of the speaker table, (B,): (B, upsample * T, C)."""
        frames = vectors.repeat_interleave(self.upsample, dim=1)
        voice = self.speaker_table(speakers)[:, None].expand(-1, frames.shape[1], -1)
        conditioned: Tensor = self.conditioning(torch.cat([frames, voice], dim=-1))[0]
        return conditioned

    def forward(self, vectors: Tensor, speakers: Tensor, codes: Tensor, first: int = 0) -> Tensor:
        """Logits of each sample, given all samples before it (teacher forcing).

        Args:
            vectors: (B, T, W).
            speakers: (B,) rows of the speaker table.
            codes: (B, S) int64, the samples; S is at most (upsample * T - first) * hop.
            first: conditioning frame in which they begin.

        Returns:
            (B, S, levels); those at t do not depend on the codes at t and later.

        Raises:
            ValueError: there are more samples than the vectors last for.
        """
        samples = codes.shape[1]
        frames = self.condition(vectors, speakers)[:, first : first - (-samples // self.hop)]
        condition = frames.repeat_interleave(self.hop, dim=1)[:, :samples]
        if condition.shape[1] < samples:
            raise ValueError(f"the vectors last for {condition.shape[1]} samples, not for {samples}")
        before = F.pad(codes[:, :-1], (1, 0), value=self.start)
        hidden = self.recurrence(torch.cat([self.sample_table(before), condition], dim=-1))[0]
        logits: Tensor = self.head(hidden)
        return logits
