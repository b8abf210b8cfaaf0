"""Unpack the archives of a corpus into one folder."""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

from unitvoice import cli
from unitvoice.corpora.archives import extract
from unitvoice.corpora.seven_zip import find_seven_zip
from unitvoice.corpora.zip_parts import last_part
from unitvoice.errors import InputError, listed
from unitvoice.files import atomic

__all__ = ["unpack"]

log = logging.getLogger(__name__)


def unpack(archives: Sequence[Path], out: Path, program: Path | None = None) -> int:
    """Unpack archives side by side into a folder, which appears when all are complete.

    Args:
        archives: files; the parts of a split archive count as one.
        out: the folder; an older one is replaced.
        program: a 7-Zip, see ``archives.extract``.

    Returns:
        Number of files.

    Raises:
        InputError: an archive cannot be unpacked, or two hold the same name.
    """
    count = 0
    with atomic(out) as folder:
        folder.mkdir()
        for archive in dict.fromkeys(last_part(path) for path in archives):
            with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
                inside = Path(scratch) / "inside"
                count += extract(archive, inside, program=program)
                if twice := [path.name for path in inside.iterdir() if (folder / path.name).exists()]:
                    raise InputError(f"{archive} and another archive both hold {listed(sorted(twice))}; leave one out")
                for path in list(inside.iterdir()):
                    path.replace(folder / path.name)
    return count


def main(argv: Sequence[str] | None = None) -> None:
    """The command."""
    parser = cli.parser(__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to make")
    parser.add_argument(
        "archives", type=Path, nargs="+", metavar="ARCHIVE", help="archives, and all parts of split ones"
    )
    arguments = parser.parse_args(argv)
    count = unpack(arguments.archives, arguments.out, find_seven_zip())
    log.info("%s: %d files", arguments.out, count)


if __name__ == "__main__":
    cli.run(main)
