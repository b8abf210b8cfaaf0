"""``vqvae-mel``: a VQ-VAE on log-mel frames with a parallel frame decoder, sized to train on two CPU cores.

The encoder sees speech less its mean frame and, in training, through a random vocal tract, while the target stays as
it was: what differs between speakers is noise to the encoder and must come from the speaker table. After van den Oord
et al. 2017 (1711.00937) and Chorowski et al. 2019 (1901.08810).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.errors import InputError
from unitvoice.nn.augmentation import random_warp
from unitvoice.nn.convolutions import ResidualStack, conv_norm_relu, settling
from unitvoice.nn.vq import EmaQuantiser, jitter
from unitvoice.systems.base import Batch, System, Units
from unitvoice.systems.preparation import check_bands

__all__ = ["Settings", "VqvaeMel"]

FRAME_RATE = 100.0  # Hz, of the log-mel frames
STRIDE = 2


@dataclass(frozen=True)
class Settings:
    """The numbers of the system."""

    bands: int = 80
    channels: int = 256
    layers: int = 2  # residual convolutions before and after the change of rate
    codes: int = 512
    width: int = 64  # values per code vector
    decay: float = 0.99  # of the codebook's moving averages
    revive_below: float = 0.5  # frames per step, averaged: a code with fewer is placed anew
    commitment: float = 1.0
    jitter: float = 0.3
    speaker_width: int = 64
    warp: float = 0.12  # largest relative stretch of the mel axis
    prior: float = 16.0  # frames that the speaker's mean counts for beside the utterance's own, when encoding


class VqvaeMel(System):
    """The system; see the module's docstring."""

    input = "logmel"
    unit_rate = FRAME_RATE / STRIDE
    unit_first = 0.5 / FRAME_RATE  # a unit stands between its two frames
    target_mean: Tensor
    target_scale: Tensor

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(speakers)
        self.settings = settings
        self.prior = settings.prior
        channels = settings.channels
        self.encoder = nn.Sequential(
            conv_norm_relu(settings.bands, channels, 3),
            ResidualStack(channels, settings.layers),
            conv_norm_relu(channels, channels, 2 * STRIDE, STRIDE, padding=STRIDE // 2),
            ResidualStack(channels, settings.layers),
            nn.Conv1d(channels, settings.width, 1),
        )
        self.quantiser = EmaQuantiser(
            settings.codes, settings.width, decay=settings.decay, revive_below=settings.revive_below
        )
        self.speaker_table = nn.Embedding(len(self.speakers), settings.speaker_width)
        self.decoder = nn.Sequential(
            conv_norm_relu(settings.width + settings.speaker_width, channels, 3),
            ResidualStack(channels, 2 * settings.layers),
            nn.ConvTranspose1d(channels, channels, 2 * STRIDE, STRIDE, STRIDE // 2),
            nn.ReLU(),
            nn.Conv1d(channels, settings.bands, 3, padding=1),
        )
        self.register_buffer("target_mean", torch.zeros(settings.bands))
        self.register_buffer("target_scale", torch.ones(()))

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Take the target's statistics from the corpus and the codebook's start from encoded data."""
        frames = batch.frames[self.input]
        self._check(frames)
        self.target_mean.copy_(means[self.input])
        self.target_scale.copy_((frames - self.target_mean).std())
        mean = frames.mean(dim=1)
        with torch.no_grad(), settling(self.encoder):
            self._encoded(frames, mean)
        # the codes stand where the encoder will put frames in use, so that an untrained system is a fair comparison
        self.eval()
        with torch.no_grad():
            encoded = self._encoded(frames, mean)
        self.train()
        self.quantiser.initialise(encoded.flatten(0, 1), torch.Generator().manual_seed(torch.initial_seed()))

    def _check(self, frames: Tensor) -> None:
        check_bands(frames, self.settings.bands)
        batch, length, _ = frames.shape
        if self.settings.codes > batch * (length // STRIDE):
            placed = f"a batch of {batch} crops of {length} frames"
            raise InputError(f"{placed} cannot place {self.settings.codes} codes; have fewer codes or larger batches")

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """Squared error of the standardised log-mel frames, and the commitment loss."""
        frames = batch.frames[self.input]
        frames = frames[:, : frames.shape[1] // STRIDE * STRIDE]
        warped = random_warp(frames, self.settings.warp)
        quantised = self.quantiser(self._encoded(warped, warped.mean(dim=1)))
        decoded = self._decoded(jitter(quantised.vectors, self.settings.jitter), batch.speakers)
        return {
            "reconstruction": F.mse_loss(decoded, (frames - self.target_mean) / self.target_scale),
            "commitment": self.settings.commitment * quantised.losses["commitment"],
        }

    def monitor(self) -> dict[str, float]:
        """Figures of the codebook."""
        return self.quantiser.figures()

    def encode(self, frames: Tensor, mean: Tensor) -> Units:
        """Units at 50 Hz, half as many as frames, rounded up; see :class:`System`."""
        odd = len(frames) % STRIDE
        continuous = self._encoded(F.pad(frames.T[None], (0, odd), mode="replicate").mT, mean[None])
        indices = self.quantiser(continuous).indices
        return Units(indices[0], self.quantiser.lookup(indices)[0], continuous[0])

    def decode(self, indices: Tensor, speaker: str, frames: int) -> Tensor:
        """(T, 1) codes to (frames, bands) log-mel frames; see :class:`System`."""
        row = torch.tensor([self.speaker_row(speaker)], device=indices.device)
        decoded = self._decoded(self.quantiser.lookup(indices[None]), row)[0]
        return (decoded * self.target_scale + self.target_mean)[:frames]

    def _encoded(self, frames: Tensor, mean: Tensor) -> Tensor:
        return self.encoder(((frames - mean[:, None]) / self.target_scale).mT).mT

    def _decoded(self, vectors: Tensor, speakers: Tensor) -> Tensor:
        voice = self.speaker_table(speakers)[:, None].expand(-1, vectors.shape[1], -1)
        return self.decoder(torch.cat([vectors, voice], dim=-1).mT).mT
