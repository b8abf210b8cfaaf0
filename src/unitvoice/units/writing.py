"""The form in which all units are kept."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from tqdm import tqdm

from unitvoice.provenance import Origins, sealed
from unitvoice.store import create_store
from unitvoice.systems.base import Units

__all__ = ["PARTS", "Part", "write_units"]

Part = Literal["indices", "vectors", "continuous"]
PARTS: tuple[Part, ...] = get_args(Part)
TYPES = {"indices": "int32", "vectors": "float32", "continuous": "float32"}


def write_units(
    folder: Path,
    units: Iterable[tuple[str, Units]],
    *,
    rate: float,
    first: float,
    parts: Sequence[Part] = PARTS,
    total: int | None = None,
    made_of: Origins | None = None,
) -> None:
    """Write a folder of stores: ``indices`` (T, G), ``vectors`` (T, D) and ``continuous`` (T, D).

    Args:
        folder: where the stores will be.
        units: utterance by utterance, with its name.
        rate: units per second.
        first: time of the first unit's centre, s.
        parts: which of them there are: units without codes have no ``indices``, and those that came from elsewhere
            perhaps no vectors.
        total: number of utterances, for the progress.
        made_of: where the units came from.

    Raises:
        InputError: there are no units.
    """
    at = partial(create_store, rate=rate, first=first, made_of=made_of)
    with sealed(folder, "units", made_of) as beside, ExitStack() as stack:
        beside.mkdir()
        stores = {part: stack.enter_context(at(beside / part, kind=part, dtype=TYPES[part])) for part in parts}
        for name, one in tqdm(units, total=total, desc="units", unit="file", disable=None):
            for part, store in stores.items():
                store.append(name, getattr(one, part).numpy())
