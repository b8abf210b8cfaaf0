"""What all tests share: one thread of torch, and a tiny corpus, its features and a model, made once per session."""

import fcntl
import os
import resource
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from slurm.private import private_slurm
from slurm.running import complete

from unitvoice.corpora import demo, zerospeech2019
from unitvoice.features.extract import extract
from unitvoice.manifest import read_manifest, write_manifest
from unitvoice.settings import build
from unitvoice.store import Store
from unitvoice.systems.recipe import Recipe
from unitvoice.training.train import train

# the commands that tests start find the package too
os.environ["PYTHONPATH"] = str(Path(demo.__file__).parents[2])
torch.set_num_threads(1)
settings.register_profile("alike", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("wide", deadline=None, max_examples=3000)  # for hours, by --hypothesis-profile=wide
settings.load_profile("alike")

TINY_MODEL = {"channels": 16, "layers": 1, "codes": 16, "width": 8, "speaker_width": 4}
TINY_STAGE = {"steps": 2, "batch": 4, "crop": 0.32, "learning_rate": 0.001, "checkpoint_every": 2}


def pytest_addoption(parser):
    parser.addoption("--slurm", action="store_true", help="run the tests that start a Slurm of their own")
    parser.addoption("--large", action="store_true", help="run the tests of long and many recordings")
    parser.addoption("--faults", action="store_true", help="run the workflow while all kinds of things go wrong")


@pytest.fixture(scope="session")
def slurm(request):
    """The environment of a private Slurm of two nodes; the tests with it run when they are asked for."""
    if not request.config.getoption("--slurm"):
        pytest.skip("needs --slurm")
    with private_slurm() as environment:
        yield environment


@pytest.fixture(scope="session")
def large(request):
    """For tests that take minutes, which run when they are asked for."""
    if not request.config.getoption("--large"):
        pytest.skip("needs --large")


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """``once(name, make)``: the path that ``make(path)`` writes atomically, made by one of the workers for all."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "tiny"
    folder.mkdir(exist_ok=True)

    def made(name, make):
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / name).exists():
                make(folder / name)
        return folder / name

    return made


@pytest.fixture(scope="session")
def local_run(once):
    """Folder of a complete run of the workflow on this machine (do not write in it)."""

    def make(folder):
        place = folder.with_suffix(".part")
        code, said = complete(place, dict(os.environ), "--cores", "2")
        assert code == 0, said
        place.rename(folder)

    return once("local-run", make)


@pytest.fixture(scope="session")
def tiny_corpus(once):
    """Root of a corpus in two languages, in the layout of 2019 (seconds of speech; do not write in it)."""
    return once("corpus", lambda folder: demo.generate(folder, synthesiser="formants", size="tiny"))


@pytest.fixture(scope="session")
def tiny_manifest_folder(once, tiny_corpus):
    """The manifest folder of the tiny corpus in ``english``."""
    made = zerospeech2019.manifest
    return once("manifest", lambda folder: write_manifest(made(tiny_corpus, "english"), folder))


@pytest.fixture(scope="session")
def tiny_manifest(tiny_manifest_folder):
    """The manifest of the tiny corpus in ``english``."""
    return read_manifest(tiny_manifest_folder)


@pytest.fixture(scope="session")
def tiny_features(once, tiny_manifest):
    """The log-mel store of all its utterances."""
    return Store(once("logmel", lambda folder: extract(tiny_manifest, "logmel", folder)))


@pytest.fixture(scope="session")
def tiny_recipe():
    """A ``vqvae-mel`` with very small settings and two steps of training."""
    values = {"system": "vqvae-mel", "description": "tiny", "features": ["logmel"], "model": TINY_MODEL}
    return build(Recipe, values | {"stages": {"vqvae": TINY_STAGE}}, "the tests")


@pytest.fixture(scope="session")
def tiny_model(once, tmp_path_factory, tiny_recipe, tiny_manifest, tiny_features):
    """The model folder of that system, trained on that corpus."""
    stores = {"logmel": tiny_features}
    state = tmp_path_factory.mktemp("state")
    return once("model", lambda folder: train(tiny_recipe, tiny_manifest, stores, folder, state, seed=0))


@pytest.fixture
def disk_with_room_for():
    """A context in which no file can grow beyond some bytes, as on a full disk."""

    @contextmanager
    def limited(size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited
