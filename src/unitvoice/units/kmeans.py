"""Learn k-means on stored frames, which are read bit by bit and never held all at once."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.features.clusters import Clusters, described, write_clusters
from unitvoice.manifest import Subset, read_manifest
from unitvoice.nn.vq import KMeansQuantiser
from unitvoice.nn.vq.search import nearest
from unitvoice.store import Store

__all__ = ["learn", "main"]

log = logging.getLogger(__name__)
PIECE = 1 << 15  # frames that are read at once when all are counted
EVEN = 0.1  # smallest perplexity of a sound clustering, as a share of the codes


def learn(
    frames: Store,
    names: Sequence[str],
    *,
    codes: int,
    inits: int = 4,
    seed: int = 0,
    batch: int = 10_000,
    steps: int = 200,
    reassignment_ratio: float = 0.01,
) -> Clusters:
    """Centres of k-means by mini-batches; see :class:`unitvoice.nn.vq.KMeansQuantiser`.

    A batch is drawn from all frames by (seed, step); the first one also places the centres. Where there are fewer
    frames than a batch should have, each batch is all of them.

    Args:
        frames: to learn from.
        names: of the utterances in it to learn from.
        codes: number of centres.
        inits: number of starts; the best is taken.
        seed: of the draws.
        batch: frames per step.
        steps: batches.
        reassignment_ratio: share of the largest cluster below which a centre is moved.

    Returns:
        The centres; the facts tell the mean squared distance of the frames (``inertia``) and how evenly the codes are
        used (``used``, ``perplexity``, of the frames that were learned from).

    Raises:
        InputError: utterances are not stored, frames are fewer than codes, or nearly all fall on few codes.
    """
    if lost := [name for name in names if name not in frames]:
        raise InputError(f"{frames.folder} lacks {listed(lost)}; make the features again")
    spans = [frames.index[name] for name in names]
    rows = np.concatenate([np.arange(first, first + count) for first, count in spans] or [np.empty(0, dtype=int)])
    if len(rows) < codes:
        raise InputError(f"{frames.folder} has {len(rows)} frames to learn {codes} codes from; have fewer codes")
    quantiser = KMeansQuantiser(codes, frames.width, inits=inits, reassignment_ratio=reassignment_ratio, seed=seed)
    drawn = _batches(frames, rows, min(batch, len(rows)), seed, steps)
    for step, chosen in enumerate(tqdm(drawn, total=steps, desc="k-means", unit="step", disable=None)):
        if step == 0:
            if len(chosen) < codes:
                raise InputError(f"a batch of {batch} frames cannot place {codes} codes; make it larger")
            quantiser.initialise(chosen, torch.Generator().manual_seed(seed))
        else:
            quantiser(chosen[None])
    centres = quantiser.table().numpy()
    settings = {"inits": inits, "seed": seed, "batch": batch, "steps": steps, "reassignment_ratio": reassignment_ratio}
    facts = _usage(frames, rows, centres) | settings
    _check_usage(facts, codes)
    return Clusters(centres, described(frames), facts)


def _batches(frames: Store, rows: NDArray[np.int64], size: int, seed: int, steps: int) -> Iterator[Tensor]:
    for step in range(steps):
        random = np.random.default_rng((seed, step))
        picks = rows[random.integers(len(rows), size=size)] if size < len(rows) else rows
        yield _read(frames, np.sort(picks))  # in their order on the disk


def _read(frames: Store, rows: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(np.asarray(frames.frames[rows], dtype=np.float32))


def _usage(frames: Store, rows: NDArray[np.int64], centres: NDArray[np.float32]) -> dict[str, Any]:
    """How well and how evenly centres stand for frames."""
    table = torch.from_numpy(centres)
    counts, spread = torch.zeros(len(table), dtype=torch.int64), 0.0
    for piece in np.array_split(rows, -(-len(rows) // PIECE)):
        some = _read(frames, piece)
        indices = nearest(some, table)
        counts += torch.bincount(indices, minlength=len(table))
        spread += float((some - table[indices]).double().square().sum())
    perplexity = float(torch.special.entr(counts.double() / len(rows)).sum().exp())
    used = int((counts > 0).sum())
    return {"frames": len(rows), "inertia": spread / len(rows), "used": used, "perplexity": perplexity}


def _check_usage(facts: dict[str, Any], codes: int) -> None:
    """InputError for a clustering that tells frames hardly apart."""
    used, perplexity = facts["used"], facts["perplexity"]
    if used <= codes / 2 or perplexity < EVEN * codes:
        raise InputError(
            f"the clustering is degenerate: {used} of {codes} codes are used, with a perplexity of {perplexity:.1f}; "
            "look for silent or constant recordings, or have fewer codes"
        )


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("frames", type=Path, help="store of frames")
    parser.add_argument("output", type=Path, help="file of centres to write (.npz)")
    parser.add_argument("--codes", type=cli.positive, default=100, help="number of centres")
    parser.add_argument("--inits", type=cli.positive, default=4, help="starts, of which the best is taken")
    parser.add_argument("--seed", type=cli.natural, default=0, help="of everything random")
    parser.add_argument("--batch", type=cli.positive, default=10_000, help="frames per step")
    parser.add_argument("--steps", type=cli.positive, default=200, help="batches to learn from")
    parser.add_argument(
        "--subsets", nargs="+", choices=get_args(Subset), default=["unit", "voice"], help="to learn on"
    )
    parser.add_argument("--threads", type=cli.positive, default=1, help="threads of torch")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    names = [one.utterance for one in read_manifest(arguments.manifest).subset(*arguments.subsets)]
    told = {name: getattr(arguments, name) for name in ("codes", "inits", "seed", "batch", "steps")}
    clusters = learn(Store(arguments.frames), names, **told)
    write_clusters(clusters, arguments.output)
    log.info("%d codes: %s", arguments.codes, ", ".join(f"{name} {value:g}" for name, value in clusters.facts.items()))


if __name__ == "__main__":
    cli.run(main)
