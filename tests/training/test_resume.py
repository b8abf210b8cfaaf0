"""Going on: k steps, a stop and the other N - k steps give the bytes of N steps, however it was stopped."""

import os
import signal
import subprocess
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load
from training.making import command, make_corpus, recipe, trained

from unitvoice.errors import InputError
from unitvoice.features.extract import extract
from unitvoice.settings import build
from unitvoice.store import Store
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.training import checkpoint
from unitvoice.training.train import train

RECIPES = sorted((Path(__file__).parents[2] / "workflow" / "systems").glob("*.yaml"))
LOG = "state/*/vqvae/log.jsonl"
SMALL = 16  # of everything in a model that is a width
WIDTHS = ("channels", "codes", "width", "memory", "speaker_width", "conditioning", "sample_width", "hidden", "head")
EVERYTHING = {"average": 0.9, "select": "best", "accumulate": 2, "develop_every": 7, "keep_every": 20}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus of which one utterance is held out."""
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def straight(corpus, tmp_path_factory):
    """The files of a model trained without a break, with all that has a state."""
    return trained(corpus, tmp_path_factory.mktemp("straight"), recipe(**EVERYTHING))


@pytest.fixture
def stop_after(monkeypatch):
    """``stop_after(number)``: training is interrupted when it has saved so many checkpoints."""
    save = checkpoint.save

    def armed(number):
        left = [number]

        def saved(*arguments, **options):
            save(*arguments, **options)
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt

        monkeypatch.setattr(checkpoint, "save", saved)

    return armed


def shrunk(path):
    """A published recipe with its stages and parts, but small and of twelve steps a stage."""
    content = load_recipe(path, "demo")
    sizes = {name: content["model"][name] for name in WIDTHS if name in content["model"]}
    content["model"] |= {
        name: [SMALL] * len(size) if isinstance(size, list) else SMALL for name, size in sizes.items()
    }
    if generator := content["model"].get("generator"):
        generator["channels"] = 2 ** len(generator["ratios"]) if "periods" in content["model"]["critics"] else 1
    if critics := content["model"].get("critics"):
        critics["widest"] = SMALL
    steps = {"steps": 12, "batch": 4, "checkpoint_every": 4, "develop_every": 5, "listen_every": None, "warmup": 2}
    for name, stage in content["stages"].items():
        several = {"speakers": 2, "crop": 0.4} if stage.get("speakers") else {}
        content["stages"][name] = stage | steps | several
    return build(Recipe, content, str(path))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_system_goes_on_to_the_same_bytes_from_any_checkpoint(path, tiny_manifest, tmp_path, stop_after, once):
    wanted = shrunk(path)
    stores = {kind: Store(once(kind, partial(extract, tiny_manifest, kind))) for kind in wanted.features}

    def files(name):
        train(wanted, tiny_manifest, stores, tmp_path / name, tmp_path / f"{name}-state", seed=0)
        return {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}

    expected = files("straight")
    for _ in range(3 * len(wanted.stages)):  # each life makes one checkpoint
        stop_after(1)
        with pytest.raises(KeyboardInterrupt):
            files("broken")
    stop_after(-1)
    assert files("broken") == expected


def test_a_training_with_everything_that_has_a_state_goes_on_to_the_same_bytes(corpus, straight, tmp_path, stop_after):
    stop_after(3)
    with pytest.raises(KeyboardInterrupt):
        trained(corpus, tmp_path, recipe(**EVERYTHING))
    stop_after(-1)
    assert not (tmp_path / "model").exists()
    assert trained(corpus, tmp_path, recipe(**EVERYTHING)) == straight


def test_going_on_continues_rather_than_begins_anew(corpus, tmp_path, stop_after):
    stop_after(3)
    with pytest.raises(KeyboardInterrupt):
        trained(corpus, tmp_path)
    newest = max(tmp_path.glob("state/*/vqvae/step-*.ckpt"))
    state = checkpoint.read(newest)
    state["system"]["target_mean"] += 1.0
    checkpoint.save(newest.parent, state.pop("step"), state)
    stop_after(-1)
    changed = trained(corpus, tmp_path)
    assert changed["weights.safetensors"] != trained(corpus, tmp_path / "straight")["weights.safetensors"]


def test_workers_do_not_change_the_bytes_before_or_after_a_stop(corpus, straight, tmp_path, stop_after):
    stop_after(2)
    with pytest.raises(KeyboardInterrupt):
        trained(corpus, tmp_path, recipe(**EVERYTHING), workers=2)
    stop_after(-1)
    assert trained(corpus, tmp_path, recipe(**EVERYTHING), workers=1) == straight


def test_training_killed_at_random_moments_goes_on_to_the_same_bytes(corpus, straight, tmp_path):
    moments = np.random.default_rng(0)
    whole = recipe(**EVERYTHING)
    for _ in range(3):
        begun = time.time()
        with subprocess.Popen(command(corpus, tmp_path, whole), stderr=subprocess.DEVNULL) as process:
            wait_for(process, lambda begun=begun: any(log.stat().st_mtime > begun for log in tmp_path.glob(LOG)))
            time.sleep(moments.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
    assert trained(corpus, tmp_path, whole) == straight


@pytest.mark.parametrize("workers", [0, 1])
def test_a_warned_training_saves_and_asks_to_be_started_again(corpus, tmp_path, workers):
    long = recipe(steps=100_000, checkpoint_every=100_000, cosine=False)
    arguments = command(corpus, tmp_path, long, "--workers", str(workers))
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, process_group=0) as process:
        wait_for(process, lambda: any(log.stat().st_size for log in tmp_path.glob(LOG)))
        os.killpg(process.pid, signal.SIGTERM)  # as a scheduler does: the workers hear it too
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 75, told
    (saved,) = tmp_path.glob("state/*/vqvae/step-*.ckpt")
    step = int(saved.stem.removeprefix("step-"))
    assert f"stopped at step {step}; the same command goes on" in told
    assert checkpoint.read(saved)["counts"]["step"] == step


def wait_for(process, condition):
    while process.poll() is None and not condition():
        time.sleep(0.005)
    assert process.poll() is None, "the training ended too early"


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(corpus, straight, tmp_path, caplog, stop_after):
    stop_after(4)
    with pytest.raises(KeyboardInterrupt):
        trained(corpus, tmp_path, recipe(**EVERYTHING))
    stop_after(-1)
    newest = max(tmp_path.glob("state/*/vqvae/step-*.ckpt"))
    newest.write_bytes(newest.read_bytes()[:-100])
    assert trained(corpus, tmp_path, recipe(**EVERYTHING)) == straight
    assert f"{newest} is damaged; the one before is taken" in caplog.text


def test_a_checkpoint_of_another_system_is_told(corpus, tmp_path):
    trained(corpus, tmp_path)
    (folder,) = tmp_path.glob("state/*/vqvae")
    state = checkpoint.read(max(folder.glob("step-*.ckpt")))
    del state["system"]["target_mean"]
    checkpoint.save(folder, state.pop("step"), state)
    with pytest.raises(InputError, match=r"vqvae is not of this system \(.*\); delete the folder to begin anew"):
        trained(corpus, tmp_path)


def test_a_disk_that_fills_up_is_told_and_training_goes_on_when_there_is_room(
    corpus, straight, tmp_path, disk_with_room_for, stop_after
):
    stop_after(1)
    with pytest.raises(KeyboardInterrupt):
        trained(corpus, tmp_path, recipe(**EVERYTHING))
    stop_after(-1)
    with disk_with_room_for(10_000), pytest.raises(InputError, match=r"ckpt cannot be written \(.*\); make room"):
        trained(corpus, tmp_path, recipe(**EVERYTHING))
    assert not list(tmp_path.glob("state/*/vqvae/.*"))
    assert trained(corpus, tmp_path, recipe(**EVERYTHING)) == straight


def two_stages(**second):
    one = recipe(steps=20)
    first = one.stages["vqvae"]
    return replace(one, stages={"first": first, "second": replace(first, **second)})


def test_a_finished_stage_is_not_repeated_and_the_next_starts_from_its_result(corpus, tmp_path, stop_after):
    stop_after(3)  # two of the first stage, one of the second
    with pytest.raises(KeyboardInterrupt):
        trained(corpus, tmp_path, two_stages())
    (first,) = tmp_path.glob("state/*/first/step-000000020.ckpt")
    before = first.stat().st_mtime_ns
    stop_after(-1)
    assert trained(corpus, tmp_path, two_stages()) == trained(corpus, tmp_path / "straight", two_stages())
    assert first.stat().st_mtime_ns == before
    # without steps of its own a stage hands on what it was given, but for what is estimated anew from data
    result = trained(corpus, tmp_path / "handed", two_stages(steps=0))
    handed, known = load(result["weights.safetensors"]), checkpoint.read(first)["system"]
    parameters = [name for name in known if name.startswith("decoder") and "weight" in name]
    assert parameters
    assert all(torch.equal(handed[name], known[name]) for name in parameters)
