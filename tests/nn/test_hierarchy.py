"""Codes at two rates: sizes, what each level sees, alignment, placement, and ids that say all there is to say."""

import pytest
import torch

from unitvoice.nn.convolutions import PreactivatedBlock
from unitvoice.nn.hierarchy import FrameDecoder, Hierarchy


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def small(**changes):
    torch.manual_seed(0)
    return Hierarchy(5, **({"channels": 8, "codes": 6, "width": 4} | changes))


def frames(rows=2, length=32):
    return torch.randn(rows, length, 5, generator=torch.Generator().manual_seed(1))


def test_the_published_sizes():
    encoder, decoder = Hierarchy(80), FrameDecoder(160, 512, 80)
    assert size(encoder.bottom) == 5_154_304
    assert [round(size(part) / 1e6, 2) for part in (encoder.top, encoder.descend, decoder)] == [4.99, 3.38, 4.61]
    assert round((size(encoder) + size(decoder) + 102 * 32) / 1e6, 1) == 18.2


def test_a_residual_block_adds_its_input_and_not_the_rectified_one():
    block = PreactivatedBlock(3).eval()
    for parameter in block.parameters():
        torch.nn.init.zeros_(parameter)
    x = torch.randn(1, 3, 7)
    assert torch.equal(block(x), x)


@pytest.mark.parametrize("halvings", [1, 2, 3])
def test_bottom_codes_are_as_many_as_the_halvings_say_and_top_codes_half_as_many(halvings):
    encoder = small(halvings=halvings).eval()
    stride = 2**halvings
    two = encoder(frames(length=4 * stride))
    assert two.indices.shape == (2, 4, 2)
    assert two.vectors.shape == two.continuous.shape == (2, 4, 8)
    assert torch.equal(two.indices[:, ::2, 0], two.indices[:, 1::2, 0])
    decoder = FrameDecoder(8, 8, 5, doublings=halvings)
    assert decoder(two.vectors.mT).shape == (2, 5, 4 * stride)


def seen(network, x, place):
    """First and last frame that a place of the result depends on, and how many that makes."""
    x = x.clone().requires_grad_()
    network(x)[..., place].sum().backward()
    found = x.grad.abs().sum(dim=(0, 2)).nonzero().flatten()
    return int(found[0]), int(found[-1]), int(found[-1] - found[0]) + 1


def test_the_levels_see_50_and_142_frames_around_their_own():
    encoder, x = small().eval(), frames(1, 320)
    first, last, count = seen(lambda x: encoder.bottom(x.mT), x, 40)
    assert count == 50
    assert abs((first + last) / 2 - (40 * 4 + 1.5)) <= 1
    first, last, count = seen(lambda x: encoder.top(encoder.bottom(x.mT)), x, 20)
    assert count == 142
    assert abs((first + last) / 2 - (20 * 8 + 3.5)) <= 1


@pytest.mark.parametrize("length", [1, 2, 5, 6])
def test_codes_decode_to_the_vectors_that_were_quantised(length):
    encoder = small().eval()
    two = encoder(frames())
    torch.testing.assert_close(encoder.vectors(two.indices), two.vectors)
    assert encoder.vectors(two.indices[:, :length]).shape == (2, length, 8)


def test_equal_codes_are_equal_rows_and_tell_the_two_levels_apart():
    encoder = small()
    pairs = torch.cartesian_prod(torch.arange(6), torch.arange(6))
    rows = encoder.rows(pairs)
    assert len({tuple(row) for row in rows.tolist()}) == 36
    assert torch.equal(rows[pairs[:, 0] == 3][:, :4], encoder.top_codes.codebook[3].expand(6, -1))
    assert torch.equal(rows[pairs[:, 1] == 2][:, 4:], encoder.bottom_codes.codebook[2].expand(6, -1))


def test_codes_of_an_utterance_do_not_depend_on_its_company():
    encoder, x = small().eval(), frames(4)
    together = encoder(x).indices
    for row in range(4):
        assert torch.equal(encoder(x[row : row + 1]).indices[0], together[row])


def test_codes_are_placed_where_the_encoder_puts_frames_in_use():
    encoder = small()
    x = frames(8, 64)
    encoder.initialise(x, torch.Generator().manual_seed(0))
    assert not encoder.training
    two = encoder(x)
    assert len(two.indices[..., 0].unique()) == len(two.indices[..., 1].unique()) == 6
    assert float(two.commitment) < 0.8 * float(two.continuous[..., :4].var(0).mean() + two.continuous[..., 4:].var())
    again = small()
    again.initialise(x, torch.Generator().manual_seed(0))
    assert torch.equal(again(x).indices, two.indices)


def test_too_few_frames_for_the_codes_are_told():
    with pytest.raises(ValueError, match="6 codes cannot be placed among 4 frames"):
        small().initialise(frames(1, 32), torch.Generator())


def test_nothing_is_learned_from_what_is_heard_but_gradients_pass():
    encoder = small(revive_below=0.5).train()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    x = frames().requires_grad_()
    with encoder.as_heard():
        encoder(x).vectors.sum().backward()
    assert encoder.training
    assert all(part.training for part in encoder.modules())
    assert bool(x.grad.abs().sum() > 0)
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


def test_figures_are_of_both_codebooks():
    encoder = small().train()
    encoder(frames())
    tops, bottoms = (part.clone() for part in (encoder.top_codes.used, encoder.bottom_codes.used))
    figures = encoder.figures()
    assert figures["usage"] == pytest.approx(float(((tops > 0).sum() + (bottoms > 0).sum()) / 12))
    assert 1 <= figures["perplexity"] <= 6
