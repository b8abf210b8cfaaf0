"""The recurrent vocoder unrolled over time: one sample of many utterances at a step."""

import torch
from torch import Tensor

from unitvoice.nn.gru_vocoder import GruVocoder
from unitvoice.nn.precision import Precision, projection
from unitvoice.nn.sampling import draw_category

__all__ = ["GruStepper", "gru_state"]


def gru_state(given: Tensor, recurrent: Tensor, state: Tensor) -> Tensor:
    """The next state of a GRU, (B, H), as torch's own defines it.

    Args:
        given: (B, 3 H), what the gates get of the input and its bias: reset, update, new. It is overwritten.
        recurrent: (B, 3 H), what they get of the state and its bias.
        state: (B, H).
    """
    hidden = state.shape[1]
    gates = given[:, : 2 * hidden].add_(recurrent[:, : 2 * hidden]).sigmoid_()
    reset, update = gates.split(hidden, dim=1)
    new = given[:, 2 * hidden :].addcmul_(reset, recurrent[:, 2 * hidden :]).tanh_()
    return torch.lerp(new, state, update)


class GruStepper:
    """The same distributions as :class:`GruVocoder` teacher-forced on the samples drawn; see :class:`Stepper`.

    The product of the sample table and the recurrence's input weights is a table too, and what the condition adds is
    computed once a frame by :meth:`fold`, so that a step multiplies by the recurrent weights and the head alone.

    Args:
        vocoder: the trained network.
        rows: utterances in flight.
        precision: of the large products.
    """

    draws = 1

    def __init__(self, vocoder: GruVocoder, rows: int, precision: Precision = "float32") -> None:
        given = dict(vocoder.recurrence.named_parameters())
        own, condition = given["weight_ih_l0"].detach().tensor_split([vocoder.sample_table.embedding_dim], dim=1)
        self.rows, self.hop, self.hidden = rows, vocoder.hop, vocoder.recurrence.hidden_size
        self.width = 3 * self.hidden
        self.device = str(own.device)
        self._start = vocoder.start
        self._table = vocoder.sample_table.weight.detach() @ own.T  # (levels, 3 H)
        self._fold = projection(condition, given["bias_ih_l0"], "float32")
        # the state and what comes out of the recurrence are within (-1, 1)
        self._recur = projection(given["weight_hh_l0"], given["bias_hh_l0"], precision, bound=1.0)
        head = dict(vocoder.head.named_parameters())
        self._first = projection(head["0.weight"], head["0.bias"], precision, bound=1.0)
        self._second = projection(head["2.weight"], head["2.bias"], precision)
        self._state = own.new_zeros(rows, self.hidden)
        self._past = torch.full((rows,), self._start, device=own.device)
        self.logits = own.new_zeros(rows, vocoder.levels)

    def fold(self, condition: Tensor) -> Tensor:
        """(F, C) frames of the vocoder's conditions to (F, width) conditions of the steps."""
        return self._fold(condition)

    def clear(self, row: int) -> None:
        """See :class:`Stepper`."""
        self._state[row] = 0
        self._past[row] = self._start

    def remember(self, samples: Tensor) -> None:
        """See :class:`Stepper`."""
        self._past.copy_(samples)

    def step(self, condition: Tensor, noise: Tensor) -> Tensor:
        """See :class:`Stepper`."""
        given = self._table[self._past].add_(condition)
        self._state.copy_(gru_state(given, self._recur(self._state), self._state))
        self.logits.copy_(self._second(self._first(self._state).relu_()))
        self._past.copy_(draw_category(self.logits, noise[:, 0]))
        return self._past
