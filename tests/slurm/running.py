"""Snakemake on a private Slurm, and what Slurm says of its jobs."""

import subprocess
import sys
import time
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
        "stages": {"vqvae": {"steps": 40, "batch": 4, "checkpoint_every": 20}},
    },
    "conversion": {"iterations": 4},
}


def snakemake(folder, environment, *arguments, **changes):
    """Start the workflow of a small configuration in a folder; what it prints goes to the file ``said`` there."""
    folder.mkdir(exist_ok=True)
    config = yaml.safe_load((ROOT / "config.yaml").read_text()) | TINY | changes
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
    command += ["--configfile", folder / "config.yaml", "--nocolor", *arguments]
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"
    with (folder / "said").open("w") as stream:
        return subprocess.Popen(
            [str(part) for part in command],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment | {"PATH": path, "GLOO_SOCKET_IFNAME": "lo"},
        )


def finished(process, folder):
    """The exit code of a started workflow, and what it printed."""
    return process.wait(timeout=1500), (folder / "said").read_text()


def jobs(environment, rule):
    """What Slurm knows of the jobs of a rule, oldest first."""
    said = subprocess.run(
        ["scontrol", "show", "job", "--oneliner"], env=environment, capture_output=True, text=True, check=True
    )
    known = [dict(part.partition("=")[::2] for part in line.split()) for line in said.stdout.splitlines()]
    return [job for job in known if job.get("Comment", "").startswith(f"rule_{rule}")]


def wait_for(condition, seconds=600):
    """Look every half second until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.5)
