"""The workflow on corpora that are not the demo: from archives, and stopped by the check before any training."""

import json
import zipfile

import numpy as np
import pytest
import yaml
from corpora.making import sound
from workflow_running import ROOT, configure, run

from unitvoice.errors import InputError
from unitvoice.settings import build
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe
from unitvoice.workflow import Plan


def snakemake(folder, corpus, *arguments, languages=("mine",)):
    configure(folder, {"corpus": corpus, "languages": list(languages)})
    return run(folder, "--cores", "1", *arguments)


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "own recordings"
    for speaker in ("anna", "ben"):
        for number in range(4):
            sound(folder / speaker / f"{speaker}{number}.wav", 1.1)
    return folder


def test_archives_are_fetched_unpacked_read_and_checked(recordings, tmp_path):
    (tmp_path / "mirror").mkdir()
    with zipfile.ZipFile(tmp_path / "mirror" / "own.zip", "w") as archive:
        for path in sorted(recordings.rglob("*.wav")):
            archive.write(path, path.relative_to(recordings))
    mirrors = [(tmp_path / name).as_uri() for name in ("nothing", "mirror")]
    corpus = {"name": "own", "kind": "folder", "mirrors": mirrors, "archives": ["own.zip"]}
    done = snakemake(tmp_path / "run", corpus, "checks")
    assert done.returncode == 0, done.stdout
    report = json.loads((tmp_path / "run" / "results" / "own" / "mine" / "checks.json").read_text())
    assert (report["valid"], report["utterances"]) == (True, 8)
    assert "own.zip" in (tmp_path / "run" / "resources" / "archives" / "own" / "lock.json").read_text()
    assert "Nothing to be done" in snakemake(tmp_path / "run", corpus, "checks").stdout


def test_an_error_of_the_check_ends_the_run_with_the_table_in_the_log(recordings, tmp_path):
    sound(recordings / "anna" / "quiet.wav", samples=np.zeros(16000))
    corpus = {"kind": "folder", "path": str(recordings)}
    done = snakemake(tmp_path / "run", corpus)
    assert done.returncode == 1
    assert "the corpus has errors (silent)" in done.stdout
    assert not list((tmp_path / "run" / "results").rglob("model"))
    tolerant = corpus | {"checks": {"tolerate": ["silent"]}}
    assert snakemake(tmp_path / "run", tolerant, "checks").returncode == 0


@pytest.mark.parametrize("path", sorted((ROOT / "workflow" / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_ready_configuration_has_a_plan_or_says_which_folder_is_absent(path):

    config = yaml.safe_load((ROOT / "config.yaml").read_text()) | yaml.safe_load(path.read_text())
    try:
        plan = Plan.of(config, ROOT)
    except InputError as error:
        assert "there is no folder /path/to" in str(error)  # noqa: PT017 - one of two right answers
    else:
        assert plan.source.archives or plan.corpus == "demo"
        for variant in plan.variants.values():
            create_system(build(Recipe, variant.resolved, variant.name), ["A"])


def test_a_wrong_key_of_the_corpus_is_one_sentence_and_exit_code_2(recordings, tmp_path):
    done = snakemake(tmp_path / "run", {"kind": "folder", "path": str(recordings), "speaker": {"rule": "x"}}, "-n")
    assert done.returncode == 2
    assert "corpus.speaker.rule: 'x' is not one of ['parent'" in done.stdout
