"""VCTK: version 0.80 with ``wav48/p225/p225_001.wav``, version 0.92 with FLAC files of two microphones."""

from pathlib import Path

from unitvoice.corpora.collection import Settings
from unitvoice.corpora.recordings import Recording, corpus_folder, sound_files
from unitvoice.errors import InputError

__all__ = ["FOLDERS", "recordings"]

FOLDERS = ("wav48_silence_trimmed", "wav48")
MICROPHONES = ("mic1", "mic2")


def recordings(root: Path, settings: Settings) -> list[Recording]:
    """The recordings of one microphone (version 0.80 has one alone); the speaker is the folder.

    Raises:
        InputError: the layout is another one, or has no recording of the microphone.
    """
    if settings.microphone not in MICROPHONES:
        raise InputError(f"VCTK has no microphone {settings.microphone}; it has {' and '.join(MICROPHONES)}")
    home = corpus_folder(root, *FOLDERS)
    folder = next(home / name for name in FOLDERS if (home / name).is_dir())
    found = [Recording(path, path.parent.name) for path in sound_files(folder) if _wanted(path, settings.microphone)]
    if not found:
        raise InputError(f"{folder} has no recording of {settings.microphone}; choose the other microphone")
    return found


def _wanted(path: Path, microphone: str) -> bool:
    before, _, last = path.stem.rpartition("_")
    return not before or last not in MICROPHONES or last == microphone
