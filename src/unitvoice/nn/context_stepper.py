"""A context stack unrolled over time: one sample of many utterances at a step."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.nn.context_stack import FACTOR, Context, ContextStack, Halvings
from unitvoice.nn.gated_convolution import GatedConvolution
from unitvoice.nn.gru_stepper import gru_state
from unitvoice.nn.precision import Precision, projection
from unitvoice.nn.sixteen_bits import scaled, split
from unitvoice.nn.wavenet import gated
from unitvoice.nn.wavernn_stepper import WaveRnnCell

__all__ = ["ContextStepper"]

TOGETHER = 16  # voices whose first states are computed at once


class ContextStepper:
    """The same distributions as :class:`ContextStack` teacher-forced on the samples drawn; see :class:`Stepper`.

    A condition is a vector, and after it the number of its voice. A new utterance begins as if silence had been spoken
    before it: the states to which this brings the network are computed once for each voice.

    A row is to be cleared only when the steps so far make whole frames of conditions, in all rows.

    Args:
        network: the trained network.
        voices: (S, E), those that are spoken in.
        silence: (D,), the vector of silence, which stands before the first one of an utterance.
        rows: utterances in flight.
        precision: of the large products.
    """

    draws = WaveRnnCell.draws

    def __init__(
        self, network: ContextStack, voices: Tensor, silence: Tensor, rows: int, precision: Precision = "float32"
    ) -> None:
        self.rows, self.hop, self.width = rows, network.hop, network.inputs + 1
        self._cell = WaveRnnCell(network.wavernn, rows, precision)
        self.logits = self._cell.logits
        self.device = str(self.logits.device)
        reader, bias = self._cell.condition_weight, self._cell.condition_bias
        told = [reader[:, network.width :]]
        self._levels: list[_Level] = []  # the fastest first
        for down, up in network.levels:
            period = FACTOR ** (len(self._levels) + 1)
            self._levels.append(_Level(down, up, reader[:, : network.width], bias, period, rows, precision))
            gates = _weights(up.recurrence)
            reader, bias = gates["weight_ih_l0"][:, network.channels :], gates["bias_ih_l0"]
            frames = reader.shape[1] - voices.shape[1]
            told += [_told(down.first), _told(down.second), reader[:, frames:]]
        self._reader, self._bias = reader[:, : network.inputs], bias
        self._vectors = bias.new_zeros(rows, 1, len(bias))  # what the slowest GRU gets of the vectors
        self._slower = [*(level.frames for level in self._levels[1:]), self._vectors]  # what each level reads
        self._told = voices.detach() @ torch.cat(told).T  # (S, gates of all layers)
        self._voices = bias.new_zeros(rows, self._told.shape[1])
        self._told_cell, *parts = self._voices.split([len(weight) for weight in told], dim=1)
        for place, level in enumerate(self._levels):
            level.told = parts[3 * place : 3 * place + 3]
        self._remembered = [self._cell.state, *(part for level in self._levels for part in (level.heard, level.state))]
        self._silent = _silent(network, voices, silence)
        self._fresh = torch.ones(rows, dtype=torch.bool, device=self.device)
        self._phase = 0  # samples of the present frame of conditions

    def clear(self, row: int) -> None:
        """See :class:`Stepper`."""
        self._fresh[row] = True
        self._cell.past[row] = 0

    def remember(self, samples: Tensor) -> None:
        """See :class:`Stepper`; the logits of fine numbers become those beside these coarse ones."""
        self._cell.remember(samples)

    def step(self, condition: Tensor, noise: Tensor) -> Tensor:
        """See :class:`Stepper`; samples are of 16 bits."""
        if self._phase == 0:
            self._begin(condition)
        due = []
        frame = scaled(split(self._cell.past)[:, :1])
        for level, slower in zip(self._levels, self._slower, strict=True):
            level.hear(frame, self._phase)
            if self._phase % level.period:
                break
            frame = level.summary()
            due.append((level, frame, slower))
        for level, now, slower in reversed(due):
            level.advance(now, slower[:, self._phase // level.period % FACTOR])
        given = self._levels[0].frames[:, self._phase % FACTOR] + self._told_cell
        self._phase = (self._phase + 1) % self.hop
        return self._cell.step(given, noise)

    def _begin(self, condition: Tensor) -> None:
        """Take a frame of conditions; rows that were cleared get the state after silence."""
        vectors, voices = condition.tensor_split([self.width - 1], dim=1)
        voice = voices[:, 0].long()
        self._voices.copy_(self._told[voice])
        self._vectors[:, 0] = F.linear(vectors, self._reader, self._bias)
        for tensor, silent in zip(self._remembered, self._silent, strict=True):
            fresh = self._fresh.view(-1, *[1] * (tensor.dim() - 1))
            tensor.copy_(torch.where(fresh, silent[voice], tensor))
        self._fresh.fill_(value=False)


class _Level:
    """The convolutions and the GRU of one rate; what its frames give to their reader is one product with its state.

    Args:
        halvings: the convolutions.
        context: the GRU and the spreading of its states.
        reader: (G, width), weight of the frames in what reads them.
        bias: (G,), of that.
        period: samples per state.
        rows: utterances in flight.
        precision: of the products.
    """

    told: list[Tensor]  # what the convolutions' gates and the GRU's get of the voice

    def __init__(
        self,
        halvings: Halvings,
        context: Context,
        reader: Tensor,
        bias: Tensor,
        period: int,
        rows: int,
        precision: Precision,
    ) -> None:
        self.period, self._rows = period, rows
        # samples, gated values and states are all within (-1, 1)
        first, second = _weights(halvings.first.convolution), _weights(halvings.second.convolution)
        self._first = projection(first["weight"].flatten(1), first["bias"], precision, bound=1.0)
        self._second = projection(second["weight"].flatten(1), second["bias"], precision, bound=1.0)
        weights = _weights(context.recurrence)
        channels = halvings.second.convolution.in_channels
        up = _weights(context.spread)
        self._given = projection(weights["weight_ih_l0"][:, :channels], None, precision, bound=1.0)
        self._recur = projection(weights["weight_hh_l0"], weights["bias_hh_l0"], precision, bound=1.0)
        spread = torch.einsum("gw,vwf->fgv", reader, up["weight"]).flatten(0, 1)
        shift = (reader @ up["bias"] + bias).repeat(FACTOR)
        self._spread = projection(spread, shift, precision, bound=1.0)
        self.heard = reader.new_zeros(rows, Halvings.FIELD, halvings.first.convolution.in_channels)
        self.state = reader.new_zeros(rows, context.recurrence.hidden_size)
        self.frames = reader.new_zeros(rows, FACTOR, len(reader))  # as their reader gets them

    def hear(self, frame: Tensor, phase: int) -> None:
        """Take the next (rows, inputs) of what the convolutions read, at so many samples of a frame of conditions."""
        number = phase * FACTOR // self.period
        self.heard[:, Halvings.FIELD - FACTOR + (number - 1) % FACTOR] = frame

    def summary(self) -> Tensor:
        """What the convolutions make of what was heard last, (rows, channels)."""
        first, second, _ = self.told
        made = self._halved(self._second, self._halved(self._first, self.heard, first), second)
        kept = self.heard[:, FACTOR:].clone()  # a tensor must not be copied onto itself
        self.heard[:, : Halvings.FIELD - FACTOR] = kept
        return made[:, 0]

    def advance(self, now: Tensor, slower: Tensor) -> None:
        """Make the next state, and the frames that it gives.

        Args:
            now: (rows, channels), what the convolutions made.
            slower: (rows, 3 width), what the gates get of the frame of the next slower rate, and the bias.
        """
        given = self._given(now).add_(slower).add_(self.told[2])
        self.state.copy_(gru_state(given, self._recur(self.state), self.state))
        self.frames.copy_(self._spread(self.state).view_as(self.frames))

    @staticmethod
    def _halved(convolve: Callable[[Tensor], Tensor], x: Tensor, told: Tensor) -> Tensor:
        """A gated convolution of (rows, T, inputs), (rows, (T - 4) // 2 + 1, channels)."""
        windows = x.unfold(1, GatedConvolution.KERNEL, 2).flatten(2)
        gates = convolve(windows.flatten(0, 1)).unflatten(0, windows.shape[:2]) + told[:, None]
        return gated(gates.mT).mT


def _weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in module.named_parameters()}


def _told(layer: GatedConvolution) -> Tensor:
    """Weight of the voice in the gates of a convolution, (2 channels, E)."""
    weights = _weights(layer)
    gates = weights["convolution.bias"]
    return weights.get("voice.weight", gates.new_zeros(len(gates), 0))


def _silent(network: ContextStack, voices: Tensor, silence: Tensor) -> list[Tensor]:
    """What is remembered after silence in each voice, in the order of ``ContextStepper._remembered``."""
    parts = [_after_silence(network, some, silence) for some in voices.split(TOGETHER)]
    return [torch.cat(same) for same in zip(*parts, strict=True)]


@torch.no_grad()
def _after_silence(network: ContextStack, voices: Tensor, silence: Tensor) -> list[Tensor]:
    samples = torch.zeros(len(voices), network.before, dtype=torch.int64, device=voices.device)
    vectors = silence.expand(len(voices), network.steps, -1)
    *states, spoken = (states[:, -1] for states in network.states(samples, vectors, voices))
    coarse = scaled(split(samples)[:, -1:, :1])
    # what is heard does not change in silence
    heard = [coarse, *(frames[:, -1:] for frames in network.heard(samples, voices)[:-1])]
    pairs = zip(heard, reversed(states), strict=True)
    return [spoken, *(part for one, state in pairs for part in (one.expand(-1, Halvings.FIELD, -1), state))]
