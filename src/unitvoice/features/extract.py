"""Compute one kind of frames for a corpus and pack them into a store."""

import importlib
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, get_args

from numpy.typing import NDArray
from tqdm import tqdm

from unitvoice import audio, cli
from unitvoice.devices import Device, find_device
from unitvoice.errors import InputError, listed
from unitvoice.features.f0 import TrackerError
from unitvoice.features.kinds import KINDS, FeatureKind, feature_kind
from unitvoice.manifest import Manifest, Utterance, read_manifest
from unitvoice.provenance import agreed
from unitvoice.store import create_store

__all__ = ["extract", "main"]

log = logging.getLogger(__name__)
BLOCK = 256  # utterances in flight: bounds the memory and keeps the threads busy


def extract(
    manifest: Manifest, kind: str, folder: Path, *, jobs: int = 1, definition: FeatureKind | None = None
) -> None:
    """Write the store of one kind of frames for all utterances of a manifest.

    Args:
        manifest: the corpus.
        kind: a name of ``unitvoice.features.kinds.KINDS``, or another one for what is defined.
        folder: where the store will be.
        jobs: threads; the result does not depend on their number.
        definition: what the kind is, where the name does not tell.

    Raises:
        InputError: recordings that cannot be read, all of them named.
    """
    known = definition or feature_kind(kind)
    bad: list[InputError] = []
    described = partial(create_store, folder, kind=kind, rate=known.rate, first=known.first, dtype=known.dtype)
    with described(made_of=agreed({"manifest": manifest.seal}), **known.parameters) as store:
        progress = tqdm(manifest.utterances, desc=kind, unit="file", disable=None)
        for utterance, frames in _computed(manifest, known, progress, jobs):
            if isinstance(frames, InputError):
                bad.append(frames)
            elif not bad:
                store.append(utterance.utterance, frames)
        if bad:
            raise InputError(f"{len(bad)} recordings cannot be used: {listed(bad)}")
    log.info("%s: %d utterances, %d frames", kind, len(store.index), store.shape[0] if store.shape else 0)


def _computed(
    manifest: Manifest, kind: FeatureKind, utterances: Sequence[Utterance] | tqdm, jobs: int
) -> Iterator[tuple[Utterance, NDArray[Any] | InputError]]:
    def compute(utterance: Utterance) -> NDArray[Any] | InputError:
        path = manifest.path(utterance)
        try:
            wave = audio.read(path, start=utterance.start or 0.0, stop=utterance.stop)
        except InputError as error:
            return error
        try:
            return kind.compute(wave)
        except TrackerError as error:
            return InputError(f"{path} has no F0: {error}; remove it from the corpus or take another tracker")

    block: list[Utterance] = []
    with ThreadPoolExecutor(jobs) as pool:
        for utterance in utterances:
            block.append(utterance)
            if len(block) == BLOCK:
                yield from zip(block, pool.map(compute, block), strict=True)
                block = []
        yield from zip(block, pool.map(compute, block), strict=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("kind", help=f"kind of frames: {', '.join(KINDS)}, or a new name with --ssl")
    parser.add_argument("store", type=Path, help="store to write")
    parser.add_argument("--jobs", type=cli.positive, default=1, help="threads")
    parser.add_argument("--ssl", type=cli.mapping, help='pretrained encoder, as {"model": "HUBERT_BASE", "layer": 6}')
    parser.add_argument("--device", choices=get_args(Device), default="auto", help="where an encoder computes")
    arguments = parser.parse_args(argv)
    if arguments.ssl is None:
        definition = feature_kind(arguments.kind)
    elif arguments.kind in KINDS:
        raise InputError(f"{arguments.kind} is a kind of frames already; give the encoder's another name")
    else:
        import torch  # noqa: PLC0415 - it takes seconds, and other frames need none of it

        torch.set_num_threads(1)  # each of the jobs computes by itself
        # imported by need, so that a change of the encoders concerns their frames alone
        module = importlib.import_module("unitvoice.features.ssl")
        place = f"the encoder of {arguments.kind}"
        definition = module.ssl_kind(arguments.ssl, place, find_device(arguments.device))
    extract(
        read_manifest(arguments.manifest), arguments.kind, arguments.store, jobs=arguments.jobs, definition=definition
    )


if __name__ == "__main__":
    cli.run(main)
