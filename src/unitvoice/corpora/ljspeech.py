"""LJ Speech: one speaker, ``wavs/LJ001-0001.wav`` beside ``metadata.csv``."""

from pathlib import Path

from unitvoice.corpora.collection import Settings
from unitvoice.corpora.recordings import Recording, corpus_folder, sound_files

__all__ = ["recordings"]


def recordings(root: Path, _settings: Settings) -> list[Recording]:
    """All recordings; the speaker is ``LJ``. InputError when there is no folder ``wavs``."""
    folder = corpus_folder(root, "wavs") / "wavs"
    return [Recording(path, "LJ") for path in sound_files(folder)]
