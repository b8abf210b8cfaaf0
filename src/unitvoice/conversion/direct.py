"""From recordings straight to units and to speech, without a manifest and without stores."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unitvoice import audio
from unitvoice.audio import Wave
from unitvoice.conversion.speaking import Request, Voice
from unitvoice.corpora.recordings import sound_files
from unitvoice.errors import InputError
from unitvoice.features.kinds import FeatureKind, feature_kind
from unitvoice.manifest import Utterance
from unitvoice.models import load_model
from unitvoice.systems.base import System, Units
from unitvoice.systems.encoding import encoded
from unitvoice.systems.speaking import Vocodes

__all__ = ["Coded", "code", "frames_of", "hear", "load_coder", "recordings", "speak", "units_of"]


@dataclass(frozen=True)
class Coded:
    """What is kept of a recording: enough to speak it again."""

    units: Tensor  # (T, G) codes, or (T, D) vectors of a system without codes
    samples: int  # its length at 16 kHz
    level: float  # its root mean square


def load_coder(folder: Path) -> System:
    """A system that encodes, from its model folder; InputError when it is a vocoder."""
    system = load_model(folder)
    if isinstance(system, Vocodes):
        raise InputError(f"{folder} is a vocoder, which has no units; give a model that has, and this as --vocoder")
    return system


def recordings(place: Path) -> dict[str, Path]:
    """A sound file by its stem, or all sound files below a folder by their paths in it without suffix.

    Raises:
        InputError: there is none, or two have the same name.
    """
    if not place.is_dir():
        return {place.stem: place}
    found: dict[str, Path] = {}
    for path in sound_files(place):
        name = path.relative_to(place).with_suffix("").as_posix()
        if name in found:
            raise InputError(f"{found[name]} and {path} would be written to one file; rename one of them")
        found[name] = path
    return found


def frames_of(system: System, wave: Wave) -> Tensor:
    """The frames that a system reads, of (N,) samples at 16 kHz: (T, D).

    Raises:
        InputError: the kind of frames is not known by name alone, or is computed in another way than in training.
    """
    kind = feature_kind(system.input)
    _check_kind(system, kind)
    return torch.from_numpy(np.asarray(kind.compute(wave), dtype=kind.dtype))


def _check_kind(system: System, kind: FeatureKind) -> None:
    parameters = json.loads(json.dumps(kind.parameters))
    if system.trained_on.get(system.input, {"parameters": parameters})["parameters"] != parameters:
        raise InputError(f"{system.input} is computed in another way today than for this model; train it again")


@torch.inference_mode()
def units_of(system: System, wave: Wave) -> Units:
    """The units of one recording by itself, on the CPU; (N,) samples at 16 kHz."""
    alone = Utterance("recording", "recording", "test", "", None, None, len(wave) / audio.RATE)
    ((_, units),) = encoded(system, [alone], {alone.utterance: frames_of(system, wave).numpy()})
    return units


def code(system: System, wave: Wave) -> Coded:
    """What a system keeps of (N,) samples at 16 kHz."""
    units = units_of(system, wave)
    level = float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))
    return Coded(units.indices if system.discrete else units.vectors, len(wave), level)


@torch.inference_mode()
def hear(system: System, target: str, waves: Sequence[Wave]) -> None:
    """Let a system know a voice by its recordings, each (N,) samples at 16 kHz, or by its name alone.

    Raises:
        InputError: the system has to hear voices and there is nothing to hear; it hears none and there is; or it does
            not know the speaker.
    """
    if not system.hears:
        if waves:
            raise InputError("the model knows voices by name and hears none; leave out --heard")
        system.speaker_row(target)
    elif not waves:
        raise InputError("the model speaks in voices that it hears; give recordings of the voice as --heard")
    else:
        system.hear(target, [frames_of(system, wave) for wave in waves])


def speak(voice: Voice, wanted: Mapping[str, tuple[Coded, str]]) -> Iterator[tuple[str, Wave]]:
    """Speak what was coded, just as long and about as loud as the recordings were.

    Args:
        voice: see :func:`unitvoice.conversion.speaking.voice_of`.
        wanted: by a name, from which speech draws its randomness, what is spoken, and in whose voice.

    Yields:
        each name with its samples at 16 kHz, in the order that suits the voice.
    """
    requests = [Request(name, one.units, target, one.samples) for name, (one, target) in wanted.items()]
    for request, wave in voice(requests):
        level = np.full(1, wanted[request.name][0].level, np.float32)
        yield request.name, audio.match_loudness(wave, level)
