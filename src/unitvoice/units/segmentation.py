"""Units that change less often: segments of equal codes, found by dynamic programming with a price per segment."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray

from unitvoice import cli
from unitvoice.errors import InputError
from unitvoice.models import load_model
from unitvoice.nn.vq import Quantiser
from unitvoice.provenance import agreed, sealed
from unitvoice.store import Store, create_store
from unitvoice.systems.base import System

__all__ = ["Segmenter", "main", "run_starts", "segment", "squared_distances"]

log = logging.getLogger(__name__)

SAME = 0.99  # share of the frames whose stored codes must be the nearest ones


def squared_distances(frames: NDArray[np.floating], table: NDArray[np.floating]) -> NDArray[np.float64]:
    """Squared Euclidean distances of frames, (T, D), to code vectors, (K, D): (T, K), in double precision."""
    rows, codes = np.asarray(frames, np.float64), np.asarray(table, np.float64)
    squares = (rows**2).sum(axis=1)[:, None] + (codes**2).sum(axis=1)
    return np.maximum(squares - 2 * rows @ codes.T, 0)


def segment(distances: NDArray[np.float64], penalty: float) -> NDArray[np.int64]:
    """Codes that minimise the sum of their distances plus ``penalty`` for each segment of equal codes.

    The duration-penalised segmentation of Kamper and van Niekerk (2021). Their search goes over all pairs of frames;
    as a segment costs the same whatever its length, one pass over the frames that allows a change of code for the
    price of a segment finds the same optimum in time O(T K) (Viterbi).

    Args:
        distances: (T, K) of frames to codes.
        penalty: per segment, in the unit of the distances; 0 gives each frame its nearest code, the lowest of equal
            ones.

    Returns:
        (T,) codes.

    Raises:
        InputError: the penalty is negative or not finite.

    >>> segment(np.array([[0.0, 1.0], [0.6, 0.4], [0.0, 1.0]]), 0.5).tolist()
    [0, 0, 0]
    """
    if not 0 <= penalty < np.inf:
        raise InputError(f"the penalty of a segment is {penalty}; choose 0 or a positive number")
    found: NDArray[np.int64] = _viterbi(np.ascontiguousarray(distances, dtype=np.float64), float(penalty))
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _viterbi(distances, penalty):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    frames, codes = distances.shape
    stays = np.zeros((frames, codes), np.bool_)  # whether the best way to a code comes from the same code
    best = np.zeros(frames, np.int64)  # where the cheapest way ends
    costs = np.zeros(codes)
    for t in range(frames):
        fresh = costs[best[t - 1]] + penalty if t else penalty
        cheapest = np.inf
        for k in range(codes):
            stay = t > 0 and costs[k] < fresh
            stays[t, k] = stay
            costs[k] = (costs[k] if stay else fresh) + distances[t, k]
            if costs[k] < cheapest:
                cheapest = costs[k]
                best[t] = k
    path = np.empty(frames, np.int64)
    code = best[frames - 1] if frames else 0
    for t in range(frames - 1, -1, -1):
        path[t] = code
        if t and not stays[t, code]:
            code = best[t - 1]
    return path


def run_starts(codes: NDArray[np.integer]) -> NDArray[np.int64]:
    """First frames of the runs of equal codes, (T, G) -> (R,).

    >>> run_starts(np.array([[7], [7], [2], [7]])).tolist()
    [0, 2, 3]
    """
    changed = np.ones(len(codes), bool)
    changed[1:] = (codes[1:] != codes[:-1]).any(axis=1)
    return np.flatnonzero(changed)


class Segmented(NamedTuple):
    """One utterance in segments."""

    indices: NDArray[np.int64]  # (T, G)
    vectors: NDArray[np.float32]  # (T, D)


class Segmenter:
    """Puts what a system encoded into segments; each codebook of a system with several has segments of its own.

    Args:
        system: that encoded it.
        units: folder of the stores ``indices`` and ``continuous``.

    Raises:
        InputError: the system's codes are not those of the nearest code vectors, or there are none, or another system
            has encoded it.
    """

    def __init__(self, system: System, units: Path) -> None:
        quantiser = getattr(system, "quantiser", None)
        if not system.discrete or not isinstance(quantiser, Quantiser):
            raise InputError("the system has no codebook, so there is nothing to segment; take one with codes")
        self.indices, self.continuous = Store(units / "indices"), Store(units / "continuous")
        self._quantiser = quantiser
        self._tables = [table.detach().numpy() for table in quantiser.tables()]
        if sum(table.shape[1] for table in self._tables) != self.continuous.width:
            raise InputError(f"{units}: frames of {self.continuous.width} values are not slices of the codebooks")
        self.made_of = agreed(
            {"model": system.seal, "unsegmented": self.indices.seal, "continuous": self.continuous.seal}
        )
        self.scales = self._scales(units)

    def _scales(self, units: Path) -> list[float]:
        """Mean squared distance of the frames to their nearest code, per codebook."""
        sums, same, total = np.zeros(len(self._tables)), 0, len(self.continuous.frames)
        for name in self.continuous:
            distances = self._distances(name)
            sums += [part.min(axis=1).sum() for part in distances]
            nearest = np.stack([part.argmin(axis=1) for part in distances], axis=1)
            same += int((nearest == self.indices[name]).all(axis=1).sum())
        if same < SAME * total:
            raise InputError(
                f"{units}: only {same} of {total} frames have the nearest code; the units are of another model, or of "
                "a system that chooses codes in another way"
            )
        return [float(value / total) for value in sums]

    def _distances(self, name: str) -> list[NDArray[np.float64]]:
        edges = np.cumsum([table.shape[1] for table in self._tables])[:-1]
        parts = np.split(np.asarray(self.continuous[name]), edges, axis=1)
        return [squared_distances(part, table) for part, table in zip(parts, self._tables, strict=True)]

    def __call__(self, name: str, penalty: float) -> Segmented:
        """The segments of an utterance.

        Args:
            name: of the utterance.
            penalty: of a segment, in multiples of the mean squared distance of a frame to its nearest code, which
                makes it comparable between systems; 0 gives the codes of the encoder.
        """
        if penalty == 0:
            indices = np.asarray(self.indices[name], np.int64)
        else:
            parts = zip(self._distances(name), self.scales, strict=True)
            indices = np.stack([segment(part, penalty * scale) for part, scale in parts], axis=1)
        with torch.inference_mode():
            return Segmented(indices, self._quantiser.lookup(torch.from_numpy(indices)).numpy())

    def all(self, penalty: float) -> Iterator[tuple[str, Segmented]]:
        """All utterances by name, in stored order."""
        return ((name, self(name, penalty)) for name in self.continuous)


def _write(segmenter: Segmenter, units: Path, penalty: float, output: Path) -> None:
    """Write the three stores of :func:`unitvoice.units.encode.encode` for the segments."""
    known: dict[str, Any] = {"rate": segmenter.indices.rate, "first": segmenter.indices.meta["first"]}
    known["made_of"] = segmenter.made_of
    with sealed(output, "units in segments", segmenter.made_of) as beside:
        beside.mkdir()
        shutil.copytree(units / "continuous", beside / "continuous")
        with (
            create_store(beside / "indices", kind="indices", dtype="int32", penalty=penalty, **known) as indices,
            create_store(beside / "vectors", kind="vectors", penalty=penalty, **known) as vectors,
        ):
            for name, found in segmenter.all(penalty):
                indices.append(name, found.indices)
                vectors.append(name, found.vectors)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("units", type=Path, help="folder of stores that it encoded, see unitvoice.units.encode")
    parser.add_argument("output", type=Path, help="folder to write stores of the same form in")
    parser.add_argument(
        "--penalty",
        type=float,
        required=True,
        help="of a segment, in multiples of the mean squared distance of a frame to its nearest code",
    )
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    segmenter = Segmenter(load_model(options.model), options.units)
    _write(segmenter, options.units, options.penalty, options.output)
    runs = sum(len(run_starts(np.asarray(found))) for found in Store(options.output / "indices").values())
    log.info("%d frames in %d segments", len(segmenter.indices.frames), runs)


if __name__ == "__main__":
    cli.run(main)
