"""Snakemake on a private Slurm, what Slurm says of its jobs, and the processes that train."""

import re
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CLUSTER = ["--workflow-profile", ROOT / "workflow" / "profiles" / "slurm", "--jobs", "8", "--latency-wait", "10"]
CLUSTER += ["--slurm-init-seconds-before-status-checks", "1"]
TINY = {
    "demo": {"synthesiser": "formants", "size": "tiny"},
    "seeds": [0],
    "overrides": {
        "model": {"channels": 16, "layers": 1, "codes": 16},
        "stages": {"vqvae": {"steps": 120, "batch": 4, "checkpoint_every": 10}},
    },
    "conversion": {"iterations": 4},
    "evaluation": {"judges": [], "maps": []},
}
PATIENCE = 3000  # s for what takes minutes, on a machine that has other work


@contextmanager
def snakemake(folder, environment, *arguments, **changes):
    """The workflow of a small configuration, started in a folder; what it prints goes to the file ``said`` there."""
    folder.mkdir(exist_ok=True)
    config = yaml.safe_load((ROOT / "config.yaml").read_text()) | TINY | changes
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    command = [
        "setpriv",
        "--pdeathsig=KILL",
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        ROOT / "Snakefile",
        "--directory",
        folder,
    ]
    command += ["--configfile", folder / "config.yaml", "--nocolor", *arguments]
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"
    with (folder / "said").open("w") as stream:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment | {"PATH": path, "GLOO_SOCKET_IFNAME": "lo"},
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
