"""The package in a few lines of Python.

Units of a recording, and the recording in another voice::

    from unitvoice import api

    model = api.load("model")
    codes = api.units(model, "speech.wav").indices
    api.write("other.wav", api.convert(model, "speech.wav", "V001"))

The same voice again, and the ABX error (%) of a folder of embeddings::

    api.write("again.wav", api.resynthesise(model, "speech.wav", "V001"))
    error = api.abx("task.item", "embeddings").error

Recordings are files of any rate, or (N,) samples at 16 kHz. Whatever is wrong with them raises
:class:`unitvoice.errors.InputError`, whose text says what to do.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice import audio
from unitvoice.audio import Wave
from unitvoice.conversion.direct import Coder, load_coder, speak
from unitvoice.conversion.speaking import Voice, voice_of
from unitvoice.conversion.vocoding import GriffinLim
from unitvoice.evaluation.abx import AbxResult
from unitvoice.evaluation.abx import abx as abx_error
from unitvoice.evaluation.distances import Distance
from unitvoice.evaluation.frames import read_features
from unitvoice.evaluation.task import read_task
from unitvoice.features.intonation import AS_IT_IS, Intonation
from unitvoice.systems.base import Units

__all__ = ["Intonation", "abx", "convert", "load", "read", "resynthesise", "units", "write"]

Recording = str | Path | NDArray[np.floating]


def load(model: str | Path) -> Coder:
    """A trained model from its folder."""
    return load_coder(Path(model))


def read(recording: str | Path) -> Wave:
    """Samples of a recording, (N,) at 16 kHz."""
    return audio.read(Path(recording))


def write(path: str | Path, wave: Wave) -> None:
    """Write (N,) samples at 16 kHz as a 16-bit wav."""
    audio.write(Path(path), wave)


def units(model: Coder, recording: Recording) -> Units:
    """Units of a recording: codes (T, G), and their vectors (T, D) straight from the codebook."""
    return model.units(_wave(recording))


def convert(
    model: Coder,
    recording: Recording,
    target: str,
    *,
    heard: Sequence[Recording] = (),
    intonation: Intonation = AS_IT_IS,
    voice: Voice | None = None,
) -> Wave:
    """A recording in the voice of a target speaker, as long and about as loud: (N,) samples at 16 kHz.

    Args:
        model: see :func:`load`.
        recording: what is said.
        target: a speaker that the model knows; any name for a model that hears voices.
        heard: recordings of the target, for a model that hears voices.
        intonation: changes of pitch, for a model whose units have pitch.
        voice: what to speak with, see :func:`unitvoice.conversion.speaking.voice_of`; None for the model alone, with
            phase reconstruction where it needs a vocoder.
    """
    model.hear(target, [_wave(one) for one in heard])
    voice = voice or voice_of(model.system, GriffinLim(), 1, "float32")
    ((_, wave),) = speak(voice, {"": (model.intoned(intonation).code(_wave(recording)), target)})
    return wave


def resynthesise(model: Coder, recording: Recording, speaker: str, *, voice: Voice | None = None) -> Wave:
    """A recording spoken again in its own voice, which a model that hears voices hears in the recording itself.

    Args:
        model: see :func:`load`.
        recording: what is said.
        speaker: who says it.
        voice: see :func:`convert`.
    """
    return convert(model, recording, speaker, heard=[recording] if model.system.hears else [], voice=voice)


def abx(task: str | Path, embeddings: str | Path, distance: Distance = "cosine", **options: Any) -> AbxResult:  # noqa: ANN401
    """ABX error of a folder of embeddings (text files or a store) on a task (``.abx`` or ``.item``).

    Args:
        task: the file of the task.
        embeddings: the folder.
        distance: of two items.
        options: see :func:`unitvoice.evaluation.abx.abx`.
    """
    known = read_task(Path(task))
    found = read_features(Path(embeddings), known.utterances)
    return abx_error(known, found.frames, distance=distance, times=found.times, **options)


def _wave(recording: Recording) -> Wave:
    return read(recording) if isinstance(recording, str | Path) else np.asarray(recording, dtype=np.float32)
