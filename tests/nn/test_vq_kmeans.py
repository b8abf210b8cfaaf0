"""The k-means quantiser, against a slow oracle and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans, MiniBatchKMeans

from unitvoice.nn.vq import KMeansQuantiser
from unitvoice.nn.vq.placement import kmeans


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def mixture(frames, clusters=24, width=6, seed=0):
    """Frames of clusters of very different sizes, (N, D)."""
    random = np.random.default_rng(seed)
    shares, centres = random.dirichlet(np.full(clusters, 0.7)), 3 * random.normal(size=(clusters, width))
    noise = random.normal(size=(frames, width))
    return torch.tensor(centres[random.choice(clusters, frames, p=shares)] + noise, dtype=torch.float32)


def learned(quantiser, frames, rounds=3, batch=400):
    random = generator(1)
    for _ in range(rounds):
        for rows in torch.randperm(len(frames), generator=random).split(batch):
            quantiser(frames[rows][None])
    return quantiser


def inertia(frames, centres):
    """Mean squared distance of frames from the nearest centre."""
    return float(torch.cdist(frames.double(), torch.as_tensor(centres).double()).amin(dim=1).square().mean())


class Oracle:
    """Sculley's updates of several sets of centres, one frame at a time."""

    def __init__(self, quantiser):
        self.sets = quantiser.centres.double().numpy().copy()
        self.counts = quantiser.counts.numpy().copy()
        self.distortion = np.zeros(len(self.sets))
        self.decay = quantiser.decay

    def step(self, frames):
        """Codes and distortion of the best set before the step."""
        chosen = [
            [int(np.argmin([((frame - centre) ** 2).sum() for centre in centres])) for frame in frames]
            for centres in self.sets
        ]
        spread = [
            np.mean([((frame - centres[code]) ** 2).sum() for frame, code in zip(frames, codes, strict=True)])
            for centres, codes in zip(self.sets, chosen, strict=True)
        ]
        best = int(np.argmin(self.distortion))
        for number, codes in enumerate(chosen):
            for frame, code in zip(frames, codes, strict=True):
                self.counts[number, code] += 1
                rate = 1 / self.counts[number, code]
                self.sets[number, code] = (1 - rate) * self.sets[number, code] + rate * frame
        self.distortion = self.decay * self.distortion + (1 - self.decay) * np.array(spread)
        return chosen[best], spread[best]


def test_updates_are_those_of_a_loop_over_frames():
    quantiser = KMeansQuantiser(5, 4, inits=3, reassignment_ratio=0.0, decay=0.8)
    data = torch.randn(12, 3, 7, 4, generator=generator())
    quantiser.initialise(data[0].flatten(0, 1), generator(1))
    oracle = Oracle(quantiser)
    for x in data:
        result = quantiser(x)
        chosen, distortion = oracle.step(x.reshape(-1, 4).double().numpy())
        assert result.indices.flatten().tolist() == chosen
        assert result.losses["distortion"].item() * 4 == pytest.approx(distortion, rel=1e-5)
        np.testing.assert_allclose(quantiser.distortion, oracle.distortion, rtol=1e-5)
    np.testing.assert_allclose(quantiser.centres, oracle.sets, rtol=1e-4, atol=1e-6)
    assert quantiser.counts.tolist() == oracle.counts.tolist()
    assert quantiser.used.sum() == 12 * 3 * 7


def test_inertia_is_within_a_few_percent_of_scikit_learns():
    frames = mixture(6000)
    ours = KMeansQuantiser(20, 6, inits=4)
    ours.initialise(frames[:400], generator())
    theirs = MiniBatchKMeans(20, n_init=4, batch_size=400, max_iter=3, reassignment_ratio=0.01, random_state=0)
    found = inertia(frames, learned(ours, frames).table())
    assert found < 1.03 * inertia(frames, theirs.fit(frames.numpy()).cluster_centers_)
    assert found < 1.1 * inertia(frames, KMeans(20, n_init=3, random_state=0).fit(frames.numpy()).cluster_centers_)


def test_the_set_with_the_least_distortion_quantises():
    frames = mixture(2000)
    quantiser = KMeansQuantiser(10, 6, inits=3)
    quantiser.initialise(frames, generator())
    quantiser.centres[0] = quantiser.centres[2] = frames[0]
    quantiser.centres[0] += torch.randn(10, 6, generator=generator())
    quantiser.counts.zero_()
    learned(quantiser, frames[:400])
    spreads = [inertia(frames, centres) for centres in quantiser.centres]
    assert quantiser.best == int(np.argmin(spreads)) == 1
    assert torch.equal(quantiser.table(), quantiser.centres[1])


def test_each_set_starts_from_its_own_draws_by_the_generator():
    frames = mixture(300)
    quantiser = KMeansQuantiser(10, 6, inits=2)
    quantiser.initialise(frames, generator(5))
    assert quantiser.counts.sum(dim=1).tolist() == [300, 300]
    random = generator(5)
    assert torch.equal(quantiser.centres, torch.stack([kmeans(frames, 10, random) for _ in range(2)]))
    assert not torch.equal(*quantiser.centres)


def starving():
    """Two sets of four centres around the frames, of which the second set has a starved one."""
    quantiser = KMeansQuantiser(4, 2, inits=2, reassignment_ratio=0.5)
    quantiser.centres.copy_(torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [9.0, 9.0]]).expand(2, 4, 2))
    quantiser.counts.copy_(torch.tensor([[50, 60, 60, 70], [80, 60, 50, 39]]))
    quantiser.distortion.copy_(torch.tensor([2.0, 1.0]))
    quantiser.since.fill_(40)
    return quantiser


def test_a_starved_centre_moves_to_a_frame_and_counts_as_the_poorest_of_the_others():
    quantiser, frames = starving(), torch.rand(1, 8, 2, generator=generator())
    with torch.no_grad():
        indices = quantiser(frames).indices[0, :, 0]
    taken = torch.bincount(indices, minlength=4)
    assert taken[3] > 0, "the batch is quantised after the move"
    assert (quantiser.counts[1] - taken).tolist() == [80, 60, 50, 50]
    assert quantiser.revived.tolist() == [0, 1]
    assert quantiser.revivals().tolist() == [1]
    assert quantiser.centres[1].max() <= 1
    assert quantiser.centres[0].max() == 9
    assert int(quantiser.since) == 8


@pytest.mark.parametrize(("counts", "moves"), [([80, 60, 50, 39], 0), ([80, 60, 50, 0], 1)])
def test_starved_centres_wait_for_their_turn_but_empty_ones_do_not(counts, moves):
    quantiser = starving()
    quantiser.since.fill_(39)
    quantiser.counts[1] = torch.tensor(counts)
    quantiser(torch.rand(1, 8, 2))
    assert quantiser.revived.tolist() == [0, moves]


def test_at_most_half_of_a_batch_becomes_centres():
    quantiser = KMeansQuantiser(10, 2, inits=1)
    quantiser.counts[0, 0] = 5
    quantiser(torch.randn(1, 6, 2))
    assert quantiser.revived.tolist() == [3]


def test_too_few_frames_for_the_codes_are_refused():
    with pytest.raises(ValueError, match="10 codes cannot be placed among 9 frames"):
        KMeansQuantiser(10, 2).initialise(torch.randn(9, 2), generator())
