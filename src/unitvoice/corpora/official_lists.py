"""The organisers' lists of files, where the user has them: the exact list of the bitrate, and what must be there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from unitvoice.errors import InputError, listed
from unitvoice.manifest import Manifest

__all__ = ["with_lists"]


def with_lists(manifest: Manifest, folder: Path) -> Manifest:
    """The manifest with the organisers' list of the bitrate in place of a derived one.

    Args:
        manifest: of a language of the 2019 task.
        folder: holds ``2019/<language>/bitrate_filelist.txt`` and ``required_filelist.txt``, as the folder ``share``
            of the organisers' package does.

    Raises:
        InputError: a list is absent or broken, or the corpus is not the one that the lists are for.
    """
    place = folder / "2019" / manifest.language
    bitrate = tuple(_bitrate(place / "bitrate_filelist.txt"))
    required = {PurePosixPath(line).name for line in _lines(place / "required_filelist.txt")}
    test = {utterance.utterance for utterance in manifest.subset("test")}
    found = {f"{name}.txt" for name in test} | {f"{trial.name}.wav" for trial in manifest.trials}
    wrong = [(required - found, "lacks"), (found - required, "has, but the list has not,")]
    wrong.append(({f"{name}.txt" for name, _ in bitrate} - found, "lacks, for the bitrate,"))
    faults = [f"{verb} {listed(sorted(names))}" for names, verb in wrong if names]
    if faults:
        raise InputError(
            f"the {manifest.language} corpus in {manifest.root} is not the one of the lists in {place}: it "
            f"{'; it '.join(faults)}; unpack the archive again, or leave the lists out"
        )
    return replace(manifest, bitrate=bitrate)


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the list {path} cannot be read ({error}); correct the path of the lists") from None


def _bitrate(path: Path) -> Iterator[tuple[str, float]]:
    for line in _lines(path):
        name, _, seconds = line.rpartition(" ")
        try:
            yield PurePosixPath(name.strip()).name.removesuffix(".txt"), float(seconds)
        except ValueError:
            raise InputError(f"{path} has a line that is not '<stem>.txt <seconds>': {line}; copy it again") from None
