"""The speaker probe: it hears speakers that are there, and nobody in noise."""

import numpy as np
import pytest

from unitvoice.errors import InputError
from unitvoice.evaluation.speaker_probe import probe
from unitvoice.manifest import Utterance


def corpus(speakers, utterances, shift, frames=40, seed=0):
    """Frames around a place for each speaker, so far apart."""
    random = np.random.default_rng(seed)
    places = shift * random.standard_normal((speakers, 3))
    names = [(f"s{s}u{u}", s) for s in range(speakers) for u in range(utterances)]
    found = {name: (places[s] + random.standard_normal((frames, 3))).astype(np.float32) for name, s in names}
    return found, [Utterance(name, f"s{s}", "test", f"{name}.wav", None, None, 1.0) for name, s in names]


def test_speakers_that_differ_are_told_apart_and_utterances_better_than_frames():
    found = probe(*corpus(4, 8, shift=1.5))
    assert found.utterance_accuracy == 100
    assert 40 < found.frame_accuracy < 100
    assert (found.chance, found.utterance_chance, found.speakers, found.held_out) == (25, 25, 4, 8)
    assert found.trained_on == 4 * 6 * 40


def test_speakers_that_do_not_differ_are_told_apart_by_chance():
    found = probe(*corpus(4, 12, shift=0.0, frames=100))
    assert abs(found.frame_accuracy - found.chance) < 8


def test_constant_frames_give_exactly_the_chance_of_one_speaker():
    frames, utterances = corpus(2, 4, shift=1.0)
    found = probe({name: np.zeros_like(rows) for name, rows in frames.items()}, utterances)
    assert found.frame_accuracy == 50
    assert found.chance == 50


def test_chance_is_the_share_of_the_most_frequent_speaker():
    frames, utterances = corpus(2, 8, shift=1.0)
    kept = [one for one in utterances if one.speaker == "s0" or one.utterance in {"s1u0", "s1u1"}]
    found = probe(frames, kept)
    assert found.chance == pytest.approx(200 / 3, abs=1e-3)


def test_the_same_seed_gives_the_same_probe_and_few_frames_are_enough():
    frames, utterances = corpus(3, 6, shift=1.0)
    once = probe(frames, utterances, most=60, seed=1)
    assert once == probe(frames, utterances[::-1], most=60, seed=1)
    assert once.trained_on == 60


def test_one_speaker_or_single_utterances_are_refused():
    for speakers, utterances in ((1, 4), (4, 1)):
        with pytest.raises(InputError, match="two speakers with two utterances"):
            probe(*corpus(speakers, utterances, shift=1.0))
