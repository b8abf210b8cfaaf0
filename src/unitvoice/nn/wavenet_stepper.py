"""A WaveNet unrolled over time: one sample of many utterances at a step."""

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from unitvoice.nn.precision import Precision, projection
from unitvoice.nn.wavenet import WaveNet, gated

__all__ = ["WaveNetStepper", "fold"]


class WaveNetStepper:
    """The same distributions as :class:`WaveNet` teacher-forced on the samples drawn; see :class:`Stepper`.

    What a layer reads of the past is known before a step, so that one product for all layers deals with it, and one
    with the conditions; the skip connections of all layers are one product too. The inputs of the layers are kept in
    rings, one after the other in one tensor. Residual sums are kept unscaled: the factor after each addition is in the
    weights.

    A row is to be cleared only when the steps so far make whole frames of conditions, in all rows.

    Args:
        network: the trained network.
        rows: utterances in flight.
        precision: of the large products. The gated values are bounded; what is not is at least in half precision.
    """

    def __init__(self, network: WaveNet, rows: int, precision: Precision = "float32") -> None:
        self.rows, self.hop, self.head = rows, network.hop, network.head
        self.draws = network.head.draws
        self._layers, self._gate, self._residual = network.layers, network.gate, network.residual
        self._enter = _weights(network.enter)
        own = self._enter[0]
        self.device = str(own.device)
        self._set_condition(network, precision)
        self._set_history(network, own.dtype if precision == "float32" else torch.bfloat16)
        self._set_gates(network, precision)
        self._set_outputs(network, precision)
        self._now = own.new_zeros(self._layers, rows, self._residual)  # what each layer reads at this step
        self._hidden = own.new_zeros(rows, self._layers, self._gate // 2)
        self._past = torch.full((rows,), self.head.silence, device=own.device, dtype=self.head.dtype)
        self.logits = own.new_zeros(rows, self.head.parameters)

    def _set_condition(self, network: WaveNet, precision: Precision) -> None:
        """How a frame of conditions becomes what the gates of all layers get of it."""
        self._taps = network.upsampler.taps().detach()
        self._window = self._taps.shape[1] * network.upsampler.width
        given = [network.local] if network.voice is None else [network.local, network.voice]
        weight = torch.cat([_weights(layer)[0] for layer in given], dim=1)
        bias = torch.cat([_weights(layer)[1] for layer in network.convolutions])
        self.width = self._window + weight.shape[1] - network.upsampler.width
        self._given = projection(weight, bias, precision)

    def _set_history(self, network: WaveNet, dtype: torch.dtype) -> None:
        """Rings for all that layers read of the past, and where in them each stands."""
        dilations = torch.tensor(network.dilations, device=self.device)
        self._lengths = (network.kernel - 1) * dilations
        self._begins = self._lengths.cumsum(0) - self._lengths
        self._lags = dilations * torch.arange(network.kernel - 1, 0, -1, device=self.device)[:, None]  # oldest first
        places = int(self._lengths.sum())
        self._history = torch.zeros(places, self.rows, self._residual, dtype=dtype, device=self.device)
        self._time = torch.zeros(1, dtype=torch.int64, device=self.device)

    def _set_gates(self, network: WaveNet, precision: Precision) -> None:
        """What gates get of a layer's inputs, of the past and of now."""
        scales = _powers(self._layers, math.sqrt(0.5))
        weights = [_weights(layer)[0] * scale for layer, scale in zip(network.convolutions, scales, strict=True)]
        before = torch.stack(weights).permute(3, 0, 2, 1)[:-1]  # (kernel - 1, L, R, G)
        self._before = before.to(self._history.dtype).contiguous()
        self._own = [projection(weight[..., -1].contiguous(), None, precision) for weight in weights]

    def _set_outputs(self, network: WaveNet, precision: Precision) -> None:
        """What the gated values give to the layer after, and the head."""
        cut = [self._residual]
        weights, biases = zip(*(map(_weights, network.outputs)), strict=True)
        onward, skip = zip(*(weight.tensor_split(cut) for weight in weights), strict=True)
        onward_bias, skip_bias = zip(*(bias.tensor_split(cut) for bias in biases), strict=True)
        self._onward = [
            projection(weight * scale, bias * scale, precision, bound=1.0)
            for weight, bias, scale in zip(onward, onward_bias, _powers(self._layers, math.sqrt(2)), strict=True)
        ]
        share = math.sqrt(1 / self._layers)
        self._skip = projection(torch.cat(skip, dim=1) * share, sum(skip_bias) * share, precision, bound=1.0)
        self._first, self._second = (projection(*_weights(network.last[place]), precision) for place in (1, 3))

    def clear(self, row: int) -> None:
        """See :class:`Stepper`."""
        self._history[:, row] = 0
        self._past[row] = self.head.silence

    def remember(self, samples: Tensor) -> None:
        """See :class:`Stepper`."""
        self._past.copy_(samples)

    def step(self, condition: Tensor, noise: Tensor) -> Tensor:
        """See :class:`Stepper`."""
        gates = self._known(condition)
        x = self.head.embed(self._past, *self._enter)
        for layer in range(self._layers):
            self._now[layer] = x
            self._hidden[:, layer] = hidden = gated(gates[layer].add_(self._own[layer](x)))
            x = x + self._onward[layer](hidden)
        self._history.index_copy_(0, self._begins + self._time % self._lengths, self._now.to(self._history.dtype))
        self._time += 1
        total = self._skip(self._hidden.flatten(1)).relu_()
        self.logits.copy_(self._second(self._first(total).relu_()))
        self._past.copy_(self.head.draw(self.logits, noise))
        return self._past

    def _known(self, condition: Tensor) -> Tensor:
        """What the gates of all layers get of the condition and of the past, (L, rows, G)."""
        window, voice = condition.tensor_split([self._window], dim=1)
        taps = self._taps.index_select(0, self._time % self.hop)  # (1, J)
        local = (taps[..., None] * window.unflatten(1, (taps.shape[1], -1))).sum(dim=1)
        given = self._given(torch.cat([local, voice], dim=1))
        gates = given.unflatten(1, (self._layers, self._gate)).transpose(0, 1)
        places = (self._begins + (self._time - self._lags) % self._lengths).flatten()
        past = self._history.index_select(0, places).unflatten(0, self._lags.shape)  # (kernel - 1, L, rows, R)
        heard = torch.bmm(past[0], self._before[0])
        for values, weights in zip(past[1:], self._before[1:], strict=True):
            heard = torch.baddbmm(heard, values, weights)
        return gates + heard


def fold(network: WaveNet, vectors: Tensor, voice: Tensor | None) -> Tensor:
    """Conditions of a stepper of the network, (U, width), from (U, D) vectors and an (E,) voice, if it has one."""
    windows = network.upsampler.windows(vectors[None])[0].flatten(1)
    return windows if voice is None else torch.cat([windows, voice.expand(len(windows), -1)], dim=1)


def _weights(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight, (O, I) or with several taps (O, I, K), and bias of a convolution; without a bias it is empty."""
    convolution = cast("nn.Conv1d", layer)
    weight, bias = convolution.weight.detach(), convolution.bias
    return weight.squeeze(2), weight.new_zeros(0) if bias is None else bias.detach()


def _powers(count: int, factor: float) -> Sequence[float]:
    return [factor**number for number in range(count)]
