"""Snakemake on a private Slurm, what Slurm says of its jobs, and the processes that train."""

import re
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from workflow_running import ROOT, TINY, command, configure, environment

CLUSTER = ["--workflow-profile", ROOT / "workflow" / "profiles" / "slurm", "--jobs", "8", "--latency-wait", "10"]
CLUSTER += ["--slurm-init-seconds-before-status-checks", "1"]
PATIENCE = 3000  # s for what takes minutes, on a machine that has other work


@contextmanager
def snakemake(folder, base, *arguments, **changes):
    """The workflow of a small configuration, started in a folder; what it prints goes to the file ``said`` there."""
    configure(folder, TINY, changes)
    with (folder / "said").open("w") as stream:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", *command(folder, *arguments)],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment(base) | {"GLOO_SOCKET_IFNAME": "lo"},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def finished(process, folder):
    """The exit code of a started workflow, and what it printed."""
    return process.wait(timeout=PATIENCE), (folder / "said").read_text()


def complete(folder, *arguments, **changes):
    """The exit code of a workflow, and what it printed; the arguments are those of :func:`snakemake`."""
    with snakemake(folder, *arguments, **changes) as process:
        return finished(process, folder)


def model(language):
    """The model of a run, of which the first seed is the only one."""
    return Path("results", "demo", language, "vqvae-mel", "seed-0", "model")


def has_saved(folder, language):
    """Whether the training of a language has a checkpoint."""
    return any((folder / model(language)).parent.glob("training/*/vqvae/step-*.ckpt"))


def trainer(folder, language):
    """Number of the process that trains a language."""
    sought = {"unitvoice.training.train", str(model(language))}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (place / "cmdline").read_text().split("\0")
            if sought <= set(words) and (place / "cwd").readlink() == folder:
                return int(place.name)
    raise AssertionError(f"nothing trains {language}")


def jobs(environment, rule, language=""):
    """What Slurm knows of the jobs of a rule, oldest first."""
    said = subprocess.run(
        ["scontrol", "show", "job", "--oneliner"], env=environment, capture_output=True, text=True, check=True
    )
    known = [dict(part.partition("=")[::2] for part in line.split()) for line in said.stdout.splitlines()]
    return [job for job in known if re.match(f"rule_{rule}.*{language}", job.get("Comment", ""))]


def memory(job):
    """What a job asked for, such as 4000M."""
    return re.search(r"mem=(\w+)", job["TRES"])[1]


def wait_for(condition):
    """Look every half second until a condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.5)
