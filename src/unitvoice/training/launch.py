"""Start the training as one process, or as one for each GPU of one machine or several."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from unitvoice import cli
from unitvoice.errors import InputError

__all__ = ["launch", "main", "requeue"]

log = logging.getLogger(__name__)
POLL = 0.2  # s between two looks at the processes
AS_RANK = 'RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID exec "$@"'  # the names that torchrun has for it


def launch(command: Sequence[str], *, processes: int, nodes: int = 1) -> int:
    """Run a command as the ranks of one training, by the variables of ``torchrun``.

    It is started here, or on several machines by ``srun`` in the allocation of a Slurm job. ``torchrun`` itself kills
    what has not saved 30 s after SIGTERM, and makes one of all exit codes.

    Args:
        command: of each rank.
        processes: ranks on each machine.
        nodes: machines.

    Returns:
        The exit code: of a rank that failed, upon which the others here are killed; else 75 when they have saved and
        ended early; else 0.

    Raises:
        InputError: there are to be several machines, but this is no job of Slurm.
    """
    known = {"WORLD_SIZE": str(processes * nodes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": _free_port()}
    if nodes == 1:
        return _launch_here(command, os.environ | known, processes)
    if "SLURM_JOB_ID" not in os.environ:
        raise InputError(f"training on {nodes} machines needs the allocation of a Slurm job; set training.nodes to 1")
    known["MASTER_ADDR"] = socket.gethostname()  # a job begins on its first machine, where rank 0 is
    shape = {"nodes": nodes, "ntasks": processes * nodes, "ntasks-per-node": processes}
    shape |= {"kill-on-bad-exit": 0, "wait": 0}  # the first rank may still save when the others have ended
    options = [f"--{name}={value}" for name, value in shape.items()]
    started = ["srun", *options, "bash", "-c", AS_RANK, "rank", *command]
    return subprocess.call(started, env=os.environ | known)


def _launch_here(command: Sequence[str], environment: Mapping[str, str], number: int) -> int:
    ranks: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _: object) -> None:
        for rank in ranks:
            rank.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    try:
        places = ({"RANK": rank, "LOCAL_RANK": rank} for rank in map(str, range(number)))
        ranks.extend(subprocess.Popen(command, env={**environment, **place}) for place in places)
        while True:
            codes = [rank.poll() for rank in ranks]
            ended = [code if code >= 0 else 128 - code for code in codes if code is not None]
            if failed := [code for code in ended if code not in {0, os.EX_TEMPFAIL}]:
                return failed[0]
            if len(ended) == number:
                return max(ended)
            time.sleep(POLL)
    finally:
        for rank in ranks:
            rank.kill()
            rank.wait()


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return str(probe.getsockname()[1])


def requeue() -> None:
    """Have Slurm run this job again, unless it was cancelled; where there is no Slurm nothing happens."""
    job = os.environ.get("SLURM_JOB_ID")
    if job and "JobState=RUNNING" in _said("scontrol", "show", "job", job):
        log.info("job %s goes back to the queue %s", job, _said("scontrol", "requeue", job))


def _said(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def main(argv: Sequence[str] | None = None) -> int:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.epilog = "All other arguments are those of unitvoice.training.train."
    parser.add_argument("--gpus", type=cli.natural, default=0, help="of each machine; a process for each")
    parser.add_argument("--nodes", type=cli.positive, default=1, help="machines, within the allocation of a Slurm job")
    parser.add_argument("--requeue", action="store_true", help="have Slurm run its job again when time was up")
    options, arguments = parser.parse_known_args(argv)
    command = [sys.executable, "-m", "unitvoice.training.train", *arguments]
    code = launch(command, processes=max(1, options.gpus), nodes=options.nodes)
    if code == os.EX_TEMPFAIL and options.requeue:
        requeue()
    return code


if __name__ == "__main__":
    cli.run(main)
