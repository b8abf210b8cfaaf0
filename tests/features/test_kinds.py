"""Kinds of frames by name."""

import numpy as np
import pytest

from unitvoice.errors import InputError
from unitvoice.features.kinds import KINDS, feature_kind
from unitvoice.features.spectral import Spectrum, log_mel, mfcc

WAVE = (0.1 * np.random.default_rng(0).standard_normal(1600)).astype(np.float32)


def test_names_mean_what_they_say():
    np.testing.assert_array_equal(feature_kind("logmel").compute(WAVE), log_mel(WAVE))
    np.testing.assert_array_equal(feature_kind("mfcc39").compute(WAVE), mfcc(WAVE, 13, Spectrum(bands=40)))


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_gives_frames_at_its_rate_in_a_type_that_holds_them(name):
    kind = feature_kind(name)
    frames = kind.compute(WAVE)
    assert frames.ndim == 2
    assert abs(len(frames) - 0.1 * kind.rate) <= 1
    np.testing.assert_array_equal(frames.astype(kind.dtype), frames)


def test_samples_are_kept_to_16_bits_and_clipped():
    found = feature_kind("wave").compute(np.array([0.0, 0.5, 1.0, -1.0, 1.5, -1.5], np.float32))
    assert found[:, 0].tolist() == [0, 16384, 32767, -32767, 32767, -32767]


def test_an_unknown_kind_lists_the_known_ones():
    with pytest.raises(InputError, match="unknown kind of features 'logmell'; known are logmel, mfcc39, wave"):
        feature_kind("logmell")
