"""One player's turn within a step of training: losses, gradient, update."""

import logging
from contextlib import nullcontext
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from unitvoice.nn.ranks import several, total
from unitvoice.nn.vq import Quantiser
from unitvoice.systems.base import Batch, System
from unitvoice.systems.recipe import StageSettings

__all__ = ["Turn"]

log = logging.getLogger(__name__)

COMPILER = "inductor"


class Turn:
    """What a player does in each step.

    A player without parameters, as of statistics that are no more than counted, has its losses computed and no update.

    Args:
        system: on its device.
        stage: name of the stage.
        player: one of ``system.players(stage)``.
        settings: of the stage.
        device: of the system.
    """

    def __init__(self, system: System, stage: str, player: str, settings: StageSettings, device: torch.device) -> None:
        self.player, self._system, self._settings, self._device = player, system, settings, device
        self._modules = nn.ModuleList(system.players(stage)[player])
        self.parameters = list(self._modules.parameters())
        self.optimiser = torch.optim.AdamW(
            [{"params": self.parameters}],  # torch takes a group without parameters, but not their absence
            settings.learning_rate,
            settings.betas,
            weight_decay=settings.weight_decay,
            amsgrad=settings.amsgrad,
        )
        self._losses: nn.Module = _Losses(system, stage, player)
        self._plain = self._losses
        if settings.compile and _can_compile(device.type):
            _leave_out_quantisers(system)
            self._losses.compile(backend=COMPILER)
        self._begin()
        if several() and self.parameters:
            # buffers are the quantisers' and the normalisations' business; players may leave parameters unused
            self._losses = DistributedDataParallel(self._losses, broadcast_buffers=False, find_unused_parameters=True)

    def _begin(self) -> None:
        self._system.eval().requires_grad_(requires_grad=False)
        self._modules.train().requires_grad_()

    def play(self, batch: Batch, step: int, learning_rate: float) -> tuple[dict[str, Tensor], bool]:
        """Losses and update of a step.

        Returns:
            The terms, and whether there was an update: without it, which is when a loss or the gradient is not finite
            on any rank, everything is as it was before.
        """
        self._begin()
        before = [tensor.clone() for tensor in _changed_by_forward(self._system)]
        try:
            terms = self._gradient(batch, step)
        except _compiler_error() as error:  # as from a cache that a killed process left half-written
            log.warning("the losses are compiled no more: %s", str(error).strip().splitlines()[0])
            self._plain._compiled_call_impl = None  # noqa: SLF001 - torch has no other way back
            self._restore(before)
            terms = self._gradient(batch, step)
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        norm = get_total_norm(gradients).to(self._device)
        finite = torch.stack([norm.float(), *(term.float() for term in terms.values())]).isfinite().all()
        if total((~finite).long()):
            self._restore(before)
            return terms, False
        if self._settings.clip is not None:
            clip_grads_with_norm_(self.parameters, self._settings.clip, norm)
        self.optimiser.param_groups[0]["lr"] = learning_rate
        self.optimiser.step()
        return terms, True

    def _restore(self, before: list[Tensor]) -> None:
        for tensor, value in zip(_changed_by_forward(self._system), before, strict=True):
            tensor.copy_(value)

    def _gradient(self, batch: Batch, step: int) -> dict[str, Tensor]:
        """Add up the gradient over the parts of a batch; returns the mean of each term."""
        self.optimiser.zero_grad(set_to_none=True)
        parts = batch.parts(self._settings.accumulate)
        means: dict[str, Tensor] = {}
        for number, part in enumerate(parts, 1):
            together = isinstance(self._losses, DistributedDataParallel) and number < len(parts)
            with self._losses.no_sync() if together else nullcontext():  # type: ignore[operator]
                with torch.autocast(self._device.type, torch.bfloat16, enabled=self._settings.precision == "bf16"):
                    terms: dict[str, Tensor] = self._losses(part, step)
                if self.parameters:
                    (torch.stack(list(terms.values())).sum() / len(parts)).backward()
            for name, term in terms.items():
                means[name] = means.get(name, torch.zeros_like(term)) + term.detach() / len(parts)
        return means


class _Losses(nn.Module):
    """A module whose forward pass is a player's losses, which is what torch can compile and distribute."""

    def __init__(self, system: System, stage: str, player: str) -> None:
        super().__init__()
        self.system, self.stage, self.player = system, stage, player

    def forward(self, batch: Batch, step: int) -> dict[str, Tensor]:
        """The terms by name."""
        return self.system.losses(self.stage, batch, step, self.player)


def _changed_by_forward(system: System) -> list[Tensor]:
    """Buffers, and codebooks that are parameters: dead codes are revived before the losses are known."""
    quantisers = (module for module in system.modules() if isinstance(module, Quantiser))
    codebooks = (parameter.data for module in quantisers for parameter in module.parameters(recurse=False))
    return [*(buffer.data for buffer in system.buffers()), *codebooks]


def _leave_out_quantisers(system: System) -> None:
    """Have quantisers run as they are in what is compiled: they depend on the data, with ties and codes that die."""
    for module in system.modules():
        if isinstance(module, Quantiser) and "forward" not in vars(module):
            module.forward = torch.compiler.disable(module.forward)  # type: ignore[method-assign]


def _compiler_error() -> type[Exception]:
    from torch._dynamo.exc import TorchDynamoException  # noqa: PLC0415 - it takes seconds, and most never compile

    return TorchDynamoException


@cache
def _can_compile(device: str) -> bool:
    try:
        torch.compile(lambda x: x.sin() + 1, backend=COMPILER)(torch.ones(2, device=device))
    except Exception as error:  # noqa: BLE001 - whatever a missing compiler gives rise to
        log.warning("the losses are not compiled: %s", str(error).strip().splitlines()[0])
        return False
    return True
