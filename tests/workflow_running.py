"""The workflow as tests run it: a configuration on a corpus of seconds, the command line, and what it finds."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

from unitvoice.settings import merged

ROOT = Path(__file__).parents[1]
QUICK = {  # whatever the system
    "demo": {"synthesiser": "formants", "size": "tiny"},
    "seeds": [0],
    "conversion": {"iterations": 4},
    "evaluation": {"judges": [], "maps": []},
}


def tiny(steps, checkpoint_every):
    """A configuration of so short a training of the default system."""
    stage = {"steps": steps, "batch": 4, "checkpoint_every": checkpoint_every}
    return QUICK | {"overrides": {"model": {"channels": 16, "layers": 1, "codes": 16}, "stages": {"vqvae": stage}}}


JUDGES = {"evaluation": {"judges": ["duration", "mcd"]}}  # the others take a minute
TINY = merged(tiny(120, 10), JUDGES)  # of the complete run that tests share


def configure(folder, *changes):
    """Write ``config.yaml`` into a folder, which need not exist: the project's own with changes, later ones first."""
    folder.mkdir(exist_ok=True)
    config = merged(yaml.safe_load((ROOT / "config.yaml").read_text()), *changes)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def command(folder, *arguments):
    """The command line of the workflow with the configuration of a folder, in this folder."""
    base = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
    base += ["--configfile", folder / "config.yaml", "--nocolor"]
    return [str(part) for part in (*base, *arguments)]


def environment(base=os.environ):
    """An environment in which jobs find the programs of this Python."""
    return base | {"PATH": f"{Path(sys.executable).parent}:{base['PATH']}"}


def run(folder, *arguments, base=os.environ):
    """The finished process of the workflow, with everything it printed in ``stdout``."""
    return subprocess.run(
        command(folder, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=environment(base),
        check=False,
    )
