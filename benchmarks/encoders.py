"""Time self-supervised frames, by random weights of full size, and units by k-means, in seconds of audio per second.

Times are those of the processor that one thread used, so that a busy machine hardly shows. The difference is from what
torchaudio's network makes of the whole recording at once, as a share of its deviation: windows begin beyond 30 s.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torchaudio.models import hubert_base

from unitvoice.audio import RATE
from unitvoice.features.ssl_encoders import TransformerFrames
from unitvoice.nn.vq import KMeansQuantiser
from unitvoice.nn.vq.search import nearest

CODES = (100, 500, 2000)
FRAMES, WIDTH, FRAME_RATE = 3000, 768, 50.0


def timed[T](work: Callable[[], T]) -> tuple[T, float]:
    """What some work returns, and the processor's seconds that it takes."""
    begin = time.process_time()
    result = work()
    return result, time.process_time() - begin


@torch.inference_mode()
def encoding(seconds: float, layer: int) -> str:
    """One line of the table of encoders."""
    torch.manual_seed(0)
    network = hubert_base().eval()
    wave = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32)
    samples = torch.nn.functional.pad(torch.from_numpy(wave), (40, 40))
    expected = network.extract_features(samples[None], num_layers=layer)[0][-1][0].numpy()
    encoder = TransformerFrames(network, layer).eval()
    found, taken = timed(lambda: encoder.compute(wave))
    difference = np.abs(found - expected).mean() / expected.std()
    return f"| {layer} | {seconds:g} | {len(found)} | {taken:.2f} | {seconds / taken:.1f} | {difference:.1e} |"


@torch.inference_mode()
def clustering(codes: int) -> str:
    """One line of the table of k-means."""
    random = torch.Generator().manual_seed(0)
    frames = torch.randn(FRAMES, WIDTH, generator=random)
    quantiser = KMeansQuantiser(codes, WIDTH, inits=1)
    quantiser.initialise(frames, random, "draw")
    seconds = FRAMES / FRAME_RATE
    _, assigning = timed(lambda: nearest(frames, quantiser.table()))
    _, learning = timed(lambda: quantiser(frames[None]))
    return f"| {codes} | {seconds / assigning:.0f} | {seconds / learning:.0f} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, nargs="+", default=[5.0, 40.0], help="lengths of recordings")
    parser.add_argument("--layers", type=int, nargs="+", default=[6], help="of HuBERT base")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| layer of HuBERT base | s of audio | frames | s | audio s per s | difference |\n|---|---|---|---|---|---|")
    for seconds in options.seconds:
        for layer in options.layers:
            print(encoding(seconds, layer), flush=True)
    print(f"\n| codes ({WIDTH} values) | assigned, audio s per s | learned, audio s per s |\n|---|---|---|")
    for codes in CODES:
        print(clustering(codes), flush=True)


if __name__ == "__main__":
    main()
