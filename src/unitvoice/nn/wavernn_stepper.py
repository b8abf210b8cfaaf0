"""WaveRNN unrolled over time: one sample of many utterances at a step."""

import torch
from torch import Tensor
from torch.nn import functional as F

from unitvoice.nn.gru_stepper import gru_state
from unitvoice.nn.precision import Precision, projection
from unitvoice.nn.sampling import draw_category
from unitvoice.nn.sixteen_bits import LEVELS, combine, scaled, split
from unitvoice.nn.upsampling import Upsampler
from unitvoice.nn.wavernn import WaveRnn

__all__ = ["WaveRnnCell", "WaveRnnStepper"]


class WaveRnnCell:
    """The same distributions as :class:`WaveRnn` teacher-forced on the samples drawn.

    The gates are put in another order, those of the coarse half before those of the fine half. The recurrent product
    is that of both halves, as both read the whole last state; the fine half waits for the coarse number alone.

    Args:
        network: the trained network.
        rows: utterances in flight.
        precision: of the large products.
    """

    draws = 2

    def __init__(self, network: WaveRnn, rows: int, precision: Precision = "float32") -> None:
        weights = {name: value.detach() for name, value in network.named_parameters()}
        hidden = network.hidden
        order = torch.arange(3 * hidden).view(3, 2, hidden // 2).transpose(0, 1).flatten()
        given = (weights["recurrence.weight_ih_l0"] * network.mask)[order]
        self.condition_weight, numbers = given.tensor_split([given.shape[1] - 3], dim=1)
        self.condition_bias = weights["recurrence.bias_ih_l0"][order]
        self._past_weight = numbers[:, :2].T.contiguous()  # of both numbers of the last sample
        self._coarse_weight = numbers[3 * hidden // 2 :, 2].contiguous()  # of the coarse number of this one
        # states and the halves of them that the heads read are within (-1, 1)
        recurrent = weights["recurrence.weight_hh_l0"][order], weights["recurrence.bias_hh_l0"][order]
        self._recur = projection(*recurrent, precision, bound=1.0)
        first, second = (
            [(weights[f"heads.{half}.{place}.weight"], weights[f"heads.{half}.{place}.bias"]) for half in (0, 1)]
            for place in (0, 2)
        )
        self._first = [projection(*layer, precision, bound=1.0) for layer in first]
        self._second = [projection(*layer, precision) for layer in second]
        self._half = hidden // 2
        self.state = given.new_zeros(rows, hidden)
        self.past = torch.zeros(rows, dtype=torch.int64, device=given.device)  # silence
        self.logits = given.new_zeros(rows, 2, LEVELS)
        # what the fine half was made of in the last step, without the coarse number
        self._given = given.new_zeros(rows, 3 * self._half)
        self._recurrent = given.new_zeros(rows, 3 * self._half)
        self._before = given.new_zeros(rows, self._half)

    def step(self, condition: Tensor, noise: Tensor) -> Tensor:
        """The next samples.

        Args:
            condition: (rows, 3 hidden), what the gates get of the conditions by ``condition_weight`` and ``_bias``.
            noise: (rows, 2), even in [0, 1).

        Returns:
            (rows,) int64.
        """
        gates = 3 * self._half
        given = torch.addmm(condition, scaled(split(self.past)), self._past_weight)
        recurrent = self._recur(self.state)
        self._given.copy_(given[:, gates:])
        self._recurrent.copy_(recurrent[:, gates:])
        self._before.copy_(self.state[:, self._half :])
        made = gru_state(given[:, :gates], recurrent[:, :gates], self.state[:, : self._half])
        self.state[:, : self._half] = made
        self.logits[:, 0] = self._read(0, made)
        coarse = draw_category(self.logits[:, 0], noise[:, 0])
        self._know(coarse)
        fine = draw_category(self.logits[:, 1], noise[:, 1])
        self.past.copy_(combine(torch.stack([coarse, fine], dim=1)))
        return self.past

    def remember(self, samples: Tensor) -> None:
        """Take (rows,) samples for the last ones; the fine half learns their coarse numbers."""
        self._know(split(samples)[:, 0])
        self.past.copy_(samples)

    def _know(self, coarse: Tensor) -> None:
        """Make the fine half's state and logits, given the (rows,) coarse numbers."""
        given = torch.addcmul(self._given, scaled(coarse)[:, None], self._coarse_weight)
        made = gru_state(given, self._recurrent, self._before)
        self.state[:, self._half :] = made
        self.logits[:, 1] = self._read(1, made)

    def _read(self, half: int, state: Tensor) -> Tensor:
        return self._second[half](self._first[half](state).relu_())


class WaveRnnStepper:
    """WaveRNN on the conditions of an upsampler, whose windows are the stepper's conditions; see :class:`Stepper`.

    A row is to be cleared only when the steps so far make whole frames of conditions, in all rows.

    Args:
        network: the trained network.
        upsampler: makes its conditions.
        rows: utterances in flight.
        precision: of the large products.
    """

    draws = WaveRnnCell.draws

    def __init__(self, network: WaveRnn, upsampler: Upsampler, rows: int, precision: Precision = "float32") -> None:
        self.rows, self.hop = rows, upsampler.hop
        self._taps = upsampler.taps().detach()  # (hop, J)
        self.width = self._taps.shape[1] * upsampler.width
        self._cell = WaveRnnCell(network, rows, precision)
        self.logits = self._cell.logits
        self.device = str(self.logits.device)
        self._phase = 0  # samples of the present frame of conditions

    def clear(self, row: int) -> None:
        """See :class:`Stepper`."""
        self._cell.state[row] = 0
        self._cell.past[row] = 0

    def remember(self, samples: Tensor) -> None:
        """See :class:`Stepper`; the logits of fine numbers become those beside these coarse ones."""
        self._cell.remember(samples)

    def step(self, condition: Tensor, noise: Tensor) -> Tensor:
        """See :class:`Stepper`; samples are of 16 bits."""
        taps = self._taps[self._phase]
        self._phase = (self._phase + 1) % self.hop
        local = (taps[:, None] * condition.unflatten(1, (len(taps), -1))).sum(dim=1)
        return self._cell.step(F.linear(local, self._cell.condition_weight, self._cell.condition_bias), noise)
