"""What the configuration asks of the machines."""

import pytest

from unitvoice.errors import InputError
from unitvoice.placement import Placement

NOTHING = {"device": "auto", "gpus": 0, "nodes": 1, "workers": 0, "tensorboard": False}


def test_nothing_is_asked_for_unless_the_configuration_says_so():
    found = Placement.of(NOTHING)
    assert (found.options, found.gpu, found.resources) == ("--gpus 0 --nodes 1", 0, {"gpu": 0})
    assert found.cpus(threads=1) == 1


def test_the_device_cuda_is_a_gpu():
    found = Placement.of(NOTHING | {"device": "cuda"})
    assert (found.gpu, found.resources) == (1, {"gpu": 1})


def test_the_ranks_of_a_machine_are_one_task_and_those_of_several_are_tasks_of_their_own():
    asked = NOTHING | {"gpus": 4, "workers": 2}
    assert Placement.of(asked).cpus(threads=1) == 12
    several = Placement.of(asked | {"nodes": 3})
    assert several.cpus(threads=1) == 3
    assert several.resources == {"mpi": "srun", "nodes": 3, "tasks_per_node": 4, "gres": "gpu:4"}
    assert several.gpu == 1, "what only uses a network needs no more"


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"device": "cpu", "gpus": 2}, "training.gpus is 2, but training.device is cpu"),
        ({"nodes": 2}, "training.nodes is 2, but several machines train by their GPUs; set training.gpus"),
    ],
)
def test_contradictions_are_told(training, message):
    with pytest.raises(InputError, match=message):
        Placement.of(NOTHING | training)
