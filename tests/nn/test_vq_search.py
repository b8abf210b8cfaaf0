"""The search for the nearest code."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unitvoice.nn.vq import search
from unitvoice.nn.vq.search import nearest


def by_loop(frames, table):
    return [min(range(len(table)), key=lambda code: sum((frame - table[code]) ** 2)) for frame in frames]


@given(st.integers(1, 9), st.integers(1, 7), st.integers(1, 9), st.integers(0, 999))
@settings(deadline=None, max_examples=60)
def test_it_finds_what_a_loop_finds_also_on_ties(rows, width, codes, seed):
    random = np.random.default_rng(seed)
    frames, table = (random.integers(-2, 3, (n, width)).astype(np.float32) for n in (rows, codes))
    assert nearest(torch.tensor(frames), torch.tensor(table)).tolist() == by_loop(frames, table)


def test_ties_go_to_the_lowest_index_far_from_the_origin_too():
    table = torch.full((5, 16), 1e4) + torch.randn(1, 16, generator=torch.Generator().manual_seed(0))
    assert nearest(torch.randn(30, 16), table).tolist() == [0] * 30
    between = torch.tensor([[4.0], [2.0], [0.0]])
    assert nearest(torch.tensor([[1.0], [3.0]]), between).tolist() == [1, 0]


def test_ties_that_rounding_hides_go_to_the_lowest_index():
    random = torch.Generator().manual_seed(0)
    frames, shifts = torch.randint(1 << 30, (2, 200, 8), generator=random).double()  # their products need 60 bits
    for frame, shift in zip(frames, shifts, strict=True):
        assert nearest(frame, torch.stack([frame + shift, frame - shift])) == 0
        assert nearest(frame, torch.stack([frame - shift, frame + shift])) == 0


def test_a_frame_has_the_same_code_in_a_batch_of_any_shape(monkeypatch):
    random = torch.Generator().manual_seed(0)
    table = torch.randn(64, 24, generator=random)
    pairs = torch.randint(64, (2, 3000), generator=random)
    frames = (table[pairs[0]] + table[pairs[1]]) / 2  # as near to a tie as single precision allows
    everything = nearest(frames, table)
    assert torch.equal(torch.cat([nearest(frame[None], table) for frame in frames]), everything)
    assert torch.equal(nearest(frames.reshape(3, 1000, 24), table).flatten(), everything)
    assert torch.equal(torch.cat([nearest(part, table) for part in frames.split(7)]), everything)
    monkeypatch.setattr(search, "CELLS", 640)
    assert torch.equal(nearest(frames, table), everything)
