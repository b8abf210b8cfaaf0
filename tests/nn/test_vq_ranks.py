"""Two processes of torch.distributed against one process with all the data."""

import torch
from nn.ranks_running import on_two_ranks

from unitvoice.nn.vq import EmaQuantiser, GradientQuantiser, KMeansQuantiser, SlicedQuantiser

STEPS, ROWS = 30, 3  # of each rank


def trained(rank=None):
    """A quantiser that has seen the data of one rank, or of both."""
    rows = slice(None) if rank is None else slice(rank * ROWS, (rank + 1) * ROWS)
    random = torch.Generator().manual_seed(0)
    data = torch.randn(STEPS, 2 * ROWS, 8, 6, generator=random)
    mask = torch.rand(STEPS, 2 * ROWS, 8, generator=random) < 0.7  # the ranks have different numbers of valid frames
    torch.manual_seed(5)
    slices = [
        EmaQuantiser(9, 2, revive_below=2.0, seed=1),
        GradientQuantiser(6, 2, revive_below=3.0, seed=2),
        KMeansQuantiser(5, 2, inits=2, reassignment_ratio=0.9, seed=3),
    ]
    quantiser = SlicedQuantiser(slices)
    quantiser.initialise(data[0, rows][mask[0, rows]], torch.Generator().manual_seed(1))
    for x, valid in zip(data[:, rows], mask[:, rows], strict=True):
        quantiser(x, valid)
    return quantiser


def state(rank):
    """What a rank has learned."""
    return trained(rank).state_dict()


def test_two_processes_learn_the_codes_of_one_with_the_whole_batch(tmp_path):
    expected = trained().state_dict()
    assert all((expected[f"parts.{part}.revived"] > 0).all() for part in (0, 1, 2))
    for found in on_two_ranks(__file__, "state", tmp_path):
        for name, value in expected.items():
            assert torch.equal(found[name], value), name
