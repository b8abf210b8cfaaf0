"""What systems ask of the batches that they learn from, and take from the first one."""

from collections.abc import Callable

import torch
from torch import Tensor

from unitvoice.errors import InputError, listed
from unitvoice.systems.base import Batch

__all__ = ["MORE_DATA", "NOT_PLACED", "check_bands", "check_crops", "check_spoken", "deviation", "place_codes"]

SMALLEST = 1e-5  # standard deviation of a value that does not change

# what to do where there are too few frames for the codes, as the ends of a sentence
MORE_DATA = "by a larger batch or a longer crop, or have fewer codes"
NOT_PLACED = "or fewer codes, or set placed to false"


def check_crops(stage: str, batch: Batch) -> None:
    """InputError when a batch holds whole utterances of different lengths."""
    if batch.padded:
        raise InputError(f"stage {stage} learns from crops, not from whole utterances; set its crop")


def check_bands(frames: Tensor, bands: int) -> None:
    """InputError when frames, (B, T, D), have another number of values than the recipe says."""
    if frames.shape[-1] != bands:
        raise InputError(f"the recipe has {bands} bands but the frames have {frames.shape[-1]}; make them agree")


def check_spoken(batch: Batch, *kinds: str) -> None:
    """InputError when the recipe lacks kinds of frames that a system learns to speak; all are named."""
    if lost := [kind for kind in kinds if kind not in batch.frames]:
        raise InputError(f"the recipe must have {listed(lost)} among its features, which the model speaks; add it")


def deviation(frames: Tensor, mean: Tensor) -> Tensor:
    """Deviation of each value from its mean, (B, T, D) and (D,) -> (D,); never 0."""
    return (frames - mean).square().mean(dim=(0, 1)).sqrt().clamp(min=SMALLEST)


def place_codes(
    stage: str, initialise: Callable[[Tensor, torch.Generator], object], encoded: Tensor, otherwise: str
) -> None:
    """Place codes among encoded data, by torch's seed.

    Args:
        stage: for the message.
        initialise: of a quantiser, or of several.
        encoded: what it takes.
        otherwise: ends the sentence that tells that there is too little of it, with what to do.

    Raises:
        InputError: there are too few frames for the codes.
    """
    try:
        initialise(encoded, torch.Generator().manual_seed(torch.initial_seed()))
    except ValueError as error:
        raise InputError(f"stage {stage}: {error}, {otherwise}") from None
