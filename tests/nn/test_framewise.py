"""The encoder of single frames."""

import pytest
import torch

from unitvoice.nn.framewise import FramewiseEncoder


@pytest.mark.parametrize("time", [2, 3, 100, 101, 140])
def test_the_rate_is_halved(time):
    assert FramewiseEncoder(5, 6, 3)(torch.zeros(2, time, 5)).shape == (2, time // 2, 3)


def test_a_frame_sees_four_frames():
    frames = torch.randn(1, 30, 5, requires_grad=True)
    encoded = FramewiseEncoder(5, 16, 3)(frames)
    for place in (1, 5, 12):
        (gradient,) = torch.autograd.grad(encoded[0, place].sum(), frames, retain_graph=True)
        seen = gradient[0].abs().sum(dim=1).nonzero().flatten().tolist()
        assert seen == list(range(2 * place - 1, 2 * place + 3))


def test_it_is_the_same_in_training_and_in_any_company():
    encoder = FramewiseEncoder(5, 8, 3)
    frames = torch.randn(3, 20, 5)
    torch.testing.assert_close(encoder(frames)[1:2], encoder.eval()(frames[1:2]))


def test_it_has_the_published_number_of_parameters():
    assert sum(p.numel() for p in FramewiseEncoder(80, 512, 64).parameters()) == 163_840 + 1_086_528
    shallow = FramewiseEncoder(80, 512, 64, layers=1)
    assert sum(p.numel() for p in shallow.parameters()) == 163_840 + 1_086_528 - 3 * (512 * 512 + 1024)
