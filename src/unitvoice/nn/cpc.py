"""Contrastive predictive coding with negatives of the same speaker."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["Contrast", "ContrastivePrediction", "draw_negatives"]


class Contrast(NamedTuple):
    """How well the frames to come are told from others; both are scalars that stay on their device."""

    loss: Tensor  # cross-entropy, nats; ln(1 + negatives) for guessing
    accuracy: Tensor  # share of the positives that score highest; ties are shared


def draw_negatives(
    speakers: int, utterances: int, length: int, count: int, device: torch.device | str = "cpu"
) -> Tensor:
    """Where the negatives of each position stand: in an utterance of the same speaker, at another time.

    The utterances, of which the own one may be one, are drawn for each utterance and negative, and are the same for
    all speakers and positions; the times are drawn for each position.

    Returns:
        (speakers, utterances, length, count): places among the utterances * length frames of the speaker.
    """
    chosen = torch.randint(utterances, (utterances, 1, count), device=device)
    shifts = torch.randint(1, length, (speakers, utterances, length, count), device=device)
    times = (torch.arange(length, device=device)[:, None] + shifts) % length
    return chosen * length + times


class ContrastivePrediction(nn.Module):
    """Predict the frames to come and tell them from others of the same speaker (van den Oord et al., 2018).

    As all candidates are of one speaker, the speaker is of no help, and need not be in the code (van Niekerk et al.,
    2020). The score of a candidate is its product with a linear prediction from the context, over the square root of
    the width.

    Args:
        width: values per frame, D.
        context: values per context vector, C.
        steps: how many frames ahead are predicted, each by a predictor of its own.
        negatives: per position and step.

    >>> contrast = ContrastivePrediction(8, 16, steps=2, negatives=3)
    >>> loss, accuracy = contrast(torch.zeros(2, 4, 10, 8), torch.zeros(2, 4, 10, 16))
    >>> round(loss.item(), 4), accuracy.item()
    (1.3863, 0.25)
    """

    def __init__(self, width: int, context: int, *, steps: int = 6, negatives: int = 17) -> None:
        super().__init__()
        self.steps, self.negatives = steps, negatives
        self.predictors = nn.Linear(context, steps * width)

    def forward(self, frames: Tensor, context: Tensor) -> Contrast:
        """The contrast, mean over positions and steps.

        Args:
            frames: (S speakers, U utterances of each, T, D).
            context: (S, U, T, C), of which the vector at t knows frames up to t only.

        Raises:
            ValueError: there are fewer than steps + 2 frames, so that there is no other time to draw from.
        """
        speakers, utterances, total, width = frames.shape
        length = total - self.steps
        if length < 2:  # noqa: PLR2004 - a position and another
            raise ValueError(f"{total} frames are too few to predict {self.steps} steps ahead; give more frames")
        predictions = self.predictors(context[:, :, :length]).unflatten(-1, (self.steps, width)).unbind(-2)
        own = torch.arange(utterances * length, device=frames.device).view(1, utterances, length, 1)
        positives = own.expand(speakers, -1, -1, -1)
        losses, hits = [], []
        for ahead, prediction in enumerate(predictions, start=1):
            negatives = draw_negatives(speakers, utterances, length, self.negatives, frames.device)
            candidates = torch.cat([positives, negatives], dim=-1).flatten(1, 2)
            # products of all positions with all frames of the speaker cost less than a copy of each candidate
            products = prediction.flatten(1, 2) @ frames[:, :, ahead : ahead + length].flatten(1, 2).mT
            scores = products.gather(-1, candidates) / width**0.5  # (S, U * length, 1 + negatives)
            losses.append(scores.logsumexp(-1) - scores[..., 0])
            best = scores.detach() == scores.detach().amax(-1, keepdim=True)
            hits.append(best[..., 0] / best.sum(-1))
        return Contrast(torch.stack(losses).mean(), torch.stack(hits).mean())
