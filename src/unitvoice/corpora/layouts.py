"""Recognising the kind of a corpus by its folders and files."""

from collections.abc import Mapping
from pathlib import Path

from unitvoice.errors import InputError, listed

__all__ = ["recognised"]

# kind -> patterns of what is in its folder, or in the one folder in that; the first kind that fits is taken
LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "demo": ("demo.json",),
    "zerospeech2020": ("2019/*/synthesis.txt",),
    "zerospeech2019": ("*/train/unit", "*/synthesis.txt"),
    "zerospeech2017": ("2017/*/train", "*/test/10s", "test/*/10s"),
    "vctk": ("wav48_silence_trimmed", "wav48"),
    "ljspeech": ("wavs/LJ*.wav",),
    "librispeech": ("*-*/[0-9]*/*/*.flac", "[0-9]*/*/*.flac"),
    "huggingface": ("metadata.csv", "metadata.jsonl", "*/metadata.csv", "*/metadata.jsonl"),
}


def recognised(root: Path) -> str:
    """The kind of the corpus in a folder.

    Raises:
        InputError: it has no layout that is known.
    """
    inside = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    for folder in (root, *inside):
        for kind, patterns in LAYOUTS.items():
            if any(next(folder.glob(pattern), None) for pattern in patterns):
                return kind
    raise InputError(
        f"the layout of {root} is none of {listed(LAYOUTS)}; name its kind, for your own recordings: "
        f"corpus: {{kind: folder, path: {root}}}"
    )
