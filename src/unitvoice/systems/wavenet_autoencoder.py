"""WaveNet auto-encoders (Chen and Hain, 2020): a bottleneck without the speaker, and a WaveNet that speaks from it.

One family, whose settings choose the bottleneck: none (``wae``), instance normalisation (``in-wae``; ``any-wae``,
which speaks in any voice that it has heard), a codebook (``vq-wae``), or one a slice (``svq-wae``, ``gumbel-wae``).
Departures from the original:

* a unit stands amid its own frames; nothing is trimmed, padded or moved, so that sound and source end together;
* a convolution and a rectifier stand between the two adaptive normalisations, which are one otherwise;
* losses of slices are weighed as those of whole vectors; codes begin among encoded data, dead ones are placed anew;
* the temperature of ``gumbel`` falls as it is said to, and encoding has no noise;
* the WaveNet may learn from a part of each crop, so that the encoder's statistics are over longer ones;
* options that are not published: weights in the encoder's last layers, input less its mean, a random vocal tract on
  it, a loss of frames beside that of the sound.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.audio import RATE, Wave
from unitvoice.errors import InputError
from unitvoice.features.highpass import wave_of
from unitvoice.nn.augmentation import random_warp
from unitvoice.nn.content_encoder import ContentEncoder, Padding
from unitvoice.nn.frame_guide import FrameGuide
from unitvoice.nn.instance_norm import VoiceAdapter
from unitvoice.nn.output_heads import CategoricalHead
from unitvoice.nn.precision import Precision
from unitvoice.nn.speaker_encoder import SpeakerEncoder
from unitvoice.nn.upsampling import SmoothingUpsampler
from unitvoice.nn.vq import EmaQuantiser, GradientQuantiser, GumbelQuantiser, SlicedQuantiser, jitter
from unitvoice.nn.wavenet import WaveNet
from unitvoice.nn.wavenet_stepper import WaveNetStepper, fold
from unitvoice.systems.base import Batch, System, Units
from unitvoice.systems.preparation import NOT_PLACED, check_crops, check_spoken, deviation, place_codes

__all__ = ["DecoderSettings", "Settings", "WavenetAutoencoder"]

FRAME_RATE = 100  # Hz, of both kinds of frames
SOUND = "highmulaw"
WIDTHS = {"highmfcc": 39, "logmel": 80}  # values per frame
QUANTISERS = {"gradient": GradientQuantiser, "ema": EmaQuantiser, "gumbel": GumbelQuantiser}


@dataclass(frozen=True)
class DecoderSettings:
    """The numbers of the WaveNet; see :class:`unitvoice.nn.wavenet.WaveNet`."""

    scales: tuple[int, ...] = (4, 4, 8, 5)  # of the upsampler: samples per unit are their product
    residual: int = 256
    gate: int = 368
    skip: int = 256
    kernel: int = 3
    layers: int = 20
    stacks: int = 2
    dropout: float = 0.0
    normalised: bool = True  # weights


@dataclass(frozen=True)
class Settings:
    """The numbers of the system."""

    input: Literal["highmfcc", "logmel"] = "highmfcc"  # the first of the recipe's features
    channels: int = 768  # of the encoder
    stride: Literal[2, 4] = 4  # frames per unit
    kernel: Literal[4, 5] = 4  # of the convolutions that lower the rate
    padding: Padding = "reflect"
    weighted: bool = True  # whether the encoder's last four layers have weights
    instance_norm: bool = False  # whether the encoder normalises over time
    width: int = 64  # values per unit
    quantiser: Literal["none", "gradient", "ema", "gumbel"] = "none"
    codes: tuple[int, ...] = ()  # of each slice
    decay: float = 0.99  # of the moving averages of codes (ema) and of their usage
    revive_below: float = 0.1  # frames per step, averaged: a code with fewer is placed anew
    placed: bool = True  # whether the codes start among encoded data, or small and even
    commitment: float = 0.25
    hard: bool = False  # gumbel: whether the vectors are those of the drawn codes
    halved_every: int = 25_000  # gumbel: steps in which the temperature halves, beginning with 1
    coldest: float = 0.1  # gumbel: lowest temperature
    diversity: float = 0.0  # gumbel: weight of the loss of uneven use
    jitter: float = 0.0
    after: int = 0  # channels of a convolution between the units and the decoder; 0: there is none
    table: int = 32  # values of a speaker's row in the table; 0: there is none
    reference: int = 0  # values of a voice as heard from recordings; 0: voices are not heard
    adversary: float = 0.0  # weight of what a classifier of speakers loses on units
    guide: float = 0.0  # weight of the squared error of the input's frames, decoded beside the sound
    spoken: int = 0  # units of each crop that the WaveNet learns from, drawn anew in each step; 0: all
    centred: bool = False  # whether frames are less the mean of their crop or utterance, or of the corpus
    prior: float = 16.0  # frames that the speaker's mean counts for beside the utterance's own (centred)
    warp: float = 0.0  # largest relative stretch of the bands that the encoder sees in training (logmel)
    decoder: DecoderSettings = field(default_factory=DecoderSettings)


class WavenetAutoencoder(System):
    """The system; see the module's docstring."""

    input_mean: Tensor
    input_scale: Tensor

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(speakers)
        _check(settings)
        self.settings = settings
        self.input: str = settings.input
        self.prior = settings.prior if settings.centred else 0.0
        self.unit_rate = FRAME_RATE / settings.stride
        self.unit_first = (settings.stride - 1) / 2 / FRAME_RATE  # a unit stands amid its frames
        self.discrete = settings.quantiser != "none"
        self.hears = settings.reference > 0
        values = WIDTHS[settings.input]
        self.register_buffer("input_mean", torch.zeros(values))
        self.register_buffer("input_scale", torch.ones(values))
        self.encoder = ContentEncoder(
            values,
            settings.channels,
            settings.width,
            stride=settings.stride,
            normalised=settings.instance_norm,
            weighted=settings.weighted,
            kernel=settings.kernel,
            padding=settings.padding,
        )
        self.quantiser = _quantiser(settings)
        self.after = nn.Conv1d(settings.width, settings.after, 3, padding=1) if settings.after else None
        condition, voice = settings.after or settings.width, settings.table or settings.reference
        if settings.reference:
            self.listener = SpeakerEncoder(values, settings.reference)
            self.adapter = VoiceAdapter(condition, settings.reference)
        if settings.table:
            self.speaker_table = nn.Embedding(len(self.speakers), settings.table)
            nn.init.normal_(self.speaker_table.weight, std=0.1)
        self.wavenet = _wavenet(settings.decoder, condition, voice)
        if settings.guide:
            self.guide = FrameGuide(condition, voice, values, stride=settings.stride)
        if settings.adversary:
            self.classifier = SpeakerEncoder(settings.width, len(self.speakers))
        self._accuracy: Tensor | None = None  # of the classifier, when it last learned
        self._heard: dict[str, Tensor] = {}  # speaker -> (reference,)

    def players(self, stage: str) -> Mapping[str, tuple[nn.Module, ...]]:
        """The system; and by option a classifier that tells speakers by their units, which the system avoids."""
        if not self.settings.adversary:
            return super().players(stage)
        own = tuple(part for name, part in self.named_children() if name != "classifier")
        return {"system": own, "classifier": (self.classifier,)}

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Take the frames' mean from the corpus, their scale from a batch, and the codes' start from encoded data."""
        frames = batch.frames[self.input]
        self._check_batch(stage, batch)
        self.input_mean.copy_(means[self.input])
        self.input_scale.copy_(deviation(frames, self.input_mean))
        if self.quantiser is None or not self.settings.placed:
            return
        with torch.no_grad():
            encoded = self._encoded(frames, frames.mean(dim=1)).flatten(0, 1)
        place_codes(stage, self.quantiser.initialise, encoded, NOT_PLACED)

    def _check_batch(self, stage: str, batch: Batch) -> None:
        check_spoken(batch, SOUND)
        check_crops(stage, batch)
        if batch.frames[self.input].shape[1] < self.settings.stride:
            raise InputError(f"stage {stage} needs crops of {self.settings.stride} frames; set its crop")

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """Cross-entropy of the codes of the wave and the losses of the bottleneck; or those of the classifier."""
        frames = batch.frames[self.input]
        frames = frames[:, : frames.shape[1] // self.settings.stride * self.settings.stride]
        vectors, losses = self._quantised(frames, step)
        if player == "classifier":
            return {"speaker": self._surprise(vectors.detach(), batch.speakers)}
        if self.settings.adversary:
            losses["adversary"] = -self.settings.adversary * self._surprise(vectors, batch.speakers)
        reference = self.listener(self._normalised(frames).mT) if self.settings.reference else None
        voice = self.speaker_table(batch.speakers) if self.settings.table else reference
        jittered = jitter(vectors, self.settings.jitter) if self.encoder.training else vectors
        content = self._content(jittered, reference)
        if self.settings.guide:
            error = F.mse_loss(self.guide(content.mT, voice).mT, self._normalised(frames))
            losses["guide"] = self.settings.guide * error
        content, codes = self._stretch(content, batch.frames[SOUND][..., 0].long())
        losses["reconstruction"] = self.wavenet.head.loss(self.wavenet(content, voice, codes), codes)
        return losses

    def _surprise(self, vectors: Tensor, speakers: Tensor) -> Tensor:
        """Cross-entropy of the speakers, (B,), as the classifier guesses them from units, (B, U, width)."""
        guesses = self.classifier(vectors.mT)
        if self.classifier.training:
            self._accuracy = (guesses.argmax(dim=1) == speakers).float().mean()
        return F.cross_entropy(guesses, speakers)

    def _quantised(self, frames: Tensor, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Units of crops as they are spoken from, (B, U, width), and the weighted losses of the bottleneck."""
        settings = self.settings
        seen = random_warp(frames, settings.warp) if self.encoder.training else frames
        encoded = self._encoded(seen, seen.mean(dim=1))
        if self.quantiser is None:
            return encoded, {}
        options = {"temperature": self.temperature(step)} if settings.quantiser == "gumbel" else {}
        quantised = self.quantiser(encoded, **options)
        weights = {"codebook": 1.0, "commitment": settings.commitment, "diversity": settings.diversity}
        return quantised.vectors, {name: weights[name] * loss for name, loss in quantised.losses.items()}

    def temperature(self, step: int) -> float:
        """Of the softmax that codes are drawn from (gumbel)."""
        return max(self.settings.coldest, 0.5 ** (step // self.settings.halved_every))

    def _stretch(self, content: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """What the WaveNet learns from: (B, U, C) and (B, S), of which it is told a part, of U' and U' * hop."""
        units, hop = content.shape[1], self.wavenet.hop
        wanted = min(units, self.settings.spoken or units)
        first = int(torch.randint(units - wanted + 1, ()))
        return content[:, first : first + wanted], codes[:, first * hop : (first + wanted) * hop]

    def monitor(self) -> dict[str, float]:
        """Figures of the codebook, and the share of crops whose speaker the classifier knew, when it last learned."""
        figures = {} if self.quantiser is None else self.quantiser.figures()
        return figures if self._accuracy is None else figures | {"accuracy": self._accuracy.item()}

    def encode(self, frames: Tensor, mean: Tensor) -> Units:
        """Units at 25 or 50 Hz, a quarter or half as many as frames, rounded up; see :class:`System`.

        Without a codebook there are no codes, and the vectors are what was encoded.
        """
        encoded = self._encoded(frames[None], mean[None])
        if self.quantiser is None:
            return Units(torch.zeros(encoded.shape[1], 0, dtype=torch.int64), encoded[0], encoded[0])
        indices = self.quantiser(encoded).indices
        return Units(indices[0], self.quantiser.lookup(indices)[0], encoded[0])

    def _encoded(self, frames: Tensor, means: Tensor) -> Tensor:
        """What is quantised, (B, U, width), of frames, (B, T, D), with their means, (B, D)."""
        encoded: Tensor = self.encoder(self._normalised(frames, means).mT).mT
        return encoded

    def _normalised(self, frames: Tensor, means: Tensor | None = None) -> Tensor:
        """Frames of unit scale; less their own means, (B, D), where these are given and wanted, or the corpus's."""
        centre = self.input_mean if means is None or not self.settings.centred else means[:, None]
        return (frames - centre) / self.input_scale

    def _content(self, vectors: Tensor, reference: Tensor | None) -> Tensor:
        """What the WaveNet is told besides the voice, (B, U, width) and (B, reference) to (B, U, C)."""
        content = vectors.mT if self.after is None else self.after(vectors.mT)
        if reference is not None:
            content = self.adapter(content, reference)
        return content.mT

    def hear(self, speaker: str, recordings: Sequence[Tensor]) -> None:
        """See :class:`System`; a voice is the mean over its recordings."""
        if self.settings.table:
            self.speaker_row(speaker)
        codes = [self.listener(self._normalised(frames[None]).mT)[0] for frames in recordings]
        self._heard[speaker] = torch.stack(codes).mean(dim=0)

    def stepper(self, rows: int, precision: Precision) -> WaveNetStepper:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        return WaveNetStepper(self.wavenet, rows, precision)

    def conditions(self, units: Tensor, speaker: str) -> Tensor:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        reference = self._reference(speaker)
        voice = self.speaker_table.weight[self.speaker_row(speaker)] if self.settings.table else reference
        vectors = units if self.quantiser is None else self.quantiser.lookup(units)
        content = self._content(vectors[None], None if reference is None else reference[None])
        return fold(self.wavenet, content[0], voice)

    def _reference(self, speaker: str) -> Tensor | None:
        if not self.settings.reference:
            return None
        if speaker not in self._heard:
            raise InputError(f"the model has not heard the speaker {speaker!r}; give it recordings as references")
        return self._heard[speaker].to(self.input_mean.device)  # it may have been heard elsewhere

    def wave(self, samples: Tensor) -> Wave:
        """See :class:`unitvoice.systems.speaking.SpeaksSamples`."""
        return wave_of(samples.cpu().numpy())


def _check(settings: Settings) -> None:
    """InputError when the settings do not fit each other."""
    lasting, needed = math.prod(settings.decoder.scales), RATE // FRAME_RATE * settings.stride
    if lasting != needed:
        raise InputError(f"the decoder's scales make {lasting} samples of a unit that lasts for {needed}; change them")
    if not settings.table and not settings.reference:
        raise InputError("the decoder must know who speaks; set table, reference or both above 0")
    if bool(settings.codes) != (settings.quantiser != "none"):
        raise InputError(f"the quantiser is {settings.quantiser}, but codes are {list(settings.codes)}; change one")
    if settings.warp and settings.input != "logmel":
        raise InputError(f"{settings.input} has no bands to warp; set warp to 0, or input to logmel")


def _quantiser(settings: Settings) -> SlicedQuantiser | None:
    if settings.quantiser == "none":
        return None
    options: dict[str, Any] = {"decay": settings.decay, "revive_below": settings.revive_below}
    if settings.quantiser == "gumbel":
        options["hard"] = settings.hard
    try:
        return SlicedQuantiser.equal(QUANTISERS[settings.quantiser], settings.codes, settings.width, **options)
    except ValueError as error:
        raise InputError(f"codes {list(settings.codes)}: {error}") from None


def _wavenet(settings: DecoderSettings, condition: int, voice: int) -> WaveNet:
    sizes = {name: value for name, value in asdict(settings).items() if name != "scales"}
    try:
        upsampler = SmoothingUpsampler(condition, settings.scales, normalised=settings.normalised)
        return WaveNet(CategoricalHead(), upsampler, voice=voice, **sizes)
    except ValueError as error:
        raise InputError(f"the decoder's settings: {error}") from None
