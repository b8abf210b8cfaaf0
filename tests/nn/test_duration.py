"""Runs of units and their predicted lengths: nothing is lost, every run lasts, and company changes nothing."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unitvoice.nn.duration import DurationPredictor, collapsed, fitted, source_places

codes = st.lists(st.integers(0, 3), min_size=1, max_size=30)


@given(codes)
def test_runs_repeated_by_their_lengths_are_the_sequence(said):
    sequence = torch.tensor(said)
    runs = collapsed(sequence[None])
    assert torch.equal(runs.codes[0].repeat_interleave(runs.lengths[0]), sequence)
    assert bool((runs.codes[0, 1:] != runs.codes[0, :-1]).all())
    assert bool((runs.lengths >= 1).all())


@given(codes)
def test_runs_of_their_own_lengths_come_from_their_own_places(said):
    lengths = collapsed(torch.tensor([said])).lengths[0]
    assert source_places(lengths, lengths).tolist() == list(range(len(said)))


@given(codes, st.data())
def test_runs_of_other_lengths_keep_their_codes_and_their_order(said, data):
    sequence = torch.tensor(said)
    runs = collapsed(sequence[None])
    others = torch.tensor([data.draw(st.integers(1, 9)) for _ in range(runs.codes.shape[1])])
    places = source_places(runs.lengths[0], others)
    assert torch.equal(sequence[places], runs.codes[0].repeat_interleave(others))
    assert bool((places.diff() >= 0).all())


@given(st.lists(st.floats(0.1, 50.0), min_size=1, max_size=12), st.integers(0, 60))
def test_fitted_lengths_sum_to_the_total_and_none_is_lost(wanted, more):
    total = len(wanted) + more
    lengths = fitted(torch.tensor(wanted), total)
    assert int(lengths.sum()) == total
    assert int(lengths.min()) >= 1
    order = torch.tensor(wanted).argsort()
    assert bool((lengths[order].diff() >= 0).all()) or len(set(wanted)) < len(wanted)


def test_sequences_of_a_batch_are_collapsed_each_for_itself():
    runs = collapsed(torch.tensor([[1, 1, 2, 2], [3, 4, 3, 4], [5, 5, 5, 5]]))
    assert runs.codes.tolist() == [[1, 2, 0, 0], [3, 4, 3, 4], [5, 0, 0, 0]]
    assert runs.lengths.tolist() == [[2, 2, 0, 0], [1, 1, 1, 1], [4, 0, 0, 0]]
    # runs at the ends may be cut, where there are others to learn from
    assert runs.whole.tolist() == [[True, True, False, False], [False, True, True, False], [True, False, False, False]]


def test_the_published_layers():
    predictor = DurationPredictor(128)
    assert [part.kernel_size for part in predictor.convolutions] == [(3,), (3,)]
    assert sum(part.numel() for part in predictor.parameters()) == 2 * (128 * 128 * 3 + 128) + 2 * 256 + 129
    assert predictor.dropout.p == 0.5


def test_the_loss_is_of_the_logarithm_of_one_more_than_the_length():
    predictor = DurationPredictor(4).eval()
    torch.nn.init.zeros_(predictor.last.weight)
    torch.nn.init.zeros_(predictor.last.bias)
    runs = collapsed(torch.tensor([[7, 1, 1, 1, 2, 9]]))
    expected = (torch.tensor([4.0, 2.0]).log().square()).mean()
    torch.testing.assert_close(predictor.loss(torch.randn(1, 4, 4), runs), expected)


def test_a_predicted_length_is_one_at_least():
    predictor = DurationPredictor(4).eval()
    for bias, length in ((-5.0, 1), (0.0, 1), (torch.tensor(1 + 6.0).log().item(), 6)):
        torch.nn.init.zeros_(predictor.last.weight)
        torch.nn.init.constant_(predictor.last.bias, bias)
        assert predictor.lengths(torch.randn(3, 4)).tolist() == [length] * 3


def test_a_prediction_is_the_same_in_any_company():
    torch.manual_seed(0)
    predictor = DurationPredictor(6).eval()
    x = torch.randn(2, 5, 6)
    there = torch.tensor([[True] * 3 + [False] * 2, [True] * 5])
    alone = predictor(x[:1, :3], there[:1, :3])
    torch.testing.assert_close(predictor(x, there)[:1, :3], alone)


def test_it_learns_which_units_last():
    torch.manual_seed(0)
    predictor, table = DurationPredictor(8, dropout=0.0), torch.randn(2, 8)
    optimiser = torch.optim.Adam(predictor.parameters(), 0.02)
    runs = collapsed(torch.tensor([[0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0]] * 4))
    for _ in range(60):
        optimiser.zero_grad()
        predictor.loss(table[runs.codes], runs).backward()
        optimiser.step()
    assert predictor.eval().lengths(table[torch.tensor([0, 1, 0, 1, 0])]).tolist()[1:4] == [5, 1, 5]


@pytest.mark.parametrize("count", [1, 2])
def test_short_crops_count_with_all_their_runs(count):
    runs = collapsed(torch.arange(count)[None])
    assert runs.whole.all()
