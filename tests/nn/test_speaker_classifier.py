"""The adversary and the probe: whose gradients go where, and that a probe finds a speaker who is there."""

import pytest
import torch
from torch import nn

from unitvoice.nn.speaker_classifier import SpeakerClassifier, SpeakerProbe, reverse_gradient

SPEAKERS = torch.tensor([0, 1, 2, 0])


def units(rows=4):
    return torch.randn(rows, 8, 6, generator=torch.Generator().manual_seed(0))


def gradients(weight):
    """Of an encoder and of the classifier behind it."""
    torch.manual_seed(0)
    encoder, classifier = nn.Linear(6, 6), SpeakerClassifier(6, 3, channels=8)
    made = encoder(units())
    classifier.loss(made if weight is None else reverse_gradient(made, weight), SPEAKERS).backward()
    return encoder.weight.grad, [parameter.grad for parameter in classifier.parameters()]


def test_the_encoder_gets_the_weighted_gradient_with_the_opposite_sign_and_the_classifier_its_own():
    plain, own = gradients(None)
    turned, same = gradients(0.5)
    assert float(plain.abs().max()) > 0
    torch.testing.assert_close(turned, -0.5 * plain)
    for one, other in zip(own, same, strict=True):
        torch.testing.assert_close(one, other)


def test_weight_zero_leaves_the_encoder_alone():
    assert float(gradients(0.0)[0].abs().max()) == 0


def test_the_probe_gives_units_no_gradient():
    made = units().requires_grad_()
    loss = SpeakerProbe(6, 3, channels=8).loss(made, SPEAKERS)
    loss.backward()
    assert made.grad is None


def test_the_probe_learns_a_speaker_that_is_there_and_not_one_that_is_not():
    def accuracy(shift):
        torch.manual_seed(0)
        probe = SpeakerProbe(6, 2, channels=8)
        optimiser = torch.optim.Adam(probe.parameters(), 0.01)
        for _ in range(60):
            speakers = torch.randint(2, (16,))
            optimiser.zero_grad()
            probe.loss(torch.randn(16, 8, 6) + shift * speakers[:, None, None], speakers).backward()
            optimiser.step()
        probe.figures()
        for _ in range(20):
            speakers = torch.randint(2, (16,))
            probe.loss(torch.randn(16, 8, 6) + shift * speakers[:, None, None], speakers)
        return probe.figures()["speaker_accuracy"]

    assert accuracy(1.0) > 0.9
    assert accuracy(0.0) < 0.65


def test_answers_are_counted_in_training_alone_and_from_zero_after_each_figure():
    probe = SpeakerProbe(6, 3, channels=8)
    probe.loss(units(), SPEAKERS)
    assert int(probe.asked) == 4
    assert 0 <= probe.figures()["speaker_accuracy"] <= 1
    assert probe.figures() == {}
    probe.eval().loss(units(), SPEAKERS)
    assert probe.figures() == {}


@pytest.mark.parametrize("length", [SpeakerClassifier.SHORTEST, 5, 30])
def test_crops_of_any_length_from_the_shortest_are_classified(length):
    assert SpeakerClassifier(6, 3, channels=8)(torch.randn(2, length, 6)).shape == (2, 3)
