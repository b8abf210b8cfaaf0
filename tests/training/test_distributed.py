"""Several processes: the codebook, the weights and the log of one process with the same batches."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load
from training.making import make_corpus, recipe, trained

from unitvoice.errors import InputError
from unitvoice.training.distributed import joined

# without noise, of which each rank has its own, and with a batch that two ranks can share
QUIET = {"model": {"jitter": 0.0, "warp": 0.0}, "batch": 8, "steps": 20, "develop_every": 10, "average": 0.5}
PROGRAMME = """
import sys
from pathlib import Path

import torch

import test_distributed as test

corpus, folder, rank = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
system = test.learned(corpus, folder)
torch.save(system.state_dict(), folder / f"{rank}.pt")
"""


def learned(corpus, folder, **stage):
    """The trained system."""
    from unitvoice.manifest import read_manifest  # noqa: PLC0415 - in a process of its own
    from unitvoice.store import Store  # noqa: PLC0415
    from unitvoice.training.train import train  # noqa: PLC0415

    stores = {"logmel": Store(corpus / "logmel")}
    wanted = recipe(**(QUIET | stage))
    return train(wanted, read_manifest(corpus / "manifest"), stores, folder / "model", folder / "state", seed=0)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus of which one utterance is held out."""
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def two(corpus, tmp_path_factory):
    """The folder of a training on two ranks, started as ``torchrun`` starts them."""
    folder = tmp_path_factory.mktemp("two")
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1]), *sys.path]
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "GLOO_SOCKET_IFNAME": "lo"}
    common |= {"PYTHONPATH": os.pathsep.join(paths), "CUDA_VISIBLE_DEVICES": ""}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAMME, corpus, folder, str(rank)],
            env=os.environ | common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in (0, 1)
    ]
    assert [process.wait(timeout=300) for process in processes] == [0, 0]
    return folder


@pytest.fixture(scope="module")
def one(corpus, tmp_path_factory):
    """The files of the same training in one process."""
    return trained(corpus, tmp_path_factory.mktemp("one"), recipe(**QUIET))


def test_all_ranks_have_the_same_system(two):
    first, second = (torch.load(two / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first), "codebooks, statistics or weights differ"


def test_two_ranks_learn_the_weights_of_one_process(two, one):
    expected = load(one["weights.safetensors"])
    for name, value in torch.load(two / "0.pt", weights_only=True).items():
        torch.testing.assert_close(
            value, expected[name], rtol=1e-3, atol=1e-4, msg=lambda text, n=name: f"{n}: {text}"
        )


def test_two_ranks_log_the_losses_of_one_process(two, one):
    found, expected = (two / "model" / "log.jsonl").read_text(), one["log.jsonl"].decode()
    for ours, theirs in zip(found.splitlines(), expected.splitlines(), strict=True):
        assert json.loads(ours) == pytest.approx(json.loads(theirs), rel=0.01)
    assert {"reconstruction", "perplexity", "dev_loss"} <= json.loads(found.splitlines()[-1]).keys()


def test_only_the_first_rank_writes(two):
    (log,) = two.glob("state/*/vqvae/log.jsonl")
    assert [json.loads(line)["step"] for line in log.read_text().splitlines()] == [10, 20]


def test_a_batch_that_ranks_cannot_share_is_told(corpus, tmp_path):
    with pytest.raises(InputError, match="a batch of 8 cannot be divided into 3 equal parts"):
        trained(corpus, tmp_path, recipe(batch=8, accumulate=3))


def test_without_torchrun_a_process_is_alone_on_the_cpu():
    with joined("cpu") as place:
        assert (place.device.type, place.rank, place.ranks) == ("cpu", 0, 1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told():
    with pytest.raises(InputError, match=r"has no GPU .* choose device cpu"), joined("cuda"):
        pass


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_gpu_learns_much_as_a_cpu_does_and_its_model_is_read_anywhere(corpus, one, tmp_path, precision):
    found = trained(corpus, tmp_path, recipe(**QUIET, precision=precision), device="cuda", workers=1)
    ours, theirs = (json.loads(files["log.jsonl"].decode().splitlines()[-1]) for files in (found, one))
    assert ours["reconstruction"] == pytest.approx(theirs["reconstruction"], rel=0.1)
    assert all(tensor.device.type == "cpu" for tensor in load(found["weights.safetensors"]).values())
