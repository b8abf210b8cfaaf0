"""First places of codes."""

import numpy as np
import pytest
import torch

from unitvoice.nn.vq.placement import draw, kmeans


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_kmeans_finds_clusters_that_lie_apart():
    centres = torch.randn(12, 5, generator=generator()) * 100
    frames = centres.repeat(20, 1) + torch.randn(240, 5, generator=generator(1))
    found = kmeans(frames, 12, generator(2))
    means = frames.reshape(20, 12, 5).mean(dim=0)
    order = torch.cdist(means, found).argmin(dim=1)
    assert sorted(order.tolist()) == list(range(12))
    torch.testing.assert_close(found[order], means)


def test_each_centre_is_the_mean_of_the_frames_nearest_to_it():
    frames = torch.randn(200, 3, generator=generator())
    found = kmeans(frames, 7, generator(), rounds=500).double().numpy()
    members = [int(np.argmin(((frame - found) ** 2).sum(axis=1))) for frame in frames.double().numpy()]
    for code, centre in enumerate(found):
        own = [frame for frame, member in zip(frames.numpy(), members, strict=True) if member == code]
        np.testing.assert_allclose(centre, np.mean(own, axis=0), atol=1e-5)


@pytest.mark.parametrize("place", [kmeans, draw])
def test_equal_frames_give_equal_codes(place):
    frames = torch.tensor([[2.0, 3.0]]).expand(9, 2)
    assert torch.equal(place(frames, 4, generator()), frames[:4])


@pytest.mark.parametrize("place", [kmeans, draw])
def test_the_generator_decides(place):
    frames = torch.randn(300, 2, generator=generator())
    assert torch.equal(place(frames, 9, generator(1)), place(frames, 9, generator(1)))
    assert not torch.equal(place(frames, 9, generator(1)), place(frames, 9, generator(2)))


def test_drawn_frames_are_different():
    frames = torch.arange(50.0)[:, None]
    drawn = draw(frames, 50, generator())
    assert sorted(drawn.flatten().tolist()) == list(range(50))
