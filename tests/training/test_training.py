"""Training: exact resume, checkpoints that survive damage, a log of the data and the seed alone."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from unitvoice.errors import InputError
from unitvoice.files import write_json
from unitvoice.manifest import Manifest, Utterance, read_manifest, write_manifest
from unitvoice.models import load_model
from unitvoice.settings import build
from unitvoice.store import Store, create_store
from unitvoice.systems.recipe import Recipe, StageSettings
from unitvoice.training import checkpoint
from unitvoice.training.run import learning_rate
from unitvoice.training.train import train

MODEL = {"bands": 12, "channels": 16, "layers": 1, "codes": 8, "width": 4, "speaker_width": 4}
STAGE = {
    "steps": 60,
    "batch": 4,
    "crop": 0.16,
    "learning_rate": 0.01,
    "clip": 1.0,
    "cosine": True,
    "checkpoint_every": 10,
}


def recipe(**stage):
    values = {"system": "vqvae-mel", "description": "", "features": ["logmel"], "model": MODEL}
    return build(Recipe, values | {"stages": {"vqvae": STAGE | stage}}, "the test")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A manifest folder of four speakers, two of them voices, and a store of frames made of five sounds."""
    folder = tmp_path_factory.mktemp("corpus")
    random = np.random.default_rng(0)
    sounds = random.normal(size=(5, 12))
    speakers = {"S1": "unit", "S2": "unit", "V1": "voice", "V2": "voice"}
    utterances = [
        Utterance(f"{s}_{i}", s, subset, "x.wav", None, None, 0.6) for s, subset in speakers.items() for i in "ab"
    ]
    write_manifest(Manifest("made", "up", folder, tuple(utterances)), folder / "manifest")
    with create_store(folder / "logmel", kind="logmel", rate=100.0) as writer:
        for utterance in utterances:
            said = random.integers(5, size=10).repeat(6)
            writer.append(utterance.utterance, sounds[said] + 0.1 * random.normal(size=(60, 12)))
    return folder


def trained(corpus, folder, wanted=None, seed=0):
    train(
        wanted or recipe(),
        read_manifest(corpus / "manifest"),
        {"logmel": Store(corpus / "logmel")},
        folder / "model",
        folder / "state",
        seed=seed,
    )
    return {path.name: path.read_bytes() for path in sorted((folder / "model").iterdir())}


@pytest.fixture(scope="module")
def straight(corpus, tmp_path_factory):
    """The files of a model trained without a break."""
    return trained(corpus, tmp_path_factory.mktemp("straight"))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_model(corpus, straight, tmp_path):
    assert trained(corpus, tmp_path / "again") == straight
    other = trained(corpus, tmp_path / "other", seed=1)
    assert other["weights.safetensors"] != straight["weights.safetensors"]


def test_training_that_stops_at_a_checkpoint_goes_on_to_the_same_bytes(corpus, straight, tmp_path, monkeypatch):
    save = checkpoint.save

    def stop_at_30(folder, step, state, **options):
        save(folder, step, state, **options)
        if step == 30:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", stop_at_30)
    with pytest.raises(KeyboardInterrupt):
        trained(corpus, tmp_path)
    monkeypatch.setattr(checkpoint, "save", save)
    assert not (tmp_path / "model").exists()
    assert trained(corpus, tmp_path) == straight


def test_training_killed_at_any_moment_goes_on_to_the_same_bytes(corpus, straight, tmp_path):
    write_json(tmp_path / "recipe.json", asdict(recipe()))
    command = [sys.executable, "-m", "unitvoice.training.train", tmp_path / "recipe.json", corpus / "manifest"]
    command += [tmp_path / "model", "--features", corpus / "logmel", "--state", tmp_path / "state"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(tmp_path.glob("state/*/vqvae/step-*.ckpt")):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert trained(corpus, tmp_path) == straight


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(corpus, straight, tmp_path, caplog):
    trained(corpus, tmp_path)
    newest = max(tmp_path.glob("state/*/vqvae/step-*.ckpt"))
    newest.write_bytes(newest.read_bytes()[:-100])
    assert trained(corpus, tmp_path) == straight
    assert f"{newest} is damaged" in caplog.text


def test_only_the_last_two_checkpoints_are_kept(corpus, tmp_path):
    trained(corpus, tmp_path)
    kept = sorted(path.name for path in tmp_path.glob("state/*/vqvae/*.ckpt"))
    assert kept == ["step-000000050.ckpt", "step-000000060.ckpt"]


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


def test_learning_rate_warms_up_steps_down_and_ends_at_zero():
    constant = StageSettings(steps=100, batch=1, crop=1, learning_rate=1.0, warmup=10, decay_at=(50, 80), decay=0.5)
    assert [learning_rate(constant, step) for step in (0, 9, 49, 50, 80)] == [0.1, 1.0, 1.0, 0.5, 0.25]
    cosine = replace(constant, decay_at=(), cosine=True)
    assert learning_rate(cosine, 55) == pytest.approx(0.5)
    assert learning_rate(cosine, 99) == pytest.approx(0.0, abs=0.001)


def test_other_utterances_or_code_do_not_go_on_from_a_finished_training(corpus, straight, tmp_path):
    assert trained(corpus, tmp_path) == straight
    manifest, stores = read_manifest(corpus / "manifest"), {"logmel": Store(corpus / "logmel")}
    fewer = replace(manifest, utterances=manifest.utterances[1:])
    train(recipe(), fewer, stores, tmp_path / "fewer", tmp_path / "state", seed=0)
    assert (tmp_path / "fewer" / "weights.safetensors").read_bytes() != straight["weights.safetensors"]
    train(recipe(), manifest, stores, tmp_path / "newer", tmp_path / "state", seed=0, code="newer")
    assert len(list((tmp_path / "state").iterdir())) == 3


def test_a_training_that_diverges_is_told_and_leaves_no_model(corpus, tmp_path):
    with pytest.raises(
        InputError, match=r"was finite in 20 steps up to 2\d; .*: V2_a, S1_b, V1_b"
    ):
        trained(corpus, tmp_path, recipe(learning_rate=1e30, clip=None, cosine=False))
    assert not (tmp_path / "model").exists()


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
