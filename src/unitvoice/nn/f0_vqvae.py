"""A VQ-VAE of F0 contours (Polyak et al., 2021): a code for every 16 frames, from which the contour is decoded."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.nn.strided import strided_decoder, strided_encoder
from unitvoice.nn.vq import EmaQuantiser

__all__ = ["F0Vqvae"]


class F0Vqvae(nn.Module):
    """Contours at 200 Hz to codes at 12.5 Hz and back; 199,681 parameters as published.

    The codes are moving averages with revival (Dhariwal et al., 2020), all of whose state is in buffers: the first
    training batch draws them, and a code with fewer than one frame per step is drawn anew.

    Args:
        values: per frame of a contour, e.g. 1 for normalised log-F0, or 2 with voicing.
        channels: of the convolutions.
        halvings: of the rate.
        codes: number of codes.
        width: values per code vector.
        decay: of the codebook's moving averages.
        commitment: weight of its loss.

    >>> contour = torch.randn(2, 208, 1)
    >>> decoded, codes, losses = F0Vqvae()(contour)
    >>> decoded.shape, codes.shape, list(losses)
    (torch.Size([2, 208, 1]), torch.Size([2, 13, 1]), ['reconstruction', 'commitment'])
    """

    def __init__(
        self,
        values: int = 1,
        *,
        channels: int = 32,
        halvings: int = 4,
        codes: int = 20,
        width: int = 128,
        decay: float = 0.99,
        commitment: float = 0.02,
    ) -> None:
        super().__init__()
        self.stride = 2**halvings  # frames per code
        self.commitment = commitment
        self.encoder = strided_encoder(values, channels, width, [2] * halvings)
        self.quantiser = EmaQuantiser(codes, width, decay=decay, revive_below=1.0, prior=0.0)
        self.decoder = strided_decoder(width, channels, values, [2] * halvings)

    def forward(self, contour: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """(B, T, values) to the decoded contour, its codes (B, ceil(T / stride), 1), and the weighted losses."""
        quantised = self.quantiser(self.latents(contour))
        decoded = self._decoded(quantised.vectors, contour.shape[1])
        losses = {
            "reconstruction": F.mse_loss(decoded, contour),
            "commitment": self.commitment * quantised.losses["commitment"],
        }
        return decoded, quantised.indices, losses

    def initialise(self, contour: Tensor, generator: torch.Generator) -> None:
        """Draw the codes among those of contours, (B, T, values), already before the first batch of training."""
        with torch.no_grad():
            self.quantiser.initialise(self.latents(contour).flatten(0, 1), generator, "draw")

    def encode(self, contour: Tensor) -> Tensor:
        """(B, T, values) to codes, (B, ceil(T / stride), 1) int64; in evaluation mode the codebook stays as it is."""
        indices: Tensor = self.quantiser(self.latents(contour)).indices
        return indices

    def latents(self, contour: Tensor) -> Tensor:
        """(B, T, values) to what is quantised, (B, ceil(T / stride), width); the last frame is held where it ends."""
        missing = -contour.shape[1] % self.stride
        encoded: Tensor = self.encoder(F.pad(contour.mT, (0, missing), mode="replicate"))
        return encoded.mT

    def decode(self, indices: Tensor, frames: int) -> Tensor:
        """(B, T, 1) codes to contours, (B, frames, values), of which there are ``stride * T`` at most."""
        return self._decoded(self.quantiser.lookup(indices), frames)

    def _decoded(self, vectors: Tensor, frames: int) -> Tensor:
        decoded: Tensor = self.decoder(vectors.mT)
        return decoded[..., :frames].mT
