"""Systems that hear a voice before they speak in it: continuous units, and voices that training never heard."""

import numpy as np
import pytest
import soundfile
import torch
from unsealing import unsealed

from unitvoice import audio
from unitvoice.conversion.convert import main
from unitvoice.errors import InputError
from unitvoice.features.extract import extract
from unitvoice.manifest import Manifest, Trial, Utterance, write_manifest
from unitvoice.models import save_model
from unitvoice.provenance import SEAL
from unitvoice.settings import build
from unitvoice.store import Store
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe
from unitvoice.units import encode

DECODER = {"scales": (4, 4, 4, 5), "residual": 4, "gate": 4, "skip": 4, "layers": 2, "stacks": 1}
MODEL = {"channels": 4, "stride": 2, "instance_norm": True, "width": 4, "decoder": DECODER}
STAGE = {"steps": 1, "batch": 1, "crop": 0.1, "learning_rate": 0.1}


def saved(folder, name, **model):
    values = {"system": name, "description": "", "features": ["highmfcc", "highmulaw"], "model": MODEL | model}
    recipe = build(Recipe, values | {"stages": {"wae": STAGE}}, "the tests")
    torch.manual_seed(0)
    save_model(folder, create_system(recipe, ["S1"]), recipe)
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a corpus of two voices, frames, a model that hears any voice, and units of the only source."""
    root = tmp_path_factory.mktemp("hearing")
    utterances = []
    for number, (name, speaker, subset) in enumerate(
        [("said", "S1", "test"), ("new_1", "N", "voice"), ("new_2", "N", "voice"), ("other", "M", "voice")]
    ):
        wave = 0.1 * np.random.default_rng(number).standard_normal(801 + number)
        soundfile.write(root / f"{name}.wav", wave, 16_000)
        utterances.append(Utterance(name, speaker, subset, f"{name}.wav", None, None, 0.05))
    trials = (Trial("said", "N", "as_new"), Trial("said", "M", "as_other"))
    made = Manifest("made", "english", root, tuple(utterances), trials)
    write_manifest(made, root / "manifest")
    for kind in ("highmfcc", "logmel"):
        extract(made, kind, root / kind)
    saved(root / "model", "any-wae", table=0, reference=3)
    encode.main([str(root / name) for name in ("model", "manifest", "highmfcc", "units")])
    return root


def converted(place, folder, *options, model="model"):
    main([str(place / name) for name in (model, "manifest", "units")] + [str(folder), *map(str, options)])
    return {path.name: audio.read(path) for path in folder.glob("*.wav")}


def test_units_without_codes_have_no_indices_and_vectors_for_all_frames(place):
    assert sorted(path.name for path in (place / "units").iterdir()) == [SEAL, "continuous", "vectors"]
    vectors = Store(place / "units" / "vectors")
    assert (vectors.rows("said"), vectors.width, vectors.rate, vectors.meta["first"]) == (3, 4, 50.0, 0.005)


def test_it_speaks_in_voices_that_training_never_heard_as_long_as_the_source(place, tmp_path):
    found = converted(place, tmp_path / "out", "--references", place / "highmfcc")
    assert {name: len(wave) for name, wave in found.items()} == {"as_new.wav": 801, "as_other.wav": 801}
    assert not np.array_equal(found["as_new.wav"], found["as_other.wav"])


def test_without_references_the_cure_is_told(place, tmp_path):
    with pytest.raises(InputError, match="give the store of their frames as --references"):
        converted(place, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_references_of_another_kind_are_refused(place, tmp_path):
    with pytest.raises(InputError, match="holds logmel but the model reads highmfcc"):
        converted(place, tmp_path / "out", "--references", place / "logmel")


def test_voices_without_recordings_are_all_named(place, tmp_path):
    only = Utterance("said", "S1", "test", "said.wav", None, None, 0.05)
    extract(Manifest("made", "english", place, (only,), ()), "highmfcc", tmp_path / "few")
    with pytest.raises(InputError, match="has no voice recordings of M, N; add some"):
        converted(place, tmp_path / "out", "--references", tmp_path / "few")


def test_a_system_with_a_table_too_speaks_in_its_speakers_voices_alone(place, tmp_path):
    unsealed(saved(tmp_path / "model", "in-wae", table=3, reference=3))
    with pytest.raises(InputError, match="does not know the speaker 'M'; it knows S1"):
        converted(place, tmp_path / "out", "--references", place / "highmfcc", model=tmp_path / "model")
