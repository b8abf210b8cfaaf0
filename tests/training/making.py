"""A small corpus of frames, and systems that train on it in a second."""

import sys
from dataclasses import asdict

import numpy as np

from unitvoice.files import write_json
from unitvoice.manifest import Manifest, Utterance, read_manifest, write_manifest
from unitvoice.settings import build
from unitvoice.store import Store, create_store
from unitvoice.systems.recipe import Recipe
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
SPEAKERS = {"S1": "unit", "S2": "unit", "V1": "voice", "V2": "voice", "D1": "dev", "D2": "dev"}
LETTERS = "abcdefg"  # utterances of a speaker
FRAMES = 60  # of an utterance


def recipe(*, model=None, held_out=0.02, **stage):
    """A small ``vqvae-mel``; ``stage`` changes its only stage."""
    values = {"system": "vqvae-mel", "description": "", "features": ["logmel"], "model": MODEL | (model or {})}
    return build(Recipe, values | {"stages": {"vqvae": STAGE | stage}, "held_out": held_out}, "the test")


def make_corpus(folder, letters=LETTERS, broken=(), bands=12):
    """Write a manifest of six speakers, two of them for development, and a store of frames made of five sounds.

    Frames of the utterances in ``broken`` are so large that their squares are not finite.
    """
    random = np.random.default_rng(0)
    sounds = random.normal(size=(5, bands))
    utterances = [
        Utterance(f"{speaker}_{letter}", speaker, subset, "x.wav", None, None, FRAMES / 100)
        for speaker, subset in SPEAKERS.items()
        for letter in letters
    ]
    folder.mkdir(parents=True, exist_ok=True)
    items = ["#file onset offset #phone prev-phone next-phone speaker"]
    with create_store(folder / "logmel", kind="logmel", rate=100.0) as writer:
        for utterance in utterances:
            said = random.integers(5, size=10)
            frames = sounds[said.repeat(6)] + 0.1 * random.normal(size=(FRAMES, bands))
            writer.append(utterance.utterance, frames * (1e30 if utterance.utterance in broken else 1))
            if utterance.subset == "dev":
                items += [
                    f"{utterance.utterance} {place / 10} {(place + 0.95) / 10} P{sound} x y {utterance.speaker}"
                    for place, sound in enumerate(said)
                ]
    (folder / "dev.item").write_text("\n".join(items) + "\n")
    manifest = Manifest("made", "up", folder, tuple(utterances), tasks={"dev": folder / "dev.item"})
    write_manifest(manifest, folder / "manifest")
    return folder


def trained(corpus, folder, wanted=None, **options):
    """Train on a corpus; the bytes of the model's files by name."""
    stores = {store.meta["kind"]: store for store in map(Store, stores_of(corpus))}
    options = {"seed": 0} | options
    train(
        wanted or recipe(), read_manifest(corpus / "manifest"), stores, folder / "model", folder / "state", **options
    )
    files = [path for path in sorted((folder / "model").rglob("*")) if path.is_file()]
    return {path.relative_to(folder / "model").as_posix(): path.read_bytes() for path in files}


def stores_of(corpus):
    """The stores of a corpus."""
    return sorted(path.parent for path in corpus.glob("*/meta.json"))


def command(corpus, folder, wanted=None, *options):
    """The command line that does the same."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "recipe.json", asdict(wanted or recipe()))
    places = ["unitvoice.training.train", folder / "recipe.json", corpus / "manifest", folder / "model"]
    places += ["--features", *stores_of(corpus), "--state", folder / "state"]
    return [sys.executable, "-m", *map(str, places), *options]
