"""Contours of single recordings: as those of a corpus of one recording, transposed by semitones, or flat."""

import numpy as np
import pytest

from unitvoice.errors import InputError
from unitvoice.features.contours import Contours
from unitvoice.features.f0_statistics import log_f0
from unitvoice.features.intonation import Intonation
from unitvoice.manifest import Utterance
from unitvoice.store import Store, create_store

VOICED = np.arange(200) // 30 % 2 == 0
HERTZ = np.where(VOICED, 150 * np.exp(0.2 * np.sin(np.arange(200) / 9)), 0)
F0 = np.stack([HERTZ, VOICED], axis=1).astype(np.float32)


def test_alone_a_recording_has_the_contour_of_a_corpus_of_one(tmp_path):
    with create_store(tmp_path / "f0", kind="f0", rate=200.0) as store:
        store.append("u", F0)
    one = Utterance("u", "s", "test", "u.wav", None, None, 1.0)
    np.testing.assert_allclose(Intonation().contour(F0), Contours(Store(tmp_path / "f0"), [one])["u"], atol=1e-5)


@pytest.mark.parametrize("semitones", [-5.0, 0.5, 12.0])
def test_a_shift_is_by_so_many_semitones_in_the_recordings_own_range(semitones):
    own = log_f0(np.log(HERTZ[VOICED]))
    values, voicing = Intonation(shift=semitones).contour(F0).T
    np.testing.assert_allclose(own.hertz(values, voicing), HERTZ * 2 ** (semitones / 12), rtol=1e-4)
    np.testing.assert_array_equal(voicing, VOICED)


def test_flat_is_the_mean_in_voiced_frames_and_can_be_shifted():
    np.testing.assert_array_equal(Intonation(flat=True).contour(F0), np.stack([np.zeros(200), VOICED], axis=1))
    values = Intonation(flat=True, shift=3.0).contour(F0)[:, 0]
    assert len(set(values[VOICED])) == 1
    assert values[0] > 0
    assert (values[~VOICED] == 0).all()


@pytest.mark.parametrize("shift", [float("nan"), float("inf")])
def test_a_shift_that_is_no_number_is_refused(shift):
    with pytest.raises(InputError, match="give a finite number"):
        Intonation(shift=shift)


@pytest.mark.parametrize("intonation", [Intonation(), Intonation(3.0), Intonation(flat=True)])
def test_speech_without_voice_has_an_empty_contour(intonation):
    assert (intonation.contour(np.zeros((9, 2), np.float32)) == 0).all()
    assert intonation.contour(np.zeros((0, 2), np.float32)).shape == (0, 2)
