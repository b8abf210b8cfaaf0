"""Whether numbers of frames fit the recordings' lengths."""

import numpy as np
import pytest

from unitvoice.submission.frame_counts import frame_rate, odd_counts


def lengths(count=400):
    seconds = np.random.default_rng(0).gamma(1.0, 0.8, count) + 0.09
    return {f"f{number}": float(value) for number, value in enumerate(seconds)}


def counts(seconds, rate, offset):
    return {name: max(1, int(np.floor(rate * value + offset))) for name, value in seconds.items()}


@pytest.mark.parametrize("rate", [12.5, 25.0, 50.0, 100.0])
@pytest.mark.parametrize("offset", [-2.5, 0.0, 1.0])
def test_any_constant_rate_and_padding_is_accepted(rate, offset):
    seconds = lengths()
    frames = counts(seconds, rate, offset)
    found = frame_rate(frames, seconds)
    assert found.per_second == pytest.approx(rate, rel=0.02)
    assert odd_counts(frames, seconds, found) == {}


def test_files_off_the_rate_are_found_among_many():
    seconds = lengths()
    frames = counts(seconds, 50.0, 0.0)
    wrong = {name: frames[name] + 3 for name in ("f7", "f123", "f200")}
    frames |= wrong
    assert odd_counts(frames, seconds, frame_rate(frames, seconds)).keys() == wrong.keys()


def test_a_few_long_files_among_many_short_ones_are_not_odd():
    seconds = {f"s{number}": 0.235 + 0.005 * (number % 20) for number in range(67)}
    seconds |= {f"l{number}": 2.2207 + 0.4 * number for number in range(6)}
    frames = {name: round(np.ceil(50 * value - 0.25)) for name, value in seconds.items()}
    found = frame_rate(frames, seconds)
    assert found.per_second == pytest.approx(50, rel=0.01)
    assert odd_counts(frames, seconds, found) == {}


def test_one_long_file_with_a_wrong_count_does_not_set_the_rate():
    seconds = {f"s{number}": 0.5 + 0.01 * number for number in range(60)} | {"long": 100.0}
    frames = counts(seconds, 50.0, 0.0) | {"long": 4000}
    assert odd_counts(frames, seconds, frame_rate(frames, seconds)).keys() == {"long"}


def test_counts_unrelated_to_the_lengths_have_no_rate():
    seconds = lengths()
    random = np.random.default_rng(1).integers(1, 500, len(seconds))
    assert frame_rate(dict(zip(seconds, map(int, random), strict=True)), seconds) is None


def test_one_count_for_all_lengths_has_no_rate():
    seconds = lengths()
    assert frame_rate(dict.fromkeys(seconds, 7), seconds) is None


def test_too_few_files_have_no_rate():
    assert frame_rate({"a": 50, "b": 100}, {"a": 1.0, "b": 2.0}) is None
