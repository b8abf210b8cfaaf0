"""The moving-average quantiser, against slow oracles and a well-kept library."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from vector_quantize_pytorch import VectorQuantize

from unitvoice.nn.vq import EmaQuantiser


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def batches(steps, shape=(3, 7, 4), seed=0):
    return torch.randn(steps, *shape, generator=generator(seed))


class Oracle:
    """Van den Oord's moving averages, one frame and one code at a time."""

    def __init__(self, quantiser):
        self.decay, self.smoothing = quantiser.decay, quantiser.smoothing
        self.codes = quantiser.codebook.double().numpy().copy()
        self.counts = quantiser.counts.double().numpy().copy()
        self.sums = quantiser.sums.double().numpy().copy()

    def step(self, frames):
        chosen = [int(np.argmin([((frame - code) ** 2).sum() for code in self.codes])) for frame in frames]
        commitment = np.mean([(frame - self.codes[code]) ** 2 for frame, code in zip(frames, chosen, strict=True)])
        for code in range(len(self.codes)):
            mine = [frame for frame, index in zip(frames, chosen, strict=True) if index == code]
            self.counts[code] = self.decay * self.counts[code] + (1 - self.decay) * len(mine)
            self.sums[code] = self.decay * self.sums[code] + (1 - self.decay) * np.sum(mine, axis=0)
        total = self.counts.sum()
        for code, (count, summed) in enumerate(zip(self.counts, self.sums, strict=True)):
            weight = count
            if self.smoothing:
                weight = (count + self.smoothing) / (total + len(self.codes) * self.smoothing) * total
            if weight > 0:
                self.codes[code] = summed / weight
        return chosen, commitment


@pytest.mark.parametrize("prior", [0.0, 1.0])
@pytest.mark.parametrize("smoothing", [0.0, 1e-3])
def test_updates_are_those_of_a_loop_over_frames_and_codes(smoothing, prior):
    quantiser = EmaQuantiser(6, 4, decay=0.8, smoothing=smoothing, prior=prior)
    oracle = Oracle(quantiser)
    for x in batches(8):
        result = quantiser(x)
        chosen, commitment = oracle.step(x.reshape(-1, 4).double().numpy())
        assert result.indices.flatten().tolist() == chosen
        assert result.losses["commitment"].item() == pytest.approx(commitment, rel=1e-5)
    np.testing.assert_allclose(quantiser.codebook, oracle.codes, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(quantiser.counts, oracle.counts, rtol=1e-4, atol=1e-6)


def test_updates_are_those_of_vector_quantize_pytorch():
    ours = EmaQuantiser(6, 4, decay=0.9, smoothing=1e-5)
    theirs = VectorQuantize(dim=4, codebook_size=6, decay=0.9, eps=1e-5, commitment_weight=1.0)
    codebook = theirs._codebook
    codebook.embed.copy_(ours.codebook[None])
    codebook.embed_avg.copy_(ours.sums[None])
    codebook.cluster_size.copy_(ours.counts[None])
    for x in batches(10):
        result = ours(x)
        vectors, indices, loss = theirs(x)
        assert torch.equal(result.indices[..., 0], indices)
        torch.testing.assert_close(result.vectors, vectors)
        torch.testing.assert_close(result.losses["commitment"], loss.squeeze())
    torch.testing.assert_close(ours.codebook, codebook.embed[0])
    torch.testing.assert_close(ours.counts, codebook.cluster_size[0])


def test_a_code_without_frames_stays_where_it_is():
    quantiser = EmaQuantiser(3, 2, decay=0.5)
    quantiser.codebook.copy_(torch.tensor([[0.0, 0.0], [1.0, 1.0], [50.0, 50.0]]))
    quantiser.sums.copy_(quantiser.codebook * quantiser.counts[:, None])
    for x in batches(2000, (1, 4, 2)):
        quantiser(x)
    assert quantiser.codebook[2].tolist() == pytest.approx([50.0, 50.0])


def test_without_a_prior_the_first_frames_replace_a_code():
    quantiser = EmaQuantiser(1, 2, prior=0.0)
    x = batches(1, (1, 5, 2))[0]
    quantiser(x)
    torch.testing.assert_close(quantiser.codebook[0], x[0].mean(dim=0))


def test_the_gradient_goes_straight_to_the_frames_and_not_to_the_codes():
    quantiser = EmaQuantiser(5, 4)
    x = batches(1)[0].requires_grad_()
    weights = torch.randn(x.shape, generator=generator(1))
    vectors, _, losses = quantiser(x)
    (vectors * weights).sum().backward(retain_graph=True)
    assert torch.equal(x.grad, weights)
    x.grad = None
    losses["commitment"].backward()
    torch.testing.assert_close(x.grad, 2 * (x - vectors).detach() / x.numel())
    assert not list(quantiser.parameters())


@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 6), st.integers(1, 5), st.booleans(), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_vectors_are_exactly_the_codes_that_the_indices_name(batch, steps, codes, width, training, seed):
    torch.manual_seed(seed)
    quantiser = EmaQuantiser(codes, width).train(training)
    before = EmaQuantiser(codes, width)
    before.load_state_dict(quantiser.state_dict())
    vectors, indices, _ = quantiser(torch.randn(batch, steps, width))
    assert vectors.shape == (batch, steps, width)
    assert indices.shape == (batch, steps, 1)
    assert indices.dtype == torch.int64
    assert torch.equal(vectors, before.lookup(indices))


def test_masked_frames_never_count():
    plain, padded = EmaQuantiser(6, 4, revive_below=2.0), EmaQuantiser(6, 4, revive_below=2.0)
    padded.load_state_dict(plain.state_dict())
    mask = torch.arange(9).expand(3, 9) < torch.tensor([[7], [7], [7]])
    for x in batches(40):
        filled = torch.cat([x, torch.full((3, 2, 4), 1e3)], dim=1)
        one, other = plain(x), padded(filled, mask)
        assert torch.equal(one.indices, other.indices[:, :7])
        torch.testing.assert_close(one.losses, other.losses)
    assert plain.revivals() > 0
    for name, value in plain.state_dict().items():
        assert torch.equal(value, padded.state_dict()[name]), name


def test_a_batch_of_padding_changes_no_code_and_costs_nothing():
    quantiser = EmaQuantiser(4, 2, revive_below=10.0)
    before = quantiser.codebook.clone()
    result = quantiser(torch.randn(1, 3, 2), torch.zeros(1, 3, dtype=torch.bool))
    assert result.losses["commitment"] == 0
    torch.testing.assert_close(quantiser.codebook, before)


def test_evaluation_changes_no_buffer_and_repeats_itself():
    quantiser = EmaQuantiser(6, 4, revive_below=5.0).eval()
    before = {name: value.clone() for name, value in quantiser.state_dict().items()}
    x = batches(1)[0]
    first, second = quantiser(x), quantiser(x)
    assert torch.equal(first.vectors, second.vectors)
    assert all(torch.equal(value, before[name]) for name, value in quantiser.state_dict().items())


def test_dead_codes_are_reborn_on_frames_with_their_sums_and_live_on():
    quantiser = EmaQuantiser(8, 2, revive_below=0.5, decay=0.9)
    quantiser.codebook[1:] = 1e3  # all frames fall on code 0, the others die
    quantiser.sums.copy_(quantiser.codebook * quantiser.counts[:, None])
    data = batches(60, (2, 64, 2))
    for x in data:
        revived = int(quantiser.revivals())
        quantiser(x)
        if int(quantiser.revivals()) > revived:
            break
    assert int(quantiser.revivals()) == 7
    assert quantiser.codebook.abs().max() < 10
    torch.testing.assert_close(quantiser.sums, quantiser.codebook * quantiser.counts[:, None])
    quantiser.reset_usage()
    for x in data:
        quantiser(x)
    assert int(quantiser.revivals()) < 10, "codes that were revived must survive"
    assert (quantiser.usage()[0] > 0).all()


def test_revival_replaces_by_different_frames_of_the_batch():
    quantiser = EmaQuantiser(6, 2, revive_below=0.5, prior=0.0)
    x = batches(1, (1, 20, 2))[0]
    indices = quantiser(x).indices
    assert int(quantiser.revivals()) == 6
    assert len(indices.unique()) == 6, "each revived code takes at least the frame that it was placed on"


def test_usage_and_perplexity_count_since_the_reset():
    quantiser = EmaQuantiser(4, 1)
    quantiser.initialise(torch.tensor([[0.0], [1.0], [2.0], [3.0]]), generator(), "draw")
    assert quantiser.perplexity().tolist() == [1.0]
    x = torch.tensor([[[0.0], [1.0], [2.0], [3.0]]])
    for _ in range(3):
        quantiser(x)
    assert quantiser.usage()[0].tolist() == [3, 3, 3, 3]
    assert quantiser.perplexity().item() == pytest.approx(4.0)
    quantiser.reset_usage()
    quantiser(torch.zeros(1, 5, 1))
    assert sorted(quantiser.usage()[0].tolist()) == [0, 0, 0, 5]
    assert quantiser.perplexity().item() == pytest.approx(1.0)


def test_a_resumed_module_goes_on_bit_by_bit():
    data = batches(60, (2, 5, 3))
    whole = EmaQuantiser(9, 3, revive_below=0.4, decay=0.8, seed=3)
    half = EmaQuantiser(9, 3, revive_below=0.4, decay=0.8, seed=3)
    half.load_state_dict(whole.state_dict())
    for x in data[:30]:
        half(x)
    revived = int(half.revivals())
    resumed = EmaQuantiser(9, 3, revive_below=0.4, decay=0.8, seed=99)
    resumed.load_state_dict(half.state_dict())
    for x in data:
        whole(x)
    for x in data[30:]:
        resumed(x)
    assert int(resumed.revivals()) > revived > 0
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())


@pytest.mark.parametrize("method", ["kmeans", "draw"])
def test_initial_codes_lie_among_the_frames_and_survive_the_first_steps(method):
    frames = torch.randn(500, 3, generator=generator()) + 7
    quantiser = EmaQuantiser(16, 3, decay=0.9)
    quantiser.initialise(frames, generator(1), method)
    again = EmaQuantiser(16, 3, decay=0.9)
    again.initialise(frames, generator(1), method)
    assert torch.equal(quantiser.codebook, again.codebook)
    assert quantiser.codebook.norm(dim=1).max() <= frames.norm(dim=1).max()
    used = [len(quantiser(frames[None]).indices.unique()) for _ in range(3)]
    assert used == [16, 16, 16]


def test_too_few_frames_for_the_codes_are_refused():
    with pytest.raises(ValueError, match="16 codes cannot be placed among 3 frames"):
        EmaQuantiser(16, 2).initialise(torch.zeros(3, 2), generator())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_gives_the_codes_of_the_cpu_and_repeats_itself():
    data = batches(30, (4, 33, 8))
    runs = []
    for device in ("cpu", "cuda", "cuda"):
        torch.manual_seed(0)
        quantiser = EmaQuantiser(32, 8, revive_below=0.3).to(device)
        runs.append([quantiser(x.to(device)).indices.cpu() for x in data] + [quantiser.codebook.cpu()])
    assert all(torch.equal(one, other) for one, other in zip(runs[1], runs[2], strict=True))
    assert all(torch.equal(one, other) for one, other in zip(runs[0][:5], runs[1][:5], strict=True))
    torch.testing.assert_close(runs[0][-1], runs[1][-1])
