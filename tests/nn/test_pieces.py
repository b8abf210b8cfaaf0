"""Long inputs piece by piece: the same result, in bounded memory."""

import pytest
import torch

from unitvoice.nn.melgan import Generator
from unitvoice.nn.pieces import in_pieces


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 30, 33])
def test_a_wave_in_pieces_is_the_whole_wave(length):
    torch.manual_seed(0)
    generator = Generator(4, channels=2, ratios=(8, 4, 2)).eval()
    x = torch.randn(2, 4, length)
    with torch.no_grad():
        found = in_pieces(generator, x, hop=generator.hop, reach=generator.reach, size=8)
        torch.testing.assert_close(found, generator(x), atol=1e-6, rtol=0)


def test_the_network_never_sees_more_than_a_piece_and_its_sides():
    seen = []

    def network(x):
        seen.append(x.shape[-1])
        return x[:, 0]

    x = torch.randn(1, 1, 1000)
    assert torch.equal(in_pieces(network, x, hop=1, reach=3, size=10), x[:, 0])
    assert max(seen) == 16
