"""What every quantiser promises, whatever its kind, and what sets the kinds apart."""

import numpy as np
import pytest
import torch

from unitvoice.nn.vq import (
    EmaQuantiser,
    GradientQuantiser,
    GumbelQuantiser,
    KMeansQuantiser,
    SlicedQuantiser,
    SphereQuantiser,
)

KINDS = {
    "ema": lambda **options: EmaQuantiser(7, 6, **options),
    "gradient": lambda **options: GradientQuantiser(7, 6, **options),
    "sphere": lambda **options: SphereQuantiser(7, 6, scale=0.5, **options),
    "gumbel": lambda **options: GumbelQuantiser(7, 6, **options),
    "soft gumbel": lambda **options: GumbelQuantiser(7, 6, hard=False, **options),
    "k-means": lambda revive_below=0.0, **options: KMeansQuantiser(
        7, 6, inits=3, reassignment_ratio=min(revive_below / 5, 0.9), **options
    ),
    "sliced ema": lambda **options: SlicedQuantiser.equal(EmaQuantiser, (5, 3, 8), 6, **options),
    "sliced gradient": lambda **options: SlicedQuantiser.equal(GradientQuantiser, (5, 3), 6, **options),
    "sliced gumbel": lambda **options: SlicedQuantiser.equal(GumbelQuantiser, (5, 3), 6, **options),
    "unequal": lambda **options: SlicedQuantiser([EmaQuantiser(5, 4, **options), SphereQuantiser(9, 2, **options)]),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def made(kind, **options):
    torch.manual_seed(0)
    return KINDS[kind](**options)


def batches(steps, shape=(3, 7, 6), seed=0):
    return torch.randn(steps, *shape, generator=torch.Generator().manual_seed(seed))


def train(quantiser, data, mask=None):
    """Some steps of plain gradient descent; returns the results."""
    results = []
    for x in data:
        result = quantiser(x.clone().requires_grad_(), mask)
        results.append(result)
        (sum(result.losses.values()) + result.vectors.square().mean()).backward()
        descend(quantiser, 0.5)
    return results


def descend(quantiser, rate):
    """One step of gradient descent; torch's optimisers take seconds to import."""
    for parameter in quantiser.parameters():
        parameter.data.sub_(rate * parameter.grad)
        parameter.grad = None


def same_state(one, other):
    assert one.state_dict().keys() == other.state_dict().keys()
    return all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


@every_kind
def test_shapes_and_the_exact_vectors_of_the_indices(kind):
    quantiser = made(kind).eval()
    x = batches(1)[0]
    vectors, indices, losses = quantiser(x)
    assert vectors.shape == x.shape
    assert indices.shape == (3, 7, quantiser.groups)
    assert indices.dtype == torch.int64
    assert all(int(indices[..., group].max()) < count for group, count in enumerate(quantiser.codes))
    assert torch.equal(vectors, quantiser.lookup(indices))
    assert [len(table) for table in quantiser.tables()] == list(quantiser.codes)
    assert all(loss.ndim == 0 for loss in losses.values())


@every_kind
def test_a_frame_has_one_code_whatever_stands_around_it(kind):
    quantiser = made(kind).eval()
    x = batches(1, (4, 50, 6))[0]
    everything = quantiser(x).indices
    assert torch.equal(quantiser(x.flatten(0, 1)[None]).indices[0], everything.flatten(0, 1))
    assert torch.equal(torch.stack([quantiser(row[None]).indices[0] for row in x]), everything)
    assert torch.equal(quantiser(x[:1, :1]).indices[0, 0], everything[0, 0])


@every_kind
def test_evaluation_changes_no_buffer_and_repeats_itself(kind):
    quantiser, before = made(kind, revive_below=5.0).eval(), made(kind, revive_below=5.0)
    x = batches(1)[0]
    first, second = quantiser(x), quantiser(x)
    assert torch.equal(first.indices, second.indices)
    torch.testing.assert_close(first.losses, second.losses, rtol=0, atol=0)
    assert same_state(quantiser, before)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "gumbel" not in kind])
def test_masked_frames_never_count(kind):
    plain, padded = made(kind, revive_below=2.0), made(kind, revive_below=2.0)
    data = batches(40)
    filled = torch.cat([data, torch.full((40, 3, 2, 6), 1e3)], dim=2)
    mask = torch.arange(9).expand(3, 9) < 7
    for one, other in zip(train(plain, data), train(padded, filled, mask), strict=True):
        assert torch.equal(one.indices, other.indices[:, :7])
        torch.testing.assert_close(one.losses, other.losses)
    assert plain.revivals().sum() > 0
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(value, padded.state_dict()[name], msg=name)


@pytest.mark.parametrize("kind", ["gumbel", "sliced gumbel"])
def test_masked_frames_count_in_no_statistics_of_a_sampler(kind):
    quantiser = made(kind)
    mask = torch.arange(7).expand(3, 7) < 4
    x = batches(1)[0]
    filled = torch.where(mask[..., None], x, 1e3)
    for result in train(quantiser, filled[None].expand(5, -1, -1, -1), mask):
        assert sum(loss.item() for loss in result.losses.values()) < 10
    assert [int(usage.sum()) for usage in quantiser.usage()] == [60] * quantiser.groups
    quantiser.eval()
    torch.testing.assert_close(quantiser(filled, mask).losses, quantiser(x[:, :4]).losses)


@every_kind
def test_a_batch_of_padding_changes_no_code_and_costs_nothing(kind):
    quantiser = made(kind, revive_below=10.0)
    before = [table.detach().clone() for table in quantiser.tables()]
    result = quantiser(torch.randn(1, 3, 6), torch.zeros(1, 3, dtype=torch.bool))
    assert all(loss == 0 for loss in result.losses.values())
    torch.testing.assert_close([table.detach() for table in quantiser.tables()], before)


@every_kind
def test_training_goes_on_bit_by_bit_after_a_restart(kind):
    data = batches(40)
    whole, half = made(kind, decay=0.8, revive_below=3.0, seed=3), made(kind, decay=0.8, revive_below=3.0, seed=3)
    expected = train(whole, data)[20:]
    train(half, data[:20])
    torch.manual_seed(99)
    resumed = KINDS[kind](decay=0.8, revive_below=3.0, seed=99)
    resumed.load_state_dict(half.state_dict())
    for one, other in zip(expected, train(resumed, data[20:]), strict=True):
        assert torch.equal(one.indices, other.indices)
        assert torch.equal(one.vectors, other.vectors)
    assert same_state(whole, resumed)
    assert (resumed.revivals() > half.revivals()).any()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "k-means"])
def test_dead_codes_are_reborn_among_the_frames(kind):
    quantiser = made(kind, revive_below=0.5, decay=0.9)
    books = [module for module in quantiser.modules() if hasattr(module, "counts")]
    for book in books:
        book.counts[1:] = 0.0
        book.codebook.data[1:] += 1e3
    with torch.no_grad():
        quantiser(batches(1)[0])
    assert quantiser.revivals().tolist() == [count - 1 for count in quantiser.codes]
    assert all(table.abs().max() < 10 for table in quantiser.tables())
    assert all((book.counts[1:] >= 0.9 * 0.5).all() for book in books), "who is reborn is given time to find frames"


@every_kind
def test_initial_codes_are_all_in_use(kind):
    quantiser, again = made(kind), made(kind)
    frames = batches(1, (300, 6))[0] + 2
    for one in (quantiser, again):
        one.initialise(frames, torch.Generator().manual_seed(1))
    assert same_state(quantiser, again)
    indices = quantiser.eval()(frames[None]).indices[0]
    assert [len(column.unique()) for column in indices.T] == list(quantiser.codes)


@every_kind
def test_half_precision_around_a_quantiser_does_not_reach_it(kind):
    quantiser = made(kind).eval()
    x = batches(1)[0].bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = quantiser(x)
    outside = quantiser(x.float())
    assert inside.vectors.dtype == torch.float32
    assert torch.equal(inside.vectors, outside.vectors)


@pytest.mark.parametrize("kind", ["ema", "gradient", "sliced ema", "sliced gradient"])
def test_gradients_go_straight_to_the_frames(kind):
    quantiser = made(kind)
    x = batches(1)[0].requires_grad_()
    weights = batches(1, seed=1)[0]
    (quantiser(x).vectors * weights).sum().backward()
    assert torch.equal(x.grad, weights)
    assert all(parameter.grad is None for parameter in quantiser.parameters())


def test_gradient_descent_on_codes_is_that_of_a_loop_over_frames():
    quantiser = made("gradient")
    codes = quantiser.codebook.detach().double().numpy().copy()
    for x in batches(8):
        frames = x.reshape(-1, 6).double().numpy()
        chosen = [int(np.argmin([((frame - code) ** 2).sum() for code in codes])) for frame in frames]
        gradient, distance = np.zeros_like(codes), 0.0
        for frame, code in zip(frames, chosen, strict=True):
            gradient[code] += 2 * (codes[code] - frame) / frames.size
            distance += ((codes[code] - frame) ** 2).sum() / frames.size
        result = quantiser(x.requires_grad_())
        assert result.indices.flatten().tolist() == chosen
        assert result.losses["codebook"].item() == pytest.approx(distance, rel=1e-5)
        assert result.losses["commitment"].item() == pytest.approx(distance, rel=1e-5)
        (result.losses["codebook"] + 0.25 * result.losses["commitment"]).backward()
        pull = np.array(
            [0.5 * (frame - codes[code]) / frames.size for frame, code in zip(frames, chosen, strict=True)]
        )
        np.testing.assert_allclose(x.grad.reshape(-1, 6), pull, rtol=1e-4, atol=1e-7)
        descend(quantiser, 3.0)
        codes -= 3.0 * gradient
    np.testing.assert_allclose(quantiser.codebook.detach(), codes, rtol=1e-4, atol=1e-6)


def test_sliced_losses_are_those_of_the_whole_vector():
    quantiser = SlicedQuantiser([EmaQuantiser(5, 4), EmaQuantiser(3, 2)])
    x = batches(1)[0]
    vectors, _, losses = quantiser(x)
    torch.testing.assert_close(losses["commitment"], (x - vectors).square().mean())


def test_slices_of_different_kinds_bring_all_their_losses():
    quantiser = SlicedQuantiser([EmaQuantiser(5, 4), SphereQuantiser(3, 2)])
    x = batches(1)[0]
    losses = quantiser(x).losses
    assert set(losses) == {"commitment", "codebook", "radius"}
    torch.testing.assert_close(losses["radius"], SphereQuantiser(3, 2)(x[..., 4:]).losses["radius"] / 3)


def test_each_slice_has_its_own_codes_usage_and_perplexity():
    quantiser = SlicedQuantiser([EmaQuantiser(2, 1), EmaQuantiser(4, 1)])
    quantiser.initialise(torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 2.0], [1.0, 3.0]]), torch.Generator())
    x = torch.tensor([[[0.0, 3.0], [0.0, 2.0], [0.0, 1.0], [0.0, 0.0]]])
    assert torch.equal(quantiser(x).vectors, x)
    assert quantiser.codes == (2, 4)
    np.testing.assert_allclose(quantiser.perplexity(), [1.0, 4.0])
    assert quantiser.figures() == pytest.approx({"usage": 5 / 6, "perplexity": 2.5, "revived": 0.0})
    assert all((usage == 0).all() for usage in quantiser.usage())


def test_slices_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="width of 6 cannot be cut into 4"):
        SlicedQuantiser.equal(EmaQuantiser, (2, 2, 2, 2), 6)


def test_the_slices_of_a_sampler_draw_different_noise():
    quantiser = SlicedQuantiser.equal(GumbelQuantiser, (50, 50), 6)
    with torch.no_grad():
        first, second = quantiser(torch.zeros(1, 200, 6)).indices[0].T
    assert (first == second).double().mean() < 0.2


def test_the_nearest_code_on_the_sphere_has_the_largest_cosine():
    quantiser = made("sphere").eval()
    x = batches(1)[0]
    table = quantiser.tables()[0]
    cosines = torch.nn.functional.cosine_similarity(x[:, :, None], table[None, None], dim=-1)
    assert torch.equal(quantiser(x).indices[..., 0], cosines.argmax(dim=-1))
    np.testing.assert_allclose(table.detach().norm(dim=1), 0.5 * 6**0.5, rtol=1e-5)


def test_the_losses_on_the_sphere_are_those_of_its_definition():
    quantiser = made("sphere")
    x = batches(1)[0]
    vectors, _, losses = quantiser(x)
    on_sphere = 0.5 * 6**0.5 * x / x.norm(dim=-1, keepdim=True)
    distance = (on_sphere - vectors).square().mean()
    torch.testing.assert_close(losses["codebook"].detach(), distance)
    torch.testing.assert_close(losses["commitment"].detach(), distance)
    torch.testing.assert_close(losses["radius"].detach(), (on_sphere - x).square().mean())


def test_codes_come_back_to_the_sphere_and_gradients_are_along_it():
    quantiser = made("sphere")
    for x in batches(5):
        x.requires_grad_()
        vectors, _, losses = quantiser(x)
        np.testing.assert_allclose(quantiser.codebook.detach().norm(dim=1), 0.5 * 6**0.5, rtol=1e-5)
        (losses["codebook"] + vectors.sum()).backward()
        assert ((quantiser.codebook.grad * quantiser.codebook).sum(dim=1).abs() < 1e-6).all()
        assert ((x.grad * x).sum(dim=-1).abs() < 1e-5).all()
        descend(quantiser, 10.0)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 5.0])
def test_codes_are_drawn_with_the_probabilities_of_the_softmax(temperature):
    quantiser = GumbelQuantiser(4, 2)
    quantiser.codebook.data.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    frame = torch.tensor([0.3, 0.6])
    with torch.no_grad():
        indices = quantiser(frame.expand(1, 40_000, 2), temperature=temperature).indices.flatten()
    expected = (-(frame - quantiser.codebook).square().sum(dim=1)).softmax(dim=0).detach()
    np.testing.assert_allclose(torch.bincount(indices, minlength=4) / 40_000, expected, atol=0.01)


def test_a_hard_sample_is_a_code_and_has_the_gradient_of_the_soft_one():
    hard, soft = made("gumbel"), made("soft gumbel")
    one, other = batches(1)[0].requires_grad_(), batches(1)[0].requires_grad_()
    weights = batches(1, seed=1)[0]
    drawn, mixed = hard(one, temperature=0.7), soft(other, temperature=0.7)
    assert torch.equal(drawn.indices, mixed.indices)
    assert torch.equal(drawn.vectors, hard.lookup(drawn.indices))
    assert not torch.equal(drawn.vectors, mixed.vectors)
    (drawn.vectors * weights).sum().backward()
    (mixed.vectors * weights).sum().backward()
    torch.testing.assert_close(one.grad, other.grad)
    assert one.grad.abs().max() > 0


def test_diversity_is_zero_for_even_use_and_largest_for_one_code():
    quantiser = GumbelQuantiser(4, 1)
    quantiser.codebook.data.copy_(torch.tensor([[-30.0], [-10.0], [10.0], [30.0]]))
    even = quantiser(torch.tensor([[[-30.0], [-10.0], [10.0], [30.0]]])).losses["diversity"]
    assert even.item() == pytest.approx(0, abs=1e-5)
    assert quantiser(torch.full((1, 5, 1), 30.0)).losses["diversity"].item() == pytest.approx(np.log(4), abs=1e-5)
