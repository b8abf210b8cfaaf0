"""``vqvae-gru``: a VQ-VAE on mel frames whose decoder is a recurrent vocoder (van Niekerk et al., 2020).

The original's first convolution takes a frame off each end, so that what it speaks begins 10 ms late in the source and
ends early. Here a frame is put on each end before: unit j stands for the samples from frame 2j to frame 2j + 2. Other
departures are in :mod:`unitvoice.systems.gru`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.nn.convolutions import conv_norm_relu
from unitvoice.nn.vq import jitter
from unitvoice.systems.base import Batch
from unitvoice.systems.gru import STRIDE, Context, GruSettings, GruSystem

__all__ = ["Settings", "VqvaeGru"]


@dataclass(frozen=True)
class Settings(GruSettings):
    """The numbers of the system."""

    channels: int = 768
    context: Context = 8  # a unit sees 7 frames on each side of its own two
    jitter: float = 0.5


class VqvaeGru(GruSystem):
    """The system; see the module's docstring."""

    settings: Settings

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(settings, speakers)
        channels = settings.channels
        self.encoder = nn.Sequential(
            conv_norm_relu(settings.bands, channels, 3, padding=0),
            conv_norm_relu(channels, channels, 3),
            conv_norm_relu(channels, channels, 2 * STRIDE, STRIDE, padding=1),
            conv_norm_relu(channels, channels, 3),
            conv_norm_relu(channels, channels, 3),
            nn.Conv1d(channels, settings.width, 1),
        )

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Place the codebook among encoded data."""
        self._check(stage, batch)
        self._place_codes(stage, batch)

    def continuous(self, frames: Tensor) -> Tensor:
        """See :class:`GruSystem`."""
        return self.encoder(F.pad(frames.mT, (1, 1), mode="replicate")).mT

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """Cross-entropy of the wave's codes, and the commitment loss."""
        quantised = self.quantiser(self._inner(batch))
        return {
            "reconstruction": self._surprise(jitter(quantised.vectors, self.settings.jitter), batch),
            "commitment": self.settings.commitment * quantised.losses["commitment"],
        }
