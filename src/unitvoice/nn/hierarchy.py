"""Codes at two rates: an encoder with two codebooks, and a decoder of frames (VQ-VAE-2; Razavi et al., 2019).

One-dimensional, as Hou et al. built it for the ZeroSpeech challenge of 2020. Their residual blocks changed their input
in place, so that the rectified input was added; here the input itself is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from unitvoice.nn.convolutions import PreactivatedBlock, halving, settling
from unitvoice.nn.normalisation import BatchNorm1d
from unitvoice.nn.vq import EmaQuantiser

__all__ = ["FrameDecoder", "Hierarchy", "TwoRates"]


class TwoRates(NamedTuple):
    """What frames are encoded to: T bottom codes, and half as many top codes, each of which holds for two."""

    vectors: Tensor  # (B, T, 2 * width): what decoders read
    indices: Tensor  # (B, T, 2) int64: top code, bottom code
    continuous: Tensor  # (B, T, 2 * width): what was quantised, top first
    commitment: Tensor  # scalar, sum over both codebooks


def _doubling(inputs: int, outputs: int) -> nn.ConvTranspose1d:
    return nn.ConvTranspose1d(inputs, outputs, 4, stride=2, padding=1)


def _blocks(channels: int) -> list[nn.Module]:
    return [PreactivatedBlock(channels) for _ in range(2)]


class Hierarchy(nn.Module):
    """Frames to bottom codes, and to top codes at half their rate, from which the bottom ones know what is coming.

    Args:
        inputs: values per frame.
        channels: of all layers.
        codes: of each codebook.
        width: values per code vector.
        halvings: of the rate, from frames to bottom codes.
        decay, smoothing, revive_below: of the codebooks, see :class:`EmaQuantiser`.

    >>> two = Hierarchy(80, 16, 8, 4)(torch.randn(1, 16, 80))
    >>> two.vectors.shape, two.indices.shape
    (torch.Size([1, 4, 8]), torch.Size([1, 4, 2]))
    """

    def __init__(
        self,
        inputs: int,
        channels: int = 512,
        codes: int = 128,
        width: int = 64,
        *,
        halvings: int = 2,
        decay: float = 0.99,
        smoothing: float = 1e-5,
        revive_below: float = 0.0,
    ) -> None:
        super().__init__()
        first = [halving(inputs if number == 0 else channels, channels) for number in range(halvings)]
        middle = nn.Conv1d(channels, channels, 3, padding=1)
        self.bottom = nn.Sequential(*first, middle, *_blocks(channels), nn.LeakyReLU())
        middle = nn.Conv1d(channels, channels, 3, padding=1)
        self.top = nn.Sequential(halving(channels, channels), middle, *_blocks(channels))
        self.to_top = nn.Conv1d(channels, width, 1)
        enter = nn.Conv1d(width, channels, 3, padding=1)
        self.descend = nn.Sequential(enter, *_blocks(channels), _doubling(channels, width))
        self.to_bottom = nn.Conv1d(width + channels, width, 1)
        self.upsample = _doubling(width, width)
        self.top_codes, self.bottom_codes = (
            EmaQuantiser(codes, width, decay=decay, smoothing=smoothing, revive_below=revive_below, seed=seed)
            for seed in (0, 1)
        )

    def forward(self, frames: Tensor) -> TwoRates:
        """Encode (B, F, inputs) frames; F is a multiple of the frames of a top code."""
        below = self.bottom(frames.mT)
        top_raw = self.to_top(self.top(below)).mT
        top = self.top_codes(top_raw)
        bottom_raw = self.to_bottom(torch.cat([self.descend(top.vectors.mT), below], dim=1)).mT
        bottom = self.bottom_codes(bottom_raw)
        return TwoRates(
            self._together(top.vectors, bottom.vectors),
            torch.cat([_held(top.indices), bottom.indices], dim=-1),
            torch.cat([_held(top_raw), bottom_raw], dim=-1),
            top.losses["commitment"] + bottom.losses["commitment"],
        )

    def vectors(self, indices: Tensor) -> Tensor:
        """What decoders read, (B, T, 2 * width), of codes, (B, T, 2); of each two top codes the first counts."""
        top, bottom = indices[:, ::2, :1], indices[..., 1:]
        return self._together(self.top_codes.lookup(top), self.bottom_codes.lookup(bottom))

    def rows(self, indices: Tensor) -> Tensor:
        """Code vectors, top and bottom side by side, (..., 2) to (..., 2 * width): equal codes are equal rows."""
        return torch.cat([self.top_codes.lookup(indices[..., :1]), self.bottom_codes.lookup(indices[..., 1:])], dim=-1)

    def _together(self, top: Tensor, bottom: Tensor) -> Tensor:
        risen = self.upsample(top.mT).mT[:, : bottom.shape[1]]
        return torch.cat([risen, bottom], dim=-1)

    @torch.no_grad()
    def initialise(self, frames: Tensor, generator: torch.Generator) -> None:
        """Place both codebooks among encoded frames, (B, F, inputs); the module is in evaluation mode afterwards.

        Raises:
            ValueError: there are fewer top units than codes.
        """
        # the codes stand where the encoder will put frames in use, so that an untrained system is a fair comparison
        self._settle(frames)
        top = self.to_top(self.top(self.bottom(frames.mT))).mT
        self.top_codes.initialise(top.flatten(0, 1), generator)
        self._settle(frames)
        width = self.bottom_codes.width
        self.bottom_codes.initialise(self(frames).continuous[..., width:].flatten(0, 1), generator)

    def _settle(self, frames: Tensor) -> None:
        """Set the statistics of batch normalisation by some frames, without moving codes."""
        self.train()
        self.top_codes.eval()
        self.bottom_codes.eval()
        with settling(self):
            self(frames)
        self.eval()

    def figures(self) -> dict[str, float]:
        """Figures of the two codebooks together; see :meth:`unitvoice.nn.vq.Quantiser.figures`."""
        top, bottom = self.top_codes.figures(), self.bottom_codes.figures()
        means = {name: (top[name] + bottom[name]) / 2 for name in ("usage", "perplexity")}
        return means | {"revived": top["revived"] + bottom["revived"]}

    @contextmanager
    def as_heard(self) -> Iterator[None]:
        """Within the block nothing is learned from what is encoded, though gradients pass."""
        training = self.training
        self.eval()
        yield
        self.train(training)


def _held(top: Tensor) -> Tensor:
    """Top codes at the rate of the bottom ones, (B, T / 2, D) to (B, T, D)."""
    return top.repeat_interleave(2, dim=1)


class FrameDecoder(nn.Module):
    """Vectors back to frames.

    Args:
        inputs: values per vector.
        channels: of all layers.
        outputs: values per frame.
        doublings: of the rate.

    Shape:
        input (B, inputs, T); output (B, outputs, T * 2 ** doublings).

    >>> FrameDecoder(6, 8, 80, doublings=2)(torch.randn(1, 6, 5)).shape
    torch.Size([1, 80, 20])
    """

    def __init__(self, inputs: int, channels: int, outputs: int, *, doublings: int = 2) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv1d(inputs, channels, 3, padding=1), *_blocks(channels)]
        for _ in range(doublings - 1):
            layers += [_doubling(channels, channels), BatchNorm1d(channels), nn.LeakyReLU()]
        self.layers = nn.Sequential(*layers, _doubling(channels, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Decode."""
        decoded: Tensor = self.layers(x)
        return decoded
