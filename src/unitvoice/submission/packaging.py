"""Packs a submission tree into a zip; equal trees give equal bytes."""

import argparse
import logging
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.provenance import agreed, sealed, verified
from unitvoice.submission.tree import MARKS

__all__ = ["main", "pack"]

log = logging.getLogger(__name__)

TOP = {"metadata.yaml", "2017", "2019"}
STRAY = {"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"}
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can hold
UNIX = 3
MODE = 0o100644  # a regular file that all may read


def pack(tree: Path, archive: Path, validation: Path | None = None) -> int:
    """Write a zip with the tree's names at its root: sorted, with fixed times and permissions, deflated.

    Args:
        tree: the submission.
        archive: the zip.
        validation: what :mod:`unitvoice.submission.validation` has written of it.

    Returns:
        The number of files.

    Raises:
        InputError: ``tree`` is no submission, is damaged, or holds stray files, links or what is no file; or another
            tree was validated.
    """
    if not (tree / "metadata.yaml").is_file():
        raise InputError(
            f"{tree} is not a submission (it has no metadata.yaml); make it with unitvoice.submission.layout"
        )
    if archive.resolve().is_relative_to(tree.resolve()):
        raise InputError(f"{archive} lies within {tree}; write the zip somewhere else")
    found = (path for path in tree.rglob("*") if path.name not in MARKS and (path.is_symlink() or not path.is_dir()))
    files = {path.relative_to(tree).as_posix(): path for path in found}
    if stray := sorted(name for name, path in files.items() if _is_stray(name, path)):
        raise InputError(f"{tree} holds files that do not belong in a submission: {listed(stray)}; delete them")
    made_of = agreed({"submission": verified(tree), "validation": verified(validation)})
    with sealed(archive, "submission.zip", made_of) as beside, zipfile.ZipFile(beside, "w") as packed:
        for name in sorted(files):
            _add(packed, name, files[name])
    return len(files)


def _is_stray(name: str, path: Path) -> bool:
    parts = name.split("/")
    hidden = any(part.startswith(".") or part in STRAY for part in parts)
    return hidden or parts[0] not in TOP or path.is_symlink() or not path.is_file()


def _add(packed: zipfile.ZipFile, name: str, path: Path) -> None:
    info = zipfile.ZipInfo(name, EARLIEST)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system, info.external_attr = UNIX, MODE << 16
    info.file_size = path.stat().st_size
    with path.open("rb") as source, packed.open(info, "w") as target:
        shutil.copyfileobj(source, target)


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("Pack a submission tree into a zip.")
    parser.add_argument("tree", type=Path, metavar="TREE", help="folder of the submission")
    parser.add_argument("zip", type=Path, metavar="ZIP", help="file to write")
    parser.add_argument("--validation", type=Path, help="JSON of its validation, which must be of this very tree")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of ``python -m unitvoice.submission.packaging``."""
    arguments = _parser().parse_args(argv)
    count = pack(arguments.tree, arguments.zip, arguments.validation)
    log.info("%s: %d files, %.1f MB", arguments.zip, count, arguments.zip.stat().st_size / 1e6)


if __name__ == "__main__":
    cli.run(main)
