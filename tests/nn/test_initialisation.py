"""First weights and weight normalisation of convolutions."""

import pytest
import torch
from torch import nn

from unitvoice.nn.initialisation import kaiming, weight_normed


@pytest.mark.parametrize("kind", [nn.Conv1d, nn.ConvTranspose1d])
def test_weights_have_the_variance_2_by_what_reaches_an_output(kind):
    torch.manual_seed(0)
    network = nn.Sequential(nn.ReLU(), kind(200, 50, 3))
    kaiming(network)
    assert network[1].weight.var().item() == pytest.approx(2 / (200 * 3), rel=0.05)


@pytest.mark.parametrize("kind", [nn.Conv1d, nn.ConvTranspose1d])
def test_weight_normalisation_changes_the_form_and_not_the_function(kind):
    torch.manual_seed(0)
    network = nn.Sequential(kind(6, 5, 3), nn.ReLU())
    x = torch.randn(2, 6, 9)
    before, size = network(x), sum(part.numel() for part in network.parameters())
    weight_normed(network)
    torch.testing.assert_close(network(x), before)
    assert sum(part.numel() for part in network.parameters()) == size + 5  # one length for each output
