"""Encode utterances with a trained model into stores of codes, code vectors and unquantised vectors."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import torch

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.manifest import Subset, Utterance, read_manifest
from unitvoice.models import load_model
from unitvoice.provenance import Origins, agreed
from unitvoice.store import Store
from unitvoice.systems.base import System
from unitvoice.systems.encoding import as_read, check_frames, check_units, encoded
from unitvoice.units.writing import PARTS, write_units

__all__ = ["encode", "main"]

log = logging.getLogger(__name__)


@torch.inference_mode()
def encode(
    system: System, utterances: Sequence[Utterance], frames: Store, folder: Path, made_of: Origins | None = None
) -> None:
    """Write a folder of three stores: ``indices`` (T, G), ``vectors`` (T, D) and ``continuous`` (T, D).

    A system without codes has no ``indices``, and both kinds of vectors are what it encodes.

    Args:
        system: a trained system.
        utterances: what to encode; a speaker's mean frame is over the speaker's utterances among these.
        frames: store of the kind that the system reads, as :func:`unitvoice.systems.encoding.as_read` gives it.
        folder: where the stores will be.
        made_of: where all this came from.

    Raises:
        InputError: nothing to encode, or the store has other frames than the model was trained on or lacks utterances.
    """
    check_frames(system, frames)
    if lost := [utterance.utterance for utterance in utterances if utterance.utterance not in frames]:
        raise InputError(f"{frames.folder} lacks {listed(lost)}; make the features again")
    parts = PARTS if system.discrete else PARTS[1:]
    at = {"rate": system.unit_rate, "first": system.unit_first}
    units = encoded(system, utterances, frames)
    write_units(folder, units, **at, parts=parts, total=len(utterances), made_of=made_of)
    log.info("encoded %d utterances", len(utterances))


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("frames", type=Path, help="store of the kind the model reads")
    parser.add_argument("output", type=Path, help="folder to write the stores in")
    parser.add_argument("--pitch", type=Path, help="store of F0, for systems whose units have pitch")
    parser.add_argument("--subsets", nargs="+", choices=get_args(Subset), default=["test"], help="what to encode")
    parser.add_argument("--threads", type=cli.positive, default=1, help="threads of torch")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    manifest = read_manifest(arguments.manifest)
    utterances = manifest.subset(*arguments.subsets)
    if not utterances:
        raise InputError(f"{arguments.manifest} has no utterance in the subsets {', '.join(arguments.subsets)}")
    system = load_model(arguments.model)
    check_units(system)
    stores = [Store(folder) for folder in (arguments.frames, arguments.pitch) if folder]
    seals = {store.meta["kind"]: store.seal for store in stores}
    made_of = agreed({"manifest": manifest.seal, **seals, "model": system.seal})
    frames = as_read(system, stores[0], stores[1] if arguments.pitch else None, manifest.utterances)
    encode(system, utterances, frames, arguments.output, made_of)


if __name__ == "__main__":
    cli.run(main)
