"""Recordings for the commands, and a way to run them."""

import numpy as np
import pytest
import soundfile

from unitvoice.__main__ import main


@pytest.fixture
def run():
    """``run(*arguments)``: the command of the package in this process."""
    return lambda *arguments: main([str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    """A folder of recordings of odd lengths and rates, one of them deeper down (do not write in it)."""
    root = tmp_path_factory.mktemp("recordings")
    (root / "deep").mkdir()
    for number, (name, samples, rate) in enumerate([("one.wav", 4321, 16_000), ("deep/two.flac", 8000, 22_050)]):
        wave = 0.1 * np.random.default_rng(number).standard_normal(samples)
        soundfile.write(root / name, wave, rate)
    return root


@pytest.fixture(scope="session")
def speakers(tiny_corpus):
    """Two voices that the tiny model knows."""
    return sorted({path.name.partition("_")[0] for path in (tiny_corpus / "2019").rglob("V*.wav")})[:2]
