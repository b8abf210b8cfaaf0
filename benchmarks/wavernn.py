"""Samples per second of the context stack of paper size: a plain loop against the generator.

The plain loop is how a reader of the paper would write it: one utterance, one sample at a time, each layer at its own
rate as it was trained. Both draw with the same noise, and must speak the same samples in single precision.
"""

import argparse
import time
from typing import get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.conversion.generation import Utterance, divergence, generate
from unitvoice.nn.context_stack import FACTOR, ContextStack
from unitvoice.nn.context_stepper import ContextStepper
from unitvoice.nn.precision import Precision
from unitvoice.nn.sampling import draw_category
from unitvoice.nn.sixteen_bits import combine, scaled, split

UNITS = 128  # values per vector
VOICES = 4  # of which the network knows 109; the states of each after silence are computed before the clock starts


def network() -> ContextStack:
    """The published decoder with 109 speakers, at random weights that make its predictions uneven."""
    torch.manual_seed(0)
    stack = ContextStack(UNITS, voice=109).eval().requires_grad_(requires_grad=False)
    for head in stack.wavernn.heads:
        nn.init.normal_(head[2].weight, std=0.3)
    return stack


def asked(trials: int, samples: int) -> list[Utterance]:
    """What the generator is asked for."""

    def conditions(number: int) -> Tensor:
        vectors = torch.randn(-(-samples // 64), UNITS, generator=torch.Generator().manual_seed(number))
        return F.pad(vectors, (0, 1), value=number % VOICES)

    return [Utterance(f"{n:05d}", samples, n, lambda n=n: conditions(n)) for n in range(trials)]


def cell_of(recurrence: nn.GRU) -> nn.GRUCell:
    """A GRU for one step at a time."""
    cell = nn.GRUCell(recurrence.input_size, recurrence.hidden_size)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in recurrence.state_dict().items()})
    return cell.requires_grad_(requires_grad=False)


@torch.inference_mode()
def plain(stack: ContextStack, utterance: Utterance) -> tuple[Tensor, float]:
    """One utterance, one sample at a time, after silence; its samples, and the time of one of them (s)."""
    condition = utterance.conditions()
    vectors, voice = condition[:, :UNITS], F.one_hot(condition[:1, UNITS].long(), 109).float()
    silence = torch.zeros(1, stack.before, dtype=torch.int64)
    states = [part[:, -1] for part in stack.states(silence, torch.zeros(1, stack.steps, UNITS), voice)]
    heard = [scaled(split(silence)[..., :1]), *stack.heard(silence, voice)]  # (1, T, channels), the fastest first
    contexts = [context for _, context in reversed(stack.levels)]
    cells = [cell_of(context.recurrence) for context in contexts]
    last, masked = cell_of(stack.wavernn.recurrence), stack.wavernn.mask
    last.weight_ih.mul_(masked)
    frames: list[Tensor] = [torch.zeros(0)] * len(cells)
    draw = torch.Generator().manual_seed(utterance.seed)
    noise = torch.cat([torch.rand(stack.hop, 2, generator=draw) for _ in range(len(vectors))])
    past, spoken = torch.tensor([0]), []
    begun = time.perf_counter()
    for place in range(utterance.samples):
        heard[0] = torch.cat([heard[0], scaled(split(past)[None, :, :1])], dim=1)[:, -10:]
        for level, (halvings, _) in enumerate(stack.levels):
            if place % FACTOR ** (level + 1) == 0:
                made = halvings(heard[level][:, -10:].mT, voice).mT
                heard[level + 1] = torch.cat([heard[level + 1], made], dim=1)[:, -10:]
        slower = vectors[place // stack.hop][None]
        for number, (cell, context) in enumerate(zip(cells, contexts, strict=True)):
            level = len(cells) - number
            period = FACTOR**level
            if place % period == 0:
                given = torch.cat([heard[level][:, -1], slower, voice], dim=1)
                states[number] = cell(given, states[number])
                frames[number] = context(states[number][:, None])
            slower = frames[number][:, place % period * FACTOR // period]
        both = scaled(split(past))
        given = torch.cat([slower, voice, both], dim=1)
        coarse = None
        for half in (0, 1):  # the whole cell twice: the fine number waits for the coarse one
            now = F.pad(given, (0, 1)) if coarse is None else torch.cat([given, scaled(coarse)[:, None]], dim=1)
            state = last(now, states[-1])
            drawn = draw_category(stack.wavernn.logits(state)[:, half], noise[place : place + 1, half])
            coarse = drawn if coarse is None else coarse
        states[-1] = state
        past = combine(torch.stack([coarse, drawn], dim=1))
        spoken.append(past)
    return torch.cat(spoken), (time.perf_counter() - begun) / utterance.samples


def together(stepper: ContextStepper, trials: list[Utterance]) -> tuple[dict[str, Tensor], float]:
    """All utterances by the generator: their samples by name, and the time of one sample of one of them (s)."""
    begun = time.perf_counter()
    spoken = {one.name: samples for one, samples in generate(stepper, trials)}
    return spoken, (time.perf_counter() - begun) / sum(map(len, spoken.values()))


@torch.inference_mode()
def main() -> None:
    """Print a table: speed, its ratio to the plain loop's, samples equal to the plain loop's, nats from float32."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 64], help="utterances in flight")
    parser.add_argument("--samples", type=int, default=64, help="of each")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    stack, silence = network(), torch.zeros(UNITS)
    voices = torch.eye(109)[:VOICES]
    trials = asked(max(options.rows), options.samples)
    expected, slow = plain(stack, trials[0])
    print("| | rows | precision | samples/s | ratio | equal samples | nats a sample |")
    print("|---|---:|---|---:|---:|---:|---:|")
    print(f"| plain loop | 1 | float32 | {1 / slow:,.0f} | 1.0 | | |")
    exact = ContextStepper(stack, voices, silence, 1)
    for rows in options.rows:
        for precision in get_args(Precision):
            stepper = ContextStepper(stack, voices, silence, rows, precision)
            found, fast = together(stepper, trials[:rows])
            equal, far = "", ""
            if precision == "float32":
                equal = f"{(found[trials[0].name] == expected).float().mean().item():.0%}"
            elif rows == 1:
                far = f"{divergence(exact, stepper, trials[0].conditions(), expected):.2g}"
            print(f"| stepper | {rows} | {precision} | {1 / fast:,.0f} | {slow / fast:.1f} | {equal} | {far} |")


if __name__ == "__main__":
    main()
