"""Training as a whole: the same bytes for the same seed, a log of the data and the seed alone, and every bad input."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from training.making import MODEL, make_corpus, recipe, trained

from unitvoice.errors import InputError
from unitvoice.manifest import read_manifest
from unitvoice.models import load_model
from unitvoice.store import Store
from unitvoice.training.batches import Batches
from unitvoice.training.train import train


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus of two utterances of each of six speakers."""
    return make_corpus(tmp_path_factory.mktemp("corpus"), "ab")


@pytest.fixture(scope="module")
def straight(corpus, tmp_path_factory):
    """The files of a model trained without a break."""
    return trained(corpus, tmp_path_factory.mktemp("straight"))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_model(corpus, straight, tmp_path):
    assert trained(corpus, tmp_path / "again") == straight
    other = trained(corpus, tmp_path / "other", seed=1)
    assert other["weights.safetensors"] != straight["weights.safetensors"]


def test_another_recipe_or_seed_does_not_go_on_from_foreign_checkpoints(corpus, tmp_path):
    trained(corpus, tmp_path / "one")
    again = trained(corpus, tmp_path / "one", recipe(steps=20))
    assert again == trained(corpus, tmp_path / "two", recipe(steps=20))


def test_the_log_has_finite_figures_at_equal_distances(straight):
    lines = [json.loads(line) for line in straight["log.jsonl"].decode().splitlines()]
    assert [line["step"] for line in lines] == [20, 40, 60]
    assert all(np.isfinite(list(line.values())).all() for line in lines)


def test_training_learns_to_reconstruct_what_is_not_noise(corpus, tmp_path):
    log = trained(corpus, tmp_path, recipe(steps=400, batch=16))["log.jsonl"].decode().splitlines()
    errors = [json.loads(line)["reconstruction"] for line in log]
    assert np.mean(errors[-3:]) < 0.6 * errors[0]


def test_a_model_folder_is_all_that_is_needed_to_encode(corpus, tmp_path):
    trained(corpus, tmp_path)
    moved = (tmp_path / "model").rename(tmp_path / "elsewhere")
    system = load_model(moved)
    units = system.encode(torch.randn(31, 12), torch.zeros(12))
    assert units.indices.shape == (16, 1)
    assert torch.equal(units.vectors, system.quantiser.lookup(units.indices))
    assert system.speakers == ("S1", "S2", "V1", "V2")


def test_other_utterances_or_code_do_not_go_on_from_a_finished_training(corpus, straight, tmp_path):
    assert trained(corpus, tmp_path) == straight
    manifest, stores = read_manifest(corpus / "manifest"), {"logmel": Store(corpus / "logmel")}
    fewer = replace(manifest, utterances=manifest.utterances[1:])
    train(recipe(), fewer, stores, tmp_path / "fewer", tmp_path / "state", seed=0)
    assert (tmp_path / "fewer" / "weights.safetensors").read_bytes() != straight["weights.safetensors"]
    train(recipe(), manifest, stores, tmp_path / "newer", tmp_path / "state", seed=0, code="newer")
    assert len(list((tmp_path / "state").iterdir())) == 3


def test_a_training_that_diverges_is_told_and_leaves_no_model(corpus, tmp_path):
    with pytest.raises(InputError, match=r"was finite in 20 steps up to 2\d; .*: V2_a, S1_b, V1_b"):
        trained(corpus, tmp_path, recipe(learning_rate=1e30, clip=None, cosine=False))
    assert not (tmp_path / "model").exists()


def test_a_stage_can_train_on_some_subsets_alone_and_the_speaker_table_is_of_all(corpus, tmp_path, monkeypatch):
    seen = set()
    draw = Batches.__getitem__
    monkeypatch.setattr(Batches, "__getitem__", lambda *of: (batch := draw(*of), seen.update(batch.utterances))[0])
    trained(corpus, tmp_path, recipe(subsets=["voice"], steps=10))
    assert {name[:2] for name in seen} == {"V1", "V2"}
    assert load_model(tmp_path / "model").speakers == ("S1", "S2", "V1", "V2")
    with pytest.raises(InputError, match="a stage trains on dev, which the recipe does not; add it"):
        trained(corpus, tmp_path, recipe(subsets=["voice", "dev"]))


def test_features_that_are_missing_are_named(corpus, tmp_path):
    with pytest.raises(InputError, match="were not given: logmel"):
        train(recipe(), read_manifest(corpus / "manifest"), {}, tmp_path / "model", tmp_path / "state", seed=0)


@pytest.mark.parametrize(
    ("model", "message"),
    [({"bands": 13}, "has 13 bands but the frames have 12"), ({"codes": 99}, "cannot place 99 codes")],
)
def test_a_recipe_that_does_not_fit_the_data_is_told(corpus, tmp_path, model, message):
    wanted = recipe()
    with pytest.raises(InputError, match=message):
        trained(corpus, tmp_path, replace(wanted, model=wanted.model | model))


def test_crops_of_an_odd_number_of_frames_can_be_trained_on(corpus, tmp_path):
    trained(corpus, tmp_path, recipe(crop=0.17, steps=2))


def test_the_untrained_system_uses_its_codes_on_the_data_they_were_placed_among(corpus, tmp_path):
    trained(corpus, tmp_path, recipe(steps=0, batch=16))
    system, store = load_model(tmp_path / "model"), Store(corpus / "logmel")
    used = {int(i) for name in store for i in system.encode(torch.tensor(store[name]), torch.zeros(12)).indices}
    assert len(used) >= MODEL["codes"] // 2
