"""A WaveNet: dilated causal convolutions over samples, conditioned on vectors and a voice."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.nn.initialisation import kaiming, weight_normed
from unitvoice.nn.output_heads import OutputHead
from unitvoice.nn.upsampling import Upsampler

__all__ = ["WaveNet"]


class WaveNet(nn.Module):
    """Gated dilated convolutions with residual and skip connections (van den Oord et al., 2016; Yamamoto's vocoder).

    The distribution of a sample is predicted from all samples before it within :attr:`field`, from the condition at
    its own time, and from the voice.

    Args:
        head: the distribution, which also says what samples are.
        upsampler: makes conditions of vectors.
        voice: values of a voice, E; 0 for a network without.
        residual: channels between layers, R.
        gate: channels before the gates, G, half of them for tanh and half for the sigmoid.
        skip: channels of the sum that the head reads, S.
        kernel: taps of the convolutions.
        layers: of all stacks together.
        stacks: within one, dilations double from 1.
        dropout: share of a layer's inputs that is dropped in training.
        normalised: whether weights are of unit norm times a learned one.

    Raises:
        ValueError: the layers do not divide into stacks, gates are odd, or the kernel has no past.

    >>> from unitvoice.nn.output_heads import CategoricalHead
    >>> from unitvoice.nn.upsampling import SmoothingUpsampler
    >>> network = WaveNet(CategoricalHead(), SmoothingUpsampler(8, (4, 4)), voice=2, layers=4, stacks=2)
    >>> network(torch.zeros(1, 3, 8), torch.zeros(1, 2), torch.zeros(1, 48, dtype=torch.int64)).shape
    torch.Size([1, 48, 256])
    """

    def __init__(
        self,
        head: OutputHead,
        upsampler: Upsampler,
        *,
        voice: int = 0,
        residual: int = 256,
        gate: int = 368,
        skip: int = 256,
        kernel: int = 3,
        layers: int = 20,
        stacks: int = 2,
        dropout: float = 0.0,
        normalised: bool = True,
    ) -> None:
        super().__init__()
        if layers % stacks or gate % 2 or kernel < 2:  # noqa: PLR2004
            sizes = f"{layers} layers in {stacks} stacks, {gate} gates and a kernel of {kernel}"
            raise ValueError(f"a WaveNet cannot have {sizes}")
        self.layers, self.residual, self.gate, self.kernel = layers, residual, gate, kernel
        self.dilations = tuple(2 ** (layer % (layers // stacks)) for layer in range(layers))
        self.dropout = dropout
        self.enter = nn.Conv1d(head.inputs, residual, 1)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(residual, gate, kernel, dilation=dilation) for dilation in self.dilations
        )
        # those of all layers in one, the gates of a layer after those of the one before
        self.local = nn.Conv1d(upsampler.width, layers * gate, 1, bias=False)
        self.voice = nn.Conv1d(voice, layers * gate, 1, bias=False) if voice else None
        # residual channels, then skip channels
        self.outputs = nn.ModuleList(nn.Conv1d(gate // 2, residual + skip, 1) for _ in range(layers))
        self.last = nn.Sequential(nn.ReLU(), nn.Conv1d(skip, skip, 1), nn.ReLU(), nn.Conv1d(skip, head.parameters, 1))
        kaiming(self)
        for part in self.modules():
            if isinstance(part, nn.Conv1d) and part.bias is not None:
                nn.init.zeros_(part.bias)
        if normalised:
            weight_normed(self)
        self.head, self.upsampler = head, upsampler

    @property
    def field(self) -> int:
        """Number of samples that a prediction depends on."""
        return (self.kernel - 1) * sum(self.dilations) + 1

    @property
    def hop(self) -> int:
        """Samples per vector."""
        return self.upsampler.hop

    def forward(self, vectors: Tensor, voice: Tensor | None, samples: Tensor) -> Tensor:
        """Parameters of each sample's distribution, given all samples before it (teacher forcing).

        Args:
            vectors: (B, U, D).
            voice: (B, E), or None for a network without.
            samples: (B, T); T is at most U * hop. Silence stands before the first.

        Returns:
            (B, T, parameters); those at t do not depend on the samples at t and later.

        Raises:
            ValueError: there are more samples than the vectors last for.
        """
        length, lasting = samples.shape[1], vectors.shape[1] * self.hop
        if length > lasting:
            raise ValueError(f"{vectors.shape[1]} vectors last for {lasting} samples, not for {length}")
        before = F.pad(samples[:, :-1], (1, 0), value=self.head.silence)
        x = self.head.embed(before, self.enter.weight[..., 0], self.enter.bias).mT
        # what is added at each layer: its part of the condition, still in windows, and of the voice
        local = F.linear(self.upsampler.windows(vectors), self.local.weight[..., 0]).split(self.gate, dim=-1)
        shifts = self._shifts(voice, x).split(self.gate, dim=1)
        total = torch.zeros((), device=x.device)
        for layer, (rows, shift) in enumerate(zip(local, shifts, strict=True)):
            gates = self._convolved(layer, x) + self.upsampler.mix(rows)[..., :length]
            hidden = gated(gates + shift)
            residual, skip = self.outputs[layer](hidden).tensor_split([self.residual], dim=1)
            x = (x + residual) * math.sqrt(0.5)
            total = total + skip
        parameters: Tensor = self.last(total * math.sqrt(1 / self.layers))
        return parameters.mT

    def _shifts(self, voice: Tensor | None, like: Tensor) -> Tensor:
        """What the gates of all layers get of the voice, (B, layers * G, 1)."""
        if self.voice is None or voice is None:
            return like.new_zeros(1, self.layers * self.gate, 1)
        shifts: Tensor = self.voice(voice[..., None])
        return shifts

    def _convolved(self, layer: int, x: Tensor) -> Tensor:
        dropped = F.dropout(x, self.dropout, self.training) if self.dropout else x
        past = (self.kernel - 1) * self.dilations[layer]
        convolved: Tensor = self.convolutions[layer](F.pad(dropped, (past, 0)))
        return convolved


def gated(gates: Tensor) -> Tensor:
    """The tanh of the first half of the channels times the sigmoid of the second, (B, G, ...) -> (B, G / 2, ...)."""
    signal, gate = gates.chunk(2, dim=1)
    return signal.tanh() * gate.sigmoid()
