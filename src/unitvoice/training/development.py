"""How a system does on what it is not trained on: held-out utterances for the losses, unseen speakers for the units.

This is the one module of training that knows a score: the ABX error, on a small part of the task.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from unitvoice.errors import InputError
from unitvoice.evaluation.task import AbxTask, read_task
from unitvoice.evaluation.usage import perplexity
from unitvoice.manifest import Manifest, Utterance
from unitvoice.nn.ranks import alone
from unitvoice.store import Store
from unitvoice.systems.base import System
from unitvoice.systems.encoding import encoded
from unitvoice.training.batches import Batches

__all__ = ["Development", "hold_out"]

log = logging.getLogger(__name__)

FEWEST = 20  # utterances of a corpus from which none is held out
BATCHES = 4  # of held-out crops
UTTERANCES = 100  # whose units are looked at, about
ITEMS = 200  # of the ABX task, about
CELLS = 10  # of each of its contexts, at most


def hold_out(utterances: Sequence[Utterance], share: float) -> tuple[list[Utterance], list[Utterance]]:
    """What to train on, and a share to measure the losses on, at least one; none of a small corpus.

    The hash of its name decides about an utterance, and the first of each speaker by hash is trained on, so that all
    speakers are known.
    """
    wanted = max(1, round(share * len(utterances))) if share and len(utterances) > FEWEST else 0
    ranked = sorted(utterances, key=lambda one: hashlib.sha256(one.utterance.encode()).digest())
    kept = {one.speaker: one.utterance for one in reversed(ranked)}
    held = {one.utterance for one in [one for one in ranked if kept[one.speaker] != one.utterance][:wanted]}
    return (
        [one for one in utterances if one.utterance not in held],
        [one for one in utterances if one.utterance in held],
    )


class Development:
    """Figures of a system that training does not see and is not disturbed by.

    Args:
        held: batches of held-out utterances; None where there are none.
        manifest: its ``dev`` utterances are encoded, and scored where it has a task for them.
        frames: store of the kind that the system reads.
    """

    def __init__(self, held: Batches | None, manifest: Manifest, frames: Store) -> None:
        self._held, self._frames = held, frames
        known = [one for one in manifest.subset("dev") if one.utterance in frames and frames.rows(one.utterance)]
        names = [one.utterance for one in known]
        self._task = _sample(read_task(manifest.tasks["dev"]), set(names)) if "dev" in manifest.tasks else None
        wanted = {names[place] for place in np.random.default_rng(0).permutation(len(names))[:UTTERANCES]}
        wanted |= set(self._task.utterances if self._task else ())
        self._utterances = [one for one in known if one.utterance in wanted]

    @property
    def measures(self) -> set[str]:
        """By what a system can be judged: ``loss`` and ``abx``, as far as there is data."""
        return {name for name, data in (("loss", self._held), ("abx", self._task)) if data is not None}

    @torch.no_grad()
    def figures(self, system: System, stage: str) -> dict[str, float]:
        """Mean loss terms on held-out crops and their sum; codes in use, perplexity and ABX error of the dev set.

        The system is left in evaluation mode. Figures without data are left out.
        """
        system.eval()
        with alone():
            return self._losses(system, stage) | self._units(system)

    def _losses(self, system: System, stage: str) -> dict[str, float]:
        if self._held is None:
            return {}
        terms: dict[str, list[float]] = {}
        device = next(system.parameters()).device
        for number in range(BATCHES):
            batch = self._held.whole(number).to(device)
            for player in system.players(stage):
                torch.manual_seed(number)
                for name, term in system.losses(stage, batch, 0, player).items():
                    terms.setdefault(f"dev_{name}", []).append(term.item())
        means = {name: float(np.mean(values)) for name, values in terms.items()}
        return means | {"dev_loss": sum(means.values())}

    def _units(self, system: System) -> dict[str, float]:
        if not system.has_units:
            return {}
        vectors, counts = {}, Counter[tuple[int, ...]]()
        for name, units in encoded(system, self._utterances, self._frames):
            vectors[name] = units.vectors.numpy()
            counts.update(map(tuple, units.indices.tolist()))
        figures: dict[str, float] = {}
        if set(counts) - {()}:  # systems without codes have none to count
            shares = np.array(list(counts.values())) / counts.total()
            figures["dev_codes"] = float(len(counts))
            figures["dev_perplexity"] = perplexity(shares)
        if self._task is not None:
            from unitvoice.evaluation.abx import abx  # noqa: PLC0415 - slow to import, and most processes need none

            try:
                figures["dev_abx"] = abx(self._task, vectors, max_cells=CELLS).error
            except InputError as error:
                log.warning("the dev set has no ABX error: %s", error)
                self._task = None
        return figures


def _sample(task: AbxTask, known: set[str]) -> AbxTask | None:
    """Some contexts of a task, drawn with a fixed seed among those whose utterances are all known."""
    usable = [number for number, items in enumerate(task.items) if known.issuperset(items.utterances)]
    drawn = [usable[place] for place in np.random.default_rng(0).permutation(len(usable))]
    enough = int(np.searchsorted(np.cumsum([len(task.items[number]) for number in drawn]), ITEMS)) + 1
    chosen = sorted(drawn[:enough])
    if not chosen:
        return None
    return replace(
        task,
        contexts=tuple(task.contexts[number] for number in chosen),
        items=tuple(task.items[number] for number in chosen),
        triplets=lambda index: task.triplets(chosen[index]),
    )
