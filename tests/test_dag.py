"""The workflow as a user runs it: from nothing to a valid archive on a corpus of seconds, and then again."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml
from features.ssl_making import transformers_folder
from workflow_running import JUDGES, QUICK, ROOT, TINY, configure, run

from unitvoice.settings import merged
from unitvoice.store import Store

SPOKEN_UNITS = {  # code-hifigan on a small encoder
    "overrides": {
        "model": {"values": 16, "codes": 16, "width": 8, "generator": {"channels": 8}, "critics": {"widest": 8}},
        "stages": {
            name: {"steps": 4, "batch": 4, "checkpoint_every": 4, "develop_every": 4, "listen_every": None}
            for name in ("f0-vqvae", "units", "pretrain", "vocoder")
        },
    },
}


def snakemake(folder, *arguments, base=TINY, changes=None):
    """Run the workflow in a folder of its own; returns the finished process with everything it printed."""
    configure(folder, base, changes or {})
    return run(folder, "--cores", "2", *arguments)


def jobs(process):
    """Number of jobs per rule in the table of a dry run."""
    table = process.stdout.rpartition("Job stats:")[2].partition("Reasons:")[0]
    return {match[1]: int(match[2]) for match in re.finditer(r"^(\w+) +(\d+)$", table, re.MULTILINE)}


@pytest.fixture(scope="module")
def finished(local_run, tmp_path_factory):
    """The folder of a complete run, which all tests here look at: the tests of a file go to one worker."""
    return shutil.copytree(local_run, tmp_path_factory.mktemp("dag") / "run")


def test_one_command_ends_in_a_valid_archive_with_scores_and_a_report(finished):
    results = finished / "results" / "demo"
    validation = json.loads((results / "vqvae-mel" / "validation.json").read_text())
    assert validation["valid"]
    assert validation["findings"] == []
    names = zipfile.ZipFile(results / "vqvae-mel" / "submission.zip").namelist()
    assert {name.split("/")[0] for name in names} == {"metadata.yaml", "2019"}
    for language in ("english", "surprise"):
        wavs = [name for name in names if name.startswith(f"2019/{language}/test/") and name.endswith(".wav")]
        trials = (finished / "resources" / "demo" / "2019" / language / "synthesis.txt").read_text().splitlines()
        assert len(wavs) == len(trials)
        scores = json.loads((results / language / "vqvae-mel" / "seed-0" / "abx" / "scores.json").read_text())
        across = scores["representations"]["vectors"]["abx"]["test"]["across"]["cosine"]
        assert 0 <= across < 60
    assert (results / "report.html").stat().st_size > 100_000
    assert "vqvae-mel" in (results / "summary.txt").read_text()


def test_a_second_run_has_nothing_to_do(finished):
    done = snakemake(finished)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"submission": {"author": "Another", "affiliation": "Nowhere"}},
            {"describe_submission", "write_submission", "validate_submission", "pack_submission", "write_report"},
        ),
        ({"report": {"trials": 2}}, {"write_report"}),
        ({"evaluation": {"baseline": "logmel"}}, {"score_baseline", "write_report"}),
        (
            {"conversion": {"iterations": 5}},
            {"convert_shard", "convert_trials", "resynthesise_voices", "judge_speakers", "judge_listening"}
            | {"write_submission", "validate_submission", "pack_submission", "write_report"},
        ),
        (
            {"evaluation": {"judges": ["duration"], "maps": ["tsne"], "sweep": True}},
            {"check_judges", "judge_listening", "count_units", "sweep_penalties", "write_report"},
        ),
        (
            {"evaluation": {"distances": ["cosine", "levenshtein"]}},
            {"score_units", "score_baseline", "write_report"},
        ),
        ({"evaluation": {"evaluator": "official"}}, {"score_officially", "write_report"}),
        ({"training": {"device": "cpu", "workers": 2, "tensorboard": True}}, set()),
    ],
    ids=["author", "trials", "baseline", "iterations", "analyses", "distances", "evaluator", "machine"],
)
def test_a_changed_key_reruns_only_what_depends_on_it(finished, changes, expected):
    assert set(jobs(snakemake(finished, "--dry-run", changes=changes))) - {"all", "total"} == expected


def test_a_changed_recipe_trains_again_but_keeps_corpus_and_features(finished):
    overrides = TINY["overrides"] | {"model": {"channels": 8, "layers": 1, "codes": 16}}
    rerun = set(jobs(snakemake(finished, "--dry-run", changes={"overrides": overrides})))
    assert {"resolve_recipe", "train", "initialise"} <= rerun
    assert not {"generate_demo", "make_manifest", "extract_features", "score_baseline"} & rerun


def test_an_experiment_is_trained_by_itself_and_an_unchanged_one_is_not_trained_again(finished):
    wide = {"overrides": {"model": {"codes": 8}}}
    added = snakemake(finished, "--dry-run", changes={"experiments": {"vqvae-mel": {}, "wide": wide}})
    assert set(re.findall(r"system=([\w-]+)", added.stdout)) == {"wide"}
    found = jobs(added)
    assert (found["resolve_recipe"], found["train"], found["initialise"]) == (1, 2, 2)
    assert {"score_units", "judge_speakers", "write_report"} <= set(found)
    assert not {"extract_features", "write_submission"} & set(found)
    edited = snakemake(finished, "--dry-run", changes={"experiments": {"vqvae-mel": wide}})
    assert {"resolve_recipe", "train", "pack_submission"} <= set(jobs(edited))
    seeds = {"experiments": {"vqvae-mel": {"seeds": [0, 3]}}}
    again = snakemake(finished, "--dry-run", changes=seeds)
    assert jobs(again)["train"] == 2
    assert set(re.findall(r"run=seed-(\d)", again.stdout)) == {"3"}


def test_a_variant_that_does_not_speak_is_scored_and_not_converted(finished):
    silent = {"silent": {"system": "vqvae-deconv", "overrides": {"speaks": False}}}
    found = jobs(snakemake(finished, "--dry-run", changes={"experiments": silent}))
    assert {"train", "score_units", "write_report"} <= set(found)
    assert not {"convert_trials", "judge_speakers", "judge_listening", "write_submission"} & set(found)


def test_a_vocoder_is_trained_for_each_language_and_speaks_for_the_system_that_decodes_frames_alone(tmp_path):
    changes = {"conversion": {"vocoder": "melgan"}, "experiments": {"mel": {}, "two": {"system": "vqvae2-melgan"}}}
    dry = snakemake(tmp_path / "run", "--dry-run", "--printshellcmds", changes=changes)
    assert dry.returncode == 0, dry.stdout
    commands = re.findall(r"python -m unitvoice\.conversion\.convert .*", dry.stdout)
    assert len(commands) == 8  # two systems in two languages, trials and own voices
    for language in ("english", "surprise"):
        folder = f"results/demo/{language}"
        assert (
            f" {folder}/vocoder/seed-0/model --features {folder}/features/logmel {folder}/features/wave" in dry.stdout
        )
        speaking = [command for command in commands if f"--vocoder {folder}/vocoder/seed-0/model" in command]
        assert len(speaking) == 2
        assert all(f"{folder}/mel/" in command for command in speaking)
    assert sum("--vocoder" in command for command in commands) == 4


def test_units_of_an_encoder_on_disk_become_a_valid_submission_that_declares_it_as_external_data(tmp_path):
    transformers_folder("hubert", "base", tmp_path / "encoder")
    ready = yaml.safe_load((ROOT / "workflow" / "configs" / "pretrained-encoder.yaml").read_text())
    ready["ssl"]["hubert"] = {"layer": 2, "path": str(tmp_path / "encoder")}
    done = snakemake(tmp_path, "submission", base=merged(ready, QUICK, JUDGES, SPOKEN_UNITS))
    assert done.returncode == 0, done.stdout
    made = tmp_path / "results" / "demo" / "code-hifigan"
    assert json.loads((made / "validation.json").read_text())["findings"] == []
    metadata = yaml.safe_load(zipfile.ZipFile(made / "submission.zip").read("2019/metadata.yaml"))
    assert metadata["using external data"] is True
    units = Store(tmp_path / "results" / "demo" / "english" / "code-hifigan" / "seed-0" / "units" / "vectors")
    assert units.meta["rate"] == 50


def test_two_runs_in_two_folders_and_any_number_of_shards_give_the_same_archive(finished, tmp_path):
    again = tmp_path / "elsewhere with blanks"
    done = snakemake(again, "submission", changes={"conversion": TINY["conversion"] | {"shards": 3}})
    assert done.returncode == 0, done.stdout
    archive = Path("results", "demo", "vqvae-mel", "submission.zip")
    assert (again / archive).read_bytes() == (finished / archive).read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"corpse": "demo"}, "'corpse' was unexpected"),
        ({"demo": {"speed": 3}}, "demo: Additional properties are not allowed ('speed' was unexpected)"),
        ({"system": "vqvae-melon"}, "unknown system 'vqvae-melon'; there are recipes for"),
        ({"seeds": ["one"]}, "seeds.0: 'one' is not of type 'integer'"),
    ],
)
def test_a_wrong_configuration_is_one_sentence_and_exit_code_2(tmp_path, changes, message):
    done = snakemake(tmp_path, "--dry-run", changes=changes)
    assert done.returncode == 2
    assert message in done.stdout
    assert "Traceback" not in done.stdout


def test_a_language_that_the_corpus_lacks_is_named(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    done = snakemake(folder, changes={"languages": ["english", "klingon"]})
    assert done.returncode == 1
    assert "klingon" in done.stdout
    assert "error:" in done.stdout
