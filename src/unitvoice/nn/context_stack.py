"""WaveRNN on a stack of contexts: networks at slower and slower rates remember what was spoken."""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.nn.gated_convolution import GatedConvolution
from unitvoice.nn.sixteen_bits import scaled, split
from unitvoice.nn.wavernn import WaveRnn

__all__ = ["ContextStack"]

FACTOR = 4  # between the rates of neighbours


class Halvings(nn.Module):
    """Two gated convolutions of stride 2.

    Shape:
        input (B, inputs, T) and (B, E); output (B, channels, (T - 10) // 4 + 1).
    """

    FIELD = 10

    def __init__(self, inputs: int, channels: int, voice: int) -> None:
        super().__init__()
        self.first = GatedConvolution(inputs, channels, 2, voice=voice)
        self.second = GatedConvolution(channels, channels, 2, voice=voice)

    def forward(self, x: Tensor, voice: Tensor) -> Tensor:
        """Convolve."""
        halved: Tensor = self.second(self.first(x, voice), voice)
        return halved


class Context(nn.Module):
    """A GRU at a slow rate, of whose states four frames each are made."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.recurrence = nn.GRU(inputs, width, batch_first=True)
        self.spread = nn.ConvTranspose1d(width, width, FACTOR, FACTOR)

    def states(self, x: Tensor) -> Tensor:
        """(B, T, inputs) to (B, T, width)."""
        states: Tensor = self.recurrence(x)[0]
        return states

    def forward(self, states: Tensor) -> Tensor:
        """(B, T, width) states to (B, 4 T, width) frames."""
        frames: Tensor = self.spread(states.mT).mT
        return frames


class ContextStack(nn.Module):
    """The decoder "overtone" of mkotha/WaveRNN (2019), which predicts samples of 16 bits from those before.

    On the way down, convolutions bring the coarse numbers of the samples to rates 1/4, 1/16 and 1/64. On the way up,
    the GRU of each rate reads what the convolutions made at this rate and the frames of the GRU below; the slowest
    reads the vectors to be spoken. WaveRNN reads the frames of the fastest. The voice is told to all layers.

    The first states of each GRU are dropped, until it has warmed up. Thus :attr:`before` samples and :attr:`steps`
    vectors precede the first sample that is predicted.

    Args:
        inputs: values per vector, D; 0 for a network that nothing is told.
        voice: values of a voice, E, or 0.
        channels: of the convolutions.
        width: units of the GRUs of the stack.
        hidden: units of WaveRNN.
        head: units before its logits.
        warmup: states that each GRU drops.
        levels: rates of the stack.

    >>> stack = ContextStack(5, voice=2, channels=4, width=6, hidden=8, head=4, warmup=8)
    >>> samples = torch.zeros(1, stack.before + 2 * stack.hop, dtype=torch.int64)
    >>> stack(samples, torch.zeros(1, stack.steps + 2, 5), torch.zeros(1, 2)).shape
    torch.Size([1, 128, 2, 256])
    """

    def __init__(
        self,
        inputs: int,
        voice: int = 0,
        *,
        channels: int = 128,
        width: int = 512,
        hidden: int = 896,
        head: int = 896,
        warmup: int = 64,
        levels: int = 3,
    ) -> None:
        super().__init__()
        self.inputs, self.channels, self.width, self.warmup = inputs, channels, width, warmup
        # the fastest first
        self.down = nn.ModuleList(Halvings(channels if level else 1, channels, voice) for level in range(levels))
        told = [*[width] * (levels - 1), inputs]
        self.up = nn.ModuleList(Context(channels + frames + voice, width) for frames in told)
        self.wavernn = WaveRnn(width + voice, hidden=hidden, head=head)
        self.hop = FACTOR**levels  # samples per vector

    @property
    def levels(self) -> list[tuple[Halvings, Context]]:
        """Both parts of each rate, the fastest first."""
        return cast("list[tuple[Halvings, Context]]", list(zip(self.down, self.up, strict=True)))

    @property
    def reach(self) -> int:
        """Samples before the one from which the slowest convolution makes its first frame."""
        return (Halvings.FIELD - 1) * sum(FACTOR**level for level in range(len(self.down)))

    @property
    def steps(self) -> int:
        """Vectors that precede the first sample which is predicted."""
        return math.ceil(self.warmup * sum(FACTOR**level for level in range(len(self.down) + 1)) / self.hop)

    @property
    def before(self) -> int:
        """Samples that precede the first one which is predicted."""
        return self.reach + self.hop * self.steps

    def forward(self, samples: Tensor, vectors: Tensor, voice: Tensor) -> Tensor:
        """Logits of the samples after the first ``before``, given all before each (teacher forcing).

        Args:
            samples: (B, before + U * hop) int64 of 16 bits; silence is taken to stand before them.
            vectors: (B, steps + U, D), the last of which are spoken in the last ``U * hop`` samples.
            voice: (B, E).

        Returns:
            (B, U * hop, 2, 256), see :class:`WaveRnn`.

        Raises:
            ValueError: there are not as many samples as vectors, or too few.
        """
        spoken = (vectors.shape[1] - self.steps) * self.hop
        if spoken <= 0 or samples.shape[1] != self.before + spoken:
            raise ValueError(f"{vectors.shape[1]} vectors and {samples.shape[1]} samples do not belong together")
        return self.wavernn.logits(self.states(samples, vectors, voice)[-1][:, -spoken:])

    def states(self, samples: Tensor, vectors: Tensor, voice: Tensor) -> list[Tensor]:
        """States of all GRUs, the slowest first, (B, T, width) each, and of WaveRNN; see :meth:`forward`."""
        frames, states = vectors, []
        for heard, (_, context) in zip(reversed(self.heard(samples, voice)), reversed(self.levels), strict=True):
            now = heard[:, -frames.shape[1] :]  # all rates end at the same time
            states.append(context.states(_told(torch.cat([now, frames], dim=-1), voice)))
            frames = context(states[-1][:, self.warmup :])
        conditions = _told(frames, voice)
        return [*states, self.wavernn.states(conditions, samples[:, -frames.shape[1] - 1 :])]

    def heard(self, samples: Tensor, voice: Tensor) -> list[Tensor]:
        """What the convolutions make of the samples up to the one before each, (B, T, channels), the fastest first."""
        past = F.pad(samples[:, :-1], (1, 0))
        x, heard = scaled(split(past)[..., 0])[:, None], []
        for halvings in self.down:
            x = halvings(x, voice)
            heard.append(x.mT)
        return heard


def _told(frames: Tensor, voice: Tensor) -> Tensor:
    """Frames, (B, T, X), each with the voice, (B, E), beside it."""
    return torch.cat([frames, voice[:, None].expand(-1, frames.shape[1], -1)], dim=-1)
