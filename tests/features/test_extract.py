"""Features of a corpus."""

from dataclasses import replace

import numpy as np
import pytest
from unsealing import contents

from unitvoice import audio
from unitvoice.errors import InputError
from unitvoice.features import extract as module
from unitvoice.features.extract import extract, main
from unitvoice.features.spectral import log_mel, mfcc
from unitvoice.manifest import Manifest, Utterance, write_manifest
from unitvoice.store import Store


def make(folder, lengths):
    """A manifest of noises of some numbers of samples."""
    utterances = []
    for number, samples in enumerate(lengths):
        wave = 0.1 * np.random.default_rng(number).standard_normal(samples)
        audio.write(folder / "wavs" / f"u{number}.wav", wave)
        utterances.append(Utterance(f"u{number}", "S1", "test", f"wavs/u{number}.wav", None, None, samples / 16_000))
    return Manifest("made", "up", folder, tuple(utterances))


def test_the_store_holds_the_frames_of_every_utterance_in_order(tmp_path):
    manifest = make(tmp_path, [1600, 800, 5000])
    extract(manifest, "logmel", tmp_path / "s")
    store = Store(tmp_path / "s")
    assert list(store) == ["u0", "u1", "u2"]
    assert (store.rate, store.meta["first"], store.meta["kind"]) == (100.0, 0.0, "logmel")
    for utterance in manifest.utterances:
        np.testing.assert_array_equal(store[utterance.utterance], log_mel(audio.read(manifest.path(utterance))))


def test_the_store_says_when_the_first_frame_is(tmp_path):
    extract(make(tmp_path, [1600]), "hopmel", tmp_path / "s")
    assert Store(tmp_path / "s").meta["first"] == 0.008


def test_stretches_of_one_recording_are_utterances(tmp_path):
    manifest = make(tmp_path, [16_000])
    halves = [
        replace(manifest.utterances[0], utterance=n, start=s, stop=e)
        for n, s, e in (("a", None, 0.5), ("b", 0.5, None))
    ]
    extract(replace(manifest, utterances=tuple(halves)), "wave", tmp_path / "s")
    store = Store(tmp_path / "s")
    whole = np.round(audio.read(tmp_path / "wavs" / "u0.wav") * 32767).astype(np.int16)
    np.testing.assert_array_equal(np.concatenate([store["a"], store["b"]])[:, 0], whole)


def test_threads_and_blocks_do_not_change_a_byte(tmp_path, monkeypatch):
    manifest = make(tmp_path, [300 + 100 * n for n in range(9)])
    extract(manifest, "mfcc39", tmp_path / "one")
    monkeypatch.setattr(module, "BLOCK", 3)
    extract(manifest, "mfcc39", tmp_path / "many", jobs=3)
    assert contents(tmp_path / "one") == contents(tmp_path / "many")


def test_a_recording_of_50_ms_has_frames_of_every_kind(tmp_path):
    manifest = make(tmp_path, [800])
    for kind, rows in (("logmel", 6), ("mfcc39", 6), ("wave", 800)):
        extract(manifest, kind, tmp_path / kind)
        assert Store(tmp_path / kind).rows("u0") == rows
    np.testing.assert_array_equal(Store(tmp_path / "mfcc39")["u0"], mfcc(audio.read(tmp_path / "wavs" / "u0.wav")))


def test_all_bad_recordings_are_named_and_nothing_is_left(tmp_path):
    manifest = make(tmp_path, [800, 800, 800])
    (tmp_path / "wavs" / "u0.wav").write_bytes(b"noise")
    (tmp_path / "wavs" / "u2.wav").unlink()
    with pytest.raises(InputError, match=r"2 recordings cannot be used: .*u0\.wav.*u2\.wav does not exist"):
        extract(manifest, "logmel", tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_a_manifest_without_utterances_is_told(tmp_path):
    with pytest.raises(InputError, match="there is no utterance to store"):
        extract(make(tmp_path, []), "logmel", tmp_path / "s")


def test_the_command_writes_the_same_store(tmp_path):
    manifest = make(tmp_path, [900, 1600])
    write_manifest(manifest, tmp_path / "m")
    main([str(tmp_path / "m"), "logmel", str(tmp_path / "command"), "--jobs", "2"])
    extract(manifest, "logmel", tmp_path / "library")
    assert contents(tmp_path / "command") == contents(tmp_path / "library")


def test_the_command_refuses_what_it_does_not_know():
    with pytest.raises(InputError, match="unknown kind of features 'nope'"):
        main(["m", "nope", "s"])
    with pytest.raises(SystemExit, match="2"):
        main(["m", "logmel", "s", "--jobs", "0"])
