"""Two processes of torch.distributed against one process with all the data."""

import os
import subprocess
import sys
from pathlib import Path

import torch

from unitvoice.nn.vq import EmaQuantiser, GradientQuantiser, SlicedQuantiser

STEPS, ROWS = 30, 3  # of each rank
PROGRAMME = """
import sys
import torch
from torch import distributed
import {module} as test

rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
distributed.init_process_group("gloo", init_method=f"file://{{folder}}/meeting", rank=rank, world_size=2)
torch.save(test.trained(rank).state_dict(), f"{{folder}}/{{rank}}.pt")
distributed.barrier()
distributed.destroy_process_group()
"""


def trained(rank=None):
    """A quantiser that has seen the data of one rank, or of both."""
    rows = slice(None) if rank is None else slice(rank * ROWS, (rank + 1) * ROWS)
    random = torch.Generator().manual_seed(0)
    data = torch.randn(STEPS, 2 * ROWS, 8, 6, generator=random)
    mask = torch.rand(STEPS, 2 * ROWS, 8, generator=random) < 0.7  # the ranks have different numbers of valid frames
    torch.manual_seed(5)
    slices = [EmaQuantiser(9, 3, revive_below=2.0, seed=1), GradientQuantiser(6, 3, revive_below=3.0, seed=2)]
    quantiser = SlicedQuantiser(slices)
    quantiser.initialise(data[0, rows][mask[0, rows]], torch.Generator().manual_seed(1))
    for x, valid in zip(data[:, rows], mask[:, rows], strict=True):
        quantiser(x, valid)
    return quantiser


def test_two_processes_learn_the_codes_of_one_with_the_whole_batch(tmp_path):
    here = Path(__file__)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(here.parent), *sys.path]),
        "GLOO_SOCKET_IFNAME": "lo",
    }
    programme = PROGRAMME.format(module=here.stem)
    processes = [
        subprocess.Popen([sys.executable, "-c", programme, str(rank), str(tmp_path)], env=environment)
        for rank in (0, 1)
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    expected = trained().state_dict()
    assert all(int(expected[f"parts.{part}.revived"]) > 0 for part in (0, 1))
    for rank in (0, 1):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for name, value in expected.items():
            assert torch.equal(found[name], value), name
