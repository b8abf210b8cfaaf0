"""Pretrained encoders over recordings of any length, with memory that is bounded and every sample in a frame."""

from collections.abc import Callable, Iterator
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torchaudio.models import Wav2Vec2Model

from unitvoice.audio import RATE, Wave
from unitvoice.nn.cpc_encoder import CpcEncoder

__all__ = ["CpcFrames", "FrameEncoder", "TransformerFrames"]

PIECE = 500  # frames that are convolved at once: 10 s
WINDOW = 1500  # frames that a transformer sees at once, at most: 30 s
CONTEXT = 250  # of these, how many at each side are seen but not kept where there are several windows
SMALLEST = 1e-5  # added to the variance of a recording, as in layer normalisation


class FrameEncoder(nn.Module):
    """Frames of one recording by a pretrained network.

    The recording is lengthened by zeros to a whole number of hops, so each sample is in a frame and N samples become
    ceil(N / hop) frames; the first is about the first hop. Recordings go through one by one, as the padding of a batch
    would change what the networks make of the shorter ones.
    """

    hop: int  # samples from frame to frame
    width: int  # values per frame

    @property
    def rate(self) -> float:
        """Frames per second."""
        return RATE / self.hop

    @property
    def first(self) -> float:
        """Time of the first frame's centre, s."""
        return self.hop / 2 / RATE

    @torch.inference_mode()
    def compute(self, wave: Wave) -> NDArray[np.float32]:
        """(N,) at 16 kHz -> (ceil(N / hop), width)."""
        samples = torch.tensor(wave, dtype=torch.float32, device=next(self.parameters()).device)
        frames: NDArray[np.float32] = self(samples).cpu().numpy()
        return frames

    def whole_hops(self, wave: Tensor) -> Tensor:
        """(N,) -> (M,) with zeros at its end."""
        return F.pad(wave, (0, -len(wave) % self.hop))


class TransformerFrames(FrameEncoder):
    """The output of a transformer layer of HuBERT, wav2vec 2.0 or WavLM.

    As many zeros as a frame is longer than a hop (40 + 40 samples) stand around the recording. The convolutions see it
    in pieces and are exact, as statistics over time are gathered first. The transformer sees up to 30 s at once. Of
    what is longer it sees windows of 30 s, of which it keeps all but 5 s at each inner side; with random weights of
    base size this moved the frames of 40 s by 0.7 % of their deviation.

    Networks with a layer norm at each convolution (the large ones) were trained on recordings with mean 0 and variance
    1, and get them so; those with one group norm (the base ones) get recordings as they are.

    Args:
        network: as torchaudio has it; what follows the layer is taken off.
        layer: from 1; of networks that normalise last, what comes before that normalisation.
    """

    def __init__(self, network: Wav2Vec2Model, layer: int) -> None:
        super().__init__()
        self.convolutions = network.feature_extractor.conv_layers
        self.encoder = network.encoder
        self.encoder.transformer.layers = self.encoder.transformer.layers[:layer]
        strides = [convolution.stride for convolution in self.convolutions]
        reach = [(one.kernel_size - 1) * prod(strides[:n]) for n, one in enumerate(self.convolutions)]
        self.hop, self.field = prod(strides), 1 + sum(reach)
        self.width = network.encoder.feature_projection.projection.out_features
        self.normalises = isinstance(self.convolutions[-1].layer_norm, nn.Module)

    def forward(self, wave: Tensor) -> Tensor:
        """(N,) -> (ceil(N / hop), width)."""
        if self.normalises:
            wave = (wave - wave.mean()) * torch.rsqrt(wave.var(correction=0) + SMALLEST)
        around = (self.field - self.hop) // 2
        padded = F.pad(self.whole_hops(wave), (around, self.field - self.hop - around))
        frames = self._convolved(padded)
        return torch.cat([self._layer(frames[low:high])[kept] for low, high, kept in _windows(len(frames))])

    def _layer(self, frames: Tensor) -> Tensor:
        outputs: Tensor = self.encoder.extract_features(frames[None])[-1][0]
        return outputs

    def _convolved(self, wave: Tensor) -> Tensor:
        """(N,) -> (T, channels), in pieces."""
        count = (len(wave) - self.field) // self.hop + 1
        first, *others = self.convolutions
        norm = self._norm_over_time(wave) if isinstance(first.layer_norm, nn.GroupNorm) else first.layer_norm
        parts = []
        for low, high in _pieces(count):
            x = wave[None, None, low * self.hop : (high - 1) * self.hop + self.field]
            x = F.gelu(norm(first.conv(x)))
            for convolution in others:
                x, _ = convolution(x, None)
            parts.append(x[0].T)
        return torch.cat(parts)

    def _norm_over_time(self, wave: Tensor) -> Callable[[Tensor], Tensor]:
        """The first group norm, whose groups are single channels, with the statistics of the whole recording."""
        first = self.convolutions[0]
        norm, kernel, stride = first.layer_norm, first.kernel_size, first.stride
        count = (len(wave) - kernel) // stride + 1
        sums = torch.zeros(2, norm.num_channels, dtype=torch.float64, device=wave.device)
        for low, high in _pieces(count, PIECE * self.hop // stride):
            x = first.conv(wave[None, None, low * stride : (high - 1) * stride + kernel])[0].double()
            sums += torch.stack([x.sum(dim=1), x.square().sum(dim=1)])
        mean, square = sums / count
        scale = norm.weight * torch.rsqrt(square - mean.square() + norm.eps)
        shift = norm.bias - mean * scale
        return lambda x: torch.addcmul(shift.float()[:, None], x, scale.float()[:, None])


class CpcFrames(FrameEncoder):
    """The output of the last LSTM layer of CPC; the state goes on from piece to piece, to the end of a recording.

    Args:
        network: the encoder.
    """

    def __init__(self, network: CpcEncoder) -> None:
        super().__init__()
        self.network = network
        self.hop, self.width = network.hop, network.lstm.hidden_size

    def forward(self, wave: Tensor) -> Tensor:
        """(N,) -> (ceil(N / hop), width)."""
        padded = self.whole_hops(wave)
        count = len(padded) // self.hop
        parts = []
        for low, high in _pieces(count):
            before, after = max(low - 1, 0), min(high + 1, count)  # a frame sees less than one other at each side
            frames = self.network.convolved(padded[None, before * self.hop : after * self.hop])[0]
            parts.append(frames[low - before : high - before])
        return self.network.contexts(torch.cat(parts)[None])[0]


def _pieces(count: int, size: int = PIECE) -> Iterator[tuple[int, int]]:
    """First and last (exclusive) of so many things, ``size`` at a time."""
    for low in range(0, count, size):
        yield low, min(low + size, count)


def _windows(count: int) -> Iterator[tuple[int, int, slice]]:
    """Windows over so many frames, and what of each is kept.

    >>> list(_windows(2500))
    [(0, 1500, slice(0, 1250, None)), (1000, 2500, slice(250, 1500, None))]
    """
    kept = 0
    for low in range(0, max(count - 2 * CONTEXT, 1), WINDOW - 2 * CONTEXT):
        high = min(low + WINDOW, count)
        last = high if high == count else high - CONTEXT
        start = max(high - WINDOW, 0)
        yield start, high, slice(kept - start, last - start)
        kept = last
