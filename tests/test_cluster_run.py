"""The whole workflow by the profile on a Slurm of its own, and what goes wrong there."""

import os
from pathlib import Path

import pytest
from slurm.running import CLUSTER, finished, jobs, snakemake

ARCHIVE = Path("results", "demo", "vqvae-mel", "submission.zip")
WEIGHTS = Path("results", "demo", "english", "vqvae-mel", "seed-0", "model", "weights.safetensors")
RECIPE = "results/demo/vqvae-mel/recipe.json"
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def run(slurm, tmp_path_factory):
    """The folder of a complete run on the cluster, and what was printed."""
    folder = tmp_path_factory.mktemp("cluster") / "run"
    code, said = finished(snakemake(folder, slurm, *CLUSTER, "--retries", "0"), folder)
    assert code == 0, said
    return folder, said


def test_the_archive_has_the_bytes_of_a_local_run(run, tmp_path):
    folder, _ = run
    local = tmp_path / "local"
    code, said = finished(snakemake(local, dict(os.environ), "--cores", "2", "submission"), local)
    assert code == 0, said
    assert (folder / WEIGHTS).read_bytes() == (local / WEIGHTS).read_bytes()
    assert (folder / ARCHIVE).read_bytes() == (local / ARCHIVE).read_bytes()
    assert (folder / "results" / "demo" / "report.html").stat().st_size > 100_000


def test_small_rules_share_jobs_and_the_training_has_its_own(run, slurm):
    _, said = run
    assert "Using workflow specific profile" in said
    found = {rule: len(jobs(slurm, rule)) for rule in ("corpus", "features", "train", "units", "submission", "make")}
    assert found == {"corpus": 2, "features": 4, "train": 2, "units": 4, "submission": 1, "make": 0}


def test_a_failing_job_is_run_again_with_more_memory_and_its_reason_is_shown(run, slurm):
    folder, _ = run
    seen = {job["JobId"] for job in jobs(slurm, "train")}
    (folder / RECIPE).write_text("{}")
    model = WEIGHTS.parent
    process = snakemake(
        folder, slurm, *CLUSTER, "--retries", "1", "--allowed-rules", "train", "--forcerun", "train", "--", model
    )
    code, said = finished(process, folder)
    assert code == 1
    assert "error: " in said
    assert "Traceback" not in said
    asked = [job["TRES"] for job in jobs(slurm, "train") if job["JobId"] not in seen]
    assert [part for one in asked for part in one.split(",") if part.startswith("mem=")] == ["mem=4000M", "mem=8000M"]


def test_a_partition_that_does_not_exist_is_told(slurm, tmp_path):
    options = ["--retries", "0", "--default-resources", "slurm_partition=nowhere", "--allowed-rules", "generate_demo"]
    process = snakemake(tmp_path / "run", slurm, *CLUSTER, *options, "--", "resources/demo")
    code, said = finished(process, tmp_path / "run")
    assert code == 1
    assert "invalid partition specified: nowhere" in said
    assert "Traceback" not in said
