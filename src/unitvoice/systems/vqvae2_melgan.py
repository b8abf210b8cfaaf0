"""``vqvae2-melgan``: codes at two rates, spoken in one pass by a MelGAN that reads them (Hou et al., ZeroSpeech 2020).

The stages of a recipe, in its order, make a method of training:

* ``vqvae``: encoder, codebooks and a decoder of frames that is told who speaks;
* ``pretrain``: the generator alone, by the log-mel distance;
* ``melgan``: the generator against critics, on the codes of the encoder as it is (the original's first method);
* ``finetune``: the same, and encoder and codebooks learn on from what the generator needs (its second, never built);
* ``joint``: all at once from the beginning (its third, never finished).

Departures from the original, whose units were exported padded to 16 s, all top codes first and in the same symbols:

* units are as long as their utterance, with a top code for each two bottom codes; a row has the code vectors of both,
  side by side, so that no code of one level equals one of the other;
* the codebooks start among encoded data, and codes without frames are placed anew;
* frames are less the mean of the corpus, as the zeros beside a crop would be loud otherwise;
* the quieter crops of training get their frames from the level too, rather than from a new analysis;
* options that were intended: an adversary of the encoder, by gradient reversal; a probe that says what it achieves;
  conversions in training, of which the same codes are to be heard;
* options that are not published: more units a second, frames less their own mean, a random vocal tract.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Gt, Le, Lt
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.audio import RATE, Wave
from unitvoice.errors import InputError, listed
from unitvoice.features.kinds import HOP_SPECTRUM
from unitvoice.nn.augmentation import random_warp
from unitvoice.nn.hierarchy import FrameDecoder, Hierarchy, TwoRates
from unitvoice.nn.initialisation import kaiming
from unitvoice.nn.speaker_classifier import SpeakerClassifier, SpeakerProbe, reverse_gradient
from unitvoice.systems.base import Batch, System, Units
from unitvoice.systems.gan import GanSettings, mel_gan, waves_of
from unitvoice.systems.preparation import MORE_DATA, check_bands, check_crops, place_codes
from unitvoice.systems.voices import VoiceTable

__all__ = ["Settings", "Vqvae2MelGan"]

SOUND = "hopwave"
HOP = HOP_SPECTRUM.hop  # samples per frame
SILENT = -5.0  # smallest value of a frame

# what a stage trains beside its critics and its probe
TRAINED = {
    "vqvae": ("encoder", "decoder"),
    "pretrain": ("generator",),
    "melgan": ("generator",),
    "finetune": ("encoder", "generator"),
    "joint": ("encoder", "decoder", "generator"),
}
AGAINST_CRITICS = ("melgan", "finetune", "joint")
FROM_NOTHING = ("vqvae", "joint")  # stages that place the codes


@dataclass(frozen=True)
class Settings(GanSettings):
    """The numbers of the system."""

    bands: PositiveInt = 80
    channels: PositiveInt = 512
    codes: PositiveInt = 128  # of each codebook
    width: PositiveInt = 64  # values per code vector
    halvings: PositiveInt = 2  # of the rate of frames, 62.5 Hz, to that of units
    decay: float = 0.99  # of the codebooks' moving averages
    smoothing: float = 1e-5  # of their counts
    revive_below: float = 0.1  # frames per step, averaged: a code with fewer is placed anew
    commitment: NonNegativeFloat = 0.25
    speaker_width: PositiveInt = 32  # of the table of the frame decoder, and of that of the generator
    gain: Annotated[float, Gt(0), Le(1)] = 0.3  # smallest level of a crop in training
    centred: bool = False  # whether frames are less the mean of their crop or utterance, or of the corpus
    prior: NonNegativeFloat = 16.0  # frames that a speaker's mean counts for beside an utterance's own, when centred
    warp: Annotated[float, Ge(0), Lt(1)] = 0.0  # largest relative stretch of the bands that the encoder sees
    scored: Literal["both", "top", "bottom"] = "both"  # the code vectors that units are compared by
    consistency: NonNegativeFloat = 0.0  # distance of the vectors heard in what is spoken from those spoken
    cycle: NonNegativeFloat = 0.0  # the same of what is spoken in another voice
    adversary: NonNegativeFloat = 0.0  # weight of the reversed gradient that takes the speaker out of the units
    ramp: PositiveInt = 2000  # steps in which it rises
    probe: bool = False  # whether to measure how much of the speaker is in the units


class Vqvae2MelGan(System):
    """The system; see the module's docstring."""

    input = "hopmel"
    mean: Tensor
    placed: Tensor  # () bool: whether the codes have been placed

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(speakers)
        self.settings = settings
        self.prior = settings.prior if settings.centred else 0.0
        self.stride = 2**settings.halvings  # frames per unit
        self.unit_rate = HOP_SPECTRUM.rate / self.stride
        self.unit_first = self.stride * HOP / 2 / RATE
        vector, voice, count = 2 * settings.width, settings.speaker_width, len(self.speakers)
        self.encoder = Hierarchy(
            settings.bands,
            settings.channels,
            settings.codes,
            settings.width,
            halvings=settings.halvings,
            decay=settings.decay,
            smoothing=settings.smoothing,
            revive_below=settings.revive_below,
        )
        self.decoder = FrameDecoder(vector + voice, settings.channels, settings.bands, doublings=settings.halvings)
        kaiming(self.encoder)
        kaiming(self.decoder)
        self.gan = mel_gan(settings, vector + voice, self.stride * HOP)
        self.decoder_voices, self.voices = nn.Embedding(count, voice), VoiceTable(self.speakers, voice)
        self.adversary = SpeakerClassifier(vector, count) if settings.adversary else None
        self.probe = SpeakerProbe(vector, count) if settings.probe else None
        self.register_buffer("mean", torch.zeros(settings.bands))
        self.register_buffer("placed", torch.zeros((), dtype=torch.bool))

    def players(self, stage: str) -> Mapping[str, tuple[nn.Module, ...]]:
        """The critics where there are any, then what pleases them, then the probe where the units change."""
        if stage not in TRAINED:
            known = listed(TRAINED)
            raise InputError(f"there is no stage {stage!r} of this system; known are {known}; correct the recipe")
        parts = {
            "encoder": (self.encoder, *([self.adversary] if self.adversary else [])),
            "decoder": (self.decoder, self.decoder_voices),
            "generator": (self.gan.generator, self.voices),
        }
        trained = tuple(module for part in TRAINED[stage] for module in parts[part])
        players: dict[str, tuple[nn.Module, ...]] = (
            {"critics": (self.gan.critics,)} if stage in AGAINST_CRITICS else {}
        )
        players["generator" if "generator" in TRAINED[stage] else "vqvae"] = trained
        if self.probe and "encoder" in TRAINED[stage]:
            players["probe"] = (self.probe,)
        return players

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Take the mean frame from the corpus, and place the codes among encoded data, unless a stage before did."""
        self._check(stage, batch)
        if self.placed:
            return
        if stage not in FROM_NOTHING:
            raise InputError(f"stage {stage} needs units to speak; put a stage vqvae before it in the recipe")
        frames = batch.frames[self.input]
        self.mean.copy_(means[self.input])
        place_codes(stage, self.encoder.initialise, self._levelled(frames, frames.mean(dim=1)), MORE_DATA)
        self.placed.fill_(value=True)

    def _check(self, stage: str, batch: Batch) -> None:
        """InputError when a stage cannot learn from such batches."""
        waves = waves_of(batch, SOUND)
        frames = batch.frames[self.input]
        check_bands(frames, self.settings.bands)
        check_crops(stage, batch)
        length = frames.shape[1]
        pair = 2 * self.stride
        if length % pair or length < pair * SpeakerClassifier.SHORTEST // 2 or waves.shape[1] != length * HOP:
            second = pair * HOP / RATE
            raise InputError(f"stage {stage} needs a crop that is 2, 3, ... times {second:g} s; correct its crop")

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """What a player minimises, see the module's docstring; terms of weight 0 are not computed."""
        frames, real = self._crops(batch)
        heard = random_warp(frames, self.settings.warp) if self.encoder.training else frames
        coded = self._encoded(heard, heard.mean(dim=1))
        if player == "probe" and self.probe:
            return {"probe": self.probe.loss(coded.vectors, batch.speakers)}
        if player == "critics":
            spoken = self._spoken(coded.vectors, batch.speakers)
            if self.settings.cycle:
                spoken = torch.cat([spoken, self._spoken(coded.vectors, _others(batch.speakers))])
            return {"critics": self.gan.criticism(real, spoken)}
        terms: dict[str, Tensor] = {}
        trained = TRAINED[stage]
        if "decoder" in trained:
            decoded = self.decoder(_voiced(coded.vectors, self.decoder_voices, batch.speakers)).mT
            terms["reconstruction"] = F.l1_loss(decoded + self.mean, frames)
        if "encoder" in trained:
            terms["commitment"] = self.settings.commitment * coded.commitment
        if "encoder" in trained and self.adversary:
            weight = self.settings.adversary * min(step / self.settings.ramp, 1.0)
            terms["adversary"] = self.adversary.loss(reverse_gradient(coded.vectors, weight), batch.speakers)
        if "generator" in trained:
            terms |= self._spoken_terms(stage, coded.vectors, real, batch.speakers)
        return terms

    def _spoken_terms(self, stage: str, vectors: Tensor, real: Tensor, speakers: Tensor) -> dict[str, Tensor]:
        """What the generator minimises, given (B, T, W) code vectors and the (B, N) waves that they are of."""
        if self.gan.generator.training:
            self.voices.count(speakers)
        spoken = self._spoken(vectors, speakers)
        if stage == "pretrain":
            return {"mel": self.gan.mel_distance(real, spoken)}
        terms = self.gan.imitation(real, spoken)
        if self.settings.consistency:
            terms["consistency"] = self.settings.consistency * self._strayed(spoken, vectors)
        if self.settings.cycle:
            converted = self._spoken(vectors, _others(speakers))
            terms["cycle"] = self.settings.cycle * self._strayed(converted, vectors)
            terms["converted"] = self.gan.pleasing(converted)
        return terms

    def _crops(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Frames, (B, F, bands), and waves, (B, N), of crops; in training at levels of their own."""
        frames, waves = batch.frames[self.input], waves_of(batch, SOUND)
        if not any(part.training for part in self.modules()):
            return frames, waves
        lowest = self.settings.gain
        gain = lowest + (1 - lowest) * torch.rand(len(waves), 1).to(waves)
        return (frames + gain.log10()[..., None]).clamp(min=SILENT), gain * waves

    def _levelled(self, frames: Tensor, means: Tensor) -> Tensor:
        return frames - (means[:, None] if self.settings.centred else self.mean)

    def _encoded(self, frames: Tensor, means: Tensor) -> TwoRates:
        """Units of (B, F, bands) frames, given their (B, bands) means."""
        coded: TwoRates = self.encoder(self._levelled(frames, means))
        return coded

    def _spoken(self, vectors: Tensor, speakers: Tensor) -> Tensor:
        """(B, T, W) code vectors in voices, (B, T * hop)."""
        spoken: Tensor = self.gan.generator(_voiced(vectors, self.voices, speakers))
        return spoken

    def _strayed(self, spoken: Tensor, vectors: Tensor) -> Tensor:
        """How far the vectors heard in what is spoken are from those that were to be spoken; a mean."""
        frames = self.gan.spectrum(spoken)
        with self.encoder.as_heard():
            heard = self._encoded(frames, frames.mean(dim=1)).vectors
        return F.l1_loss(heard, vectors.detach())

    def monitor(self) -> dict[str, float]:
        """Figures of the codebooks where they learn, and how often the probe tells the speaker of a crop."""
        figures = self.encoder.figures() if bool(self.encoder.top_codes.used.any()) else {}
        return figures | (self.probe.figures() if self.probe else {})

    def encode(self, frames: Tensor, mean: Tensor) -> Units:
        """A unit for each four frames of 16 ms, or as the settings say, rounded up; see :class:`System`."""
        count = math.ceil(len(frames) / self.stride)
        whole = F.pad(frames.T[None], (0, -len(frames) % (2 * self.stride)), mode="replicate").mT
        coded = self._encoded(whole, mean[None])
        indices, continuous = coded.indices[0, :count], coded.continuous[0, :count]
        width = self.settings.width
        part = {"both": slice(None), "top": slice(width), "bottom": slice(width, None)}[self.settings.scored]
        return Units(indices, self.encoder.rows(indices)[:, part], continuous[:, part])

    def speak(self, units: Tensor, speaker: str, samples: int) -> Wave:
        """See :class:`unitvoice.systems.speaking.SpeaksWaves`."""
        row = self.speaker_row(speaker)
        self.voices.check(row)
        vectors = self.encoder.vectors(units[None])
        spoken = _voiced(vectors, self.voices, torch.tensor([row], device=units.device))
        return self.gan.speak(spoken[0].mT, samples)


def _voiced(vectors: Tensor, voices: nn.Embedding, speakers: Tensor) -> Tensor:
    """(B, T, W) vectors, each with the voice of its (B,) speaker beside it, channels first: (B, W + E, T)."""
    told = voices(speakers)[:, None].expand(-1, vectors.shape[1], -1)
    return torch.cat([vectors, told], dim=-1).mT


def _others(speakers: Tensor) -> Tensor:
    """The speakers of a batch, shuffled."""
    return speakers[torch.randperm(len(speakers)).to(speakers.device)]
