"""Drawing from distributions: as often as they say, and never what they exclude."""

import torch

from unitvoice.nn.sampling import draw_category


def test_categories_are_drawn_as_often_as_they_are_likely():
    chances = torch.tensor([0.5, 0.2, 0.0, 0.3])
    noise = (torch.arange(1000) + 0.5) / 1000
    drawn = draw_category(chances.log().expand(1000, -1), noise)
    assert torch.bincount(drawn, minlength=4).tolist() == [500, 200, 0, 300]


def test_impossible_categories_are_never_drawn_at_the_ends_of_the_noise():
    logits = torch.tensor([[-torch.inf, 0.0, -torch.inf]]).expand(2, -1)
    assert draw_category(logits, torch.tensor([0.0, 1 - 2**-24])).tolist() == [1, 1]


def test_large_logits_do_not_overflow():
    assert draw_category(torch.tensor([[1e4, 0.0], [0.0, 1e4]]), torch.tensor([0.5, 0.5])).tolist() == [0, 1]
