"""One stage of training, from its checkpoint to its last step."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from unitvoice.errors import InputError, UnfinishedError
from unitvoice.nn.ranks import alone, total
from unitvoice.progress import STEPS, Progress
from unitvoice.systems.base import System
from unitvoice.systems.recipe import StageSettings
from unitvoice.training import checkpoint
from unitvoice.training.batches import Batches
from unitvoice.training.development import Development
from unitvoice.training.distributed import Place, from_first
from unitvoice.training.listening import Listening
from unitvoice.training.loading import loaded
from unitvoice.training.record import Record
from unitvoice.training.run import Run, seed_step

__all__ = ["Setup", "train_stage"]

LOG_EVERY = 20  # steps
PREPARATION = 2**32 - 1  # the batch for statistics and codebooks: a step that no training reaches


@dataclass(frozen=True)
class Setup:
    """How this machine trains: nothing in it changes what is learned."""

    place: Place
    workers: int = 0  # processes that read batches
    curves: Path | None = None  # folder for TensorBoard
    warned: Callable[[], bool] = lambda: False  # whether the job must end soon


def train_stage(
    system: System,
    stage: str,
    settings: StageSettings,
    batches: Batches,
    development: Development,
    listening: Listening | None,
    folder: Path,
    setup: Setup,
) -> str:
    """Train one stage of a system, going on from the newest checkpoint in ``folder``.

    k steps, a stop, and the other N - k steps give the same weights, codebook and log as N steps at once: batches come
    from (seed, step), and so does the state of the random numbers within a step. A stage that is finished is not
    repeated: its result is read.

    Args:
        system: on the place's device; changed in place to what the stage yields.
        stage: name of the stage.
        settings: of the stage.
        batches: what it trains on.
        development: what is looked at now and then.
        listening: what is spoken now and then; None for nothing.
        folder: for checkpoints, ``log.jsonl`` and a folder ``listening``; made when absent.
        setup: of this machine.

    Returns:
        The training log, which does not depend on what became of its file.

    Raises:
        InputError: the settings, the data or a checkpoint do not fit the system, the training diverges, or the disk
            is full.
        UnfinishedError: the job was to end; a checkpoint is written.
    """
    _check_measured(settings, development)
    run = Run(system, stage, settings, batches.seed, setup.place)
    _begin(run, stage, batches, folder)
    steps = range(run.counts.step, 0 if run.counts.finished else settings.steps)
    others = setup.place.rank > 0  # who say and write nothing
    with (
        Record(folder / "log.jsonl", run.record, run.counts.step, setup.curves, silent=others) as record,
        Progress(
            stage, settings.steps, done=run.counts.step, measure=STEPS, speech=batches.seconds, silent=others
        ) as progress,
    ):
        for batch in loaded(batches, steps, workers=setup.workers, pinned=setup.place.device.type == "cuda"):
            run.step(batch)
            done = run.counts.step
            figures: dict[str, float] = {}
            gradients: dict[str, float] = {}  # which the line of progress has no room for
            if done % LOG_EVERY == 0 or done == settings.steps:
                figures, gradients = run.figures(), run.gradients()
            if done % settings.develop_every == 0 or done == settings.steps:
                figures |= _look(run, stage, development, folder)
            if listening and _is_heard(done, settings):
                from_first(lambda: listening.speak(run.result, folder / "listening", run.counts.step))
            if figures:
                run.record += record.add(done, figures | gradients)
                progress.show(figures)
            progress.add(1)
            run.counts.finished = done == settings.steps or run.patience_ended
            warned = bool(total(torch.tensor(int(setup.warned()), device=setup.place.device)))
            if warned or run.counts.finished or _is_checkpoint(done, settings):
                _save(run, folder)
            if run.counts.finished:
                break
            if warned:
                raise UnfinishedError(f"stage {stage} stopped at step {done}; the same command goes on from there")
    _take_result(run, folder)
    return run.record


def _check_measured(settings: StageSettings, development: Development) -> None:
    if (settings.patience or settings.select == "best") and settings.measure not in development.measures:
        lacks = {
            "loss": "no utterance is held out (the recipe's held_out is 0, or the corpus is small)",
            "abx": "the corpus has no ABX task for a dev set",
        }
        raise InputError(
            f"patience and select: best need the {settings.measure} of what is not trained on, but "
            f"{lacks[settings.measure]}; take another measure, or train to the last step"
        )


def _begin(run: Run, stage: str, batches: Batches, folder: Path) -> None:
    """Take up the newest checkpoint, or let the system look at data before its first step."""
    state = from_first(lambda: checkpoint.restore(folder))
    if state is not None:
        try:
            run.load_state(state)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise InputError(
                f"the checkpoint in {folder} is not of this system ({reason}); delete the folder to begin anew"
            ) from None
        return
    run.system.train()
    seed_step(batches.seed, PREPARATION)
    with alone():  # all ranks see the same batch
        run.system.prepare(stage, batches.whole(PREPARATION).to(run.place.device), batches.corpus_means())


def _look(run: Run, stage: str, development: Development, folder: Path) -> dict[str, float]:
    """Figures of what is not trained on; the weights are kept where they are the best so far."""
    figures = from_first(lambda: development.figures(run.result, stage))
    best = run.selection.look(figures.get(f"dev_{run.settings.measure}", math.nan))
    if best and run.settings.select == "best" and run.place.rank == 0:
        checkpoint.write(folder / checkpoint.BEST, {"system": run.result.state_dict()})
    return figures


def _is_heard(step: int, settings: StageSettings) -> bool:
    return step % (settings.listen_every or math.inf) == 0 or step == settings.steps


def _is_checkpoint(step: int, settings: StageSettings) -> bool:
    return any(every and step % every == 0 for every in (settings.checkpoint_every, settings.keep_every))


def _save(run: Run, folder: Path) -> None:
    if run.place.rank == 0:
        checkpoint.save(folder, run.counts.step, run.state(), keep_every=run.settings.keep_every)


def _take_result(run: Run, folder: Path) -> None:
    """Give the system the weights that the stage yields."""
    best = folder / checkpoint.BEST
    if run.settings.select == "best" and from_first(best.exists):
        state = from_first(lambda: checkpoint.read(best))
        if state is None:
            raise InputError(f"{best} is damaged; delete {folder} to train the stage again")
        run.system.load_state_dict(state["system"])
    elif run.result is not run.system:
        run.system.load_state_dict(run.result.state_dict())
