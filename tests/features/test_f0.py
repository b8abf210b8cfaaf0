"""F0: one layout of frames whatever the tracker, few errors where F0 is known, and failures with their recording."""

import warnings
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.signal import lfilter

from unitvoice import audio
from unitvoice.errors import InputError
from unitvoice.evaluation.listening.pitch import compare_pitch
from unitvoice.features import f0
from unitvoice.features.extract import extract
from unitvoice.features.f0 import TrackerError, track_f0
from unitvoice.features.kinds import feature_kind
from unitvoice.manifest import Manifest, Utterance
from unitvoice.store import Store

WORLD = pytest.mark.skipif(find_spec("pyworld") is None, reason="pyworld is not installed")
TRACKERS = ["praat", "pyin", pytest.param("world", marks=WORLD)]
SAMPLES = [1, 79, 80, 81, 160, 799, 800, 4321, 16_000]


def speech(seconds, low, high, seed=0):
    """A glottal pulse train through formants, voiced in every second 0.4 s and noise between, and its F0 per hop."""
    random = np.random.default_rng(seed)
    count = round(seconds * 16_000)
    time = np.arange(count) / 16_000
    hertz = np.sqrt(low * high) * (high / low) ** (0.5 * np.sin(2 * np.pi * 0.7 * time))
    voiced = (time / 0.4).astype(int) % 2 == 0
    phase = np.cumsum(hertz / 16_000)
    pulses = np.diff(np.floor(phase), prepend=0.0)
    source = np.where(voiced, pulses, 0.02 * random.standard_normal(count))
    for formant, width in ((600, 80), (1400, 120), (2500, 160)):
        pole = np.exp((-np.pi * width + 2j * np.pi * formant) / 16_000)
        source = lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], source)
    wave = (0.3 * source / np.abs(source).max() + 1e-4 * random.standard_normal(count)).astype(np.float32)
    middle = np.arange(40, count, 80)
    return wave, np.where(voiced, hertz, 0.0)[middle]


@pytest.mark.parametrize("tracker", TRACKERS)
@pytest.mark.parametrize(("low", "high"), [(85, 140), (160, 280)])
def test_known_f0_is_found(tracker, low, high):
    wave, true = speech(2.4, low, high)
    found = compare_pitch(true, track_f0(wave, tracker)[:, 0].astype(np.float64))
    assert found.gpe < 1
    assert found.vde < 12
    assert found.correlation > 0.99
    assert found.semitones < 0.2


def early(tracker, rise):
    """By how much a tracker is ahead of F0 that rises by so many octaves a second, ms."""
    hertz = 150 * 2 ** (rise * np.arange(16_000) / 16_000)
    phase = 2 * np.pi * np.cumsum(hertz) / 16_000
    found = track_f0((sum(np.sin(n * phase) / n for n in (1, 2, 3)) / 3).astype(np.float32), tracker)[:, 0]
    ahead = np.log2(found / 150) / rise - (np.arange(200) + 0.5) / 200
    return 1000 * ahead[20:-20].mean()


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_frame_stands_amid_its_hop(tracker):
    """The mean of both directions, as pYIN's grid makes all F0 a little sharp."""
    assert abs(early(tracker, 1) + early(tracker, -1)) / 2 < 1


@pytest.mark.parametrize("tracker", TRACKERS)
@pytest.mark.parametrize("samples", SAMPLES)
def test_there_are_as_many_frames_as_hops_whatever_the_length(tracker, samples):
    time = np.arange(samples) / 16_000
    for wave in (0.3 * np.sin(2 * np.pi * 130 * time), np.zeros(samples), np.full(samples, 0.5)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frames = track_f0(wave.astype(np.float32), tracker)
        assert frames.shape == (-(-samples // 80), 2)
        assert frames.dtype == np.float32
        assert np.isfinite(frames).all()


@pytest.mark.parametrize("tracker", TRACKERS)
def test_silence_is_not_voiced(tracker):
    assert (track_f0(np.zeros(8000, np.float32), tracker) == 0).all()


@pytest.mark.parametrize("tracker", TRACKERS)
def test_voicing_says_where_there_is_f0_within_the_range(tracker):
    f0_of, voicing = track_f0(speech(1.6, 90, 180)[0], tracker).T
    np.testing.assert_array_equal(voicing, f0_of > 0)
    assert ((f0_of[f0_of > 0] > 50) & (f0_of[f0_of > 0] < 420)).all()


def test_kinds_have_one_layout():
    kinds = [feature_kind(name) for name in ("f0", "f0-pyin", "f0-world")]
    assert {(kind.rate, kind.first, kind.dtype) for kind in kinds} == {(200.0, 0.0025, "float32")}
    assert [kind.parameters["tracker"] for kind in kinds] == ["praat", "pyin", "world"]


def corpus(folder, count):
    utterances = []
    for number in range(count):
        audio.write(folder / f"u{number}.wav", speech(0.8, 100, 200, seed=number)[0])
        utterances.append(Utterance(f"u{number}", "S1", "test", f"u{number}.wav", None, None, 0.8))
    return Manifest("made", "up", folder, tuple(utterances))


def test_the_store_holds_f0_of_whole_utterances_whatever_the_threads(tmp_path):
    manifest = corpus(tmp_path, 3)
    extract(manifest, "f0", tmp_path / "f0", jobs=3)
    store = Store(tmp_path / "f0")
    for name in store:
        np.testing.assert_array_equal(store[name], track_f0(audio.read(tmp_path / f"{name}.wav")))


def test_a_tracker_that_fails_is_told_with_all_recordings_and_leaves_nothing(tmp_path, monkeypatch):
    manifest = corpus(tmp_path, 3)
    monkeypatch.setitem(f0.TRACKERS, "praat", lambda wave: np.zeros(len(wave) // 80 - 1))
    with pytest.raises(InputError, match=r"3 recordings cannot be used: .*u0\.wav has no F0: .*u1\.wav.*u2\.wav"):
        extract(manifest, "f0", tmp_path / "f0")
    assert not (tmp_path / "f0").exists()


def test_an_error_of_praat_is_a_trackers_error(monkeypatch):
    monkeypatch.setattr(f0, "FLOOR", 1.0)  # three periods of which are longer than the recording
    with pytest.raises(TrackerError, match="Praat found no F0"):
        track_f0(np.ones(1600, np.float32))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_values_that_are_no_f0_are_refused(monkeypatch, wrong):
    monkeypatch.setitem(f0.TRACKERS, "praat", lambda wave: np.full(len(wave) // 80, wrong))
    with pytest.raises(TrackerError, match="no numbers"):
        track_f0(np.ones(1600, np.float32))


@pytest.mark.skipif(find_spec("pyworld") is not None, reason="is about machines without pyworld")
def test_a_tracker_that_is_not_installed_is_told_once_with_its_cure(tmp_path):
    with pytest.raises(InputError, match=r"^this F0 tracker needs the package pyworld.*pip install pyworld$"):
        extract(corpus(tmp_path, 2), "f0-world", tmp_path / "f0")
