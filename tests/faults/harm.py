"""What goes wrong: processes that are shot, disks that are full or cannot be written, files that change, clocks."""

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

import psutil
from faults.running import RESULTS, Ended, Workflow

ENGLISH = RESULTS / "english"
SEED = ENGLISH / "vqvae-mel" / "seed-0"
SUBMISSION = RESULTS / "vqvae-mel"
# modules of the jobs, and about how long they take, s
JOBS = {
    "corpora.demo": 1.5,
    "systems.recipe": 0.5,
    "corpora.manifest": 0.8,
    "corpora.checks": 0.5,
    "features.extract": 3.0,
    "evaluation.representations": 3.0,
    "training.train": 4.0,
    "units.encode": 3.0,
    "evaluation.unit_statistics": 4.0,
    "conversion.convert": 4.0,
    "conversion.gather": 0.4,
    "evaluation.listening.speaker": 4.0,
    "submission.layout": 1.0,
    "submission.validation": 0.8,
    "submission.packaging": 0.5,
    "report.page": 4.0,
}
# what a job reads, by the module: harmed when the job has begun
READ = {
    "corpora.checks": [ENGLISH / "manifest" / "utterances.csv"],
    "features.extract": [ENGLISH / "manifest" / "corpus.json"],
    "training.train": [ENGLISH / "features" / "logmel" / "frames.npy", SUBMISSION / "recipe.json"],
    "units.encode": [SEED / "model" / "weights.safetensors", ENGLISH / "features" / "logmel" / "index.csv"],
    "evaluation.unit_statistics": [SEED / "units" / "indices" / "frames.npy"],
    "conversion.convert": [SEED / "units" / "indices" / "meta.json"],
    "evaluation.listening.speaker": [SEED / "converted"],
    "submission.layout": [SUBMISSION / "metadata.yaml", SEED / "units" / "vectors" / "frames.npy"],
    "submission.validation": [SUBMISSION / "submission" / "2019" / "english" / "test"],
    "submission.packaging": [SUBMISSION / "validation.json"],
    "report.page": [SEED / "abx" / "scores.json", SEED / "speakers.json", SUBMISSION / "submission.zip"],
}
DISK = "300m"
ROOM = 40_000  # bytes left on a disk that is nearly full
SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT}


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong while a job of a module runs."""

    kind: str
    module: str
    share: float = 0.0  # of the job's usual time that has passed
    detail: str = ""


@dataclass
class Tally:
    """What became of the faults of one kind."""

    tried: int = 0
    recovered: int = 0
    stopped: int = 0
    lost: int = 0
    wrong: int = 0


@dataclass
class Table:
    """What became of all faults."""

    kinds: dict[str, Tally] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def of(self, kind: str) -> Tally:
        return self.kinds.setdefault(kind, Tally())

    def text(self) -> str:
        head = ("fault", "tried", "recovered", "stopped with a message", "lost", "wrong")
        rows = [head, *((kind, *map(str, vars(tally).values())) for kind, tally in self.kinds.items())]
        totals: Counter[str] = Counter()
        for tally in self.kinds.values():
            totals.update(vars(tally))
        rows.append(("all", *(str(totals[name]) for name in vars(Tally()))))
        widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        return "\n".join([*lines, "", *self.notes]) + "\n"


class Campaign:
    """One run from nothing to the report in which one thing after the other goes wrong.

    After each fault the same command is given again. Where it stops with a message, the cure that it names is applied,
    and the command given once more. What is handed on must be what an undisturbed run handed on, at all times.
    """

    def __init__(self, flow: Workflow, reference: dict[str, str], table: Table, seed: int) -> None:
        self.flow, self.reference, self.table = flow, reference, table
        self.random = Random(seed)  # noqa: S311 - to be the same each time
        self._last: Fault | None = None  # that has not been judged
        self._stopped = self._silent = False  # whether the command has stopped since, and has not said why

    def endure(self, faults: Iterable[Fault]) -> None:
        """Let all faults happen, each when a job of its module runs, and finish."""
        waiting = list(faults)
        while found := self._until(waiting):
            fault, process = found
            waiting.remove(fault)
            time.sleep(fault.share * JOBS[fault.module])
            if process.is_running():
                self._last = fault
                self.table.of(fault.kind).tried += 1
                self._happen(fault, process)

    def _until(self, waiting: Sequence[Fault]) -> tuple[Fault, psutil.Process] | None:
        """Give the command, with cures where it asks for them, until a job of a fault runs; None when all is done."""
        for _ in range(5):
            if not self.flow.running:
                self.flow.start()
            if self._last is None or not self._last.detail or self.flow.passed(self._last.detail):
                found = self.flow.job([(fault.module, fault.detail) for fault in waiting])
                if found is not None:
                    self._judge()
                    return waiting[found[0]], found[1]
            ended = self.flow.wait()
            if ended.code == 0:
                self._judge()
                return None
            self._note(ended)
            self._cure(ended)
        raise AssertionError(f"no cure helps after {self._last}: {ended.text}")

    def _judge(self) -> None:
        """Count what became of the last fault."""
        if self._last is None:
            return
        tally = self.table.of(self._last.kind)
        found = self.flow.digests()
        if foreign := [path for path, digest in found.items() if self.reference.get(path) != digest]:
            tally.wrong += 1
            self.table.notes.append(f"{self._last}: {', '.join(foreign)} are not as in an undisturbed run")
        elif self._silent:
            tally.lost += 1
        elif self._stopped:
            tally.stopped += 1
        else:
            tally.recovered += 1
        self._last, self._stopped, self._silent = None, False, False

    def _note(self, ended: Ended) -> None:
        self._stopped = True
        if not ended.told:
            self._silent = True
            self.table.notes.append(f"{self._last} ended without a message: {ended.text[-2000:]}")

    def _cure(self, ended: Ended) -> None:
        """Do what the message says."""
        if "cannot be locked" in ended.text:
            self.flow.run("--unlock")
        if "older modification time" in ended.text:
            for path in self.flow.folder.rglob("*"):
                if path.stat().st_mtime > time.time():
                    os.utime(path)
        for part in ended.text.split("delete ")[1:]:
            path = self.flow.folder / part.split(", and run again")[0].strip()
            if path != self.flow.folder and path.is_relative_to(self.flow.folder) and path.exists():
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _happen(self, fault: Fault, process: psutil.Process) -> None:
        {
            "SIGKILL": self._shoot,
            "SIGTERM": self._shoot,
            "SIGINT": self._shoot,
            "disk": self._disk,
            "file": self._harm_file,
            "clock": self._clock,
            "second": self._second,
        }[fault.kind.split()[0]](fault, process)

    def _shoot(self, fault: Fault, process: psutil.Process) -> None:
        number = SIGNALS[fault.kind.split()[0]]
        target = fault.kind.rpartition(" ")[2]
        try:
            if target == "job":
                process.send_signal(number)
            elif target == "all":
                os.killpg(self.flow.group, number)
            else:
                os.kill(self.flow.group, number)
        except (psutil.NoSuchProcess, ProcessLookupError):
            pass
        self.flow.wait()

    def _stop(self) -> None:
        """End Snakemake and its jobs at once, and take its lock away, so that what comes next is a fault by itself."""
        self.flow.kill()
        shutil.rmtree(self.flow.folder / ".snakemake" / "locks", ignore_errors=True)

    def _disk(self, fault: Fault, process: psutil.Process) -> None:
        if "full" in fault.kind:
            self._remount(f"size={shutil.disk_usage(self.flow.folder).used + ROOM}")
            ended = self.flow.wait()
        else:
            self._stop()
            self._remount("ro")
            ended = self.flow.run()
        if ended.code:
            self._note(ended)
        self._remount(f"rw,size={DISK}")

    def _remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", self.flow.folder], check=True)

    def _harm_file(self, fault: Fault, process: psutil.Process) -> None:
        self._stop()
        place = self.flow.folder / fault.detail
        path = self.random.choice(sorted(place.iterdir())) if place.is_dir() else place
        times = path.stat()
        content = bytearray(path.read_bytes())
        if "cut" in fault.kind:
            content = content[: self.random.randrange(len(content))]
        else:
            bit = self.random.randrange(8 * len(content))
            content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def _clock(self, fault: Fault, process: psutil.Process) -> None:
        self._stop()
        shift = 86400 if "future" in fault.kind else -86400
        for path in (self.flow.folder / "results").rglob("*"):
            if self.random.random() < 0.5:
                os.utime(path, (time.time() + shift, time.time() + shift))

    def _second(self, fault: Fault, process: psutil.Process) -> None:
        done = subprocess.run(
            self.flow.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if not Ended(done.returncode, done.stdout).told or done.returncode == 0:
            self.table.notes.append(f"{fault}: the second run was not kept out: {done.stdout[-2000:]}")
            self._silent = True
        self._stopped = True
