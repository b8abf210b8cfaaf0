"""Codebooks from elsewhere: centres of k-means in a file, with what they are centres of."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unitvoice.errors import InputError

__all__ = ["read_codebook"]


def read_codebook(path: Path, frames: Mapping[str, Any], codes: int, values: int) -> Tensor:
    """The centres of a file, (codes, values) float32.

    Args:
        path: ``.npz`` with ``centres``, (K, D), and the JSON text ``frames``, which tells what they are centres of.
        frames: what is to be quantised, by the same keys: ``kind``, and also ``rate``, ``parameters`` where known.
        codes: K that is wanted.
        values: D that is wanted.

    Raises:
        InputError: there is no such file, or it holds something else, or centres of other frames.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            centres, learned = arrays["centres"], json.loads(str(arrays["frames"]))
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        reason = f"the codebook {path} cannot be read ({error})"
        raise InputError(f"{reason}; give a .npz of k-means with centres and frames") from None
    if other := [key for key, value in frames.items() if learned.get(key) != value]:
        said = "; ".join(f"{key} is {frames[key]} and was {learned.get(key)}" for key in other)
        raise InputError(f"the codebook {path} is of other frames than the model reads: {said}; give one of the same")
    if centres.shape != (codes, values) or not np.isfinite(centres).all():
        raise InputError(
            f"the codebook {path} is an array of {list(centres.shape)} numbers, not {codes} centres of {values} "
            "finite values; make the recipe's codes and values agree with it"
        )
    return torch.from_numpy(centres.astype(np.float32))
