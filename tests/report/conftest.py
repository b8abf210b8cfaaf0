"""A small results folder with known figures, made without any model."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from unitvoice import audio
from unitvoice.manifest import Manifest, Phone, Trial, Utterance, write_manifest
from unitvoice.store import create_store

SECONDS = 0.4
CODES = 8
LANGUAGES = ("english", "surprise")
TRIALS = 6


def wave(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    times = np.arange(round(SECONDS * audio.RATE)) / audio.RATE
    tone = 0.3 * np.sin(2 * np.pi * (200 + 40 * seed) * times)
    return (tone + 0.01 * random.standard_normal(len(times))).astype(np.float32)


def write_corpus(folder: Path, language: str, source: str, target: str) -> Manifest:
    root = folder / "corpus" / language
    utterances = []
    for number in range(2 * TRIALS):
        subset, speaker = ("test", source) if number < TRIALS else ("voice", target)
        name = f"{speaker}_{number}"
        audio.write(root / f"{name}.wav", wave(number))
        utterances.append(Utterance(name, speaker, subset, f"{name}.wav", None, None, SECONDS))
    names = [u.utterance for u in utterances[:TRIALS]]
    manifest = Manifest(
        corpus="fake",
        language=language,
        root=root,
        utterances=tuple(utterances),
        trials=tuple(Trial(name, target, f"{target}_to_{name}") for name in names),
        bitrate=tuple((name, SECONDS) for name in names),
        phones=tuple(Phone(name, place / 10, place / 10 + 0.1, "abcd"[place]) for name in names for place in range(4)),
    )
    write_manifest(manifest, folder / "results" / language / "manifest")
    return manifest


def write_scores(folder: Path, errors: dict[str, float]) -> None:
    """``scores.json`` with one error per representation, and the table of one phone pair with that error."""
    folder.mkdir(parents=True)
    scored = {
        name: {"frames": "0", "abx": {"test": {"across": {"cosine": error}}}, "bitrate": 100.0 + error}
        for name, error in errors.items()
    }
    content = {"settings": {"distances": ["cosine"]}, "representations": scored, "absent": {}}
    (folder / "scores.json").write_text(json.dumps(content))
    for name, error in errors.items():
        lines = ["phone,other_phone,speaker,x_speaker,context,triplets,error", f"NA,b,s,t,a a,40,{error}"]
        (folder / f"{name}-test-across-cosine.csv").write_text("\n".join(lines) + "\n")


def write_run(folder: Path, manifest: Manifest, seed: int, error: float) -> None:
    write_scores(folder / "abx", {"vectors": error, "continuous": error - 1})
    (folder / "model").mkdir()
    recipe = {"description": "A fake", "model": {"codes": CODES}, "stages": {}}
    (folder / "model" / "model.json").write_text(json.dumps({"recipe": recipe, "versions": {"unitvoice": "0"}}))
    losses = [{"step": 10 * step, "reconstruction": 1 / step, "perplexity": 2.0 + step} for step in range(1, 6)]
    (folder / "model" / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in losses))
    random = np.random.default_rng(seed)
    table = random.standard_normal((CODES, 4))
    for kind in ("indices", "vectors"):
        with create_store(folder / "units" / kind, kind=kind, rate=50.0, first=0.005) as store:
            for utterance in manifest.utterances:
                codes = np.random.default_rng(len(utterance.utterance)).integers(CODES, size=(20, 1))
                store.append(utterance.utterance, codes if kind == "indices" else table[codes[:, 0]])


def write_judgement(path: Path, manifest: Manifest) -> None:
    trials = [
        {"trial": trial.name, "source": "s", "target": trial.target, "to_target": 0.8, "to_source": 0.4}
        for trial in manifest.trials
    ]
    content = {
        "judge": {"name": "a fake judge"},
        "conversion": {"trials": len(trials), "nearer_target_percent": 97.5},
        "own_voice": {"absent": "nothing was spoken again"},
        "corpus": {"equal_error_rate_percent": 6.25},
        "trials": trials,
    }
    path.write_text(json.dumps(content))


@pytest.fixture
def make_results(tmp_path: Path) -> Callable[..., Path]:
    """Write a results folder; names of speakers as wanted."""

    def make(source: str = "S001", target: str = "V001", *, name: str = "run") -> Path:
        folder = tmp_path / name
        results = folder / "results"
        for language in LANGUAGES:
            manifest = write_corpus(folder, language, source, target)
            write_scores(results / language / "baselines" / "mfcc39", {"mfcc39": 24.0})
            for seed, error in ((0, 12.0), (1, 18.0)):
                system = results / language / "fake-system"
                write_run(system / f"seed-{seed}", manifest, seed, error)
                write_scores(system / f"untrained-{seed}" / "abx", {"vectors": 40.0, "continuous": 39.0})
            first = results / language / "fake-system" / "seed-0"
            for number, trial in enumerate(manifest.trials):
                audio.write(first / "converted" / f"{trial.name}.wav", wave(30 + number))
            write_judgement(first / "speakers.json", manifest)
        verdict = {"valid": True, "findings": [], "unchecked": ["nothing"]}
        (results / "fake-system").mkdir()
        (results / "fake-system" / "validation.json").write_text(json.dumps(verdict))
        with zipfile.ZipFile(results / "fake-system" / "submission.zip", "w") as archive:
            for file in ("metadata.yaml", *(f"2019/english/test/{number}.txt" for number in range(5))):
                archive.writestr(file, "text")
        return results

    return make


@pytest.fixture
def options() -> list[str]:
    """The options of both commands for such a folder."""
    return ["--languages", *LANGUAGES, "--system", "fake-system", "--seeds", "0", "1"]
