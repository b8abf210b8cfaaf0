"""Speak with a WaveNet of paper size, untrained: one utterance after the other in a plain loop, and many at once."""

import argparse
import math
import time
from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils import parametrize

from unitvoice.nn.output_heads import CategoricalHead
from unitvoice.nn.precision import Precision
from unitvoice.nn.sampling import draw_category
from unitvoice.nn.upsampling import SmoothingUpsampler
from unitvoice.nn.wavenet import WaveNet
from unitvoice.nn.wavenet_stepper import WaveNetStepper, fold

WIDTH, VOICE, SCALES = 64, 64, (4, 4, 8, 5)
WARM = 4  # steps before the clock starts


def network(residual: int, gate: int) -> WaveNet:
    """A network whose logits are spread as a trained one's."""
    made = WaveNet(
        CategoricalHead(), SmoothingUpsampler(WIDTH, SCALES), voice=VOICE, residual=residual, gate=gate, skip=residual
    )
    for part in list(made.modules()):
        if parametrize.is_parametrized(part):
            parametrize.remove_parametrizations(part, "weight")
    return made.eval().requires_grad_(requires_grad=False)


def plain(net: WaveNet, vectors: Tensor, voice: Tensor, noise: Tensor) -> tuple[Tensor, float]:
    """One utterance, sample by sample, with the inputs of the layers kept; its codes, and the time of a sample (s)."""
    conditions = net.upsampler(vectors[None])[0].T
    local = net.local.weight[..., 0].split(net.gate)
    shifts = net.voice(voice[None, :, None]).flatten().split(net.gate)
    weights = [layer.weight.permute(0, 2, 1).flatten(1) for layer in net.convolutions]
    kept = [torch.zeros((net.kernel - 1) * dilation, 1, net.residual) for dilation in net.dilations]
    code, codes = torch.tensor([net.head.silence]), []
    for step, now in enumerate(noise):
        if step == WARM:
            begun = time.perf_counter()
        x = F.embedding(code, net.enter.weight[..., 0].T) + net.enter.bias
        total = torch.zeros(1, net.last[1].in_channels)
        for layer, dilation in enumerate(net.dilations):
            ring = kept[layer]
            taps = [ring[(step - lag * dilation) % len(ring)] for lag in range(net.kernel - 1, 0, -1)]
            gates = F.linear(torch.cat([*taps, x], dim=1), weights[layer], net.convolutions[layer].bias)
            gates = gates + F.linear(conditions[step : step + 1], local[layer]) + shifts[layer]
            signal, gate = gates.chunk(2, dim=1)
            outputs = net.outputs[layer]
            made = F.linear(signal.tanh() * gate.sigmoid(), outputs.weight[..., 0], outputs.bias)
            ring[step % len(ring)] = x
            x = (x + made[:, : net.residual]) * math.sqrt(0.5)
            total = total + made[:, net.residual :]
        logits = net.last((total * math.sqrt(1 / net.layers))[..., None])[..., 0]
        code = draw_category(logits, now)
        codes.append(code)
    return torch.cat(codes), (time.perf_counter() - begun) / (len(noise) - WARM)


def together(
    net: WaveNet, stepper: WaveNetStepper, vectors: Tensor, voices: Tensor, noise: Tensor
) -> tuple[Tensor, float]:
    """All utterances at once: their codes, (steps, rows), and the time of a sample of one of them (s)."""
    condition = torch.stack([fold(net, *given)[0] for given in zip(vectors, voices, strict=True)])
    codes = []
    for step, now in enumerate(noise):
        if step == WARM:
            begun = time.perf_counter()
        codes.append(stepper.step(condition, now).clone())
    return torch.stack(codes), (time.perf_counter() - begun) / (len(noise) - WARM) / stepper.rows


@torch.inference_mode()
def measure(net: WaveNet, steps: int, rows: Sequence[int]) -> None:
    """Print a line per number of rows and precision."""
    draw = torch.Generator().manual_seed(0)
    most = max(rows)
    vectors, voices = torch.randn(most, 1, WIDTH, generator=draw), torch.randn(most, VOICE, generator=draw)
    noise = torch.rand(steps, most, 1, generator=draw)
    spoken, slow = plain(net, vectors[0], voices[0], noise[:, 0])
    print(f"| plain loop | 1 | float32 | {1 / slow:,.0f} | 1.0 | |")
    for count in rows:
        for precision in get_args(Precision):
            stepper = WaveNetStepper(net, count, precision)
            codes, fast = together(net, stepper, vectors[:count], voices[:count], noise[:, :count])
            agreed = (codes[:, 0] == spoken).float().mean().item() if precision == "float32" else None
            said = "" if agreed is None else f"{agreed:.0%}"
            print(f"| stepper | {count} | {precision} | {1 / fast:,.0f} | {slow / fast:.1f} | {said} |")


def main() -> None:
    """Print a table: rows, precision, samples a second, ratio to the plain loop, codes equal to the plain loop's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 16, 64, 128], help="utterances in flight")
    parser.add_argument("--steps", type=int, default=64, help="samples of each")
    parser.add_argument("--channels", type=int, default=256, help="residual and skip")
    parser.add_argument("--gate", type=int, default=368)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("| | rows | precision | samples/s | ratio | equal codes |\n|---|---:|---|---:|---:|---:|")
    measure(network(options.channels, options.gate), options.steps, options.rows)


if __name__ == "__main__":
    main()
