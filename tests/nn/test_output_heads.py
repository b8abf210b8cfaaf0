"""Distributions of samples: each loss is that of a normalised density, and what is drawn has it."""

import math

import pytest
import torch
from torch.distributions import Normal

from unitvoice.nn.output_heads import CategoricalHead, GaussianHead, LogisticMixtureHead

EVEN = torch.arange(20_000) / 20_000  # noise that covers [0, 1) evenly


def test_the_categorical_loss_is_the_logarithm_of_the_chance_of_the_code():
    logits = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]).log()
    loss = CategoricalHead(3).loss(logits[None], torch.tensor([[0, 2]]))
    assert loss.item() == pytest.approx(-(math.log(0.5) + math.log(0.8)) / 2, rel=1e-6)


def test_codes_are_embedded_as_one_hot_rows_through_a_linear_layer():
    head, layer, codes = CategoricalHead(5), torch.nn.Linear(5, 3), torch.tensor([[4, 0, 2]])
    expected = layer(torch.nn.functional.one_hot(codes, 5).float())
    torch.testing.assert_close(head.embed(codes, layer.weight, layer.bias), expected)


def test_the_gaussian_loss_is_that_of_torch():
    draw = torch.Generator().manual_seed(0)
    parameters, samples = torch.randn(2, 7, 2, generator=draw), torch.rand(2, 7, generator=draw) * 2 - 1
    expected = -Normal(parameters[..., 0], parameters[..., 1].exp()).log_prob(samples).mean()
    torch.testing.assert_close(GaussianHead().loss(parameters, samples), expected)


@pytest.mark.parametrize("scale", [-4.0, -1.0, 1.0])
def test_the_chances_of_all_steps_of_a_mixture_of_logistics_sum_to_one(scale):
    head = LogisticMixtureHead(mixtures=3, bits=6)
    parameters = torch.tensor([0.3, -0.2, 1.0, -0.9, 0.05, 1.2, scale, scale - 1, scale + 1])
    steps = torch.linspace(-1, 1, 2**6)
    chances = torch.stack([-head.loss(parameters[None], step[None]) for step in steps]).exp()
    assert chances.sum().item() == pytest.approx(1, abs=1e-5)


def test_a_sample_far_from_all_logistics_has_a_finite_loss_and_gradient():
    parameters = torch.tensor([[0.0, -1.0, -50.0]], requires_grad=True)
    loss = LogisticMixtureHead(mixtures=1).loss(parameters, torch.tensor([0.9]))
    loss.backward()
    assert loss.isfinite()
    assert parameters.grad.isfinite().all()


def test_drawn_amplitudes_have_the_moments_of_the_gaussian():
    drawn = GaussianHead().draw(torch.tensor([[0.1, math.log(0.05)]]).expand(len(EVEN), 2), EVEN[:, None])
    assert drawn.mean().item() == pytest.approx(0.1, abs=1e-3)
    assert drawn.std().item() == pytest.approx(0.05, rel=1e-2)


def test_drawn_amplitudes_have_the_distribution_of_the_mixture():
    head = LogisticMixtureHead(mixtures=2)
    parameters = torch.tensor([[math.log(0.25), math.log(0.75), -0.5, 0.5, -4.0, -3.0]]).expand(len(EVEN), 6)
    noise = torch.stack([EVEN, torch.rand(len(EVEN), generator=torch.Generator().manual_seed(0))], dim=1)
    drawn = head.draw(parameters, noise)
    assert (drawn < 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    # the standard deviation of a logistic distribution is pi / sqrt(3) times its scale
    upper = drawn[drawn > 0]
    assert upper.std().item() == pytest.approx(math.exp(-3) * math.pi / math.sqrt(3), rel=0.03)


@pytest.mark.parametrize("head", [GaussianHead(), LogisticMixtureHead(mixtures=1), CategoricalHead(4)])
def test_the_ends_of_the_noise_give_a_sample_too(head):
    noise = torch.tensor([[0.0] * head.draws, [1 - 2.0**-24] * head.draws])
    assert head.draw(torch.zeros(2, head.parameters), noise).float().isfinite().all()
