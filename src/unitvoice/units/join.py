"""Units of several systems side by side, to be scored as one: each unit's vectors stand in one longer vector."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.provenance import Origin, agreed, prefixed, sealed, verified
from unitvoice.store import Store, create_store

__all__ = ["join", "joined", "main"]

log = logging.getLogger(__name__)

PARTS = {"indices": "int32", "vectors": "float32", "continuous": "float32"}


def join(units: Sequence[Path], folder: Path) -> None:
    """Write a folder of stores like that of one system; see :mod:`unitvoice.units.encode`.

    The result has the times of the system with the most units per second; of the others it takes the unit that is
    nearest in time. Vectors are divided by their root mean square norm, so that no system outweighs the others in a
    distance. There are joined codes where all systems have codes.

    Args:
        units: folders of units, of two systems or more.
        folder: where the stores will be.

    Raises:
        InputError: there are fewer than two systems, or they were not encoded for the same utterances.
    """
    if len(units) < 2:  # noqa: PLR2004 - a pair
        raise InputError("it takes the units of two systems or more to join them; name another folder of units")
    for one in units:
        verified(one)
    parts = [part for part in PARTS if part != "indices" or all((one / part).is_dir() for one in units)]
    with sealed(folder, "joined units") as beside:
        beside.mkdir()
        for part in parts:
            _join([Store(one / part) for one in units], part, beside / part)
    log.info("joined %s of %d systems", listed(parts), len(units))


def _join(stores: Sequence[Store], part: str, folder: Path) -> None:
    _check_utterances(stores)
    finest = max(stores, key=lambda store: store.rate)
    scales = [1.0 if part == "indices" else _norm(store) for store in stores]
    facts = {"rate": finest.rate, "first": finest.meta["first"], "dtype": PARTS[part]}
    made_of: dict[str, Origin] = {}
    for number, store in enumerate(stores, 1):
        origins = agreed({part: store.seal})
        made_of |= prefixed(f"part {number}", origins)
        made_of |= {role: origin for role, origin in origins.items() if role == "manifest"}
    with create_store(folder, kind=part, made_of=made_of, **facts) as writer:
        for name in tqdm(finest, desc=f"join {part}", unit="file", disable=None):
            frames = [np.asarray(store[name]) / scale for store, scale in zip(stores, scales, strict=True)]
            times = finest.meta["first"] + np.arange(finest.rows(name)) / finest.rate
            writer.append(name, joined(frames, [(store.meta["first"], store.rate) for store in stores], times))


def joined(
    frames: Sequence[NDArray[np.floating]], places: Sequence[tuple[float, float]], times: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Frames of one utterance side by side, each the nearest in time.

    Args:
        frames: (T, D) of each system, T > 0.
        places: time of the first frame's centre (s) and frames per second, of each system.
        times: (N,) at which they are wanted, s.

    Returns:
        (N, sum of D)

    >>> joined([np.array([[1.0], [2.0]]), np.array([[5.0]])], [(0, 2), (0, 1)], np.array([0, 0.5])).tolist()
    [[1.0, 5.0], [2.0, 5.0]]
    """
    nearest = [
        np.clip(np.rint((times - first) * rate).astype(int), 0, len(own) - 1)
        for own, (first, rate) in zip(frames, places, strict=True)
    ]
    return np.concatenate([own[rows] for own, rows in zip(frames, nearest, strict=True)], axis=1)


def _norm(store: Store) -> float:
    """Root of the mean squared norm of a store's vectors; 1 where they are all 0."""
    square = sum(float(np.square(store[name], dtype=np.float64).sum()) for name in store)
    return (square / max(len(store.frames), 1)) ** 0.5 or 1.0


def _check_utterances(stores: Sequence[Store]) -> None:
    """InputError when stores are not of the same utterances, or one has an utterance without a unit."""
    first, *others = stores
    for other in others:
        if strange := sorted(set(first) ^ set(other)):
            raise InputError(
                f"{first.folder} and {other.folder} are not of the same utterances, as {listed(strange)} shows; "
                "encode the same subsets with both"
            )
    for store in stores:
        if empty := [name for name in store if not store.rows(name)]:
            raise InputError(f"{store.folder} has no unit of {listed(empty)}; leave these utterances out")


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("output", type=Path, help="folder to write the stores in")
    parser.add_argument("units", type=Path, nargs="+", help="folders of units, one for each system")
    arguments = parser.parse_args(argv)
    join(arguments.units, arguments.output)


if __name__ == "__main__":
    cli.run(main)
