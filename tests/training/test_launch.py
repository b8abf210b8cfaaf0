"""Starting the ranks of a training: their places, their ends and the way back to the queue."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from training.making import command, make_corpus, recipe

from unitvoice.errors import InputError
from unitvoice.training import launch as module
from unitvoice.training.launch import launch, requeue

SCONTROL = """#!/bin/sh
echo "$@" >> {asked}
echo "   JobState={state} Reason=None Dependency=(null)"
"""


def told(folder, code):
    """A command that runs a line of Python in every rank."""
    return [sys.executable, "-c", f"import os, time\nrank = os.environ['RANK']\nfolder = {str(folder)!r}\n{code}"]


def test_every_rank_knows_its_place_and_where_the_first_one_listens(tmp_path):
    code = "import json; open(f'{folder}/{rank}', 'w').write(json.dumps(dict(os.environ)))"
    assert launch(told(tmp_path, code), processes=3) == 0
    found = [json.loads((tmp_path / str(rank)).read_text()) for rank in range(3)]
    assert [one["LOCAL_RANK"] for one in found] == ["0", "1", "2"]
    assert {(one["WORLD_SIZE"], one["MASTER_ADDR"]) for one in found} == {("3", "127.0.0.1")}
    assert len({one["MASTER_PORT"] for one in found}) == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("time.sleep(60 * (rank != '1')); exit(3)", 3),
        ("time.sleep(0.5 * (rank == '0')); exit(75)", 75),
        ("os.kill(os.getpid(), 9)", 137),
    ],
    ids=["the others are killed", "the first may save for longer", "killed"],
)
def test_the_code_is_that_of_the_rank_that_failed_or_75_when_all_have_saved(tmp_path, code, expected):
    assert launch(told(tmp_path, code), processes=2) == expected


def test_several_machines_need_slurm(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(InputError, match=r"training on 2 machines needs the allocation of a Slurm job"):
        launch(["true"], processes=1, nodes=2)


@pytest.mark.parametrize(("state", "comes_back"), [("RUNNING", True), ("COMPLETING", False), ("CANCELLED", False)])
def test_a_job_goes_back_to_the_queue_unless_it_was_cancelled(tmp_path, monkeypatch, state, comes_back):
    tool, asked = tmp_path / "scontrol", tmp_path / "asked"
    tool.write_text(SCONTROL.format(asked=asked, state=state))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    requeue()
    assert asked.read_text().splitlines() == ["show job 17"] + ["requeue 17"] * comes_back


def test_outside_slurm_nothing_is_requeued(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setattr(module, "_said", pytest.fail)
    requeue()


def test_a_warned_training_of_two_ranks_saves_and_the_same_command_ends_it(tmp_path):
    corpus = make_corpus(tmp_path / "corpus")
    started = command(corpus, tmp_path, recipe(steps=400, batch=8, checkpoint_every=20), "--device", "cpu")
    started[2:3] = ["unitvoice.training.launch", "--gpus", "2"]
    first = subprocess.Popen(started, env=os.environ | {"GLOO_SOCKET_IFNAME": "lo"})
    while not list(tmp_path.glob("state/*/vqvae/*.ckpt")) and first.poll() is None:
        time.sleep(0.1)
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=120) == os.EX_TEMPFAIL
    (log,) = tmp_path.glob("state/*/vqvae/log.jsonl")
    before = log.read_text()
    subprocess.run(started, env=os.environ | {"GLOO_SOCKET_IFNAME": "lo"}, check=True, timeout=300)
    whole = (tmp_path / "model" / "log.jsonl").read_text()
    assert json.loads(whole.splitlines()[-1])["step"] == 400
    assert whole.startswith("".join(before.splitlines(keepends=True)[:-1]))
