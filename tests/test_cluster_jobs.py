"""Single jobs on a Slurm of its own: a training on two machines, a job that fails, and one that is refused."""

import os
import shutil
import subprocess

import pytest
from slurm.running import CLUSTER, complete, finished, has_saved, jobs, memory, model, snakemake, wait_for

ENGLISH = model("english")
TRAIN = ["--allowed-rules", "train", "--", ENGLISH]
pytestmark = pytest.mark.timeout(3600)


@pytest.fixture
def untrained(local_run, tmp_path):
    """``untrained(name)``: a copy of the local run that lacks the model of one language."""

    def made(name):
        folder = shutil.copytree(local_run, tmp_path / name)
        shutil.rmtree(folder / ENGLISH.parent)
        return folder

    return made


def test_a_training_on_two_machines_that_is_warned_ends_as_one_of_two_processes(slurm, untrained):
    there, here = untrained("there"), untrained("here")
    with snakemake(there, slurm, *CLUSTER, "--retries", "0", *TRAIN, training={"gpus": 1, "nodes": 2}) as process:
        wait_for(lambda: has_saved(there, "english") or process.poll() is not None)
        (job,) = jobs(slurm, "train")
        subprocess.run(["scancel", "--signal=TERM", job["JobId"]], env=slurm, check=True)  # as before a time limit
        code, said = finished(process, there)
    assert code == 0, said
    (job,) = jobs(slurm, "train")
    assert (job["JobState"], job["Restarts"], job["NumNodes"], job["Partition"]) == ("COMPLETED", "1", "2", "gpu")
    assert "gpu:1" in job["TresPerNode"]
    code, said = complete(here, dict(os.environ), "--cores", "2", *TRAIN, training={"gpus": 2})
    assert code == 0, said
    for name in ("weights.safetensors", "log.jsonl"):
        assert (there / ENGLISH / name).read_bytes() == (here / ENGLISH / name).read_bytes()


def test_a_failing_job_is_run_again_with_more_memory_and_its_reason_is_shown(slurm, untrained):
    folder, seen = untrained("failing"), len(jobs(slurm, "train"))
    (folder / "results" / "demo" / "vqvae-mel" / "recipe.json").write_text("{}")
    code, said = complete(folder, slurm, *CLUSTER, "--retries", "1", *TRAIN)
    assert code == 1
    assert "error: " in said
    assert "Traceback" not in said
    assert [memory(job) for job in jobs(slurm, "train")[seen:]] == ["4000M", "8000M"]


def test_a_partition_that_does_not_exist_is_told(slurm, tmp_path):
    options = ["--retries", "0", "--default-resources", "slurm_partition=nowhere", "--allowed-rules", "generate_demo"]
    code, said = complete(tmp_path / "run", slurm, *CLUSTER, *options, "--", "resources/demo")
    assert code == 1
    assert "invalid partition specified: nowhere" in said
    assert "Traceback" not in said
