"""The 2019 task in the data set of 2020: the folder ``2020``, with the counts that its validator demands."""

from dataclasses import replace
from pathlib import Path

from unitvoice.corpora import zerospeech2019
from unitvoice.corpora.recordings import corpus_folder
from unitvoice.manifest import Manifest

__all__ = ["manifest"]


def manifest(root: Path, language: str) -> Manifest:
    """The manifest of a language; ``root`` is the folder ``2020`` or the one that holds it, alone.

    Raises:
        InputError: as in ``zerospeech2019.manifest``.
    """
    return replace(zerospeech2019.manifest(corpus_folder(root, "2019/*/test"), language), corpus="zerospeech2020")
