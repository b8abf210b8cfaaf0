"""Speaking many utterances at once with a network that speaks sample by sample."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from unitvoice.nn.stepper import Stepper

__all__ = ["Utterance", "divergence", "generate", "seed_of"]


@dataclass(frozen=True)
class Utterance:
    """What is to be spoken."""

    name: str
    samples: int
    seed: int
    conditions: Callable[[], Tensor]  # (at least samples / hop, width), asked for when the utterance begins


def seed_of(seed: int, name: str) -> int:
    """A seed of its own for everything that has a name.

    >>> seed_of(0, "a") != seed_of(0, "b")
    True
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:8]) >> 1


@dataclass
class _Row:
    """One utterance on its way."""

    utterance: Utterance
    conditions: Tensor
    noise: torch.Generator
    spoken: list[Tensor] = field(default_factory=list)  # a frame of samples each

    @classmethod
    def begin(cls, utterance: Utterance, device: str) -> "_Row":
        return cls(utterance, utterance.conditions().to(device), torch.Generator().manual_seed(utterance.seed))

    @property
    def condition(self) -> Tensor:
        return self.conditions[len(self.spoken)]

    def draw(self, stepper: Stepper) -> Tensor:
        """Noise of the next frame, (hop, draws)."""
        return torch.rand(stepper.hop, stepper.draws, generator=self.noise)

    def take(self, frame: Tensor) -> bool:
        """Add a frame of samples; whether the utterance is complete."""
        self.spoken.append(frame.clone())
        return len(self.spoken) * len(frame) >= self.utterance.samples


@torch.inference_mode()
def generate(stepper: Stepper, utterances: Iterable[Utterance]) -> Iterator[tuple[Utterance, Tensor]]:
    """Speak utterances, as many at a time as the stepper has rows.

    The longest begin first, and where one ends another begins, so that the rows stay full. An utterance's samples come
    from its own seed and conditions, in a batch whose shape is always the same: the company it is in does not matter.

    Yields:
        each utterance with its (samples,) on the CPU, when it is done.
    """
    waiting = deque(sorted(utterances, key=lambda utterance: (-utterance.samples, utterance.name)))
    speak_frame = _frame_speaker(stepper)
    rows: list[_Row | None] = [None] * stepper.rows
    nothing = torch.zeros(stepper.width, device=stepper.device)
    silent = torch.zeros(stepper.hop, stepper.draws)
    while waiting or any(rows):
        for place, row in enumerate(rows):
            if row is None and waiting:
                stepper.clear(place)
                rows[place] = _Row.begin(waiting.popleft(), stepper.device)
        condition = torch.stack([row.condition if row else nothing for row in rows])
        noise = torch.stack([row.draw(stepper) if row else silent for row in rows], dim=1)
        samples = speak_frame(condition, noise.to(stepper.device)).cpu()
        for place, row in enumerate(rows):
            if row is not None and row.take(samples[:, place]):
                rows[place] = None
                yield row.utterance, torch.cat(row.spoken)[: row.utterance.samples]


def _frame_speaker(stepper: Stepper) -> Callable[[Tensor, Tensor], Tensor]:
    """A function of (rows, width) conditions and (hop, rows, draws) noise to (hop, rows) samples."""

    def speak_frame(condition: Tensor, noise: Tensor) -> Tensor:
        return torch.stack([stepper.step(condition, now).clone() for now in noise])

    if not stepper.device.startswith("cuda"):
        return speak_frame
    return _captured(stepper, speak_frame)


def _captured(stepper: Stepper, speak_frame: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The same as one graph of the GPU: a step of a small network is shorter than the launches of its kernels."""
    condition = torch.zeros(stepper.rows, stepper.width, device=stepper.device)
    noise = torch.zeros(stepper.hop, stepper.rows, stepper.draws, device=stepper.device)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # libraries set themselves up outside the graph
        speak_frame(condition, noise)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        spoken = speak_frame(condition, noise)

    def replay(now: Tensor, drawn: Tensor) -> Tensor:
        condition.copy_(now)
        noise.copy_(drawn)
        graph.replay()
        return spoken

    return replay


@torch.inference_mode()
def divergence(exact: Stepper, other: Stepper, conditions: Tensor, samples: Tensor) -> float:
    """Mean Kullback-Leibler divergence (nats a sample) of a stepper's distributions from those of an exact one.

    Args:
        exact: a stepper in single precision.
        other: the same network in another precision, with as many rows.
        conditions: (F, width) of one utterance.
        samples: (at most F * hop,) the utterance, which both are made to have spoken.
    """
    for stepper in (exact, other):
        stepper.clear(0)
    noise = torch.zeros(exact.rows, exact.draws, device=exact.device)
    total = 0.0
    for number, sample in enumerate(samples):
        condition = conditions[number // exact.hop].expand(exact.rows, -1)
        for stepper in (exact, other):
            stepper.step(condition, noise)
            stepper.remember(sample.expand(exact.rows).to(stepper.device))
        true, near = (F.log_softmax(stepper.logits[:1], dim=-1) for stepper in (exact, other))
        total += float((true.exp() * (true - near)).sum())
    return total / len(samples)
