"""One stage of training, from its checkpoint to its last step."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from unitvoice.errors import InputError, listed
from unitvoice.systems.base import System
from unitvoice.systems.recipe import StageSettings
from unitvoice.training import checkpoint
from unitvoice.training.batches import Batches
from unitvoice.training.progress import Progress, Record

__all__ = ["learning_rate", "train_stage"]

LOG_EVERY = 20  # steps
PREPARATION = 2**32 - 1  # the batch for statistics and codebooks: a step that no training reaches


def learning_rate(settings: StageSettings, step: int) -> float:
    """Learning rate of a step: linear warm-up, then constant with steps down, or a half cosine to zero."""
    rate = settings.learning_rate * min(1.0, (step + 1) / max(settings.warmup, 1))
    if settings.cosine:
        share = max(0, step - settings.warmup) / max(1, settings.steps - settings.warmup)
        rate *= 0.5 * (1 + math.cos(math.pi * share))
    return rate * settings.decay ** sum(step >= at for at in settings.decay_at)


def train_stage(system: System, stage: str, settings: StageSettings, batches: Batches, folder: Path) -> None:
    """Train one stage of a system, going on from the newest checkpoint in ``folder``.

    k steps, a stop, and the other N - k steps give the same weights, codebook and log as N steps at once: batches come
    from (seed, step), and so does the state of the random numbers within a step.

    Args:
        system: changed in place.
        stage: name of the stage.
        settings: of the stage.
        batches: what it trains on.
        folder: for checkpoints and ``log.jsonl``; made when absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    players = {name: nn.ModuleList(modules) for name, modules in system.players(stage).items()}
    optimisers = {name: torch.optim.Adam(part.parameters(), settings.learning_rate) for name, part in players.items()}
    first = _start(system, optimisers, stage, batches, folder)
    record = Record(folder / "log.jsonl", first)
    progress = Progress(stage, first, settings.steps, settings.batch * (settings.crop or 0))
    for step in range(first, settings.steps):
        torch.manual_seed(batches.seed * 2**32 + step)
        terms: dict[str, Tensor] = {}
        for name, part in players.items():
            system.eval().requires_grad_(requires_grad=False)
            part.train().requires_grad_()
            optimisers[name].param_groups[0]["lr"] = learning_rate(settings, step)
            lost = system.losses(stage, batches[step], step, name)
            optimisers[name].zero_grad(set_to_none=True)
            torch.stack(list(lost.values())).sum().backward()
            if settings.clip is not None:
                torch.nn.utils.clip_grad_norm_(part.parameters(), settings.clip)
            optimisers[name].step()
            terms |= lost
        done = step + 1
        if done % LOG_EVERY == 0 or done == settings.steps:
            figures = _finite(terms, stage, done) | system.monitor()
            record.add(done, figures)
            progress.update(done, figures)
        if done % settings.checkpoint_every == 0 or done == settings.steps:
            _finite(terms, stage, done)
            checkpoint.save(folder, done, _state(system, optimisers))


def _finite(terms: dict[str, Tensor], stage: str, step: int) -> dict[str, float]:
    """The terms as numbers; InputError when one is not finite, so that no such state is ever saved."""
    figures = {name: term.item() for name, term in terms.items()}
    if wrong := sorted(name for name, value in figures.items() if not math.isfinite(value)):
        place = f"stage {stage} diverged by step {step}"
        raise InputError(f"{place}: {listed(wrong)} not finite; lower its learning_rate, or set its clip")
    return figures


def _state(system: System, optimisers: Mapping[str, torch.optim.Optimizer]) -> dict[str, Any]:
    return {"system": system.state_dict()} | {
        f"{name}.optimiser": one.state_dict() for name, one in optimisers.items()
    }


def _start(
    system: System, optimisers: Mapping[str, torch.optim.Optimizer], stage: str, batches: Batches, folder: Path
) -> int:
    state = checkpoint.restore(folder)
    if state is None:
        system.train()
        torch.manual_seed(batches.seed * 2**32 + PREPARATION)
        system.prepare(stage, batches[PREPARATION], batches.corpus_means())
        return 0
    system.load_state_dict(state["system"])
    for name, optimiser in optimisers.items():
        optimiser.load_state_dict(state[f"{name}.optimiser"])
    return int(state["step"])
