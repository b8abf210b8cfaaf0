"""Products in lower precision: near the exact ones, and each row on its own."""

import pytest
import torch

from unitvoice.nn.precision import projection

BOUNDS = {"float32": 1e-6, "bf16": 0.02, "int8": 0.02}


@pytest.fixture(scope="module")
def layer():
    torch.manual_seed(0)
    return torch.randn(30, 40) / 40**0.5, torch.randn(30)


@pytest.mark.parametrize("precision", BOUNDS)
def test_it_is_near_the_exact_product(layer, precision):
    weight, bias = layer
    inputs = torch.tanh(torch.randn(16, 40))
    exact = (inputs.double() @ weight.double().T + bias.double()).float()
    assert (projection(weight, bias, precision, bound=1.0)(inputs) - exact).abs().max() < BOUNDS[precision]


@pytest.mark.parametrize("precision", BOUNDS)
def test_a_row_does_not_depend_on_its_company(layer, precision):
    multiply = projection(*layer, precision, bound=1.0)
    inputs = torch.tanh(torch.randn(16, 40))
    others = torch.tanh(torch.randn(16, 40)) * 0.01
    others[3] = inputs[3]
    assert torch.equal(multiply(others)[3], multiply(inputs)[3])


def test_eight_bits_need_a_bound_and_are_half_precision_without(layer):
    inputs = torch.randn(4, 40)
    assert torch.equal(projection(*layer, "int8")(inputs), projection(*layer, "bf16")(inputs))


def test_an_output_with_no_weights_is_its_bias():
    multiply = projection(torch.zeros(2, 3), torch.tensor([1.0, -2.0]), "int8", bound=1.0)
    assert multiply(torch.ones(1, 3)).tolist() == [[1.0, -2.0]]
