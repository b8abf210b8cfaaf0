"""A private Slurm on this machine: munged, slurmctld and a slurmd for each node, without root and without /etc."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

# no accounting, as squeue knows what has ended for MinJobAge; config_overrides allows CPUs that the machine has not;
# a GPU must have a file, and any will do; cred_expire is how long a requeued job waits, 120 s when not given
CONFIGURATION = """
ClusterName=private
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
MailProg={true}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=2,batch_sched_delay=0,defer_batch=0
KillWait=10
MinJobAge=3600
InactiveLimit=0
GresTypes=gpu
{nodes}
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE DefMemPerCPU=500 State=UP
PartitionName=gpu Nodes=ALL Default=NO MaxTime=INFINITE DefMemPerCPU=500 State=UP
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=16 RealMemory=64000 Gres=gpu:2"
GPUS = "AutoDetect=off\nName=gpu File=/dev/null\nName=gpu File=/dev/zero\n"
# Snakemake's job steps forget every SLURM_* variable, so also where slurm.conf is
COMMAND = '#!/bin/sh\nSLURM_CONF="{folder}/slurm.conf" exec {path} "$@"\n'


@contextmanager
def private_slurm(nodes=("one", "two")):
    """The environment in which this Slurm is found, with partitions ``cpu`` and ``gpu``; it ends with the block.

    Each node has 16 CPUs, 64 GB and two GPUs, all of them pretended.
    """
    with TemporaryDirectory(prefix="slurm-") as place, ExitStack() as daemons:
        folder = Path(place)
        folder.chmod(0o711)  # munged insists on a folder that all may enter
        _configure(folder, nodes)
        environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
        environment |= {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        for command in _commands(folder, nodes):
            daemons.enter_context(_daemon(command, folder, environment))
        _wait_until_idle(folder, environment)
        try:
            yield environment
        finally:
            _cancel_all(environment)


def _configure(folder, nodes):
    for name in ("munge", "state", "bin"):
        (folder / name).mkdir()
    (folder / "munge").chmod(0o711)
    host, (port, *ports) = socket.gethostname().partition(".")[0], _free_ports(1 + len(nodes))
    lines = [NODE.format(name=name, host=host, port=own) for name, own in zip(nodes, ports, strict=True)]
    known = {"host": host, "port": port, "user": _user(), "folder": folder, "true": shutil.which("true")}
    (folder / "slurm.conf").write_text(CONFIGURATION.format(nodes="\n".join(lines), **known))
    (folder / "gres.conf").write_text(GPUS)
    key = folder / "munge" / "munge.key"
    key.touch(0o600)
    key.write_bytes(os.urandom(1024))
    for name in ("srun", "scontrol"):
        (folder / "bin" / name).write_text(COMMAND.format(folder=folder, path=shutil.which(name)))
        (folder / "bin" / name).chmod(0o755)


def _commands(folder, nodes):
    """Of all daemons, in the order in which they start."""
    places = {"key-file": "munge/munge.key", "socket": "munge/socket", "pid-file": "munged.pid"}
    places |= {"log-file": "munged.log", "seed-file": "munge/seed"}
    yield ["munged", "--foreground", "--force", *(f"--{option}={folder / place}" for option, place in places.items())]
    yield ["slurmctld", "-D", "-c"]
    yield from (["slurmd", "-D", "-c", "-N", name] for name in nodes)


@contextmanager
def _daemon(command, folder, environment):
    """A daemon for the block; it ends with this process, whatever ends that."""
    with (folder / "daemons.log").open("a") as said:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig=TERM", *command], env=environment, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_idle(folder, environment):
    for _ in range(600):
        states = _output(environment, "sinfo", "--noheader", "--Node", "--format=%t").split()
        if states and set(states) == {"idle"}:
            return
        time.sleep(0.1)
    raise RuntimeError("\n".join(path.read_text()[-2000:] for path in folder.glob("*.log")))


def _cancel_all(environment):
    subprocess.run(["scancel", f"--user={_user()}"], env=environment, check=False)
    for _ in range(300):
        if not _output(environment, "squeue", "--noheader"):
            break
        time.sleep(0.1)


def _output(environment, *command):
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def _user():
    return subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()


def _free_ports(number):
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
