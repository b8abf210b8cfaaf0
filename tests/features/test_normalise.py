"""Mean frames, between the utterance's own and its speaker's."""

import math

import numpy as np
import pytest

from unitvoice.features.normalise import mean_frame, mean_frames
from unitvoice.manifest import Utterance

RANDOM = np.random.default_rng(0)
ROWS = {"a": 5, "b": 1, "c": 7, "d": 4}
STORE = {name: RANDOM.standard_normal((rows, 3)).astype(np.float32) for name, rows in ROWS.items()}
SPEAKERS = {"a": "S1", "b": "S1", "c": "S2", "d": "S2"}


def utterances(names):
    return [Utterance(name, SPEAKERS[name], "test", "", None, None, 1.0) for name in names]


def mean(names):
    return np.concatenate([STORE[name] for name in names]).astype(np.float64).mean(axis=0)


def close(found, expected):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_the_mean_of_several_utterances_goes_over_their_frames():
    close(mean_frame(STORE, ["a", "b", "d"]), mean("abd"))


def test_without_a_prior_each_utterance_has_its_own_mean():
    found = mean_frames(STORE, utterances("abcd"), 0)
    assert set(found) == set("abcd")
    for name in "abcd":
        close(found[name], mean(name))


def test_with_an_infinite_prior_each_utterance_has_its_speakers_mean():
    found = mean_frames(STORE, utterances("acbd"), math.inf)
    for name, members in {"a": "ab", "b": "ab", "c": "cd", "d": "cd"}.items():
        close(found[name], mean(members))


@pytest.mark.parametrize("prior", [0.5, 24.0])
def test_the_speakers_mean_counts_as_so_many_frames(prior):
    found = mean_frames(STORE, utterances("abcd"), prior)
    for name, members in {"a": "ab", "b": "ab", "c": "cd", "d": "cd"}.items():
        frames = np.concatenate([STORE[name].astype(np.float64), mean(members)[None]])
        close(found[name], np.average(frames, axis=0, weights=[1.0] * ROWS[name] + [prior]))


def test_only_the_utterances_that_are_asked_for_count():
    close(mean_frames(STORE, utterances("ac"), math.inf)["a"], mean("a"))


@pytest.mark.parametrize("prior", [0.0, 24.0, math.inf])
def test_an_utterance_without_frames_does_not_count_and_divides_nothing_by_zero(prior):
    store = {"a": np.zeros((0, 2), np.float32), "b": np.ones((3, 2), np.float32)}
    found = mean_frames(store, utterances("ab"), prior)
    np.testing.assert_array_equal(found["a"], [0, 0] if prior == 0 else [1, 1])
    np.testing.assert_array_equal(found["b"], [1, 1])
    np.testing.assert_array_equal(mean_frames(store, utterances("a"), prior)["a"], [0, 0])


def test_integers_do_not_overflow_and_small_values_are_not_lost():
    store = {"a": np.full((100_000, 1), 30_000, np.int16), "b": np.array([[1e8], [1.0], [-1e8], [1.0]], np.float32)}
    assert mean_frame(store, ["a"]) == 30_000
    assert mean_frame(store, ["b"]) == 0.5
