"""The whole workflow by the profile on a Slurm of its own that cancels one training, and ends the time of another."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from slurm.running import CLUSTER, finished, has_saved, is_warned, jobs, memory, model, snakemake, trainer, wait_for

LANGUAGES = ["english", "surprise"]
ARCHIVE = Path("results", "demo", "vqvae-mel", "submission.zip")
pytestmark = [pytest.mark.usefixtures("slurm"), pytest.mark.timeout(1500)]  # the first comes before any local run


@pytest.fixture(scope="module")
def run(slurm, tmp_path_factory):
    """The folder of a complete run whose trainings were interrupted, and what was printed."""
    folder = tmp_path_factory.mktemp("cluster") / "run"
    with snakemake(folder, slurm, *CLUSTER, "--retries", "1") as process:
        english, surprise = _held(folder, process)
        _cancel(slurm, english)
        _let_time_end(slurm, surprise)
        code, said = finished(process, folder)
    assert code == 0, said
    return folder, said


def _held(folder, process):
    """The processes of both trainings; they stand still after a checkpoint, so that no fast machine finishes them."""
    held = {}

    def hold():
        assert process.poll() is None, (folder / "said").read_text()
        for language in LANGUAGES:
            if language not in held and has_saved(folder, language):
                held[language] = trainer(folder, language)
                os.kill(held[language], signal.SIGSTOP)
        return len(held) == len(LANGUAGES)

    wait_for(hold)
    return [held[language] for language in LANGUAGES]


def _cancel(slurm, process):
    (job,) = jobs(slurm, "train", "english")
    subprocess.run(["scancel", job["JobId"]], env=slurm, check=True)
    os.kill(process, signal.SIGCONT)


def _let_time_end(slurm, process):
    """Shorten the job of a training until Slurm warns it, and lengthen it for when it is run again."""

    def shown():
        return jobs(slurm, "train", "surprise")[0]

    def limit(minutes):
        command = ["scontrol", "update", f"JobId={shown()['JobId']}", f"TimeLimit={minutes}"]
        subprocess.run(command, env=slurm, check=True)

    hours, minutes, _ = map(int, shown()["RunTime"].split(":"))
    limit(hours * 60 + minutes + 3)
    wait_for(lambda: is_warned(process))
    os.kill(process, signal.SIGCONT)
    wait_for(lambda: shown()["Restarts"] == "1")
    limit(24 * 60)


def test_a_cancelled_training_is_retried_with_more_and_one_whose_time_is_up_is_requeued(run, slurm):
    _, said = run
    cancelled, retried = jobs(slurm, "train", "english")
    assert (cancelled["JobState"], memory(cancelled)) == ("CANCELLED", "4000M")
    assert (retried["JobState"], memory(retried)) == ("COMPLETED", "8000M")
    (requeued,) = jobs(slurm, "train", "surprise")
    assert (requeued["JobState"], requeued["Restarts"]) == ("COMPLETED", "1")
    assert said.count("Trying to restart") == 1, "of the two interruptions only the cancelling counts as a failure"


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("rule", "number"),
    [("corpus", 2), ("features", 4), ("units", 4), ("speakers", 2), ("submission", 1), ("make_manifest", 0)],
)
def test_small_rules_share_jobs(slurm, rule, number):
    assert len(jobs(slurm, rule)) == number


def test_an_interrupted_run_has_the_bytes_of_a_local_one(run, local_run):
    folder, _ = run
    for path in [model(language) / name for language in LANGUAGES for name in ("weights.safetensors", "log.jsonl")]:
        assert (folder / path).read_bytes() == (local_run / path).read_bytes(), path
    assert (folder / ARCHIVE).read_bytes() == (local_run / ARCHIVE).read_bytes()
    assert (folder / "results" / "demo" / "report.html").stat().st_size > 100_000
