"""Running the workflow while it is harmed: Snakemake as a process, the jobs that it starts, and what it leaves."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import psutil
from workflow_running import ROOT, command, configure, environment, tiny

from unitvoice.provenance import SEAL

TINY = tiny(40, 8)
RESULTS = Path("results", "demo")
HANDED_IN = ("vqvae-mel/submission.zip", "results.json", "results.csv", "summary.txt")
SNAKEMAKES_OWN = ("cannot be locked", "older modification time", "No space left on device", "Read-only file system")
POLL = 0.05  # s


class Ended(NamedTuple):
    """A run of Snakemake that has ended."""

    code: int
    text: str

    @property
    def message(self) -> str:
        """The one sentence of ours, or Snakemake's own; empty when it says neither."""
        found = re.findall(r"^error: (.*)$", self.text, re.MULTILINE)
        found += re.findall(f"^.*(?:{'|'.join(SNAKEMAKES_OWN)}).*$", self.text, re.MULTILINE)
        return found[0] if found else ""

    @property
    def told(self) -> bool:
        """Whether it ended well, or with a message and without a fault of ours."""
        ours = re.search('internal error|File ".*/src/unitvoice/', self.text)  # the latter stands in a traceback
        return not ours and (self.code == 0 or bool(self.message))


class Workflow:
    """The tiny workflow in a folder."""

    def __init__(self, folder: Path, targets: tuple[str, ...] = ()) -> None:
        self.folder, self.targets = folder, targets
        self._snakemake: subprocess.Popen[str] | None = None

    def command(self, *arguments: str) -> list[str]:
        return command(self.folder, "--cores", "2", *(arguments or self.targets))

    def start(self, *arguments: str) -> None:
        """Start Snakemake in a process group of its own, which interrupts reach."""
        if not (self.folder / "config.yaml").exists():
            configure(self.folder, TINY)
        self._log = (self.folder.parent / f"{self.folder.name}.log").open("w+")
        self._snakemake = subprocess.Popen(
            self.command(*arguments),
            stdout=self._log,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=environment(),
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - as at a terminal
        )

    def wait(self) -> Ended:
        code = self._snakemake.wait()
        self._log.seek(0)
        with self._log:
            return Ended(code, self._log.read())

    def run(self, *arguments: str) -> Ended:
        self.start(*arguments)
        return self.wait()

    @property
    def running(self) -> bool:
        return self._snakemake is not None and self._snakemake.poll() is None

    def job(self, wanted: Iterable[tuple[str, str]]) -> tuple[int, psutil.Process] | None:
        """Wait until a job runs one of some modules, and reads a path or its folder; None when Snakemake has ended."""
        while self.running:
            for process in self._inside():
                for place, (module, reading) in enumerate(wanted):
                    if _runs(process, module, reading):
                        return place, process
            time.sleep(POLL)
        return None

    def passed(self, path: str) -> bool:
        """Wait until a job has read a path and succeeded; False when Snakemake has ended in another way."""
        while self.running:
            if any(_lies_in(path, inputs.split(", ")) for _, inputs in self._finished()):
                return True
            time.sleep(POLL)
        return self._snakemake.returncode == 0

    def _finished(self) -> list[tuple[str, str]]:
        """Rule and inputs of all jobs that have succeeded."""
        text = self._said()
        begun = {
            number: (rule, inputs)
            for rule, inputs, number in re.findall(
                r"^(?:local)?rule (\w+):\n(?:    input: (.*)\n)?(?:    .*\n)*?    jobid: (\d+)$", text, re.MULTILINE
            )
        }
        return [
            begun[number] for number in re.findall(r"^Finished jobid: (\d+)", text, re.MULTILINE) if number in begun
        ]

    def _said(self) -> str:
        return Path(self._log.name).read_text()

    @property
    def group(self) -> int:
        return self._snakemake.pid

    def _inside(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self._snakemake.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """End Snakemake and its jobs at once; none of them is left."""
        inside = self._inside()
        os.killpg(self.group, signal.SIGKILL)
        self.wait()
        self.end_orphans()
        psutil.wait_procs(inside)

    def end_orphans(self) -> None:
        """Kill what outlived a Snakemake of this folder; none of it is left."""
        orphans = [process for process in psutil.process_iter() if _cwd(process) == str(self.folder)]
        for process in orphans:
            process.kill()
        psutil.wait_procs(orphans)

    def digests(self) -> dict[str, str]:
        """The seals of all that has been handed on, by path."""
        seals = sorted((self.folder / RESULTS).rglob(f"*{SEAL}"))
        inside = [seal for seal in seals if "shards" not in seal.parts and ".part" not in str(seal)]
        return {str(seal.relative_to(self.folder)): json.loads(seal.read_text())["digest"] for seal in inside}

    def handed_in(self) -> dict[str, bytes]:
        """The archive and the data of the report."""
        return {name: (self.folder / RESULTS / name).read_bytes() for name in HANDED_IN}


def _runs(process: psutil.Process, module: str, reading: str) -> bool:
    try:
        line = process.cmdline()
    except psutil.Error:
        return False
    named = line[1:2] == ["-m"] and line[2].startswith(f"unitvoice.{module}")
    return named and (not reading or _lies_in(reading, line[3:]))


def _lies_in(path: str, places: Iterable[str]) -> bool:
    return any(place and Path(path).is_relative_to(place) for place in places)


def _cwd(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except psutil.Error:
        return ""
