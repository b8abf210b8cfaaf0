"""A cluster's warning that a job must end."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["warned"]


@contextmanager
def warned() -> Iterator[Callable[[], bool]]:
    """Within the block SIGTERM ends nothing; the function that is given tells whether it has come."""
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGTERM, before)
