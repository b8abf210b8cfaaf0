"""What a system in training sounds like: the same few utterances now and then, to listen to."""

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from unitvoice import audio
from unitvoice.conversion.hearing import hear_targets
from unitvoice.conversion.speaking import Request, voice_of
from unitvoice.conversion.vocoding import GriffinLim
from unitvoice.errors import InputError
from unitvoice.files import atomic, write_json
from unitvoice.manifest import Manifest, Trial
from unitvoice.nn.ranks import alone
from unitvoice.store import Store
from unitvoice.systems.base import System
from unitvoice.systems.encoding import encoded

__all__ = ["TRIALS", "Listening"]

TRIALS = "trials.json"  # what is spoken, beside a folder of wavs for each step
SECONDS = 1.5  # of an utterance
CONVERSIONS = 2


class Listening:
    """Speaks the beginnings of some utterances as a system in training would, which it does not disturb.

    A recording of the first target voice in its own voice, then two of the dev set, whose speakers the system does
    not know, in the target voices. A corpus without target voices or dev set gives other speakers it trains on.

    Args:
        manifest: the corpus.
        frames: store of the kind that the system reads.
        shortest: frames that the system needs.
    """

    def __init__(self, manifest: Manifest, frames: Store, shortest: int = 1) -> None:
        self._manifest, self._frames = manifest, frames
        self._most = max(shortest, round(SECONDS * frames.rate))
        long = [
            one for one in manifest.utterances if one.utterance in frames and frames.rows(one.utterance) >= shortest
        ]
        trained = [one for one in long if one.subset in {"unit", "voice"}]
        voices = [voice for voice in manifest.voices if any(one.speaker == voice for one in trained)]
        voices = voices or sorted({one.speaker for one in trained})[:CONVERSIONS]
        if not voices:
            raise InputError("the corpus has no utterance to listen to; leave out the stage's listen_every")
        own = next(one for one in trained if one.speaker == voices[0])
        sources = [one for one in long if one.subset == "dev"] or [one for one in trained if one is not own]
        self._sources = [own, *sources[:CONVERSIONS]]
        targets = [voices[place % len(voices)] for place in range(CONVERSIONS)]
        self._trials = [
            Trial(source.utterance, target, str(number))
            for number, (source, target) in enumerate(zip(self._sources, [voices[0], *targets], strict=False))
        ]

    @property
    def trials(self) -> Sequence[Trial]:
        """What is spoken; their names are those of the wavs."""
        return self._trials

    def speak(self, system: System, folder: Path, step: int) -> None:
        """Write the wavs of a step into a folder of its number in ``folder``, and what they are beside it."""
        system = copy.deepcopy(system).cpu().eval().requires_grad_(requires_grad=False)  # it may hear voices and move
        seconds = self._most / self._frames.rate
        folder.mkdir(parents=True, exist_ok=True)
        write_json(
            folder / TRIALS, [{"source": t.source, "target": t.target, "seconds": seconds} for t in self._trials]
        )
        with torch.inference_mode(), alone(), atomic(folder / str(step)) as beside:
            beside.mkdir()
            if system.hears:
                hear_targets(system, self._manifest, sorted({t.target for t in self._trials}), self._frames)
            voice = voice_of(system, GriffinLim(), len(self._trials), "float32")
            for request, wave in voice(self._requests(system)):
                audio.write(beside / f"{request.name}.wav", wave)

    def _requests(self, system: System) -> list[Request]:
        """The beginnings of the utterances as units; each is as loud as the system makes it."""
        begun = {name: np.asarray(self._frames[name][: self._most]) for name in {t.source for t in self._trials}}
        units = dict(encoded(system, self._sources, begun))
        return [
            Request(
                trial.name,
                units[trial.source].indices if system.discrete else units[trial.source].vectors,
                trial.target,
                round(len(begun[trial.source]) / self._frames.rate * audio.RATE),
            )
            for trial in self._trials
        ]
