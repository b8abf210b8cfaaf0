"""Unpack a corpus archive: recognised by its content, refused when hostile, complete or not there at all."""

import logging
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from unitvoice import cli
from unitvoice.corpora.members import Archive, check_members, damaged
from unitvoice.corpora.passwords import Password, ask_password
from unitvoice.corpora.seven_zip import SevenZipArchive, find_seven_zip
from unitvoice.corpora.tars import TarArchive, is_tar
from unitvoice.corpora.web_pages import looks_like_web_page
from unitvoice.corpora.zip_directory import is_zip
from unitvoice.corpora.zip_parts import last_part
from unitvoice.corpora.zips import ZipArchive
from unitvoice.errors import InputError
from unitvoice.files import atomic

__all__ = ["extract", "open_archive"]

HEAD = 512  # bytes that tell one kind of archive from another

logger = logging.getLogger(__name__)


def open_archive(path: Path, ask: Callable[[], Password], program: Path | None = None) -> Archive:
    """Recognise an archive by its content.

    Args:
        path: tar (plain, gzip, bzip2, xz), zip, the last part of a split zip, or 7z.
        ask: gives the password; called when there is something to open with it.
        program: a 7-Zip for split zips and for compressions that are not ours.

    Raises:
        InputError: it is none of these, is cut short, or lacks a part.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if is_zip(path):
        return ZipArchive(path, ask, program)
    if head.startswith(b"7z\xbc\xaf\x27\x1c"):
        return SevenZipArchive(path, ask)
    if is_tar(head):
        return TarArchive(path)
    if head.startswith(b"PK"):
        raise damaged(path, "a zip archive without its table of contents")
    what = "a web page" if looks_like_web_page(head) else "no tar, zip or 7z file"
    raise InputError(f"{path} is not an archive but {what}; download it again and look at the address")


def extract(
    archive: Path,
    out: Path,
    *,
    ask: Callable[[], Password] | None = None,
    files_expected: int | None = None,
    program: Path | None = None,
) -> int:
    """Unpack an archive into a new folder, which appears when it is complete.

    Args:
        archive: any part of it will do.
        out: the folder; it must not exist, or be empty.
        ask: gives the password; None for the environment or a prompt.
        files_expected: how many regular files there must be; None for any number.
        program: a 7-Zip for split zips and for compressions that are not ours; None to do without.

    Returns:
        Number of files.

    Raises:
        InputError: the archive is hostile, damaged or incomplete, the password is wrong or absent, or the disk is
            full; nothing is left behind.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists already; remove it or choose another folder")
    archive = last_part(archive)
    opened = open_archive(archive, ask or partial(ask_password, archive), program)
    members = check_members(archive, opened.size, opened.members(), files_expected=files_expected)
    _check_space(out, sum(member.size for member in members))
    opened.unlock()
    with atomic(out) as folder:
        folder.mkdir()
        opened.extract(folder)
    return sum(member.kind in {"file", "hardlink"} for member in members)


def _check_space(out: Path, needed: int) -> None:
    home = next(parent for parent in out.absolute().parents if parent.exists())
    if (free := shutil.disk_usage(home).free) < needed:
        raise InputError(f"{home} has {free / 1e9:.1f} GB free, but {needed / 1e9:.1f} GB are needed; make room")


def main(argv: Sequence[str] | None = None) -> None:
    """The command."""
    parser = cli.parser(__doc__)
    parser.add_argument("archive", type=Path, help="tgz, zip, 7z, or a part of a split zip")
    parser.add_argument("out", type=Path, help="folder to make; the archive's own tree goes below it")
    parser.add_argument("--files-expected", type=int, metavar="N", help="refuse an archive of another number of files")
    parser.add_argument("--without-7zip", action="store_true", help="do not use 7zz or 7z even where it is on PATH")
    args = parser.parse_args(argv)
    program = None if args.without_7zip else find_seven_zip()
    count = extract(args.archive, args.out, files_expected=args.files_expected, program=program)
    logger.info("%s: %d files in %s", args.archive.name, count, args.out)


if __name__ == "__main__":
    cli.run(main)
