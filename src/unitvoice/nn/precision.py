"""Linear layers for inference in single, half or 8-bit precision."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["Precision", "projection"]

Precision = Literal["float32", "bf16", "int8"]
LEVELS = 127  # of a magnitude in 8 bits


def projection(
    weight: Tensor, bias: Tensor | None, precision: Precision, bound: float | None = None
) -> Callable[[Tensor], Tensor]:
    """A function of (B, I) float32 to (B, O) float32 that multiplies by a weight and adds a bias.

    A row of the result depends on its own row alone: ``bound`` fixes the scale of 8-bit inputs, not the batch.

    Args:
        weight: (O, I).
        bias: (O,), or None.
        precision: of the product; sums are in single precision (``int8``: exact).
        bound: largest magnitude of the inputs, needed for ``int8``; without it such a layer is computed in ``bf16``.
    """
    if precision == "int8" and bound is not None:
        return _eight_bits(weight, bias, bound)
    if precision == "float32":
        return lambda x: F.linear(x, weight, bias)
    half = weight.bfloat16()
    if bias is None:
        return lambda x: F.linear(x.bfloat16(), half).float()
    return lambda x: F.linear(x.bfloat16(), half).float().add_(bias)


def _eight_bits(weight: Tensor, bias: Tensor | None, bound: float) -> Callable[[Tensor], Tensor]:
    """One scale per output for the weights, symmetric, and one for all inputs."""
    scales = weight.abs().amax(dim=1).clamp(min=torch.finfo(weight.dtype).tiny).double() / LEVELS
    zeros = torch.zeros(len(weight), dtype=torch.int64)
    quantised = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(quantised, bias)
    multiply = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32
    return lambda x: multiply(x, bound / LEVELS, LEVELS, packed)
