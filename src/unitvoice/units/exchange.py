"""Take units from elsewhere, or k-means centres, and write units in the forms that are read elsewhere."""

import argparse
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import get_args

import torch

from unitvoice import cli
from unitvoice.audio import RATE
from unitvoice.errors import InputError, listed
from unitvoice.features.clusters import Clusters, read_clusters, write_clusters
from unitvoice.manifest import Subset, Utterance, read_manifest
from unitvoice.store import Store
from unitvoice.systems.base import Units
from unitvoice.units.exchange_lines import Form, Line, read_lines, write_lines, write_listing
from unitvoice.units.exchange_models import import_clusters
from unitvoice.units.writing import PARTS, write_units

__all__ = ["export_units", "import_units", "main"]

log = logging.getLogger(__name__)
SOUNDS = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aiff", ".aif", ".au", ".sph"}
SLACK = 5  # units that a recording may have more or fewer than its seconds say, as encoders drop or pad its ends
SHARE = 0.05  # of its units, the same


def import_units(
    lines: Sequence[Line],
    utterances: Sequence[Utterance],
    folder: Path,
    *,
    rate: float,
    first: float | None = None,
    clusters: Clusters | None = None,
) -> None:
    """Write units from elsewhere as ``indices``, and as ``vectors`` where the centres are known.

    A line belongs to the utterance of its name, or of its path or file name with or without the ending of a sound
    file; what stands on which line means nothing. Lines of other recordings are left out.

    Args:
        lines: the units.
        utterances: that are wanted.
        folder: where the stores will be.
        rate: units per second.
        first: time of the first unit's centre, s; half a unit, when not given.
        clusters: whose units they are.

    Raises:
        InputError: utterances have no line, or several, or one of another length than the utterance; or a unit is not
            one of the clusters.
    """
    found = _joined(lines, utterances)
    if lost := [one.utterance for one in utterances if one.utterance not in found]:
        raise InputError(f"these utterances have no units: {listed(lost)}; names must be theirs, or of their files")
    if wrong := [one.utterance for one in utterances if not _fits(len(found[one.utterance].units), one, rate)]:
        raise InputError(f"the units of {listed(wrong)} do not fit {rate:g} a second; correct the rate, or the units")
    codes = max(int(line.units.max()) for line in found.values()) + 1
    if clusters and codes > len(clusters.centres):
        raise InputError(f"there is a unit {codes - 1}, but only {len(clusters.centres)} centres; take their own file")
    units = ((one.utterance, _units(found[one.utterance], clusters)) for one in utterances)
    parts = PARTS[:2] if clusters else PARTS[:1]
    write_units(folder, units, rate=rate, first=0.5 / rate if first is None else first, parts=parts)
    log.info("took the units of %d utterances from %d lines", len(utterances), len(lines))


def _units(line: Line, clusters: Clusters | None) -> Units:
    indices = torch.from_numpy(line.units)
    vectors = torch.from_numpy(clusters.centres)[indices] if clusters else torch.empty(len(indices), 0)
    return Units(indices[:, None], vectors, torch.empty(len(indices), 0))


def _fits(count: int, utterance: Utterance, rate: float) -> bool:
    return abs(count - utterance.seconds * rate) <= SLACK + SHARE * count


def _joined(lines: Iterable[Line], utterances: Iterable[Utterance]) -> Mapping[str, Line]:
    """The lines by the utterances that they are of; InputError when two are of one."""
    wanted = list(utterances)
    known = {one.path: one.utterance for one in wanted} | {one.utterance: one.utterance for one in wanted}
    found: dict[str, Line] = {}
    for line in lines:
        name = next((known[key] for key in _keys(line.name) if key in known), None)
        if name in found:
            raise InputError(f"lines {found[name].number} and {line.number} are both of {name}; remove one of them")
        if name is not None:
            found[name] = line
    return found


def _keys(name: str) -> Iterator[str]:
    """What an utterance may be called whose recording is called so, the likeliest first.

    >>> list(_keys("a/calf.flac"))
    ['a/calf.flac', 'calf.flac', 'calf']
    """
    yield name
    yield (last := PurePosixPath(name).name)
    if PurePosixPath(last).suffix.lower() in SOUNDS:
        yield PurePosixPath(last).stem


def export_units(
    indices: Store, utterances: Sequence[Utterance], root: Path, path: Path, form: Form, *, collapse: bool = False
) -> None:
    """Write the codes of utterances in a form of :mod:`unitvoice.units.exchange_lines`.

    Args:
        indices: store of the codes.
        utterances: in the order of the lines.
        root: folder of their recordings.
        path: file to write; for the form ``km`` the list of the recordings is beside it, as ``.tsv``.
        form: of the lines.
        collapse: see :func:`unitvoice.units.exchange_lines.write_lines`.

    Raises:
        InputError: utterances are not stored, units have several codes, or the form cannot say something.
    """
    if lost := [one.utterance for one in utterances if one.utterance not in indices]:
        raise InputError(f"{indices.folder} lacks {listed(lost)}; encode their subset, or choose others")
    if indices.width != 1:
        raise InputError(f"{indices.folder} has {indices.width} codes per unit; these forms have a place for one")
    if form == "km":
        parts = [one.utterance for one in utterances if (one.start, one.stop) != (None, None)]
        if parts:
            raise InputError(f"these utterances are parts of recordings: {listed(parts)}; km is of whole ones")
        listing = ((one.path, round(one.seconds * RATE)) for one in utterances)
        write_listing(path.with_name(f"{path.name.removesuffix('.km')}.tsv"), root, listing)
    lines = (Line(one.utterance, indices[one.utterance][:, 0]) for one in utterances)
    write_lines(path, lines, form, collapse=collapse)


def _import(options: argparse.Namespace) -> None:
    clusters = read_clusters(options.centres) if options.centres else None
    if (options.rate is None) == (clusters is None):
        raise InputError("give either --rate, or --centres, which tell the rate")
    told = clusters.frames if clusters else {"rate": options.rate, "first": None}
    lines = read_lines(options.units, options.form, options.list)
    utterances = read_manifest(options.manifest).subset(*options.subsets)
    import_units(lines, utterances, options.output, rate=told["rate"], first=told["first"], clusters=clusters)


def _export(options: argparse.Namespace) -> None:
    manifest = read_manifest(options.manifest)
    utterances = manifest.subset(*options.subsets)
    indices = Store(options.units / "indices")
    export_units(indices, utterances, manifest.root, options.output, options.form, collapse=options.collapse)


def _centres(options: argparse.Namespace) -> None:
    write_clusters(import_clusters(options.model, Store(options.frames)), options.output)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("manifest", type=Path, help="manifest folder")
    common.add_argument("--form", choices=get_args(Form), required=True, help="of the lines")
    common.add_argument("--subsets", nargs="+", choices=get_args(Subset), default=["test"], help="which utterances")
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    action = actions.add_parser("import", parents=[common], help="units from elsewhere", allow_abbrev=False)
    action.add_argument("units", type=Path, help="file of units")
    action.add_argument("output", type=Path, help="folder to write the stores in")
    action.add_argument("--list", type=Path, help="list of the recordings (.tsv), for km")
    action.add_argument("--rate", type=float, help="units per second")
    action.add_argument("--centres", type=Path, help="file of centres (.npz), whose units they are")
    action.set_defaults(act=_import)

    action = actions.add_parser("export", parents=[common], help="units for elsewhere", allow_abbrev=False)
    action.add_argument("units", type=Path, help="folder of units, with the store indices")
    action.add_argument("output", type=Path, help="file to write; with km, a list of the recordings beside it (.tsv)")
    action.add_argument("--collapse", action="store_true", help="runs of equal units as one, with durations (jsonl)")
    action.set_defaults(act=_export)

    action = actions.add_parser("centres", help="a k-means model of scikit-learn", allow_abbrev=False)
    action.add_argument("model", type=Path, help="file of joblib or pickle, uncompressed; nothing in it is run")
    action.add_argument("frames", type=Path, help="store of the frames that the centres are of; that is up to you")
    action.add_argument("output", type=Path, help="file of centres to write (.npz)")
    action.set_defaults(act=_centres)

    options = parser.parse_args(argv)
    options.act(options)


if __name__ == "__main__":
    cli.run(main)
