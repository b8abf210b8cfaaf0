"""The espeak driver: phone times, merged labels, closures, and its absence."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from unitvoice.audio import RATE
from unitvoice.corpora import demo
from unitvoice.corpora.channel import Channel
from unitvoice.corpora.espeak import STOPS, Espeak
from unitvoice.corpora.grammar import FRAMES, LINKS
from unitvoice.corpora.speakers import Speaker
from unitvoice.errors import InputError

CHANNEL = Channel.draw(np.random.default_rng(0))
SPEAKER = Speaker("S001", 120.0, (1.0,) * 9, 1.0, 0, 0.0, CHANNEL)
WORDS = {word.text: word for word in [*LINKS.values(), *(word for frame in FRAMES for word in frame)]}


@pytest.fixture(scope="module")
def english(tmp_path_factory):
    pytest.importorskip("espeakng_loader")
    return Espeak("english", tmp_path_factory.mktemp("voices"))


def words(text):
    return [WORDS[word] for word in text.split()]


def part(spoken, segment):
    return spoken.wave[round(segment.start * RATE) : round(segment.stop * RATE)]


def power(wave):
    return float(np.mean(np.square(wave, dtype=np.float64)))


def test_every_word_is_said_with_three_phones_and_minimal_pairs_share_two(english):
    for frame in FRAMES:
        said = [[s.phone for s in english.say(SPEAKER, [word]).segments] for word in frame]
        assert all(len(phones) == 3 for phones in said)
        assert len({(first, last) for first, _, last in said}) == 1
        assert len({vowel for _, vowel, _ in said}) == len(frame)


def test_allophones_and_stress_are_merged(english):
    phones = [s.phone for s in english.say(SPEAKER, words("the bat or a tech and the boat")).segments]
    assert phones == ["D", "@", "b", "a", "t", "O", "r", "@", "t", "E", "k", "a", "n", "d", "D", "@", "b", "oU", "t"]


def test_stops_hold_their_closure(english):
    spoken = english.say(SPEAKER, words("a cat a pack a tack a cap"))
    loudest = max(power(part(spoken, segment)) for segment in spoken.segments)
    voiceless = [s for s in spoken.segments if s.phone in STOPS and s.start > 0]
    assert len(voiceless) == 8
    for segment in voiceless:
        closure = part(spoken, segment)[: round(0.02 * RATE)]
        assert segment.stop - segment.start > 0.04
        assert power(closure) < 0.01 * loudest


def test_segments_are_in_order_and_inside(english):
    spoken = english.say(SPEAKER, words("say the bat or bit"))
    times = [time for segment in spoken.segments for time in (segment.start, segment.stop)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= len(spoken.wave) / RATE


def test_a_shorter_tract_moves_the_spectrum_up(english):
    def centre(factor):
        wave = english.say(replace(SPEAKER, formants=(factor,) * 9), words("seen")).wave
        spectrum = np.abs(np.fft.rfft(wave, RATE)) ** 2 * np.arange(RATE // 2 + 1)
        return float(np.average(np.arange(len(spectrum)), weights=spectrum))

    assert centre(1.2) > 1.05 * centre(0.85)


@pytest.mark.parametrize("pitch", [90.0, 220.0])
def test_the_voice_has_its_pitch(english, pitch):
    spoken = english.say(replace(SPEAKER, pitch=pitch), words("moon"))
    wave = part(spoken, spoken.segments[1])
    correlation = np.correlate(wave, wave, "full")[len(wave) - 1 :]
    lag = 60 + int(np.argmax(correlation[60:250]))
    assert RATE / lag == pytest.approx(pitch, rel=0.25)


def test_without_the_library_the_message_names_the_cure(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(InputError, match=r"install unitvoice\[demo\], or choose the synthesiser 'formants'"):
        Espeak("english", tmp_path)


def test_an_error_in_a_language_s_process_arrives_whole_and_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "espeakng_loader.py").write_text("raise ImportError('not on this machine')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError, match="not on this machine"):
        demo.generate(tmp_path / "corpus", synthesiser="espeak", size="tiny")
    assert [path.name for path in tmp_path.iterdir() if path.name != "__pycache__"] == ["espeakng_loader.py"]


def test_a_language_s_process_that_dies_is_an_error_and_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "espeakng_loader.py").write_text("import os\nos._exit(1)")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ChildProcessError, match="the process that speaks english died"):
        demo.generate(tmp_path / "corpus", synthesiser="espeak", size="tiny")
    assert not (tmp_path / "corpus").exists()
    assert not list(tmp_path.glob(".*"))
