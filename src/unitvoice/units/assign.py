"""Write the units of stored frames by centres of k-means: the nearest centre of each frame."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.features.clusters import Clusters, read_clusters
from unitvoice.manifest import Subset, read_manifest
from unitvoice.nn.vq.search import nearest
from unitvoice.provenance import Origins, agreed
from unitvoice.store import Store
from unitvoice.systems.base import Units
from unitvoice.units.writing import write_units

__all__ = ["assign", "main"]

log = logging.getLogger(__name__)


def assign(
    clusters: Clusters, frames: Store, names: Sequence[str], folder: Path, made_of: Origins | None = None
) -> None:
    """Write the units of utterances, in the form of :func:`unitvoice.units.writing.write_units`.

    Raises:
        InputError: utterances are not stored, or the frames are not those that the centres were learned from.
    """
    if lost := [name for name in names if name not in frames]:
        raise InputError(f"{frames.folder} lacks {listed(lost)}; make the features again")
    clusters.check(frames)
    units = _units(clusters, frames, names)
    told = {"rate": frames.rate, "first": frames.meta["first"], "total": len(names)}
    write_units(folder, units, made_of=made_of, **told)
    log.info("assigned units to %d utterances", len(names))


def _units(clusters: Clusters, frames: Store, names: Sequence[str]) -> Iterator[tuple[str, Units]]:
    table = torch.from_numpy(clusters.centres)
    for name in names:
        values = torch.tensor(np.asarray(frames[name], dtype=np.float32))
        indices = nearest(values, table)
        yield name, Units(indices[:, None], table[indices], values)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("centres", type=Path, help="file of centres (.npz), see unitvoice.units.kmeans")
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("frames", type=Path, help="store of the frames that the centres were learned from")
    parser.add_argument("output", type=Path, help="folder to write the stores in")
    parser.add_argument("--subsets", nargs="+", choices=get_args(Subset), default=["test"], help="what to assign")
    parser.add_argument("--threads", type=cli.positive, default=1, help="threads of torch")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    manifest, frames = read_manifest(arguments.manifest), Store(arguments.frames)
    made_of = agreed({"manifest": manifest.seal, frames.meta["kind"]: frames.seal})
    names = [one.utterance for one in manifest.subset(*arguments.subsets)]
    assign(read_clusters(arguments.centres), frames, names, arguments.output, made_of)


if __name__ == "__main__":
    cli.run(main)
