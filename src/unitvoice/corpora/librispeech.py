"""Read books: ``train-clean-100/SPEAKER/CHAPTER/*.flac`` (LibriSpeech), ``SPEAKER/BOOK/*.flac`` (Libri-light)."""

from pathlib import Path

from unitvoice.corpora.collection import Settings
from unitvoice.corpora.recordings import Part, Recording, corpus_folder, sound_files
from unitvoice.errors import InputError, listed

__all__ = ["MARKS", "recordings"]

MARKS = ("*-*/[0-9]*/*/*.flac", "[0-9]*/*/*.flac")
PARTS: dict[str, Part] = {"train": "train", "dev": "dev", "test": "test"}


def recordings(root: Path, _settings: Settings) -> list[Recording]:
    """All recordings; the speaker is the number two folders above a file, the part what its set's name begins with.

    Raises:
        InputError: the layout is another one.
    """
    home = corpus_folder(root, *MARKS)
    paths = [path for path in sound_files(home) if path.suffix.lower() != ".wav"]
    if strange := [path for path in paths if not path.parent.parent.name.isdigit()]:
        raise InputError(
            f"the folder above these has not the number of a speaker: {listed(strange)}; correct the path"
        )
    return [Recording(path, path.parent.parent.name, _part(path, home)) for path in paths]


def _part(path: Path, home: Path) -> Part | None:
    return PARTS.get(path.relative_to(home).parts[0].partition("-")[0])
