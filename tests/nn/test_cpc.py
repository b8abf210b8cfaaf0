"""Contrastive prediction against loops over every speaker, utterance, position and negative."""

import math

import pytest
import torch

from unitvoice.nn import cpc
from unitvoice.nn.cpc import ContrastivePrediction, draw_negatives

SHAPE = (3, 4, 9)  # speakers, utterances, frames
WIDTH, CONTEXT, STEPS, NEGATIVES = 5, 7, 2, 6


def data(seed=0):
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(*SHAPE, WIDTH, generator=draws), torch.randn(*SHAPE, CONTEXT, generator=draws)


def module():
    torch.manual_seed(1)
    return ContrastivePrediction(WIDTH, CONTEXT, steps=STEPS, negatives=NEGATIVES)


@torch.no_grad()
def slow(contrast, frames, context):
    """Loss and accuracy, one candidate at a time, with the negatives that torch's random state gives."""
    weight = contrast.predictors.weight.view(STEPS, WIDTH, CONTEXT)
    bias = contrast.predictors.bias.view(STEPS, WIDTH)
    length = SHAPE[2] - STEPS
    losses, hits = [], []
    for step in range(STEPS):
        places = draw_negatives(*SHAPE[:2], length, NEGATIVES)
        for speaker in range(SHAPE[0]):
            for utterance in range(SHAPE[1]):
                for time in range(length):
                    prediction = weight[step] @ context[speaker, utterance, time] + bias[step]
                    drawn = places[speaker, utterance, time].tolist()
                    candidates = [(utterance, time)] + [divmod(place, length) for place in drawn]
                    found = [frames[speaker, whose, when + step + 1] for whose, when in candidates]
                    scores = [math.exp(float(prediction @ one) / math.sqrt(WIDTH)) for one in found]
                    losses.append(-math.log(scores[0] / sum(scores)))
                    hits.append(scores[0] == max(scores))
    return sum(losses) / len(losses), sum(hits) / len(hits)


def test_loss_and_accuracy_are_those_of_loops():
    contrast = module()
    torch.manual_seed(5)
    loss, accuracy = contrast(*data())
    torch.manual_seed(5)
    expected = slow(contrast, *data())
    assert loss.item() == pytest.approx(expected[0], rel=1e-5)
    assert accuracy.item() == pytest.approx(expected[1], rel=1e-6)


def test_negatives_are_of_the_same_speaker_at_another_time_and_every_such_place_is_drawn():
    speakers, utterances, length, count = 3, 2, 4, 400
    torch.manual_seed(0)
    places = draw_negatives(speakers, utterances, length, count)
    assert places.shape == (speakers, utterances, length, count)
    for time in range(length):
        others = {u * length + t for u in range(utterances) for t in range(length) if t != time}
        for row in places[:, :, time].flatten(0, 1):
            assert set(row.tolist()) == others
            shares = torch.bincount(row)[sorted(others)] / count
            assert (shares - 1 / len(others)).abs().max() < 0.08


def test_the_drawn_utterances_are_shared_by_speakers_and_positions_and_the_times_are_not():
    torch.manual_seed(0)
    chosen = draw_negatives(3, 8, 20, 17) // 20
    assert (chosen == chosen[:1, :, :1]).all()
    assert not (chosen[0, 0] == chosen[0, 1]).all()
    times = draw_negatives(3, 8, 20, 17) % 20
    assert not (times[0] == times[1]).all()


def test_frames_of_another_speaker_do_not_matter(monkeypatch):
    frames, context = data()
    contrast = module()
    fixed = draw_negatives(*SHAPE[:2], SHAPE[2] - STEPS, NEGATIVES)
    monkeypatch.setattr(cpc, "draw_negatives", lambda *_: fixed)
    frames = frames.requires_grad_()
    products = []
    real = torch.Tensor.gather

    def spied(tensor, *arguments):
        products.append(real(tensor, *arguments))
        return products[-1]

    monkeypatch.setattr(torch.Tensor, "gather", spied)
    contrast(frames, context)
    (gradient,) = torch.autograd.grad(sum(scores[1].sum() for scores in products), frames)
    assert (gradient[[0, 2]] == 0).all()
    assert (gradient[1, :, 1:] != 0).any()


def test_guessing_costs_the_logarithm_of_the_candidates():
    torch.manual_seed(0)
    contrast = ContrastivePrediction(64, 256, steps=6, negatives=17)
    frames, context = torch.randn(8, 8, 70, 64), 0.05 * torch.randn(8, 8, 70, 256)
    loss, accuracy = contrast(frames, context)
    assert loss.item() == pytest.approx(math.log(18), abs=0.01)
    assert accuracy.item() == pytest.approx(1 / 18, abs=0.005)


def test_equal_frames_are_told_apart_by_chance_only():
    contrast = module()
    _, context = data()
    loss, accuracy = contrast(torch.ones(*SHAPE, WIDTH), context)
    assert loss.item() == pytest.approx(math.log(1 + NEGATIVES), rel=1e-5)
    assert accuracy.item() < 0.3


def test_what_can_be_predicted_is_learned():
    torch.manual_seed(0)
    frames = torch.randn(2, 4, 12, 16)
    context = frames.roll(-1, dims=2)  # the context gives the next frame away
    contrast = ContrastivePrediction(16, 16, steps=1, negatives=7)
    optimiser = torch.optim.Adam(contrast.parameters(), 0.05)
    for _ in range(60):
        optimiser.zero_grad()
        loss, accuracy = contrast(frames, context)
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.3
    assert accuracy.item() > 0.9


def test_only_predictors_in_use_are_built_and_every_one_learns():
    assert sum(p.numel() for p in ContrastivePrediction(64, 256).parameters()) == 98_688
    contrast = module()
    contrast(*data()).loss.backward()
    rows = contrast.predictors.weight.grad.view(STEPS, WIDTH, CONTEXT)
    assert (rows.abs().sum(dim=(1, 2)) > 0).all()


def test_frames_and_context_both_get_gradient():
    frames, context = (one.requires_grad_() for one in data())
    module()(frames, context).loss.backward()
    assert (frames.grad[:, :, 1:] != 0).any(dim=-1).all()
    assert (frames.grad[:, :, 0] == 0).all()  # nothing predicts the first frame
    length = SHAPE[2] - STEPS
    assert (context.grad[:, :, :length] != 0).any(dim=-1).all()
    assert (context.grad[:, :, length:] == 0).all()


def test_too_few_frames_are_told():
    with pytest.raises(ValueError, match="3 frames are too few to predict 2 steps ahead"):
        module()(torch.zeros(1, 1, 3, WIDTH), torch.zeros(1, 1, 3, CONTEXT))
