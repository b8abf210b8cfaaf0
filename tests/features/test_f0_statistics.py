"""Statistics of F0: by name, over voiced frames alone, nobody's changed by another's, and a way out for strangers."""

import json
import logging
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unitvoice.errors import InputError
from unitvoice.features.f0_statistics import LogF0, f0_statistics, main, read_f0_statistics
from unitvoice.manifest import Manifest, Utterance, write_manifest
from unitvoice.store import Store, create_store

VOICES = {"low": (110, 0.1), "high": (220, 0.2), "middle": (160, 0.05)}  # Hz, deviation of the logarithm


def contour(name, frames=400):
    """F0 around a voice's mean in every second stretch of 20 frames."""
    centre, deviation = VOICES[name]
    random = np.random.default_rng(len(name))
    f0 = centre * np.exp(deviation * random.standard_normal(frames))
    voiced = np.arange(frames) // 20 % 2 == 0
    return np.stack([np.where(voiced, f0, 0), voiced], axis=1).astype(np.float32)


def utterance(name, speaker):
    return Utterance(name, speaker, "unit", f"{name}.wav", None, None, 2.0)


def made(folder, contours, kind="f0"):
    with create_store(folder, kind=kind, rate=200.0) as store:
        for name, frames in contours.items():
            store.append(name, frames)
    return Store(folder)


@pytest.fixture
def store(tmp_path):
    return made(tmp_path / "f0", {name: contour(name) for name in VOICES})


UTTERANCES = [utterance(name, name) for name in VOICES]


def test_they_are_of_the_logarithm_over_voiced_frames_alone(store):
    found = f0_statistics(store, UTTERANCES)
    for name, one in found.speakers.items():
        f0 = contour(name)[:, 0].astype(np.float64)
        assert one.mean == pytest.approx(np.log(f0[f0 > 0]).mean())
        assert one.deviation == pytest.approx(np.log(f0[f0 > 0]).std())
        assert one.frames == 200
        assert np.exp(one.mean) == pytest.approx(VOICES[name][0], rel=0.03)
    assert found.everyone.frames == 600
    assert found.everyone.mean == pytest.approx(np.mean([one.mean for one in found.speakers.values()]))
    assert found.content == store.meta["content"]


def test_adding_a_speaker_changes_none_of_the_others(store):
    some, more = f0_statistics(store, UTTERANCES[1:]), f0_statistics(store, UTTERANCES)
    assert list(more.speakers) == ["high", "low", "middle"]
    assert more.speakers == some.speakers | {"low": more.speakers["low"]}


def test_a_speaker_is_all_of_her_utterances(store):
    found = f0_statistics(store, [utterance("low", "A"), utterance("high", "A")])
    values = np.concatenate([contour(name)[:, 0] for name in ("low", "high")])
    assert found.speakers["A"].mean == pytest.approx(np.log(values[values > 0]).mean(), rel=1e-6)


def test_an_unknown_speaker_has_everyones_and_this_is_told(store, caplog):
    found = f0_statistics(store, UTTERANCES)
    with caplog.at_level(logging.WARNING):
        assert found.of("low") == found.speakers["low"]
        assert not caplog.text
        assert found.of("nobody") == found.everyone
    assert "no F0 is known of the speaker nobody" in caplog.text


def test_speakers_without_voiced_speech_are_told_and_have_none(tmp_path, caplog):
    store = made(tmp_path / "f0", {"low": contour("low"), "mute": np.zeros((50, 2), np.float32)})
    found = f0_statistics(store, [utterance("low", "low"), utterance("mute", "mute")])
    assert list(found.speakers) == ["low"]
    assert "no voiced speech, and so no F0 of their own: mute" in caplog.text
    with pytest.raises(InputError, match="has no voiced frame"):
        f0_statistics(store, [utterance("mute", "mute")])


def test_a_voice_that_does_not_move_can_still_be_divided_by(tmp_path):
    store = made(tmp_path / "f0", {"flat": np.tile(np.float32([120, 1]), (9, 1))})
    one = f0_statistics(store, [utterance("flat", "flat")]).of("flat")
    assert one.normalised(np.array([120.0, 0.0])) == pytest.approx([0, 0], abs=1e-4)


def test_other_frames_and_missing_utterances_are_refused(tmp_path, store):
    with pytest.raises(InputError, match="holds logmel and not F0; extract the kind f0"):
        f0_statistics(made(tmp_path / "mel", {"u": np.zeros((3, 2))}, kind="logmel"), [])
    with pytest.raises(InputError, match="lacks other; make the features again"):
        f0_statistics(store, [utterance("other", "low")])


@given(arrays(np.float32, 30, elements=st.one_of(st.just(0.0), st.floats(60, 400, width=32))))
def test_normalising_and_back_is_the_same_f0(f0):
    one = LogF0(5.0, 0.3, 100)
    np.testing.assert_allclose(one.hertz(one.normalised(f0), f0 > 0), f0, rtol=1e-5)


def test_normalised_in_one_voice_and_back_in_another_is_as_high_in_the_other(store):
    found = f0_statistics(store, UTTERANCES)
    low, high = found.of("low"), found.of("high")
    f0 = contour("low")[:, 0]
    moved = high.hertz(low.normalised(f0), f0 > 0)
    np.testing.assert_array_equal(moved > 0, f0 > 0)
    values = np.log(moved[moved > 0].astype(np.float64))
    assert (values.mean(), values.std()) == pytest.approx((high.mean, high.deviation), rel=1e-4)


def test_the_command_writes_what_can_be_read_again(store, tmp_path):
    write_manifest(Manifest("made", "up", tmp_path, tuple(UTTERANCES)), tmp_path / "m")
    for name in ("a.json", "b.json"):
        main([str(tmp_path / "m"), str(store.folder), str(tmp_path / name)])
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    read = read_f0_statistics(tmp_path / "a.json")
    assert asdict(read) == asdict(f0_statistics(store, UTTERANCES))
    assert read.of("low").mean == read.speakers["low"].mean


def test_a_file_of_something_else_is_told(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps({"everyone": 1}))
    with pytest.raises(InputError, match=r"x\.json is not valid: "):
        read_f0_statistics(tmp_path / "x.json")
