"""What the systems of VQ-VAE-Speech (Lamothe, 2019) share: units at 50 Hz of cepstra, after Chorowski et al. (2019).

Departures from the original, in both systems:

* frames are the rows that are quantised, time jitter replaces 12 % of them and not 88 %, and gradients pass it;
* the residual blocks have weights of their own, and the speaker table is learned;
* recordings are not trimmed, so that units keep their place in time; crops are new in each step;
* the output is normalised with its own statistics, not with those of the input;
* options that are not published: codes placed among encoded data, dead ones placed anew, frames less their mean, a
  random vocal tract on the encoder's input.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.errors import InputError, listed
from unitvoice.nn.augmentation import random_warp
from unitvoice.nn.deconvolution import DeconvolutionDecoder, StridedEncoder
from unitvoice.nn.initialisation import kaiming, weight_normed
from unitvoice.nn.vq import EmaQuantiser, GradientQuantiser, jitter
from unitvoice.systems.base import Batch, System, Units
from unitvoice.systems.preparation import NOT_PLACED, check_crops, check_spoken, deviation, place_codes

__all__ = ["WIDTHS", "FrameDecoder", "Kind", "SpeechSettings", "SpeechSystem"]

FRAME_RATE = 100.0  # Hz, of all kinds of frames below
STRIDE = 2

type Kind = Literal["htkmfcc", "htkbank", "logmel"]
WIDTHS = {"htkmfcc": 39, "htkbank": 26, "logmel": 80}  # values per frame
WARPED = ("htkbank", "logmel")  # kinds whose values are bands


@dataclass(frozen=True)
class SpeechSettings:
    """The numbers that both systems have."""

    input: Kind = "htkmfcc"  # the first of the recipe's features
    channels: int = 768
    blocks: int = 2  # of residual convolutions
    codes: int = 44
    width: int = 64  # values per code vector
    quantiser: Literal["gradient", "ema"] = "gradient"
    decay: float = 0.99  # of the moving averages of codes (ema) and of their usage
    smoothing: float = 1e-5  # of the counts (ema)
    revive_below: float = 0.1  # frames per step, averaged: a code with fewer is placed anew
    placed: bool = True  # whether the codes start among encoded data, or small and even
    commitment: float = 0.25
    jitter: float = 0.12
    speaker_width: int = 40  # 0: the decoder is not told who speaks
    kaiming: bool = False  # first weights of convolutions
    weight_norm: bool = False
    centred: bool = False  # whether frames are less the mean of their crop or utterance, or of the corpus
    prior: float = 16.0  # frames that a speaker's mean counts for beside an utterance's own, when centred
    warp: float = 0.0  # largest relative stretch of the bands that the encoder sees in training


class FrameDecoder(nn.Module):
    """Code vectors and a voice to frames of one kind, which are learned with the statistics of that kind.

    Args:
        settings: of the recipe.
        output: kind of the frames.
        speakers: rows of the speaker table.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, settings: SpeechSettings, output: Kind, speakers: int) -> None:
        super().__init__()
        self.output = output
        told = settings.speaker_width > 0
        self.speaker_table = nn.Embedding(speakers, settings.speaker_width) if told else None
        inputs = settings.width + settings.speaker_width
        self.network = DeconvolutionDecoder(inputs, settings.channels, WIDTHS[output], settings.blocks)
        self.register_buffer("mean", torch.zeros(WIDTHS[output]))
        self.register_buffer("scale", torch.ones(WIDTHS[output]))

    def prepare(self, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Take the frames' mean from the corpus and their scale from a batch."""
        self.mean.copy_(means[self.output])
        self.scale.copy_(deviation(batch.frames[self.output], self.mean))

    def loss(self, vectors: Tensor, batch: Batch) -> Tensor:
        """Mean squared error of the normalised frames of crops, given their code vectors, (B, T, W)."""
        target = (batch.frames[self.output] - self.mean) / self.scale
        return F.mse_loss(self._normalised(vectors, batch.speakers, target.shape[1]), target)

    def forward(self, vectors: Tensor, speakers: Tensor, frames: int) -> Tensor:
        """(B, T, W) vectors and (B,) rows of the speaker table to (B, frames, D); there are 2 T + 1 frames at most."""
        return self._normalised(vectors, speakers, frames) * self.scale + self.mean

    def _normalised(self, vectors: Tensor, speakers: Tensor, frames: int) -> Tensor:
        if self.speaker_table is not None:
            voice = self.speaker_table(speakers)[:, None].expand(-1, vectors.shape[1], -1)
            vectors = torch.cat([vectors, voice], dim=-1)
        decoded: Tensor = self.network(vectors.mT, frames).mT
        return decoded


class SpeechSystem(System):
    """The encoder and the codebook; see the module's docstring.

    Args:
        settings: of the recipe.
        speakers: by row of the speaker table.
        kernel: of the convolution to the width of the codes.
    """

    unit_rate = FRAME_RATE / STRIDE
    unit_first = -0.5 / FRAME_RATE  # the first unit stands before the first frame
    input_mean: Tensor
    input_scale: Tensor

    def __init__(self, settings: SpeechSettings, speakers: Sequence[str], *, kernel: int) -> None:
        super().__init__(speakers)
        if settings.warp and settings.input not in WARPED:
            raise InputError(f"{settings.input} has no bands to warp; set warp to 0, or input to {listed(WARPED)}")
        self.settings = settings
        self.input: str = settings.input
        self.prior = settings.prior if settings.centred else 0.0
        values = WIDTHS[settings.input]
        self.encoder = nn.Sequential(
            StridedEncoder(values, settings.channels, settings.blocks),
            nn.Conv1d(settings.channels, settings.width, kernel, padding=kernel // 2),
        )
        self.quantiser = _quantiser(settings)
        self.register_buffer("input_mean", torch.zeros(values))
        self.register_buffer("input_scale", torch.ones(values))

    def _begin(self, *modules: nn.Module) -> None:
        """Give some modules the first weights and the form that the settings ask for."""
        for module in modules:
            if self.settings.kaiming:
                kaiming(module)
            if self.settings.weight_norm:
                weight_normed(module)

    def _prepare_input(self, stage: str, batch: Batch, means: Mapping[str, Tensor], *outputs: str) -> None:
        """Take the input's mean from the corpus, its scale from a batch and, by option, the codes from encoded data.

        Raises:
            InputError: the recipe lacks a kind of frames to learn to speak, crops are not of equal length, or there
                are too few frames for the codes.
        """
        check_spoken(batch, *outputs)
        check_crops(stage, batch)
        frames = batch.frames[self.input]
        self.input_mean.copy_(means[self.input])
        self.input_scale.copy_(deviation(frames, self.input_mean))
        if not self.settings.placed:
            return
        with torch.no_grad():
            encoded = self._encoded(frames, frames.mean(dim=1)).flatten(0, 1)
        place_codes(stage, self.quantiser.initialise, encoded, NOT_PLACED)

    def _quantised(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Code vectors of crops, (B, T // 2 + 1, width), and the weighted losses of the codebook.

        In training the bands are warped, and the vectors are jittered.
        """
        warp, share = (self.settings.warp, self.settings.jitter) if self.training else (0.0, 0.0)
        frames = random_warp(batch.frames[self.input], warp)
        quantised = self.quantiser(self._encoded(frames, frames.mean(dim=1)))
        weights = {"codebook": 1.0, "commitment": self.settings.commitment}
        losses = {name: weights[name] * loss for name, loss in quantised.losses.items()}
        return jitter(quantised.vectors, share), losses

    def monitor(self) -> dict[str, float]:
        """Figures of the codebook."""
        return self.quantiser.figures()

    def encode(self, frames: Tensor, mean: Tensor) -> Units:
        """T // 2 + 1 units, at 50 Hz; see :class:`System`."""
        continuous = self._encoded(frames[None], mean[None])
        indices = self.quantiser(continuous).indices
        return Units(indices[0], self.quantiser.lookup(indices)[0], continuous[0])

    def _encoded(self, frames: Tensor, means: Tensor) -> Tensor:
        """What is quantised, (B, T // 2 + 1, width), of frames, (B, T, D), with their means, (B, D)."""
        centre = means[:, None] if self.settings.centred else self.input_mean
        encoded: Tensor = self.encoder(((frames - centre) / self.input_scale).mT).mT
        return encoded


def _quantiser(settings: SpeechSettings) -> EmaQuantiser | GradientQuantiser:
    codes, width, decay, revive_below = settings.codes, settings.width, settings.decay, settings.revive_below
    if settings.quantiser == "gradient":
        return GradientQuantiser(codes, width, decay=decay, revive_below=revive_below)
    return EmaQuantiser(codes, width, decay=decay, revive_below=revive_below, smoothing=settings.smoothing)
