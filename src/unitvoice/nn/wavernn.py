"""WaveRNN: the next sample of 16 bits, first its coarse number and then its fine one."""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from unitvoice.nn.sixteen_bits import LEVELS, scaled, split

__all__ = ["WaveRnn", "surprise"]


class WaveRnn(nn.Module):
    """A GRU of which one half predicts the coarse number and the other one, told the coarse one, the fine one.

    After Kalchbrenner et al. (2018). What the first half must not see, the coarse number of the sample that is
    predicted, is masked in each pass, whatever the weights are: before the first step, and in a model that was read.

    Args:
        inputs: values per condition, C.
        hidden: units of the GRU, even.
        head: units of the layer before the logits.

    >>> network = WaveRnn(3, hidden=8, head=4)
    >>> network(torch.zeros(1, 5, 3), torch.zeros(1, 6, dtype=torch.int64)).shape
    torch.Size([1, 5, 2, 256])
    """

    mask: Tensor

    def __init__(self, inputs: int, *, hidden: int = 896, head: int = 896) -> None:
        super().__init__()
        self.hidden = hidden
        # conditions, then the coarse and the fine number of the sample before, and the coarse one of this
        self.recurrence = nn.GRU(inputs + 3, hidden, batch_first=True)
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden // 2, head), nn.ReLU(), nn.Linear(head, LEVELS)) for _ in range(2)
        )
        mask = torch.ones(3, hidden, inputs + 3)  # of each gate
        mask[:, : hidden // 2, -1] = 0
        self.register_buffer("mask", mask.flatten(0, 1), persistent=False)

    def states(self, conditions: Tensor, samples: Tensor) -> Tensor:
        """The GRU's states after each sample, (B, T, hidden); see :meth:`forward`."""
        levels = scaled(split(samples))
        given = torch.cat([conditions, levels[:, :-1], levels[:, 1:, :1]], dim=-1)
        weights = {"weight_ih_l0": dict(self.recurrence.named_parameters())["weight_ih_l0"] * self.mask}
        states: Tensor = functional_call(self.recurrence, weights, (given,))[0]
        return states

    def logits(self, states: Tensor) -> Tensor:
        """Logits of the coarse and the fine numbers, (..., hidden) -> (..., 2, 256)."""
        halves = states.chunk(2, dim=-1)
        return torch.stack([head(half) for head, half in zip(self.heads, halves, strict=True)], dim=-2)

    def forward(self, conditions: Tensor, samples: Tensor) -> Tensor:
        """Logits of each sample but the first, given all before it, and its coarse number for the fine one.

        Args:
            conditions: (B, T, C).
            samples: (B, T + 1) int64 of 16 bits.

        Returns:
            (B, T, 2, 256).
        """
        return self.logits(self.states(conditions, samples))


def surprise(logits: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy of the coarse and of the fine numbers, nats, of (B, T, 2, 256) logits and (B, T) samples."""
    numbers = split(samples)
    coarse, fine = (F.cross_entropy(logits[..., half, :].float().mT, numbers[..., half]) for half in (0, 1))
    return coarse, fine
