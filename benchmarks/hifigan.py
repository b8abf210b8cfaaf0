"""Speak with HiFi-GAN and MelGAN of paper size, untrained, on one core: audio seconds per second of the processor."""

import argparse
import time

import torch
from torch import nn
from torch.nn.utils import parametrize

from unitvoice.nn import hifigan, melgan
from unitvoice.nn.pieces import in_pieces

RATE = 16_000
ROWS = 8
GENERATORS = {
    "code-hifigan at 50 Hz": lambda: hifigan.Generator(384),
    "code-hifigan at 100 Hz": lambda: hifigan.Generator(384, ratios=(5, 4, 2, 2, 2)),
    "hifigan": lambda: hifigan.Generator(80, ratios=(5, 4, 2, 2, 2)),
    "melgan": lambda: melgan.Generator(80, ratios=(8, 5, 2, 2)),
}


@torch.inference_mode()
def speed(
    generator: hifigan.Generator | melgan.Generator, seconds: float, times: int, rows: int = 1
) -> tuple[float, float]:
    """Audio seconds per second, best of some, and the largest difference from the wave spoken in one piece.

    Several rows are utterances that are spoken at once, which together last for those seconds.
    """
    width = next(part.in_channels for part in generator.modules() if isinstance(part, nn.Conv1d))
    draw = torch.Generator().manual_seed(0)
    vectors = torch.randn(rows, width, round(seconds / rows * RATE / generator.hop), generator=draw)
    spent = []
    for _ in range(times):
        begun = time.process_time()  # other processes do not count
        with parametrize.cached():
            wave = in_pieces(generator, vectors, hop=generator.hop, reach=generator.reach, size=12 * generator.reach)
        spent.append(time.process_time() - begun)
    return wave.numel() / RATE / min(spent), float((wave - generator(vectors)).abs().max())


def main() -> None:
    """Print a table: generator, millions of parameters, audio seconds per second, deviation of pieces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of audio")
    parser.add_argument("--times", type=int, default=3, help="of which the best counts")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"| generator | M parameters | audio s/s | {ROWS} rows at once | deviation of pieces |")
    print("|---|---:|---:|---:|---:|")
    for name, make in GENERATORS.items():
        torch.manual_seed(0)
        generator = make().eval().requires_grad_(requires_grad=False)
        size = sum(parameter.numel() for parameter in generator.parameters()) / 1e6
        fast, deviation = speed(generator, options.seconds, options.times)
        batched, _ = speed(generator, options.seconds, options.times, ROWS)
        print(f"| {name} | {size:.2f} | {fast:.1f} | {batched:.1f} | {deviation:.1e} |")


if __name__ == "__main__":
    main()
