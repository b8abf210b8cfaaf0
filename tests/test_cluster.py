"""What the profile asks Slurm for, job by job, by a Slurm that takes notes and lets every job fail."""

import json
import os

import pytest
from workflow_running import ROOT, configure, run

RULES = ["make_manifest", "check_corpus", "train"]
MODEL = "results/demo/english/vqvae-mel/seed-0/model"
CHECKS = "results/demo/surprise/checks.json"


@pytest.fixture
def requests(tmp_path):
    """``requests(*targets, **training)``: the options of every sbatch of a run that lacks these alone."""
    for folder in ("resources/demo", "results/demo/english/manifest", "results/demo/english/features/logmel"):
        (tmp_path / folder).mkdir(parents=True)
    for path in ("results/demo/vqvae-mel/recipe.json", "results/demo/english/checks.json"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    notes = tmp_path / "notes"
    path = f"{ROOT / 'tests' / 'slurm' / 'fake'}:{os.environ['PATH']}"
    slurm = os.environ | {"FAKE_SLURM": str(notes), "PATH": path}

    def made(*targets, **training):
        configure(tmp_path, {"training": training})
        options = ["--workflow-profile", ROOT / "workflow" / "profiles" / "slurm", "--retries", "1", "--keep-going"]
        options += ["--slurm-init-seconds-before-status-checks", "1", "--allowed-rules", *RULES]
        done = run(tmp_path, *options, "--", *targets, base=slurm)
        assert notes.exists(), done.stdout
        return [_options(json.loads(line)) for line in notes.read_text().splitlines()]

    return made


def _options(arguments):
    """Names and values of arguments such as ``-t 60``, ``--mem 4000`` and ``--gpus=1``."""
    found, name = {}, ""
    for argument in arguments:
        if argument.startswith("-"):
            name, _, value = argument.partition("=")
            found[name] = value
        else:
            found[name] += argument
    return found


def test_training_keeps_its_time_as_it_goes_on_and_small_rules_share_a_job_that_grows(requests):
    asked = requests(MODEL, CHECKS, device="auto")
    first, second = (one for one in asked if one["--comment"].startswith("rule_train"))
    assert (first["-p"], first["-t"], first["--mem"], first["--cpus-per-task"]) == ("cpu", "1440", "4000", "1")
    assert "--gpus" not in first
    assert first["--signal"] == "TERM@300"
    assert "--requeue" in first
    assert (second["-t"], second["--mem"]) == ("1440", "8000")
    first, second = (one for one in asked if one["--comment"].startswith("rule_corpus"))
    assert (first["-p"], first["-t"], first["--mem"], first["--cpus-per-task"]) == ("cpu", "90", "2000", "2")
    assert (second["-t"], second["--mem"]) == ("180", "4000")


def test_training_with_gpus_goes_to_theirs_and_small_rules_do_not(requests):
    asked = requests(MODEL, CHECKS, gpus=4, workers=2)
    training = next(one for one in asked if one["--comment"].startswith("rule_train"))
    assert (training["-p"], training["--gpus"], training["--cpus-per-task"]) == ("gpu", "4", "12")
    other = next(one for one in asked if one["--comment"].startswith("rule_corpus"))
    assert other["-p"] == "cpu"
    assert "--gpus" not in other
