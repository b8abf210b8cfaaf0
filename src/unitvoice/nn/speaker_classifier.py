"""Who speaks, told from units: an adversary of their encoder, or a probe that only looks on."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.nn.convolutions import PreactivatedBlock, halving
from unitvoice.nn.normalisation import BatchNorm1d
from unitvoice.nn.ranks import total

__all__ = ["SpeakerClassifier", "SpeakerProbe", "reverse_gradient"]


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: float) -> Tensor:  # noqa: ANN401 - torch's context object
        ctx.weight = weight
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401 - torch's context object
        return -ctx.weight * gradients[0], None


def reverse_gradient(x: Tensor, weight: float) -> Tensor:
    """The input, whose gradient is turned round and weighted (Ganin and Lempitsky, 2015).

    What comes after learns to tell something, and what comes before learns that it cannot be told.

    >>> x = torch.ones(1, requires_grad=True)
    >>> reverse_gradient(3 * x, 0.5).sum().backward()
    >>> x.grad
    tensor([-1.5000])
    """
    reversed_: Tensor = _Reversed.apply(x, weight)  # type: ignore[no-untyped-call]
    return reversed_


class SpeakerClassifier(nn.Module):
    """Convolutions over units, their mean over time, and a linear map to scores of the speakers (Hou et al., 2020).

    Args:
        inputs: values per unit.
        speakers: how many.
        channels: of all layers.

    Shape:
        input (B, T, inputs) with T at least 4; output (B, speakers) logits.
    """

    SHORTEST = 4  # units

    def __init__(self, inputs: int, speakers: int, channels: int = 256) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            halving(inputs, channels),
            halving(channels, channels),
            nn.Conv1d(channels, channels, 3, padding=1),
            BatchNorm1d(channels),
            PreactivatedBlock(channels),
            nn.ReLU(),
        )
        self.last = nn.Linear(channels, speakers)

    def forward(self, units: Tensor) -> Tensor:
        """Score the speakers."""
        scores: Tensor = self.last(self.layers(units.mT).mean(dim=-1))
        return scores

    def loss(self, units: Tensor, speakers: Tensor) -> Tensor:
        """Cross-entropy, nats, given the (B,) true speakers; ln(speakers) for guessing."""
        return F.cross_entropy(self(units), speakers)


class SpeakerProbe(nn.Module):
    """A classifier that units are not changed for: how often it is right says how much of the speaker is in them.

    Args:
        inputs: values per unit.
        speakers: how many.
        channels: of the classifier.
    """

    right: Tensor  # () int64, since the last figure
    asked: Tensor  # () int64

    def __init__(self, inputs: int, speakers: int, channels: int = 256) -> None:
        super().__init__()
        self.classifier = SpeakerClassifier(inputs, speakers, channels)
        for name in ("right", "asked"):
            self.register_buffer(name, torch.zeros((), dtype=torch.int64))

    def loss(self, units: Tensor, speakers: Tensor) -> Tensor:
        """Cross-entropy, nats, of (B, T, inputs) units, which get no gradient; answers in training are counted."""
        scores = self.classifier(units.detach())
        if self.training:
            self.right += total((scores.argmax(dim=1) == speakers).sum())
            self.asked += total(torch.tensor(len(speakers), device=speakers.device))
        return F.cross_entropy(scores, speakers)

    def figures(self) -> dict[str, float]:
        """``speaker_accuracy``, the share of right answers since the last call; nothing without answers."""
        right, asked = int(self.right), int(self.asked)
        self.right.zero_()
        self.asked.zero_()
        return {"speaker_accuracy": right / asked} if asked else {}
