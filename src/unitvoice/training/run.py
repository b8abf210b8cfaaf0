"""A stage in training: all that its continuation depends on."""

import logging
import math
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import get_total_norm
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from unitvoice.errors import InputError, listed
from unitvoice.nn.ranks import total
from unitvoice.nn.vq.codebook import CodebookQuantiser
from unitvoice.systems.base import Batch, System
from unitvoice.systems.recipe import StageSettings
from unitvoice.training.distributed import Place
from unitvoice.training.selection import Selection
from unitvoice.training.turns import Turn

__all__ = ["Run", "learning_rate", "seed_step"]

log = logging.getLogger(__name__)

COLLAPSED = 5  # lines of the log in a row with a low perplexity, which make an alarm


def seed_step(seed: int, step: int, rank: int = 0) -> None:
    """Set torch's random state for a step; each rank has its own."""
    torch.manual_seed(int(np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)[0] >> 1))


def learning_rate(settings: StageSettings, step: int, player: str = "") -> float:
    """Learning rate of a step: linear warm-up, then constant with steps down, or a half cosine to zero."""
    peak = settings.learning_rates.get(player, settings.learning_rate)
    rate = peak * min(1.0, (step + 1) / max(settings.warmup, 1))
    if settings.cosine:
        share = max(0, step - settings.warmup) / max(1, settings.steps - settings.warmup)
        rate *= 0.5 * (1 + math.cos(math.pi * share))
    downs = sum(step >= at for at in settings.decay_at) + step // (settings.decay_every or math.inf)
    return rate * settings.decay**downs


@dataclass
class Counts:
    """Where a stage stands."""

    step: int = 0  # steps done
    skipped: int = 0  # steps with an update left out
    skipped_in_row: int = 0
    collapsed_in_row: int = 0  # lines of the log
    finished: bool = False


class Run:
    """A system in a stage of training.

    Args:
        system: on the place's device; changed in place.
        stage: name of the stage.
        settings: of the stage.
        seed: of the run.
        place: where it is trained.
    """

    def __init__(self, system: System, stage: str, settings: StageSettings, seed: int, place: Place) -> None:
        self.system, self.settings, self.place = system, settings, place
        self.counts, self.selection = Counts(), Selection()
        self.record = ""  # the training log so far
        self._stage, self._seed = stage, seed
        self._average = None
        if settings.average is not None:
            self._average = AveragedModel(system, multi_avg_fn=get_ema_multi_avg_fn(settings.average))
        self._turns = [Turn(system, stage, player, settings, place.device) for player in system.players(stage)]
        self._terms: dict[str, Tensor] = {}

    def step(self, batch: Batch) -> None:
        """The next step; InputError when too many updates in a row had to be left out."""
        step = self.counts.step
        seed_step(self._seed, step, self.place.rank)
        batch = batch.to(self.place.device)
        updated, self._terms = True, {}
        for turn in self._turns:
            terms, made = turn.play(batch, step, learning_rate(self.settings, step, turn.player))
            self._terms |= terms
            updated &= made
        self.counts.step += 1
        if updated and self._average is not None:
            self._average.update_parameters(self.system)
        self._count(batch, updated=updated)

    def _count(self, batch: Batch, *, updated: bool) -> None:
        self.counts.skipped += not updated
        self.counts.skipped_in_row = 0 if updated else self.counts.skipped_in_row + 1
        if self.counts.skipped_in_row == self.settings.skips:
            raise InputError(
                f"stage {self._stage}: no loss or gradient was finite in {self.settings.skips} steps up to "
                f"{self.counts.step}; lower its learning_rate, set its clip, or look at the recordings of its last "
                f"batch: {listed(dict.fromkeys(batch.utterances))}"
            )

    def figures(self) -> dict[str, float]:
        """The last step's terms (mean over ranks), what the system tells, updates left out, and the alarm if there is.

        Terms that are not finite are left out.
        """
        means = total(torch.stack([term.double() for term in self._terms.values()])) / self.place.ranks
        terms = dict(zip(self._terms, means.tolist(), strict=True))
        alarm = self._collapsed()
        figures = {name: value for name, value in terms.items() if math.isfinite(value)} | self.system.monitor()
        figures["skipped"] = float(self.counts.skipped)
        return figures | ({"collapsed": 1.0} if alarm else {})

    def gradients(self) -> dict[str, float]:
        """Norm of the last gradient of each part of the system, as its update used it: ``gradient_<part>``."""
        learned = {id(parameter) for turn in self._turns for parameter in turn.parameters}
        found = {}
        for name, part in self.system.named_children():
            own = (parameter.grad for parameter in part.parameters() if id(parameter) in learned)
            norm = float(get_total_norm([gradient for gradient in own if gradient is not None]))
            if norm > 0 and math.isfinite(norm):
                found[f"gradient_{name}"] = norm
        return found

    def _collapsed(self) -> bool:
        """Whether the codes in use since the last line have been too few for several lines."""
        books = [part for part in self.system.modules() if isinstance(part, CodebookQuantiser) and part.used.any()]
        low = any(float(book.perplexity()) < self.settings.collapse * book.codes[0] for book in books)
        self.counts.collapsed_in_row = self.counts.collapsed_in_row + 1 if low else 0
        if self.counts.collapsed_in_row == COLLAPSED:
            log.warning(
                "stage %s, step %d: a codebook collapses: less than %g of its codes are in use by perplexity",
                self._stage,
                self.counts.step,
                self.settings.collapse,
            )
        return self.counts.collapsed_in_row >= COLLAPSED

    @property
    def patience_ended(self) -> bool:
        """Whether there have been as many looks without a new best as the stage is patient."""
        return self.selection.without_best >= (self.settings.patience or math.inf)

    @property
    def result(self) -> System:
        """The system with the weights that the stage would yield now."""
        if self._average is None or not self._average.n_averaged:
            return self.system
        return cast("System", self._average.module)

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds, in tensors and plain values."""
        return {
            "system": self.system.state_dict(),
            "average": None if self._average is None else self._average.state_dict(),
            "optimisers": {turn.player: turn.optimiser.state_dict() for turn in self._turns},
            "counts": asdict(self.counts),
            "selection": asdict(self.selection),
            "record": self.record,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state; KeyError, ValueError or RuntimeError when it is that of another system."""
        self.system.load_state_dict(state["system"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        for turn in self._turns:
            turn.optimiser.load_state_dict(state["optimisers"][turn.player])
        self.counts, self.selection = Counts(**state["counts"]), Selection(**state["selection"])
        self.record = state["record"]
