"""Encoding: the same units in any company, and what cannot be encoded is told."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from unsealing import contents

from unitvoice.errors import InputError
from unitvoice.features.kinds import KINDS
from unitvoice.manifest import Manifest, Utterance, write_manifest
from unitvoice.models import load_model
from unitvoice.store import Store, create_store
from unitvoice.units.encode import encode, main

LOGMEL = KINDS["logmel"].parameters
LENGTHS = {"a": 60, "b": 7, "c": 1, "d": 200, "e": 6}
SPEAKERS = {"a": "S1", "b": "S1", "c": "S2", "d": "S2", "e": "S3"}


@pytest.fixture
def frames(tmp_path):
    random = np.random.default_rng(0)
    with create_store(tmp_path / "logmel", kind="logmel", rate=100.0, **LOGMEL) as writer:
        for name, length in LENGTHS.items():
            writer.append(name, random.normal(-6, 2, (length, 80)).astype(np.float32))
    return Store(tmp_path / "logmel")


@pytest.fixture
def system(tiny_model):
    return load_model(tiny_model)


def utterances(names):
    return [Utterance(name, SPEAKERS[name], "test", f"{name}.wav", None, None, 1.0) for name in names]


def encoded(system, names, frames, folder):
    encode(system, utterances(names), frames, folder)
    return {kind: Store(folder / kind) for kind in ("indices", "vectors", "continuous")}


def test_three_stores_agree_in_names_lengths_and_times(system, frames, tmp_path):
    stores = encoded(system, "abcde", frames, tmp_path / "out")
    for kind, store in stores.items():
        assert list(store) == list("abcde")
        assert [store.rows(name) for name in store] == [30, 4, 1, 100, 3]  # two frames a unit, rounded up
        assert (store.meta["kind"], store.rate, store.meta["first"]) == (kind, 50.0, 0.005)
    assert stores["indices"].frames.dtype == np.int32
    assert (stores["indices"].width, stores["vectors"].width, stores["continuous"].width) == (1, 8, 8)


def test_vectors_are_the_codebooks_rows_of_the_indices(system, frames, tmp_path):
    stores = encoded(system, "abcde", frames, tmp_path / "out")
    codes = torch.from_numpy(stores["indices"].frames.astype(np.int64))
    np.testing.assert_array_equal(stores["vectors"].frames, system.quantiser.lookup(codes).numpy())
    assert len(np.unique(stores["vectors"].frames, axis=0)) == len(np.unique(stores["indices"].frames))


def test_units_are_the_same_in_any_company_of_other_speakers(system, frames, tmp_path):
    together = encoded(system, "abcde", frames, tmp_path / "all")
    alone = encoded(system, "ba", frames, tmp_path / "some")
    for kind in together:
        for name in "ab":
            np.testing.assert_array_equal(together[kind][name], alone[kind][name])


def test_without_a_prior_an_utterance_is_encoded_as_if_alone(system, frames, tmp_path):
    system.prior = 0.0
    together = encoded(system, "abcde", frames, tmp_path / "all")
    for name in "abcde":
        alone = encoded(system, name, frames, tmp_path / name)
        for kind in together:
            np.testing.assert_array_equal(together[kind][name], alone[kind][name])


def test_the_prior_brings_in_the_speakers_other_utterances(system, frames, tmp_path):
    system.prior = 24.0
    together = encoded(system, "ab", frames, tmp_path / "all")
    alone = encoded(system, "b", frames, tmp_path / "alone")
    assert not np.array_equal(together["continuous"]["b"], alone["continuous"]["b"])


def test_a_loudness_of_the_recording_is_taken_away(system, frames, tmp_path):
    with create_store(tmp_path / "louder", kind="logmel", rate=100.0, **LOGMEL) as writer:
        for name in frames:
            writer.append(name, frames[name] + 1.5)
    quiet = encoded(system, "ab", frames, tmp_path / "quiet")["continuous"].frames
    loud = encoded(system, "ab", Store(tmp_path / "louder"), tmp_path / "loud")["continuous"].frames
    np.testing.assert_allclose(loud, quiet, atol=1e-4)


def test_the_same_call_gives_the_same_bytes(system, frames, tmp_path):
    for name in ("one", "two"):
        encoded(system, "abcde", frames, tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_frames_computed_in_another_way_are_refused(system, tmp_path):
    with create_store(tmp_path / "logmel", kind="logmel", rate=100.0, **LOGMEL | {"window": 512}) as writer:
        writer.append("a", np.zeros((60, 80), np.float32))
    with pytest.raises(InputError, match="computed in another way than the model was trained on"):
        encoded(system, "a", Store(tmp_path / "logmel"), tmp_path / "units")


def test_another_kind_of_frames_is_refused(system, tmp_path):
    with create_store(tmp_path / "mfcc", kind="mfcc39", rate=100.0) as writer:
        writer.append("a", np.zeros((5, 39), np.float32))
    with pytest.raises(InputError, match="mfcc holds mfcc39 but the model reads logmel"):
        encode(system, utterances("a"), Store(tmp_path / "mfcc"), tmp_path / "out")


def test_utterances_without_frames_are_named(system, frames, tmp_path):
    lost = [replace(utterances("a")[0], utterance=name) for name in ("x", "y")]
    with pytest.raises(InputError, match="logmel lacks x, y; make the features again"):
        encode(system, [*utterances("ab"), *lost], frames, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_to_encode_is_told_and_leaves_nothing(system, frames, tmp_path):
    with pytest.raises(InputError, match="there is no utterance to store"):
        encode(system, [], frames, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["logmel"]


def test_the_command_encodes_the_subsets_it_is_given(
    tiny_model, tiny_manifest_folder, tiny_manifest, tiny_features, tmp_path
):
    arguments = [str(tiny_model), str(tiny_manifest_folder), str(tiny_features.folder)]
    main([*arguments, str(tmp_path / "command"), "--subsets", "voice", "unit"])
    chosen = tiny_manifest.subset("voice", "unit")
    encode(load_model(tiny_model), chosen, tiny_features, tmp_path / "library")
    assert list(Store(tmp_path / "command" / "indices")) == [utterance.utterance for utterance in chosen]
    assert contents(tmp_path / "command") == contents(tmp_path / "library")


def test_the_command_tells_of_an_empty_subset(tiny_model, frames, tmp_path):
    write_manifest(Manifest("c", "l", tmp_path, tuple(utterances("a"))), tmp_path / "m")
    with pytest.raises(InputError, match="has no utterance in the subsets voice, dev"):
        main(
            [
                str(tiny_model),
                str(tmp_path / "m"),
                str(frames.folder),
                str(tmp_path / "o"),
                "--subsets",
                "voice",
                "dev",
            ]
        )
