"""What the configuration asks of the machines: how many of them train, with which GPUs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unitvoice.errors import InputError

__all__ = ["Placement"]


@dataclass(frozen=True)
class Placement:
    """Where networks are trained and used; all of it in the words of the executor for Slurm, which others may ignore.

    Args:
        gpus: of each machine; with several, or on several machines, each is a rank of the training.
        nodes: machines that train together.
        workers: processes that read batches for each rank.
    """

    gpus: int = 0
    nodes: int = 1
    workers: int = 0

    @classmethod
    def of(cls, training: Mapping[str, Any]) -> "Placement":
        """The placement of a section ``training``; InputError when it contradicts itself."""
        device, gpus, nodes = training["device"], training["gpus"], training["nodes"]
        if device == "cpu" and gpus:
            raise InputError(f"training.gpus is {gpus}, but training.device is cpu; take auto or cuda, or no GPUs")
        gpus = max(gpus, int(device == "cuda"))
        if nodes > 1 and not gpus:
            raise InputError(f"training.nodes is {nodes}, but several machines train by their GPUs; set training.gpus")
        return cls(gpus, nodes, training["workers"])

    @property
    def options(self) -> str:
        """Command line options of the training's launcher."""
        return f"--gpus {self.gpus} --nodes {self.nodes}"

    @property
    def gpu(self) -> int:
        """GPUs of a job that uses a network, of which no such job needs two."""
        return min(self.gpus, 1)

    @property
    def resources(self) -> dict[str, Any]:
        """Resources of the training, besides memory, time and CPUs."""
        if self.nodes == 1:
            return {"gpu": self.gpus}
        # the job starts its ranks by srun, so it must not be in a step of srun itself, which is what `mpi` means; the
        # executor takes no single task per node for that
        return {"mpi": "srun", "nodes": self.nodes, "tasks_per_node": max(2, self.gpus), "gres": f"gpu:{self.gpus}"}

    def cpus(self, threads: int) -> int:
        """CPUs of a task of the training, which is one rank of it on several machines, and else all ranks together."""
        return (max(1, self.gpus) if self.nodes == 1 else 1) * (threads + self.workers)
