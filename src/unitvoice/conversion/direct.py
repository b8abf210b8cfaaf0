"""From recordings straight to units and to speech, without a manifest and without stores."""

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from unitvoice import audio
from unitvoice.audio import Wave
from unitvoice.conversion.speaking import Request, Voice
from unitvoice.corpora.recordings import sound_files
from unitvoice.errors import InputError, listed
from unitvoice.features.contours import beside
from unitvoice.features.f0 import TrackerError
from unitvoice.features.intonation import AS_IT_IS, Intonation
from unitvoice.features.kinds import KINDS, FeatureKind, feature_kind
from unitvoice.manifest import Utterance
from unitvoice.models import load_model
from unitvoice.systems.base import System, Units
from unitvoice.systems.encoding import check_units, encoded
from unitvoice.systems.voices import VoiceTable

__all__ = ["Coded", "Coder", "load_coder", "recordings", "speak"]


@dataclass(frozen=True)
class Coded:
    """What is kept of a recording: enough to speak it again."""

    units: Tensor  # (T, G) codes, or (T, D) vectors of a system without codes
    samples: int  # its length at 16 kHz
    level: float  # its root mean square


@dataclass(frozen=True)
class Coder:
    """A trained system with how the frames that it reads are computed."""

    folder: Path  # of the model
    system: System
    kind: FeatureKind  # of the frames
    pitch: FeatureKind | None = None  # of F0, where it reads pitch
    intonation: Intonation = AS_IT_IS

    def intoned(self, intonation: Intonation) -> "Coder":
        """The same with another intonation; InputError when the system has no pitch to change."""
        if self.pitch is None and intonation != AS_IT_IS:
            raise InputError(f"{self.folder} has units without pitch; leave out the changes of pitch")
        return replace(self, intonation=intonation)

    def frames(self, wave: Wave) -> Tensor:
        """(T, D) frames of (N,) samples at 16 kHz, with contours of F0 beside them where the system reads pitch.

        Raises:
            InputError: they cannot be computed.
        """
        try:
            frames = np.asarray(self.kind.compute(wave), dtype=self.kind.dtype)
            if self.pitch is not None:
                contour = self.intonation.contour(self.pitch.compute(wave))
                frames = beside(frames, contour, round(self.pitch.rate / self.kind.rate))
        except TrackerError as error:
            raise InputError(f"the recording has no F0 ({error})") from None
        return torch.from_numpy(frames)

    @torch.inference_mode()
    def units(self, wave: Wave) -> Units:
        """Units of (N,) samples at 16 kHz by themselves, on the CPU; InputError when they are too few."""
        frames = self.frames(wave).numpy()
        if len(frames) < self.system.shortest:
            raise InputError(f"{len(frames)} frames are fewer than the {self.system.shortest} that the model needs")
        alone = Utterance("recording", "recording", "test", "", None, None, len(wave) / audio.RATE)
        ((_, units),) = encoded(self.system, [alone], {alone.utterance: frames})
        return units

    def code(self, wave: Wave) -> Coded:
        """What is kept of (N,) samples at 16 kHz; see :meth:`units`."""
        units = self.units(wave)
        level = float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))
        return Coded(units.indices if self.system.discrete else units.vectors, len(wave), level)

    def code_all(self, paths: Mapping[str, Path]) -> dict[str, Coded]:
        """What is kept of recordings, by their names; InputError names all that cannot be used."""
        coded, bad = {}, []
        for name, path in tqdm(paths.items(), desc="encode", unit="file", disable=None):
            try:
                coded[name] = self.code(audio.read(path))
            except InputError as error:
                bad.append(str(error) if str(path) in str(error) else f"{path}: {error}")
        if bad:
            raise InputError(bad[0] if len(paths) == 1 else f"{len(bad)} recordings cannot be used: {listed(bad)}")
        return coded

    @property
    def voices(self) -> tuple[str, ...]:
        """The speakers that the system knows by name and has learned to speak as."""
        tables = [part for part in self.system.modules() if isinstance(part, VoiceTable)]
        return tuple(
            name for row, name in enumerate(self.system.speakers) if all(bool(table.learned[row]) for table in tables)
        )

    @torch.inference_mode()
    def hear(self, target: str, waves: Sequence[Wave]) -> None:
        """Know a voice by its recordings, each (N,) samples at 16 kHz, or by its name alone.

        Raises:
            InputError: the system has to hear voices and there is nothing to hear; it hears none and there is; or it
                does not know the speaker.
        """
        if not self.system.hears:
            if waves:
                raise InputError("the model knows voices by name and hears none; leave out the recordings to be heard")
            self.system.speaker_row(target)
        elif not waves:
            raise InputError("the model speaks in voices that it hears; give recordings of the voice as --heard")
        else:
            self.system.hear(target, [self.frames(wave) for wave in waves])


def load_coder(folder: Path, ssl: Mapping[str, Any] | None = None) -> Coder:
    """A system from its model folder.

    Args:
        folder: the model.
        ssl: settings of the pretrained encoder whose frames the system reads; see
            :class:`unitvoice.features.ssl.SslSettings`. Those that torchaudio downloads are known without.

    Raises:
        InputError: the model has no units, or its frames are computed in another way today than in its training.
    """
    system = load_model(folder)
    check_units(system)
    kinds = {system.input: _kind_of(system, ssl)}
    if system.pitch is not None:
        kinds[system.pitch] = feature_kind(system.pitch)
    for name, kind in kinds.items():
        today = json.loads(json.dumps(kind.parameters))
        if system.trained_on.get(name, {"parameters": today})["parameters"] != today:
            raise InputError(f"{name} is computed in another way than {folder} was trained on; train it again")
    return Coder(folder, system, kinds[system.input], kinds.get(system.pitch or ""))


def _kind_of(system: System, ssl: Mapping[str, Any] | None) -> FeatureKind:
    if system.input in KINDS:
        if ssl is not None:
            raise InputError(f"the model reads {system.input}, which no encoder computes; leave out the encoder")
        return feature_kind(system.input)
    if ssl is None:
        told = system.trained_on.get(system.input, {}).get("parameters", {})
        ssl = {key: told[key] for key in ("model", "layer") if key in told}
    encoders = importlib.import_module("unitvoice.features.ssl")  # takes seconds, which few systems need
    kind: FeatureKind = encoders.ssl_kind(ssl, f"the encoder of {system.input}")
    return kind


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
            raise InputError(f"{found[name]} and {path} have one name without suffix; rename one of them")
        found[name] = path
    return found


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
