"""The form in which all units are kept."""

from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tqdm import tqdm

from unitvoice.files import atomic
from unitvoice.store import create_store
from unitvoice.systems.base import Units

__all__ = ["write_units"]


def write_units(
    folder: Path,
    units: Iterable[tuple[str, Units]],
    *,
    rate: float,
    first: float,
    discrete: bool = True,
    total: int | None = None,
) -> int:
    """Write a folder of three stores: ``indices`` (T, G), ``vectors`` (T, D) and ``continuous`` (T, D).

    Args:
        folder: where the stores will be.
        units: utterance by utterance, with its name.
        rate: units per second.
        first: time of the first unit's centre, s.
        discrete: whether the units have codes; without, there are no ``indices``.
        total: number of utterances, for the progress.

    Returns:
        The number of utterances.

    Raises:
        InputError: there are no units.
    """
    types = {"indices": "int32"} if discrete else {}
    types |= {"vectors": "float32", "continuous": "float32"}
    at = partial(create_store, rate=rate, first=first)
    count = 0
    with atomic(folder) as beside, ExitStack() as stack:
        beside.mkdir()
        stores = {
            part: stack.enter_context(at(beside / part, kind=part, dtype=dtype)) for part, dtype in types.items()
        }
        for name, one in tqdm(units, total=total, desc="units", unit="file", disable=None):
            for part, store in stores.items():
                store.append(name, getattr(one, part).numpy())
            count += 1
    return count
