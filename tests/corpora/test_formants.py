"""The formant synthesiser: its times are exact and its voices differ."""

from dataclasses import replace

import numpy as np
import pytest

from unitvoice.audio import RATE
from unitvoice.corpora.channel import Channel
from unitvoice.corpora.formants import PHONES, Formants
from unitvoice.corpora.grammar import Word
from unitvoice.corpora.speakers import Speaker

CHANNEL = Channel.draw(np.random.default_rng(0))
SPEAKER = Speaker("S001", 120.0, (1.0,) * 9, 1.0, 0, 0.0, CHANNEL)


def parts(spoken):
    return [(s.phone, spoken.wave[round(s.start * RATE) : round(s.stop * RATE)]) for s in spoken.segments]


def power(wave):
    return float(np.mean(np.square(wave, dtype=np.float64)))


def peak(wave, low, high):
    """Frequency of the largest component between two others, Hz."""
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), RATE))
    return low + int(np.argmax(spectrum[low:high]))


def test_phones_are_where_the_alignment_says():
    spoken = Formants(0).say(SPEAKER, [Word("", ("t", "a", "s"))] * 4)
    vowel = np.mean([power(wave) for phone, wave in parts(spoken) if phone == "a"])
    for phone, wave in parts(spoken):
        closure, rest = wave[160:640], wave[len(wave) // 2 : -160]
        spectrum = np.abs(np.fft.rfft(rest)) ** 2
        hisses = spectrum[len(spectrum) // 2 :].sum() > spectrum[: len(spectrum) // 2].sum()
        assert (power(closure) < 1e-4 * vowel) == (phone == "t")
        assert hisses == (phone in {"t", "s"})


@pytest.mark.parametrize("phone", sorted(PHONES))
def test_every_phone_sounds_and_has_the_stated_place(phone):
    spoken = Formants(0).say(SPEAKER, [Word("", ("a", phone, "a"))])
    (_, before), (label, wave), (_, after) = parts(spoken)
    assert label == phone
    assert 0.015 <= len(wave) / RATE <= 0.25
    assert power(wave) > 1e-6
    assert len(before) + len(wave) + len(after) + round(0.1 * RATE) == len(spoken.wave)


@pytest.mark.parametrize("factor", [0.85, 1.18])
def test_a_longer_tract_has_lower_formants(factor):
    speaker = replace(SPEAKER, pitch=50.0, formants=(factor,) * 9)
    (_, wave), *_ = parts(Formants(0).say(speaker, [Word("", ("ii",))]))
    assert peak(wave, 1500, 3000) == pytest.approx(2280 * factor, abs=150)


@pytest.mark.parametrize("pitch", [90.0, 220.0])
def test_the_voice_has_its_pitch(pitch):
    (_, wave), *_ = parts(Formants(0).say(replace(SPEAKER, pitch=pitch), [Word("", ("a",))]))
    correlation = np.correlate(wave, wave, "full")[len(wave) - 1 :]
    shortest, longest = round(RATE / pitch / 1.3), round(RATE / pitch * 1.3)
    lag = shortest + int(np.argmax(correlation[shortest:longest]))
    assert RATE / lag == pytest.approx(pitch, rel=0.12)


def test_faster_speakers_are_shorter():
    words = [Word("", ("b", "a", "t"))] * 5
    slow, fast = (len(Formants(0).say(replace(SPEAKER, tempo=t), words).wave) for t in (0.8, 1.2))
    assert slow > 1.3 * fast


def test_equal_seeds_give_equal_sound():
    words = [Word("", ("s", "a", "t"))]
    first, again, other = (Formants(seed).say(SPEAKER, words).wave for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert len(first) != len(other) or not np.array_equal(first, other)
