"""A small corpus with everything that a submission needs."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from unitvoice import audio
from unitvoice.manifest import Manifest, Trial, Utterance, write_manifest
from unitvoice.store import create_store

SECONDS = {"S001_01": 0.5, "S001_02": 1.0, "S002_03": 2.0, "S002_04": 0.09, "S002_05": 3.3}
METADATA = {
    "author": "A. Author",
    "affiliation": "Université",
    "open source": False,
    "abx distance": "dtw_cosine",
    "system description": "codes: of speech",
    "hyperparameters": {"codes": 16},
    "using parallel train": False,
    "using external data": False,
}
RATE = 50.0


def frames_of(utterance, width=4, seed=0):
    """Code vectors of a fixed codebook, (T, width) float32."""
    codebook = np.random.default_rng(seed).standard_normal((16, width)).astype(np.float32)
    count = max(1, round(SECONDS[utterance] * RATE))
    return codebook[np.arange(count) * (1 + int(utterance[-1])) % 16]


def make_store(folder, names=tuple(SECONDS), width=4, seed=0, dtype=np.float32, first=0.0):
    """A store of code vectors."""
    with create_store(folder, kind="vectors", rate=RATE, dtype=dtype, first=first) as writer:
        for name in names:
            writer.append(name, frames_of(name, width, seed))
    return folder


def make_language(folder, language):
    """Manifest, store and wavs of one language below a folder; returns the arguments of --language."""
    tests = [Utterance(name, name[:4], "test", f"test/{name}.wav", None, None, s) for name, s in SECONDS.items()]
    voice = Utterance("V001_99", "V001", "voice", "voice/V001_99.wav", None, None, 1.0)
    trials = (Trial("S001_02", "V001", "V001_02"), Trial("S002_03", "V001", "V001_03"))
    bitrate = (("S001_02", 1.0), ("S002_03", 2.0))
    manifest = Manifest("small", language, Path("nowhere"), (*tests, voice), trials, bitrate)
    write_manifest(manifest, folder / "manifest")
    make_store(folder / "vectors")
    for trial in trials:
        wave = 0.3 * np.sin(np.arange(int(SECONDS[trial.source] * audio.RATE)) / 9)
        audio.write(folder / "wavs" / f"{trial.name}.wav", wave)
    return ["--language", language, *(str(folder / name) for name in ("manifest", "vectors", "wavs"))]


@pytest.fixture
def arguments(tmp_path):
    """Arguments of the layout command for both languages, without OUT."""
    (tmp_path / "metadata.yaml").write_text(yaml.safe_dump(METADATA), encoding="utf-8")
    languages = [make_language(tmp_path / language, language) for language in ("english", "surprise")]
    return ["--metadata", str(tmp_path / "metadata.yaml"), *languages[0], *languages[1]]
