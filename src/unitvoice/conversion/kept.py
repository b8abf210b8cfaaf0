"""The wavs of a conversion in progress: a working folder keeps them, and knows which are whole."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from unitvoice import audio
from unitvoice.audio import Wave
from unitvoice.errors import InputError, listed
from unitvoice.files import alone_in, sha256

__all__ = ["Kept", "kept"]

LEDGER = ".done"  # lines "<SHA-256> <name>"


class Kept:
    """Wavs by name in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._ledger = folder, folder / LEDGER

    def whole(self) -> set[str]:
        """Names of the wavs that are there as they were written."""
        if not self._ledger.exists():
            return set()
        lines = self._ledger.read_text(encoding="utf-8", errors="replace").splitlines()
        noted = {name: known for known, _, name in (line.partition(" ") for line in lines)}
        there = {name: known for name, known in noted.items() if self._path(name).is_file()}
        return {name for name, known in there.items() if sha256(self._path(name)) == known}

    def write(self, name: str, wave: Wave) -> None:
        """Write a wav, and note it when it is whole."""
        audio.write(self._path(name), wave)
        with self._ledger.open("a", encoding="utf-8") as ledger:
            ledger.write(f"{sha256(self._path(name))} {name}\n")

    def finish(self, names: Sequence[str]) -> None:
        """Leave the wavs alone; InputError when some of these are missing."""
        if lost := [name for name in names if not self._path(name).is_file()]:
            raise InputError(f"{self._folder} has lost {listed(lost)} to another process; end that one, and run again")
        self._ledger.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.wav"


@contextmanager
def kept(work: Path | None, folder: Path) -> Iterator[Kept]:
    """Wavs that will be in a new folder: gathered in ``work``, which outlives a failure, or in the folder itself."""
    if work is None:
        folder.mkdir()
        yield Kept(folder)
        return
    with alone_in(work):
        yield Kept(work)
        work.replace(folder)
