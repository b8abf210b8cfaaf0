"""Long and many recordings: bounded memory, no step that grows faster than the corpus, and no leak in long training.

Run by ``make test-large``; it takes minutes and prints a table of what each stage took.
"""

import json
import resource
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
import torch
from submission.conftest import METADATA
from training.making import make_corpus, recipe

from unitvoice.audio import RATE
from unitvoice.files import write_json
from unitvoice.manifest import read_manifest
from unitvoice.models import save_model
from unitvoice.settings import build
from unitvoice.store import Store
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe
from unitvoice.training import checkpoint
from unitvoice.training.train import train

pytestmark = [pytest.mark.usefixtures("large"), pytest.mark.timeout(7200)]
FILES = 10_000
SECONDS = 0.1  # of each
SPEAKERS = 2_000
HOURS = 2  # of one recording
MEMORY = {"manifest": 2000, "check": 2000, "extract": 4000, "encode": 4000}  # MB that the rules ask for
GROWTH = 2.5  # times the time, for twice as much
MODEL = {"channels": 16, "layers": 1, "codes": 16, "width": 8, "speaker_width": 4}
STAGE = {"steps": 1, "batch": 1, "crop": 0.1, "learning_rate": 0.001}
RECIPE = {"system": "vqvae-mel", "description": "", "features": ["logmel"], "model": MODEL, "stages": {"vqvae": STAGE}}


# what the kernel tells of a child that has ended counts its parent's memory too: each says by itself what it took
MEASURED = """
import atexit, resource, runpy, sys
def tell():
    peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    took = resource.getrusage(resource.RUSAGE_SELF)
    sys.stderr.write(f"\\n{took.ru_utime + took.ru_stime} {peak}")
atexit.register(tell)
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


class Usage(NamedTuple):
    """What a process took."""

    seconds: float  # of the processor
    megabytes: float  # at most


def used(*command):
    """Run a module of ours and measure it; a failure shows what it said."""
    measured = [sys.executable, "-c", MEASURED, *map(str, command)]
    done = subprocess.run(measured, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    assert "internal error" not in done.stderr
    seconds, peak = done.stderr.splitlines()[-1].split()
    return Usage(float(seconds), float(peak) / 1024)


def show(corpus, found):
    """Print what stages took."""
    for name, usage in found.items():
        sys.stdout.write(f"\n{name:<12}{corpus:<14}{usage.seconds:>8.1f} s{usage.megabytes:>8.0f} MB")


def write_corpus(folder, files):
    """Recordings of noise by many speakers, one of whom says one thing, and ABX items of them."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (64, round(SECONDS * RATE))).astype(np.float32)
    speakers = max(8, SPEAKERS * files // FILES)
    folder.mkdir(parents=True)
    with folder.with_suffix(".item").open("w") as items:
        items.write("#file onset offset #phone prev-phone next-phone speaker\n")
        for number in range(files):
            place = number % (speakers - 1)  # which is odd: each speaker says both phones, in a context of five
            speaker = f"s{place}" if number else "alone"
            (folder / speaker).mkdir(exist_ok=True)
            soundfile.write(folder / speaker / f"u{number:05d}.wav", noise[number % 64], RATE)
            items.write(f"u{number:05d} 0 1 p{number % 2} c{place // 5} x {speaker}\n")


def write_manifest(corpus, out, **options):
    """The manifest by its command."""
    said = json.dumps({"split": {"hold_out": "utterances", "test": 0.4}} | options)
    kind = ("--kind", "folder", "--language", "english", "--options", said)
    return used("unitvoice.corpora.manifest", corpus, out, *kind)


def write_model(folder, manifest, frames):
    """A model that has seen nothing."""
    torch.manual_seed(0)
    described = build(Recipe, RECIPE, "the test")
    system = create_system(described, sorted({one.speaker for one in read_manifest(manifest).utterances}))
    system.trained_on = {"logmel": Store(frames).meta}
    save_model(folder, system, described, features=system.trained_on)


def stages(folder, files):
    """What each stage takes for a corpus of so many files, by its name."""
    corpus, out = folder / "corpus", folder / "out"
    write_corpus(corpus, files)
    place, frames = out / "manifest", out / "logmel"
    found = {"manifest": write_manifest(corpus, place)}
    found["check"] = used("unitvoice.corpora.checks", place, out / "checks.json")
    found["extract"] = used("unitvoice.features.extract", place, "logmel", frames)
    kmeans = ("--codes", 8, "--steps", 20, "--batch", files, "--inits", 1)
    found["k-means"] = used("unitvoice.units.kmeans", place, frames, out / "centres.npz", *kmeans)
    write_model(out / "model", place, frames)
    found["encode"] = used("unitvoice.units.encode", out / "model", place, frames, out / "units")
    found["ABX"] = used("unitvoice.evaluation.abx", f"{corpus}.item", frames)
    write_json(out / "metadata.yaml", METADATA)
    (out / "wavs").mkdir()
    for trial in read_manifest(place).trials:
        shutil.copy(corpus / "alone" / "u00000.wav", out / "wavs" / f"{trial.name}.wav")
    told = ("--language", "english", place, out / "units" / "vectors", out / "wavs")
    layout = ("unitvoice.submission.layout", out / "submission", "--metadata", out / "metadata.yaml")
    found["layout"] = used(*layout, *told)
    found["pack"] = used("unitvoice.submission.packaging", out / "submission", out / "submission.zip")
    used("unitvoice.submission.lists", out / "lists", "--manifest", "english", place)
    validation = ("unitvoice.submission.validation", out / "submission.zip", "--lists", out / "lists")
    found["validation"] = used(*validation)
    assert len(Store(out / "units" / "vectors")) == len(read_manifest(place).subset("test")) > files / 10
    return found


def test_twice_as_many_files_take_no_more_than_twice_the_time(tmp_path):
    few, half, whole = (stages(tmp_path / str(files), files) for files in (40, FILES // 2, FILES))
    show(f"{FILES} files", whole)
    growth = {}
    for name, usage in whole.items():
        growth[name] = (usage.seconds - few[name].seconds) / max(half[name].seconds - few[name].seconds, 1)
        sys.stdout.write(f"\n{name:<12}{'twice':<14}{growth[name]:>8.2f} times")
    assert {name: times for name, times in growth.items() if times > GROWTH} == {}
    assert {name: usage for name, usage in whole.items() if usage.megabytes > MEMORY["manifest"]} == {}


def write_long(path, hours):
    """Noise with a pause each second."""
    path.parent.mkdir(parents=True)
    minute = np.random.default_rng(0).uniform(-0.1, 0.1, 60 * RATE) * (np.arange(60 * RATE) % RATE > RATE // 5)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        for _ in range(round(60 * hours)):
            file.write(minute)


@pytest.mark.parametrize("longest", [15, 8000], ids=["cut", "whole"])
def test_a_recording_of_hours_fits_in_the_memory_that_the_rules_ask_for(tmp_path, longest):
    corpus, place, frames = (tmp_path / name for name in ("corpus", "manifest", "logmel"))
    write_long(corpus / "long" / "a.wav", HOURS)
    write_long(corpus / "short" / "b.wav", 1 / 60)
    found = {"manifest": write_manifest(corpus, place, longest=longest)}
    tolerated = ("--tolerate", "nothing to test on")
    found["check"] = used("unitvoice.corpora.checks", place, tmp_path / "checks.json", *tolerated)
    found["extract"] = used("unitvoice.features.extract", place, "logmel", frames)
    write_model(tmp_path / "model", place, frames)
    units = ("unitvoice.units.encode", tmp_path / "model", place, frames, tmp_path / "units")
    found["encode"] = used(*units, "--subsets", "unit", "voice", "test", "dev")
    show(f"{HOURS} h, {'cut' if longest < 100 else 'whole'}", found)
    assert {name: usage for name, usage in found.items() if usage.megabytes > MEMORY[name]} == {}


def test_twenty_lives_of_a_training_leave_memory_and_open_files_as_they_were(tmp_path, monkeypatch):
    make_corpus(tmp_path / "corpus")
    manifest = read_manifest(tmp_path / "corpus" / "manifest")
    stores = {"logmel": Store(tmp_path / "corpus" / "logmel")}
    wanted = recipe(steps=1000, checkpoint_every=50, develop_every=100)
    save = checkpoint.save

    def saved(*arguments, **options):
        save(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", saved)
    memory, opened = [], []
    for _ in range(20):
        with suppress(KeyboardInterrupt):
            train(wanted, manifest, stores, tmp_path / "model", tmp_path / "state", seed=0)
        memory.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6)
        opened.append(len(list(Path("/proc/self/fd").iterdir())))
    sys.stdout.write(f"\n20 lives of 50 steps: {memory[4]:.0f} to {max(memory):.0f} MB, {opened[2]} open files")
    assert max(memory) - memory[4] < 30
    assert len(set(opened[2:])) == 1
    monkeypatch.setattr(checkpoint, "save", save)
    train(wanted, manifest, stores, tmp_path / "model", tmp_path / "state", seed=0)
    assert f'{{"step": {wanted.stages["vqvae"].steps},' in (tmp_path / "model" / "log.jsonl").read_text()
