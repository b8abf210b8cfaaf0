"""Which weights of a stage are the best so far, and when no better ones are to be expected."""

import math
from dataclasses import dataclass

__all__ = ["Selection"]


@dataclass
class Selection:
    """Looks at a measure of which less is better.

    >>> selection = Selection()
    >>> [selection.look(value) for value in (3.0, 2.0, 2.5)], selection.without_best
    ([True, True, False], 1)
    """

    best: float = math.inf
    without_best: int = 0  # looks since the best

    def look(self, value: float) -> bool:
        """Whether the value is a new best; one that is no number is not."""
        better = value < self.best
        self.best = value if better else self.best
        self.without_best = 0 if better else self.without_best + 1
        return better
