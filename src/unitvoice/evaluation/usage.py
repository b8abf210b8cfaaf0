"""How evenly codes are used."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["perplexity"]


def perplexity(shares: Sequence[float] | NDArray[np.float64]) -> float:
    """Number of equally frequent codes that would carry as much as codes with these shares, none of them 0.

    >>> round(perplexity([0.5, 0.5]), 6)
    2.0
    """
    known = np.asarray(shares)
    return float(np.exp(-np.sum(known * np.log(known))))
