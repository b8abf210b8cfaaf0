"""``vqvae-wavernn``: units of raw waves on a sphere, spoken by WaveRNN on a stack of contexts (mkotha/WaveRNN, 2019).

The stages of a recipe: ``vqvae`` trains all at once; ``decoder`` goes on with the decoder alone, on frozen units.
Departures from the original:

* units are a file's own, in as many as it lasts for, at the middle of what each has seen; those of whole utterances
  see the ends mirrored rather than zeros;
* they may be slower than the decoder's vectors, which then hear each several times: the bitrate is a choice;
* a voice may be a row of a learned table instead of its number;
* coarse and fine numbers are kept apart in each pass, not after each update;
* the decoder begins after true silence, in training as when it speaks: some crops have silence before or after;
* by options that are not published: moving averages as codes, codes placed among encoded data, dead ones placed anew;
  time jitter; normalised layers, units less their mean, waves at one level, without their tilt, or from a random
  vocal tract; codes that also learn from log-mel frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Lt, MinLen
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.audio import RATE
from unitvoice.errors import InputError, listed
from unitvoice.features.spectral import Spectrum, mel_filters
from unitvoice.nn.augmentation import random_tract
from unitvoice.nn.context_stack import ContextStack
from unitvoice.nn.context_stepper import ContextStepper
from unitvoice.nn.convolutions import settling
from unitvoice.nn.frame_guide import FrameGuide
from unitvoice.nn.mel_spectrum import MelSpectrum
from unitvoice.nn.precision import Precision
from unitvoice.nn.sixteen_bits import amplitude
from unitvoice.nn.vq import EmaQuantiser, SphereQuantiser, encoder_weight, jitter
from unitvoice.nn.wave_encoder import WaveEncoder
from unitvoice.nn.wavernn import surprise
from unitvoice.systems.base import Batch, System, Units
from unitvoice.systems.preparation import NOT_PLACED, check_crops, deviation, place_codes
from unitvoice.systems.speaking import SixteenBits
from unitvoice.systems.wave_alignment import Alignment, Place

__all__ = ["Settings", "VqvaeWavernn"]

STAGES = ("vqvae", "decoder")
FRAMES = 2  # log-mel frames per unit
FRAME = Spectrum(fft=512, bands=40)
QUIET = 1e-3  # level below which a wave is silence

type Share = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True)
class Settings:
    """The numbers of the system."""

    strides: Annotated[tuple[PositiveInt, ...], MinLen(1)] = (2, 2, 2, 1, 2, 1, 2, 1, 2, 1)  # of the encoder's layers
    channels: PositiveInt = 128  # of the encoder
    normalised: bool = False  # whether its layers and what is quantised are normalised over the batch
    codes: PositiveInt = 512
    width: PositiveInt = 128  # values per code vector
    quantiser: Literal["sphere", "ema"] = "sphere"
    decay: Share = 0.99  # of the moving averages of codes (ema) and of their usage
    revive_below: NonNegativeFloat = 0.0  # frames per step, averaged: a code with fewer is placed anew
    placed: bool = False  # whether the codes start among encoded data
    commitment: NonNegativeFloat = 1.0  # weight of what binds the encoder; times the original's schedule (sphere)
    jitter: Share = 0.0  # share of units that are replaced by a neighbour in training
    advance: NonNegativeInt = 15  # vectors by which the decoder is told in advance
    window: PositiveInt | None = None  # units in the middle of a crop whose samples are learned at most; None for all
    shift: NonNegativeInt = 128  # largest shift, in samples, of what the encoder hears in training
    gain: NonNegativeFloat = 0.02  # deviation of its level, nepers
    noise: NonNegativeFloat = 0.003  # deviation of noise in it, of full scale
    silence: Share = 0.1  # share of crops that have silence before what is learned, and of those that have it after
    speaker_width: NonNegativeInt = 0  # values of a voice; 0: as many as there are, of which one is 1
    stack_channels: PositiveInt = 128  # of the decoder's convolutions
    stack: PositiveInt = 512  # units of each GRU of its stack
    warmup: PositiveInt = 64  # states that each of its GRUs drops
    hidden: PositiveInt = 896  # units of its network over samples
    head: PositiveInt = 896
    level: PositiveFloat | None = None  # root mean square that waves are brought to before they are encoded
    emphasis: Share = 0.0  # of high frequencies, before they are encoded
    centred: bool = False  # whether what is quantised is less its mean
    prior: NonNegativeFloat = 16.0  # units that a mean of zero counts for beside that of the crop or utterance
    warp: Share = 0.0  # largest relative stretch of the frequency axis that the encoder hears in training
    guide: NonNegativeFloat = 0.0  # weight of the squared error of log-mel frames, decoded beside the sound


class VqvaeWavernn(SixteenBits, System):
    """The system; see the module's docstring."""

    input = "wave"
    prior = 0.0
    begun: Tensor  # () bool: whether the units have begun to be trained
    frame_mean: Tensor
    frame_scale: Tensor

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(speakers)
        self.settings = settings
        voice = settings.speaker_width or len(self.speakers)
        self.encoder = WaveEncoder(settings.channels, settings.width, settings.strides, normalised=settings.normalised)
        self.quantiser = _quantiser(settings)
        self.speaker_table = nn.Embedding(len(self.speakers), voice) if settings.speaker_width else None
        self.decoder = ContextStack(
            settings.width,
            voice,
            channels=settings.stack_channels,
            width=settings.stack,
            hidden=settings.hidden,
            head=settings.head,
            warmup=settings.warmup,
        )
        if self.encoder.stride % self.decoder.hop:
            raise InputError(
                f"the strides make units of {self.encoder.stride} samples, which must be a multiple of the decoder's "
                f"{self.decoder.hop}; change them"
            )
        self.alignment = Alignment(
            self.encoder.stride,
            self.encoder.field,
            self.decoder.hop,
            self.decoder.steps,
            self.decoder.before,
            settings.advance,
            settings.shift,
        )
        self.unit_rate = RATE / self.alignment.stride
        self.unit_first = self.alignment.centre / RATE
        self.shortest = self.alignment.most_padding + 1  # an end is mirrored
        self.register_buffer("begun", torch.zeros((), dtype=torch.bool))
        if settings.guide:
            self._set_guide(voice)

    def _set_guide(self, voice: int) -> None:
        self.guide = FrameGuide(self.settings.width, voice, FRAME.bands, stride=FRAMES)
        self.spectrum = MelSpectrum(torch.from_numpy(mel_filters(FRAME)), self.alignment.stride // FRAMES)
        self.register_buffer("frame_mean", torch.zeros(FRAME.bands))
        self.register_buffer("frame_scale", torch.ones(FRAME.bands))

    def players(self, stage: str) -> Mapping[str, tuple[nn.Module, ...]]:
        """Everything, or the decoder and its voices."""
        if stage not in STAGES:
            known = listed(STAGES)
            raise InputError(f"there is no stage {stage!r} of this system; known are {known}; correct the recipe")
        if stage == "vqvae":
            return super().players(stage)
        return {"decoder": (self.decoder, *([self.speaker_table] if self.speaker_table else []))}

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Take the statistics of the frames, and by option the codes' start, from a batch; or find units trained."""
        check_crops(stage, batch)
        samples = _samples(batch)
        place = self._place(samples.shape[1])
        if stage != "vqvae":
            if not self.begun:
                raise InputError(f"stage {stage} needs units to speak; put a stage vqvae before it in the recipe")
            return
        self.begun.fill_(value=True)
        if self.settings.guide:
            frames = self._frames(samples, place)
            self.frame_mean.copy_(frames.mean(dim=(0, 1)))
            self.frame_scale.copy_(deviation(frames, self.frame_mean))
        with torch.no_grad(), settling(self):
            self._encoded(samples, place)
        if self.settings.placed:
            # where the encoder will put frames in use, so that an untrained system is a fair comparison
            self.eval()
            with torch.no_grad():
                encoded = self._encoded(samples, place).flatten(0, 1)
            self.train()
            place_codes(stage, self.quantiser.initialise, encoded, NOT_PLACED)

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """Cross-entropy of the coarse and fine numbers of samples; and the losses of the codebook, where it learns."""
        samples = _samples(batch)
        place = self._place(samples.shape[1])
        if self.decoder.training:
            samples = self._silenced(samples, place)
        quantised = self.quantiser(self._encoded(samples, place))
        vectors = jitter(quantised.vectors, self.settings.jitter) if self.encoder.training else quantised.vectors
        voice = self._voice(batch.speakers)
        terms = self._spoken(vectors, samples, voice, place)
        if stage == "vqvae":
            weights = self._weights(step)
            terms |= {name: weights[name] * loss for name, loss in quantised.losses.items()}
            if self.settings.guide:
                decoded = self.guide(vectors.mT, voice).mT
                target = (self._frames(samples, place) - self.frame_mean) / self.frame_scale
                terms["guide"] = self.settings.guide * F.mse_loss(decoded, target)
        return terms

    def _place(self, samples: int) -> Place:
        """What to learn of crops of so many samples; InputError when they are too short."""
        settings, alignment = self.settings, self.alignment
        place = alignment.place(samples, settings.window, whole=settings.centred or settings.guide > 0)
        if place is None:
            needed = alignment.left + alignment.stride + alignment.right
            raise InputError(
                f"a crop of {samples / RATE:g} s is too short: {needed} samples ({needed / RATE:g} s) are what the "
                "decoder learns a unit from; lengthen the stage's crop"
            )
        return place

    def _weights(self, step: int) -> dict[str, float]:
        """Of the codebook's losses, by name; on the sphere sums over the width are weighed."""
        if self.settings.quantiser == "ema":
            return {"commitment": self.settings.commitment}
        bound = self.settings.commitment * encoder_weight(step)
        weights = {"codebook": 1.0, "commitment": bound, "radius": bound}
        return {name: self.settings.width * weight for name, weight in weights.items()}

    def _silenced(self, samples: Tensor, place: Place) -> Tensor:
        """Crops, (B, N), some of them in silence up to somewhere before what is learned, or from somewhere after."""
        crops, length = samples.shape
        after = place.start + place.spoken * self.alignment.stride
        begins, ends = torch.rand(2, crops, 1) < self.settings.silence
        first = torch.randint(place.start + 1, (crops, 1)) * begins
        last = torch.where(ends, torch.randint(after, length + 1, (crops, 1)), length)
        times = torch.arange(length)
        return samples * ((times >= first) & (times < last)).to(samples.device)

    def _encoded(self, samples: Tensor, place: Place) -> Tensor:
        """What is quantised, (B, made, width), of crops, (B, N); in training of changed ones, each shifted."""
        settings = self.settings
        first, length = self.alignment.heard(place)
        places = first + torch.arange(length)[None]
        if not self.encoder.training:
            return self._continuous(self._levelled(amplitude(samples[:, places[0]])))
        if settings.shift:
            places = places + torch.randint(-settings.shift, settings.shift, (len(samples), 1))
        waves = amplitude(samples.gather(1, places.expand(len(samples), -1).to(samples.device)))
        waves = random_tract(waves, settings.warp)
        waves = waves * (settings.gain * torch.randn(len(waves), 1)).exp().to(waves)
        return self._continuous(self._levelled(waves + settings.noise * torch.randn_like(waves)))

    def _levelled(self, waves: Tensor) -> Tensor:
        """Waves, (B, N), as they are encoded: with emphasis, at one level."""
        settings = self.settings
        if settings.emphasis:
            waves = torch.cat([waves[:, :1], waves[:, 1:] - settings.emphasis * waves[:, :-1]], dim=1)
        if settings.level is None:
            return waves
        found = waves.square().mean(dim=1, keepdim=True).sqrt()
        return settings.level * waves / found.clamp(min=QUIET)

    def _continuous(self, waves: Tensor) -> Tensor:
        """What is quantised, (B, U, width), of waves, (B, N)."""
        encoded: Tensor = self.encoder(waves)
        if not self.settings.centred:
            return encoded
        units = encoded.shape[1]
        return encoded - units / (units + self.settings.prior) * encoded.mean(dim=1, keepdim=True)

    def _frames(self, samples: Tensor, place: Place) -> Tensor:
        """Log-mel frames that are the own ones of the units of crops, (B, N) -> (B, FRAMES * made, bands)."""
        alignment = self.alignment
        first = place.start + (place.first + alignment.skipped) * alignment.stride
        waves = amplitude(samples[:, first : first + place.made * alignment.stride])
        frames: Tensor = self.spectrum(waves)
        return frames

    def _spoken(self, vectors: Tensor, samples: Tensor, voice: Tensor, place: Place) -> dict[str, Tensor]:
        """What the decoder loses on crops, (B, N), given the vectors of all their units, (B, made, width)."""
        alignment = self.alignment
        own = vectors[:, -alignment.earlier - place.first : place.spoken - place.first]
        told = own.repeat_interleave(alignment.hold, dim=1)
        told = told[:, -self.decoder.steps - place.spoken * alignment.hold :]
        end = place.start + place.spoken * alignment.stride
        logits = self.decoder(samples[:, place.start - alignment.before : end], told, voice)
        coarse, fine = surprise(logits, samples[:, place.start : end])
        return {"coarse": coarse, "fine": fine}

    def _voice(self, speakers: Tensor) -> Tensor:
        """(B,) rows of the speaker table to (B, E)."""
        if self.speaker_table is None:
            return F.one_hot(speakers, len(self.speakers)).float()
        voice: Tensor = self.speaker_table(speakers)
        return voice

    def monitor(self) -> dict[str, float]:
        """Figures of the codebook, in a stage that trains it."""
        return self.quantiser.figures() if self.quantiser.training else {}

    def encode(self, frames: Tensor, mean: Tensor) -> Units:
        """A unit for each ``stride`` samples, rounded up; see :class:`System`."""
        waves = self._levelled(amplitude(frames[None, :, 0]))
        padding = self.alignment.padding(len(frames))
        continuous = self._continuous(F.pad(waves[:, None], padding, mode="reflect")[:, 0])
        indices = self.quantiser(continuous).indices
        return Units(indices[0], self.quantiser.lookup(indices)[0], continuous[0])

    def stepper(self, rows: int, precision: Precision) -> ContextStepper:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        voices = self._voice(torch.arange(len(self.speakers), device=self.begun.device))
        return ContextStepper(self.decoder, voices, self._silence(), rows, precision)

    def _silence(self) -> Tensor:
        """The code vector of silence, (width,)."""
        waves = torch.zeros(1, self.alignment.field, device=self.begun.device)
        vectors: Tensor = self.quantiser(self._continuous(amplitude(waves))).vectors
        return vectors[0, 0]

    @torch.no_grad()
    def conditions(self, indices: Tensor, speaker: str) -> Tensor:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`; units are told in advance, and after them silence."""
        row = self.speaker_row(speaker)
        numbers = torch.arange(len(indices), device=indices.device) + self.alignment.skipped
        known = (numbers >= 0) & (numbers < len(indices))
        told = self.quantiser.lookup(indices[numbers.clamp(0, len(indices) - 1)])
        vectors = torch.where(known[:, None], told, self._silence()).repeat_interleave(self.alignment.hold, dim=0)
        return F.pad(vectors, (0, 1), value=row)


def _samples(batch: Batch) -> Tensor:
    """Waves of a batch, (B, N) int64."""
    return batch.frames[VqvaeWavernn.input][..., 0].long()


def _quantiser(settings: Settings) -> SphereQuantiser | EmaQuantiser:
    made = {"sphere": SphereQuantiser, "ema": EmaQuantiser}[settings.quantiser]
    return made(settings.codes, settings.width, decay=settings.decay, revive_below=settings.revive_below)
