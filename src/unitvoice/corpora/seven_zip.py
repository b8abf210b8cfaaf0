"""7-Zip archives (py7zr), and the 7-Zip program for what only it can unpack."""

import logging
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import py7zr
from py7zr.io import NullIOFactory

from unitvoice.corpora.members import Member, damaged, is_of_the_disk, wrong_password
from unitvoice.corpora.passwords import PASSWORD_VARIABLE, Password
from unitvoice.errors import InputError, listed

__all__ = ["SevenZipArchive", "find_seven_zip", "run_seven_zip"]

logger = logging.getLogger(__name__)


class SevenZipArchive:
    """A 7z archive; ``ask`` gives its password and is called when it has one."""

    def __init__(self, path: Path, ask: Callable[[], Password]) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._ask = ask
        self._password: Password | None = None
        try:
            with _opened(path, None, damaged(path, "no 7z file after its first bytes")) as archive:
                self._locked = archive.needs_password()
                self._files = archive.list()
        except py7zr.PasswordRequired:  # the names are encrypted, too
            self._locked = True
            self._password = ask()
            with _opened(path, self._password, wrong_password(path)) as archive:
                self._files = archive.list()

    def members(self) -> Iterator[Member]:
        """Its table of contents; 7z keeps the target of a link in the data, so it is unknown."""
        for file in self._files:
            if file.is_file:
                yield Member(file.filename, file.uncompressed, "file")
            else:
                yield Member(file.filename, 0, "folder" if file.is_directory else "symlink")

    def unlock(self) -> None:
        """Try the password on the smallest member that has content; InputError when it is wrong."""
        if not self._locked:
            return
        self._password = self._password or self._ask()
        contents = [file for file in self._files if file.is_file and file.uncompressed]
        if contents:
            smallest = min(contents, key=lambda file: file.uncompressed).filename
            with _opened(self.path, self._password, wrong_password(self.path)) as archive:
                archive.extract(targets=[smallest], factory=NullIOFactory())

    def extract(self, folder: Path) -> None:
        """Write all members into a folder; InputError when one of them is damaged."""
        with _opened(self.path, self._password, damaged(self.path, "its data fails a check")) as archive:
            archive.max_extract_size = sum(file.uncompressed for file in self._files)
            archive.extractall(folder)


@contextmanager
def _opened(path: Path, password: Password | None, fault: InputError) -> Iterator[py7zr.SevenZipFile]:
    """An open 7z archive; whatever its decoders complain about becomes ``fault``."""
    try:
        with py7zr.SevenZipFile(path, password=password.text if password else None) as archive:
            yield archive
    except py7zr.PasswordRequired:
        raise
    except Exception as error:
        if is_of_the_disk(error):
            raise
        raise fault from None


def find_seven_zip() -> Path | None:
    """The 7-Zip program on PATH (``7zz``, else ``7z``), or None."""
    found = shutil.which("7zz") or shutil.which("7z")
    return Path(found) if found else None


def run_seven_zip(program: Path, archive: Path, folder: Path, password: Password, members: list[Member]) -> None:
    """Unpack an archive whose members were checked, with the 7-Zip program.

    The password goes through the program's standard input: argument lists and environments can be seen by others.

    Raises:
        InputError: the program fails, or writes other files than the table of contents has.
    """
    logger.info("unpacking %s with %s", archive.name, program.name)
    command: list[str | Path] = [program, "x", "-y", "-bd", "-spd", "-sccUTF-8", f"-o{folder}", "--", archive]
    done = subprocess.run(
        command,
        input=password.text + "\n",
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env={name: value for name, value in os.environ.items() if name != PASSWORD_VARIABLE},
        check=False,
    )
    if done.returncode:
        raise _failure(archive, program, done.stdout + done.stderr)
    _compare(archive, folder, members)


def _failure(archive: Path, program: Path, output: str) -> InputError:
    if "rong password" in output:
        return wrong_password(archive)
    errors = [line for line in output.splitlines() if "ERROR" in line] or ["no reason given"]
    return damaged(archive, f"{program.name} says {errors[0].strip()}")


def _compare(archive: Path, folder: Path, members: list[Member]) -> None:
    """Refuse an unpacked tree that is not what the table of contents says."""
    expected = {member.path: member.size for member in members if member.kind == "file"}
    found = {
        path.relative_to(folder).as_posix(): path.lstat().st_size
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    if strange := sorted(path for path, _ in expected.items() ^ found.items()):
        raise damaged(archive, f"7-Zip unpacked these differently: {listed(strange)}")
