"""The whole workflow by the profile on a Slurm of its own that cancels one training, and ends the time of another."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from slurm.running import CLUSTER, finished, has_saved, jobs, memory, model, snakemake, trainer, wait_for

LANGUAGES = ["english", "surprise"]
ARCHIVE = Path("results", "demo", "vqvae-mel", "submission.zip")
pytestmark = [pytest.mark.usefixtures("slurm"), pytest.mark.timeout(3600)]  # the first comes before any local run


@pytest.fixture(scope="module")
def run(slurm, tmp_path_factory):
    """The folder of a complete run whose trainings were interrupted, and what was printed."""
    folder = tmp_path_factory.mktemp("cluster") / "run"
    with snakemake(folder, slurm, *CLUSTER, "--retries", "1", evaluation={"judges": []}) as process:
        _hold(folder, process)
        _cancel(slurm, "english")
        _let_time_end(slurm, "surprise")
        code, said = finished(process, folder)
    assert code == 0, said
    return folder, said


def _hold(folder, process):
    """Let both trainings stand still after a checkpoint, so that no fast machine finishes them; Slurm wakes them."""
    held = set()

    def hold():
        assert process.poll() is None, (folder / "said").read_text()
        for language in LANGUAGES:
            if language not in held and has_saved(folder, language):
                os.kill(trainer(folder, language), signal.SIGSTOP)
                held.add(language)
        return len(held) == len(LANGUAGES)

    wait_for(hold)


def _cancel(slurm, language):
    (job,) = jobs(slurm, "train", language)
    subprocess.run(["scancel", job["JobId"]], env=slurm, check=True)


def _let_time_end(slurm, language):
    """Shorten the job of a training so that Slurm warns it, and lengthen it again for when it is run again."""

    def shown():
        return jobs(slurm, "train", language)[0]

    def limit(minutes):
        command = ["scontrol", "update", f"JobId={shown()['JobId']}", f"TimeLimit={minutes}"]
        subprocess.run(command, env=slurm, check=True)

    hours, minutes, _ = map(int, shown()["RunTime"].split(":"))
    limit(hours * 60 + minutes + 3)
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
