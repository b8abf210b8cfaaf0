"""Samples per second of the recurrent vocoder of paper size: a plain loop against the generator.

The plain loop is how a reader of the paper would write it: one utterance, one sample at a time, through the layers as
they were trained. Both draw with the same noise, and must speak the same samples in single precision.
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch
from torch import Tensor, nn

from unitvoice.conversion.generation import Utterance, divergence, generate
from unitvoice.nn.gru_stepper import GruStepper
from unitvoice.nn.gru_vocoder import GruVocoder
from unitvoice.nn.sampling import draw_category

UNITS = 64  # values per vector
PLAIN = 1600  # samples of the plain loop


def network() -> GruVocoder:
    """The published decoder with 102 speakers, at random weights that make its predictions uneven."""
    torch.manual_seed(0)
    vocoder = GruVocoder(UNITS, speakers=102).eval().requires_grad_(requires_grad=False)
    nn.init.normal_(vocoder.head[2].weight, std=0.3)
    return vocoder


def conditions(vocoder: GruVocoder, number: int, samples: int) -> Tensor:
    """Conditioning frames of utterance ``number``, (F, C)."""
    units = torch.randn(1, 1 + samples // 320, UNITS, generator=torch.Generator().manual_seed(number))
    return vocoder.condition(units, torch.tensor([number % 102]))[0]


@torch.inference_mode()
def plain(vocoder: GruVocoder, number: int, samples: int) -> Tensor:
    """One utterance, one sample at a time."""
    cell = nn.GRUCell(vocoder.recurrence.input_size, vocoder.recurrence.hidden_size)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in vocoder.recurrence.state_dict().items()})
    frames = conditions(vocoder, number, samples)
    draw = torch.Generator().manual_seed(number)
    noise = torch.cat([torch.rand(vocoder.hop, 1, generator=draw) for _ in range(1 + samples // vocoder.hop)])
    state = torch.zeros(1, cell.hidden_size)
    code, spoken = torch.tensor([vocoder.start]), []
    for place in range(samples):
        condition = frames[place // vocoder.hop][None]
        state = cell(torch.cat([vocoder.sample_table(code), condition], dim=1), state)
        code = draw_category(vocoder.head(state), noise[place])
        spoken.append(code.item())
    return torch.tensor(spoken)


def asked(vocoder: GruVocoder, trials: int, samples: int) -> list[Utterance]:
    """What the generator is asked for."""
    fold = GruStepper(vocoder, 1).fold

    def utterance(number: int) -> Utterance:
        return Utterance(f"{number:05d}", samples, number, lambda: fold(conditions(vocoder, number, samples)))

    return [utterance(number) for number in range(trials)]


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a piece of work."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def generator_speed(rows: int, precision: str, samples: int) -> float:
    """Samples per second of the generator with all its rows in use, on one thread."""
    torch.set_num_threads(1)
    vocoder = network()
    stepper, trials = GruStepper(vocoder, rows, precision), asked(vocoder, rows, samples)
    list(generate(stepper, asked(vocoder, rows, vocoder.hop)))
    return rows * samples / seconds(lambda: list(generate(stepper, trials)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1600, help="per trial")
    samples = parser.parse_args().samples
    torch.set_num_threads(1)
    vocoder = network()
    stepper = GruStepper(vocoder, 32)
    made = {utterance.name: spoken for utterance, spoken in generate(stepper, asked(vocoder, 3, PLAIN))}
    equal = all(torch.equal(plain(vocoder, number, PLAIN), made[f"{number:05d}"]) for number in range(3))
    base = PLAIN / min(seconds(lambda: plain(vocoder, 0, PLAIN)) for _ in range(3))
    print(f"| decoder | trials in flight | processes | samples/s | against the plain loop |\n|---|{'---:|' * 4}")
    print(f"| plain loop, float32 | 1 | 1 | {base:,.0f} | 1 |")
    for precision, rows in [("float32", 1), ("bf16", 1), ("int8", 1), ("float32", 64), ("bf16", 64), ("int8", 64)]:
        speed = generator_speed(rows, precision, samples)
        print(f"| generator, {precision} | {rows} | 1 | {speed:,.0f} | {speed / base:.1f} |", flush=True)
    for rows in (64, 128):
        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            both = [pool.submit(generator_speed, rows, "int8", samples) for _ in range(2)]
            speed = sum(one.result() for one in both)
        print(f"| generator, int8 | 2 x {rows} | 2 | {speed:,.0f} | {speed / base:.1f} |", flush=True)
    print(f"\nThe generator in float32 speaks the plain loop's samples: {'yes' if equal else 'NO'}.")
    ((one, spoken),) = generate(GruStepper(vocoder, 1), asked(vocoder, 1, PLAIN))
    for precision in ("bf16", "int8"):
        far = divergence(GruStepper(vocoder, 1), GruStepper(vocoder, 1, precision), one.conditions(), spoken)
        print(f"Divergence of {precision} from float32: {far:.2g} nats a sample.")


if __name__ == "__main__":
    main()
