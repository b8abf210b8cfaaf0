"""Training that a Slurm of its own interrupts, until it has finished with the bytes of a local training."""

import os
import signal
import subprocess

import pytest
from slurm.running import CLUSTER, TINY, finished, jobs, snakemake, wait_for

MODEL = "results/demo/english/vqvae-mel/seed-0/model"
CHECKPOINTS = "results/demo/english/vqvae-mel/seed-0/training/*/vqvae/*.ckpt"
STAGE = {"steps": 4000, "batch": 4, "checkpoint_every": 200, "develop_every": 1000}
TRAIN = ["--allowed-rules", "train", "--", MODEL]
pytestmark = pytest.mark.timeout(1800)


def changed(**stage):
    """The overrides of the recipe with another stage."""
    return TINY["overrides"] | {"stages": {"vqvae": STAGE | stage}}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """``prepared(name, **changes)``: a folder with what the training reads, and nothing trained."""
    base = tmp_path_factory.mktemp("training")

    def made(name, **changes):
        folder = base / name
        inputs = ["results/demo/english/features/logmel", "results/demo/english/checks.json"]
        inputs.append("results/demo/vqvae-mel/recipe.json")
        code, said = finished(snakemake(folder, dict(os.environ), "--cores", "2", "--", *inputs, **changes), folder)
        assert code == 0, said
        return folder

    return made


@pytest.fixture
def trained(prepared):
    """``trained(name, **changes)``: the model's bytes of a local training."""

    def made(name, **changes):
        folder = prepared(name, **changes)
        code, said = finished(snakemake(folder, dict(os.environ), "--cores", "2", *TRAIN, **changes), folder)
        assert code == 0, said
        return bytes_of(folder)

    return made


def bytes_of(folder):
    return [(folder / MODEL / name).read_bytes() for name in ("weights.safetensors", "log.jsonl")]


def has_saved(folder, number=1):
    return len(list(folder.glob(CHECKPOINTS))) >= number


@pytest.mark.parametrize(
    ("here", "there"),
    [({}, {}), ({"gpus": 2}, {"gpus": 1, "nodes": 2})],
    ids=["one process", "two machines"],
)
def test_a_warned_training_goes_back_to_the_queue_a_cancelled_one_is_retried_and_both_go_on(
    slurm, prepared, trained, here, there
):
    name, overrides = "-".join(map(str, there)) or "one", changed()
    folder = prepared(name, overrides=overrides, training=there)
    process = snakemake(folder, slurm, *CLUSTER, "--retries", "1", *TRAIN, overrides=overrides, training=there)
    seen = {job["JobId"] for job in jobs(slurm, "train")}

    def newest():
        return next((job for job in reversed(jobs(slurm, "train")) if job["JobId"] not in seen), {})

    wait_for(lambda: has_saved(folder))
    number = newest()["JobId"]
    subprocess.run(["scancel", "--signal=TERM", number], env=slurm, check=True)  # what Slurm does before the limit
    wait_for(lambda: newest()["Restarts"] == "1")
    saved = {path.name for path in folder.glob(CHECKPOINTS)}
    wait_for(lambda: {path.name for path in folder.glob(CHECKPOINTS)} - saved)
    subprocess.run(["scancel", number], env=slurm, check=True)
    code, said = finished(process, folder)
    assert code == 0, said
    first, second = (job for job in jobs(slurm, "train") if job["JobId"] not in seen)
    assert (first["JobId"], first["JobState"], second["JobState"]) == (number, "CANCELLED", "COMPLETED")
    assert first["NumNodes"] == str(there.get("nodes", 1))
    assert said.count("Trying to restart") == 1, "of the two interruptions only the cancelling counts as a failure"
    assert bytes_of(folder) == trained(f"local-{name}", overrides=overrides, training=here)


def test_the_time_limit_ends_nothing_but_the_job(slurm, prepared):
    overrides = changed(steps=10**6)
    folder = prepared("limited", overrides=overrides)
    limit = ["--set-resources", "train:runtime=2", "train:slurm_extra='--signal=TERM@30'"]
    process = snakemake(folder, slurm, *CLUSTER, "--retries", "0", *limit, *TRAIN, overrides=overrides)
    wait_for(lambda: has_saved(folder))
    wait_for(lambda: jobs(slurm, "train")[-1]["Restarts"] == "1")
    saved = {path.name for path in folder.glob(CHECKPOINTS)}
    wait_for(lambda: {path.name for path in folder.glob(CHECKPOINTS)} - saved)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    code, said = finished(process, folder)
    assert code == 1
    assert "Error in rule train" not in said
    wait_for(lambda: jobs(slurm, "train")[-1]["JobState"] == "CANCELLED")
