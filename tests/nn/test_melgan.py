"""MelGAN: sizes, lengths, field, weight normalisation, critics, and what both sides minimise."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils import parametrize

from unitvoice.nn.gan_losses import Judgement, critics_loss, feature_distance, generator_loss
from unitvoice.nn.melgan import Critic, Critics, Generator


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_published_sizes():
    assert round(size(Generator(160)) / 1e6, 1) == 17.2
    assert round(size(Critics()) / 1e6, 1) == 16.9


@given(
    st.lists(st.sampled_from([2, 3, 4, 5, 8]), min_size=1, max_size=3),
    st.integers(1, 9),
    st.integers(1, 2),
)
def test_a_wave_has_as_many_samples_per_vector_as_the_ratios_say(ratios, length, rows):
    generator = Generator(3, channels=1, ratios=ratios, blocks=2)
    wave = generator(torch.randn(rows, 3, length))
    assert wave.shape == (rows, length * math.prod(ratios))
    assert bool((wave.abs() <= 1).all())


def test_a_single_vector_is_spoken_at_full_size_ratios():
    assert Generator(160, channels=2)(torch.randn(1, 160, 1)).shape == (1, 1024)


def test_a_sample_hears_twelve_vectors_at_most_and_no_more_than_the_stated_reach():
    torch.manual_seed(0)
    generator = Generator(4, channels=2)
    x = torch.randn(1, 4, 31, requires_grad=True)
    wave = generator(x)
    widest = 0
    for place in (15 * 1024, 15 * 1024 + 511, 16 * 1024 - 1):
        (gradient,) = torch.autograd.grad(wave[0, place], x, retain_graph=True)
        heard = gradient.abs().sum(dim=(0, 1)).nonzero().flatten()
        widest = max(widest, int(heard[-1] - heard[0]) + 1)
        assert abs(heard - 15).max() <= generator.reach
    assert widest == 12


def test_the_signal_is_not_moved_in_time():
    """A change of one vector changes the samples around its own, evenly on both sides."""
    torch.manual_seed(0)
    generator = Generator(2, channels=2, ratios=(4, 4, 2)).double()
    x = torch.randn(1, 2, 41, dtype=torch.float64)
    other = x.clone()
    other[..., 20] += 1
    changed = (generator(x) != generator(other))[0].nonzero().flatten()
    middle = float(changed[0] + changed[-1]) / 2
    assert abs(middle - (20 * 32 + 15.5)) <= 1


def test_the_weights_are_normalised_and_without_it_nothing_changes():
    torch.manual_seed(0)
    for module, x in ((Generator(3, channels=2, ratios=(3, 2)), torch.randn(1, 3, 7)), (Critic(4, 16), None)):
        given_ = torch.randn(1, 1, 600) if x is None else x
        before = module(given_)
        layers = [part for part in module.modules() if hasattr(part, "kernel_size")]
        assert all(parametrize.is_parametrized(part, "weight") for part in layers)
        for part in layers:
            parametrize.remove_parametrizations(part, "weight")
        after = module(given_)
        torch.testing.assert_close(getattr(after, "score", after), getattr(before, "score", before))


def test_the_effective_weights_differ_with_the_seed_and_an_untrained_generator_does_not_saturate():
    waves = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        waves.append(Generator(8, channels=8)(torch.ones(1, 8, 6)).detach())
    assert not torch.equal(*waves)
    assert float(waves[0].abs().max()) < 0.9


def test_critics_hear_the_wave_at_full_half_and_quarter_rate():
    critics = Critics(channels=4, widest=8)
    heard = []
    for critic in critics.critics:
        critic.register_forward_pre_hook(lambda _, arguments: heard.append(arguments[0]))
    critics(torch.ones(1, 1000))
    assert [one.shape[-1] for one in heard] == [1000, 500, 250]
    assert all(torch.equal(one, torch.ones_like(one)) for one in heard)  # padding does not count in the averages


def test_a_critic_has_the_published_layers():
    found = [
        (part.in_channels, part.out_channels, part.kernel_size[0], part.stride[0], part.groups)
        for part in Critic().modules()
        if isinstance(part, torch.nn.Conv1d)
    ]
    assert found == [
        (1, 16, 15, 1, 1),
        (16, 64, 41, 4, 4),
        (64, 256, 41, 4, 16),
        (256, 1024, 41, 4, 64),
        (1024, 1024, 41, 4, 256),
        (1024, 1024, 5, 1, 1),
        (1024, 1, 3, 1, 1),
    ]
    judged = Critic(4, 16)(torch.zeros(1, 1, 1024))
    assert [one.shape[-1] for one in judged.features] == [1024, 256, 64, 16, 4, 4]
    assert judged.score.shape == (1, 1, 4)


def judgement(score, *features):
    return Judgement([torch.full((1, 2, 3), one) for one in features], torch.full((1, 1, 3), score))


def test_the_hinge_is_between_minus_one_and_one():
    def loss(real, spoken):
        return critics_loss([judgement(real)], [judgement(spoken)]).item()

    assert loss(1.0, -1.0) == loss(5.0, -5.0) == 0
    assert loss(0.5, -1.0) == pytest.approx(0.5)
    assert loss(1.0, 2.0) == pytest.approx(3.0)
    assert critics_loss([judgement(0.0)] * 3, [judgement(0.0)] * 3).item() == pytest.approx(6.0)


def test_the_generator_wants_high_scores_of_all_critics():
    assert generator_loss([judgement(2.0), judgement(-0.5)]).item() == pytest.approx(-1.5)


def test_the_distance_of_features_has_the_published_weights():
    """Six features of three critics that are 1 apart: 6 x (4 / 5) / 3 for each critic."""
    real, spoken = ([judgement(0.0, *([value] * 6))] * 3 for value in (0.0, 1.0))
    assert feature_distance(real, spoken).item() == pytest.approx(3 * 6 * (4 / 5) / 3)
