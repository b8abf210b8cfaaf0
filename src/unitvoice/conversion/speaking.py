"""Speaking units in a voice, by whatever the system speaks with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from unitvoice.audio import Wave
from unitvoice.conversion.generation import Utterance, divergence, generate, seed_of
from unitvoice.conversion.vocoding import TrainedVocoder, Vocoder
from unitvoice.errors import InputError
from unitvoice.features.spectral import Spectrum
from unitvoice.nn.precision import Precision
from unitvoice.nn.stepper import Stepper
from unitvoice.systems.base import System
from unitvoice.systems.speaking import SpeaksSamples, SpeaksWaves

__all__ = ["FrameVoice", "Request", "SampleVoice", "Vocoded", "Voice", "WaveVoice", "voice_of"]

HOP = Spectrum().hop  # samples per log-mel frame
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Request:
    """One utterance to speak."""

    name: str
    units: Tensor  # (T, G) codes, or (T, D) vectors of a system without codes
    speaker: str
    samples: int  # length of the result at 16 kHz


class Voice(Protocol):
    """Speaks requests, in the order that suits it; the same seed gives the same sound, in any company."""

    def __call__(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Wave]]:
        """Each request with its (samples,) at 16 kHz, when it is done."""
        ...


@dataclass(frozen=True)
class FrameVoice:
    """A system that decodes to log-mel frames, and a vocoder."""

    system: System
    vocoder: Vocoder
    seed: int = 0

    @torch.inference_mode()
    def __call__(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Wave]]:
        """See :class:`Voice`."""
        for request in requests:
            frames = self.system.decode(request.units, request.speaker, 1 + request.samples // HOP)
            yield request, self.vocoder(frames.numpy(), request.samples, seed_of(self.seed, request.name))


@dataclass(frozen=True)
class SampleVoice:
    """A system that speaks sample by sample.

    Args:
        system: a trained system, on its device.
        rows: utterances in flight; another number can change a sound, as sums are rounded in another order.
        precision: of the large products.
        seed: each request draws from this and its name.
    """

    system: SpeaksSamples
    rows: int
    precision: Precision = "float32"
    seed: int = 0
    device: torch.device = CPU

    def __call__(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Wave]]:
        """See :class:`Voice`."""
        named = {request.name: request for request in requests}
        stepper = self.system.stepper(self.rows, self.precision)
        for utterance, samples in generate(stepper, [self._utterance(request) for request in requests]):
            yield named[utterance.name], self.system.wave(samples)

    def _utterance(self, request: Request) -> Utterance:
        @torch.inference_mode()
        def conditions() -> Tensor:
            return self.system.conditions(request.units.to(self.device), request.speaker)

        return Utterance(request.name, request.samples, seed_of(self.seed, request.name), conditions)

    def divergence(self, request: Request) -> float:
        """How far the distributions in this precision are from single precision, nats a sample.

        Measured on the request as this voice speaks it; see :func:`generation.divergence`.
        """
        exact, own = self.system.stepper(1, "float32"), self.system.stepper(1, self.precision)
        ((utterance, samples),) = generate(own, [self._utterance(request)])
        return divergence(exact, own, utterance.conditions(), samples)


@dataclass(frozen=True)
class WaveVoice:
    """A system that speaks an utterance at once, on its device."""

    system: SpeaksWaves
    device: torch.device = CPU

    @torch.inference_mode()
    def __call__(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Wave]]:
        """See :class:`Voice`."""
        for request in requests:
            yield request, self.system.speak(request.units.to(self.device), request.speaker, request.samples)


@dataclass(frozen=True)
class Vocoded:
    """A system that decodes frames, and a vocoder, on its device, that speaks these sample by sample: both as one."""

    system: System
    vocoder: SpeaksSamples
    rate: float  # frames per second
    device: torch.device = CPU

    def stepper(self, rows: int, precision: Precision) -> Stepper:
        """See :class:`SpeaksSamples`."""
        return self.vocoder.stepper(rows, precision)

    def conditions(self, units: Tensor, speaker: str) -> Tensor:
        """See :class:`SpeaksSamples`."""
        frames = self.system.decode(units.cpu(), speaker, round(len(units) * self.rate / self.system.unit_rate))
        return self.vocoder.conditions(frames.to(self.device), speaker)

    def wave(self, samples: Tensor) -> Wave:
        """See :class:`SpeaksSamples`."""
        return self.vocoder.wave(samples)


def voice_of(system: System, vocoder: Vocoder, rows: int, precision: Precision, device: torch.device = CPU) -> Voice:
    """What a system speaks with; sound of its own on a device. InputError when it has no such precision there."""
    sampled = _sampled(system, vocoder, device)
    if sampled is not None:
        if precision == "int8" and device != CPU:
            raise InputError("int8 is for CPUs; choose bf16 on a GPU, or the device cpu")
        return SampleVoice(sampled, rows, precision, device=device)
    if precision != "float32":
        many = "a system that does not speak sample by sample"
        raise InputError(f"{many} speaks in float32, not {precision}; leave out the precision")
    if isinstance(system, SpeaksWaves):
        return WaveVoice(system.to(device), device)
    return FrameVoice(system, vocoder)


def _sampled(system: System, vocoder: Vocoder, device: torch.device) -> SpeaksSamples | None:
    """What speaks sample by sample, on its device: the system, or it and its vocoder; None where nothing does."""
    if isinstance(system, SpeaksSamples):
        return system.to(device)
    if isinstance(vocoder, TrainedVocoder) and isinstance(vocoder.system, SpeaksSamples):
        return Vocoded(system, vocoder.system, Spectrum().rate, device)
    return None
