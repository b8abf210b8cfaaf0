"""Scores of a corpus: what is there, and why the rest is absent."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from unsealing import contents

from unitvoice.errors import InputError
from unitvoice.evaluation.abx import abx
from unitvoice.evaluation.representations import main, score
from unitvoice.evaluation.task import read_task
from unitvoice.files import read_json, sha256
from unitvoice.manifest import Manifest, Utterance, write_manifest
from unitvoice.store import Store, create_store

SPEAKERS, PHONES = ("s1", "s2"), ("p", "q")
HEADER = "#file onset offset #phone prev-phone next-phone speaker\n"


@pytest.fixture
def manifest(tmp_path):
    """Two speakers who say two phones twice each, in one context: every grouping has two values."""
    names = [f"{s}_{p}{n}" for s in SPEAKERS for p in PHONES for n in "12"]
    lines = [f"{name} 0.0 0.2 {name[3]} x y {name[:2]}\n" for name in names]
    (tmp_path / "test.item").write_text(HEADER + "".join(lines))
    utterances = tuple(Utterance(name, name[:2], "test", f"{name}.wav", None, None, 0.2) for name in names)
    bitrate = tuple((name, 0.2) for name in names)
    made = Manifest("made", "english", tmp_path, utterances, (), bitrate, {"test": tmp_path / "test.item"})
    write_manifest(made, tmp_path / "manifest")
    return made


def make_store(folder, manifest, vector, names=None):
    with create_store(folder, kind="vectors", rate=50.0) as writer:
        for number, utterance in enumerate(manifest.utterances):
            if names is None or utterance.utterance in names:
                writer.append(utterance.utterance, np.tile(vector(utterance, number), (10, 1)).astype(np.float32))
    return Store(folder)


def by_phone(utterance, _number):
    return [1.0, 0.1] if "p" in utterance.utterance else [0.1, 1.0]


def by_chance(_utterance, number):
    return np.random.default_rng(number).random(2)


@pytest.fixture
def stores(manifest, tmp_path):
    return {name: make_store(tmp_path / name, manifest, f) for name, f in (("phone", by_phone), ("chance", by_chance))}


def test_each_representation_has_its_scores_and_settings(manifest, stores, tmp_path):
    score(manifest, stores, ["cosine", "KL"], tmp_path / "out")
    found = read_json(tmp_path / "out" / "scores.json")
    assert found["settings"]["distances"] == ["cosine", "KL"]
    assert found["settings"]["tasks"] == {"test": sha256(tmp_path / "test.item")}
    assert found["absent"] == {}
    assert list(found["representations"]) == ["phone", "chance"]
    for name, scored in found["representations"].items():
        assert scored["frames"] == stores[name].meta["content"]
        for mode in ("across", "within"):
            assert set(scored["abx"]["test"][mode]) == {"cosine", "KL"}
            for distance, error in scored["abx"]["test"][mode].items():
                task = read_task(manifest.tasks["test"], mode=mode)
                assert error == abx(task, stores[name], distance=distance).error


def test_frames_that_tell_phones_apart_score_nought_and_one_bit_per_frame(manifest, stores, tmp_path):
    score(manifest, stores, ["cosine"], tmp_path / "out")
    scored = read_json(tmp_path / "out" / "scores.json")["representations"]["phone"]
    assert scored["abx"]["test"] == {"across": {"cosine": 0.0}, "within": {"cosine": 0.0}}
    assert scored["bitrate"] == pytest.approx(50.0)  # two frames, equally frequent, 50 a second


def test_tables_of_cells_have_the_names_and_errors_of_the_scores(manifest, stores, tmp_path):
    score(manifest, stores, ["cosine"], tmp_path / "out")
    names = {f"{name}-test-{mode}-cosine.csv" for name in stores for mode in ("across", "within")}
    assert set(contents(tmp_path / "out")) == names | {"scores.json"}
    table = pd.read_csv(tmp_path / "out" / "phone-test-within-cosine.csv")
    assert len(table)
    assert (table["error"] == 0).all()


def test_what_cannot_be_scored_is_absent_with_the_reason_and_the_rest_is_there(manifest, stores, tmp_path):
    signed = make_store(tmp_path / "signed", manifest, lambda *_: [-1.0, 1.0])
    few = make_store(tmp_path / "few", manifest, by_phone, names=["s1_p1", "s1_p2"])
    score(manifest, stores | {"signed": signed, "few": few}, ["cosine", "KL"], tmp_path / "out")
    found = read_json(tmp_path / "out" / "scores.json")
    lacking = {f"few-test-{mode}-{distance}" for mode in ("across", "within") for distance in ("cosine", "KL")}
    assert set(found["absent"]) == lacking | {"signed-test-across-KL", "signed-test-within-KL"}
    assert all(found["absent"].values())
    assert set(found["representations"]["signed"]["abx"]["test"]["across"]) == {"cosine"}
    assert found["representations"]["few"]["abx"] == {}
    assert not (tmp_path / "out" / "few-test-across-cosine.csv").exists()


def test_a_bitrate_of_nothing_is_absent_with_the_reason(manifest, tmp_path):
    other = replace(manifest, bitrate=(), utterances=(replace(manifest.utterances[0], subset="voice"),))
    score(other, {"phone": make_store(tmp_path / "s", manifest, by_phone)}, ["cosine"], tmp_path / "out")
    found = read_json(tmp_path / "out" / "scores.json")
    assert "bitrate" not in found["representations"]["phone"]
    assert "no utterance with frames" in found["absent"]["phone-bitrate"]
    assert found["representations"]["phone"]["abx"]["test"]["across"]["cosine"] == 0.0


def test_without_a_list_the_bitrate_goes_over_the_test_set(manifest, stores, tmp_path):
    score(replace(manifest, bitrate=()), stores, ["cosine"], tmp_path / "out")
    assert read_json(tmp_path / "out" / "scores.json")["representations"]["phone"]["bitrate"] == pytest.approx(50.0)


def test_the_bitrate_goes_over_the_files_of_the_list_alone(manifest, stores, tmp_path):
    one_phone = tuple((name, seconds) for name, seconds in manifest.bitrate if "p" in name)
    score(replace(manifest, bitrate=one_phone), stores, ["cosine"], tmp_path / "out")
    assert read_json(tmp_path / "out" / "scores.json")["representations"]["phone"]["bitrate"] == 0.0


def test_a_corpus_without_tasks_has_a_bitrate(manifest, stores, tmp_path):
    score(replace(manifest, tasks={}), stores, ["cosine"], tmp_path / "out")
    found = read_json(tmp_path / "out" / "scores.json")["representations"]["phone"]
    assert found["abx"] == {}
    assert found["bitrate"] == pytest.approx(50.0)


def test_the_command_and_the_number_of_threads_change_no_byte(manifest, stores, tmp_path):
    score(manifest, stores, ["cosine"], tmp_path / "library")
    frames = [part for name, store in stores.items() for part in ("--frames", name, str(store.folder))]
    main([str(tmp_path / "manifest"), str(tmp_path / "command"), *frames, "--jobs", "2"])
    assert contents(tmp_path / "library") == contents(tmp_path / "command")


@pytest.mark.usefixtures("manifest")
def test_a_folder_that_is_no_store_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match="is not a store of frames"):
        main([str(tmp_path / "manifest"), str(tmp_path / "out"), "--frames", "x", str(tmp_path)])
    assert not (tmp_path / "out").exists()
