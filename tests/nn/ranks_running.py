"""Two processes of torch.distributed on one machine."""

import os
import subprocess
import sys
from pathlib import Path

import torch

PROGRAMME = """
import sys
import torch
from torch import distributed
import {module} as test

rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
distributed.init_process_group("gloo", init_method=f"file://{{folder}}/meeting", rank=rank, world_size=2)
torch.save(test.{function}(rank), f"{{folder}}/{{rank}}.pt")
distributed.barrier()
distributed.destroy_process_group()
"""


def on_two_ranks(file, function, folder):
    """What ``function(rank)`` of a test's file returns on each of two ranks."""
    here = Path(file)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(here.parent), *sys.path]),
        "GLOO_SOCKET_IFNAME": "lo",
    }
    programme = PROGRAMME.format(module=here.stem, function=function)
    processes = [
        subprocess.Popen([sys.executable, "-c", programme, str(rank), str(folder)], env=environment) for rank in (0, 1)
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
