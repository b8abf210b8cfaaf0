"""The WaveNet: its published sizes, and what a prediction depends on."""

import pytest
import torch
from torch.nn.utils import parametrize

from unitvoice.nn.output_heads import CategoricalHead, GaussianHead, LogisticMixtureHead
from unitvoice.nn.upsampling import SmoothingUpsampler
from unitvoice.nn.wavenet import WaveNet

SIZES = {"residual": 6, "gate": 8, "skip": 5, "layers": 4, "stacks": 2}


def small(head=None, voice=2, **changes):
    torch.manual_seed(0)
    return WaveNet(head or CategoricalHead(8), SmoothingUpsampler(3, (4, 4)), voice=voice, **(SIZES | changes)).eval()


def inputs(samples=48):
    draws = torch.Generator().manual_seed(1)
    codes = torch.randint(8, (2, samples), generator=draws)
    return torch.randn(2, 3, 3, generator=draws), torch.randn(2, 2, generator=draws), codes


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


# with a table of 153 speakers the published 8.98, 8.74 and 5.98 million
@pytest.mark.parametrize(
    ("width", "voice", "gate", "expected"),
    [(128, 32, 368, 8_978_866), (64, 64, 368, 8_730_994), (64, 32, 256, 5_977_714)],
)
def test_it_has_the_published_number_of_parameters(width, voice, gate, expected):
    network = WaveNet(CategoricalHead(), SmoothingUpsampler(width, (4, 4, 8, 5)), voice=voice, gate=gate)
    assert parameters(network) == expected
    assert network.hop == 640


def test_the_published_network_sees_4093_samples():
    assert WaveNet(CategoricalHead(), SmoothingUpsampler(4, (4, 4)), residual=4, gate=4, skip=4).field == 4093


@pytest.mark.parametrize("changes", [{}, {"kernel": 2}, {"stacks": 1}])
def test_a_prediction_sees_the_samples_of_its_field_and_no_other(changes):
    network, (vectors, voice, codes) = small(**changes), inputs()
    before = network(vectors, voice, codes)
    codes[:, 10] = (codes[:, 10] + 3) % 8
    changed = (network(vectors, voice, codes) != before).any(dim=(0, 2)).nonzero().flatten()
    assert changed[0] == 11
    assert changed[-1] == 10 + network.field


def test_a_prediction_sees_its_vector_and_the_neighbours_but_none_further():
    network, (vectors, voice, codes) = small(), inputs()
    vectors = vectors.repeat(1, 3, 1)
    codes = codes.repeat(1, 3)
    before = network(vectors, voice, codes)
    vectors[:, 4] += 1
    changed = (network(vectors, voice, codes) != before).any(dim=(0, 2)).nonzero().flatten()
    hop = network.hop
    assert 2 * hop <= changed[0] < 4 * hop
    assert changed[-1] < 7 * hop + network.field


def test_the_voice_and_the_condition_change_the_prediction_from_the_first_sample_on():
    network, (vectors, voice, codes) = small(), inputs()
    before = network(vectors, voice, codes)[:, 0]
    assert (network(vectors, voice + 1, codes)[:, 0] != before).all()
    assert (network(vectors + 1, voice, codes)[:, 0] != before).all()


def test_removing_weight_normalisation_changes_nothing():
    network, given = small(), inputs()
    before = network(*given)
    for part in network.modules():
        if parametrize.is_parametrized(part):
            parametrize.remove_parametrizations(part, "weight")
    torch.testing.assert_close(network(*given), before, atol=1e-5, rtol=0)


def test_without_weight_normalisation_there_are_fewer_parameters():
    channels = 6 + 4 * 8 * 3 + 4 * (6 + 5) + 5 + 8  # of the entrance, the gates (three kinds), outputs and head
    assert parameters(small()) - parameters(small(normalised=False)) == channels


@pytest.mark.parametrize("head", [CategoricalHead(8), LogisticMixtureHead(2), GaussianHead()])
def test_every_parameter_learns_but_the_residual_channels_of_the_last_layer(head):
    network, (vectors, voice, codes) = small(head).train(), inputs()
    samples = codes if isinstance(head, CategoricalHead) else codes / 8 - 0.5
    head.loss(network(vectors, voice, samples), samples).backward()
    last = network.outputs[-1].bias
    assert not last.grad[: SIZES["residual"]].any()
    assert last.grad[SIZES["residual"] :].any()
    assert all(parameter.grad.any() for parameter in network.parameters())


def test_dropout_is_for_training_alone():
    network, given = small(dropout=0.5), inputs()
    assert torch.equal(network(*given), small(dropout=0.0)(*given))
    assert not torch.equal(network.train()(*given), network(*given))


def test_more_samples_than_the_vectors_last_for_are_refused():
    with pytest.raises(ValueError, match="3 vectors last for 48 samples, not for 49"):
        small()(*inputs(49))


@pytest.mark.parametrize("changes", [{"layers": 5}, {"gate": 7}, {"kernel": 1}])
def test_sizes_that_do_not_fit_are_refused(changes):
    with pytest.raises(ValueError, match="WaveNet"):
        small(**changes)
