"""Contours as systems see them: by their speaker, voicing told apart from the mean, in time with other frames."""

import numpy as np
import pytest

from unitvoice.errors import InputError
from unitvoice.features.contours import Contours, WithContours, beside
from unitvoice.manifest import Utterance
from unitvoice.store import Store, create_store

VOICES = {"a1": "A", "a2": "A", "b1": "B", "s1": "S"}  # S is never voiced


def utterances(names=VOICES):
    return [Utterance(name, VOICES[name], "unit", f"{name}.wav", None, None, 1.0) for name in names]


def f0_of(name, frames=40):
    hertz = {"a1": 100.0, "a2": 144.0, "b1": 220.0, "s1": 0.0}[name]
    moving = hertz * np.exp(0.1 * np.sin(np.arange(frames)))
    voiced = (np.arange(frames) % 8 < 5) & (hertz > 0)
    return np.stack([np.where(voiced, moving, 0), voiced], axis=1).astype(np.float32)


@pytest.fixture
def f0(tmp_path):
    with create_store(tmp_path / "f0", kind="f0", rate=200.0) as store:
        for name in VOICES:
            store.append(name, f0_of(name))
    return Store(tmp_path / "f0")


def frames_at(folder, rate, count):
    with create_store(folder, kind="logmel", rate=rate) as store:
        for number, name in enumerate(VOICES):
            store.append(name, np.full((count, 3), number) + np.arange(count)[:, None])
    return Store(folder)


def test_log_f0_of_a_speaker_has_mean_0_and_deviation_1_over_voiced_frames_of_all_utterances(f0):
    contours = Contours(f0, utterances())
    said = np.concatenate([contours["a1"], contours["a2"]])
    voiced = said[said[:, 1] > 0, 0]
    assert voiced.mean() == pytest.approx(0, abs=1e-5)
    assert voiced.std() == pytest.approx(1, abs=1e-5)
    assert contours["a1"][:5, 0].mean() < -0.5  # not by utterance: the first one is the lower


def test_what_is_not_voiced_is_told_by_voicing_and_has_no_pitch(f0):
    contour = Contours(f0, utterances())["b1"]
    assert np.array_equal(contour[:, 1], f0_of("b1")[:, 1])
    assert not contour[contour[:, 1] == 0, 0].any()
    assert not Contours(f0, utterances())["s1"].any()


def test_another_speaker_changes_no_contour(f0):
    few, all_of_them = Contours(f0, utterances(["a1", "a2"])), Contours(f0, utterances())
    assert np.array_equal(few["a1"], all_of_them["a1"])


@pytest.mark.parametrize(("rate", "ratio"), [(100.0, 2), (50.0, 4)])
def test_frames_have_the_contour_of_their_own_time_beside_them(f0, tmp_path, rate, ratio):
    frames = frames_at(tmp_path / "frames", rate, 5)
    contours = Contours(f0, utterances())
    found = WithContours(frames, contours)
    assert found.width == 3 + 2 * ratio == found["b1"].shape[1]
    assert np.array_equal(found["b1"][:, :3], frames["b1"])
    assert np.array_equal(found["b1"][2, 3:].reshape(ratio, 2), contours["b1"][2 * ratio : 3 * ratio])
    assert (found.meta, found.rows("b1")) == (frames.meta, 5)


def test_frames_after_the_end_of_the_contour_are_not_voiced():
    found = beside(np.zeros((3, 1)), np.ones((3, 2)), 2)
    assert found[:, 1:].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]]
    assert beside(np.zeros((1, 1)), np.ones((9, 2)), 2).shape == (1, 5)


def test_rates_that_are_no_multiples_are_refused(f0, tmp_path):
    with pytest.raises(InputError, match=r"F0 at 200 Hz cannot stand beside logmel at 62\.5 Hz"):
        WithContours(frames_at(tmp_path / "frames", 62.5, 5), Contours(f0, utterances()))
