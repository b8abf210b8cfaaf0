"""Convolutional stacks."""

import pytest
import torch
from torch import nn

from unitvoice.nn.convolutions import ResidualStack, conv_norm_relu


@pytest.mark.parametrize("kernel", [1, 3, 5, 9])
@pytest.mark.parametrize("time", [1, 2, 7])
def test_an_odd_kernel_keeps_the_length(kernel, time):
    assert conv_norm_relu(3, 5, kernel).eval()(torch.randn(2, 3, time)).shape == (2, 5, time)


@pytest.mark.parametrize("time", [2, 4, 100])
def test_a_kernel_of_two_strides_divides_the_length_by_the_stride(time):
    assert conv_norm_relu(3, 5, 4, 2, padding=1).eval()(torch.randn(1, 3, time)).shape == (1, 5, time // 2)


def test_the_layer_is_convolution_then_norm_then_rectifier():
    layer = conv_norm_relu(2, 2, 3)
    x = torch.randn(8, 2, 50, generator=torch.Generator().manual_seed(0))
    y = layer(x)
    raw = nn.functional.conv1d(x, layer[0].weight, padding=1)
    expected = (raw - raw.mean(dim=(0, 2), keepdim=True)) / torch.sqrt(
        raw.var(dim=(0, 2), keepdim=True, unbiased=False) + 1e-5
    )
    torch.testing.assert_close(y, expected.clamp(min=0), atol=1e-5, rtol=1e-4)
    assert layer[0].bias is None  # the norm would take it away


def test_each_block_adds_to_its_input():
    torch.manual_seed(0)
    stack = ResidualStack(4, layers=3).eval()
    x = torch.randn(2, 4, 9)
    expected = x
    for block in stack.blocks:
        expected = expected + block(expected)
    torch.testing.assert_close(stack(x), expected)
    assert (stack(x) >= x - 1e-6).all()  # a rectifier only adds


def test_a_stack_without_layers_is_the_identity():
    x = torch.randn(1, 4, 9)
    assert torch.equal(ResidualStack(4, layers=0)(x), x)


def test_the_input_is_not_changed_in_place():
    x = torch.randn(1, 4, 9)
    before = x.clone()
    ResidualStack(4, layers=2)(x)
    assert torch.equal(x, before)


def test_a_stack_has_as_many_weights_as_its_layers():
    stack = ResidualStack(8, layers=2, kernel=5)
    assert sum(p.numel() for p in stack.parameters()) == 2 * (8 * 8 * 5 + 2 * 8)
