"""Batch normalisation: torch's on one rank, that of the whole batch on several."""

import pytest
import torch
from nn.ranks_running import on_two_ranks
from torch import nn

from unitvoice.nn.normalisation import BatchNorm1d
from unitvoice.nn.ranks import alone, several, total

ROWS = 3  # of each rank
ALL = slice(None)


def trained(layer, rows=ALL):
    """The layer's state, its output, and the gradients of a loss that weighs all places differently."""
    random = torch.Generator().manual_seed(0)
    data, weights = (
        5 + 2 * torch.randn(2 * ROWS, 4, 7, generator=random),
        torch.randn(2 * ROWS, 4, 7, generator=random),
    )
    x = data[rows].clone().requires_grad_()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, 1.0, 2.0, 3.0]))
        layer.bias.copy_(torch.tensor([1.0, 0.0, -1.0, 2.0]))
    out = layer(x)
    (out * weights[rows]).sum().backward()
    return {"out": out.detach(), "x": x.grad, "weights": layer.weight.grad, "biases": layer.bias.grad} | dict(
        layer.state_dict()
    )


def on_rank(rank):
    """The same with the rows of one rank, and what it sees of the other when it is to be alone."""
    with alone():
        apart = [float(several()), total(torch.ones(1)).item()]
    return trained(BatchNorm1d(4), slice(rank * ROWS, (rank + 1) * ROWS)) | {"apart": torch.tensor(apart)}


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """What the two ranks found."""
    return on_two_ranks(__file__, "on_rank", tmp_path_factory.mktemp("ranks"))


def test_without_ranks_it_is_the_layer_of_torch():
    ours, theirs = trained(BatchNorm1d(4)), trained(nn.BatchNorm1d(4))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("name", ["out", "x"])
def test_two_ranks_normalise_and_pass_gradients_as_one_with_all_rows(ranks, name):
    expected = trained(BatchNorm1d(4))[name]
    torch.testing.assert_close(torch.cat([found[name] for found in ranks]), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["weights", "biases"])
def test_the_gradients_of_the_parameters_add_up_to_those_of_one(ranks, name):
    expected = trained(BatchNorm1d(4))[name]
    torch.testing.assert_close(ranks[0][name] + ranks[1][name], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["running_mean", "running_var", "num_batches_tracked"])
def test_all_ranks_remember_the_statistics_of_the_whole_batch(ranks, name):
    assert torch.equal(ranks[0][name], ranks[1][name])
    torch.testing.assert_close(ranks[0][name], trained(BatchNorm1d(4))[name], rtol=1e-6, atol=1e-6)


def test_a_rank_can_act_as_if_it_were_alone(ranks):
    assert [found["apart"].tolist() for found in ranks] == [[0.0, 1.0], [0.0, 1.0]]
