"""Judges with weights of their own: against the packages they come from, and in the order that listeners give."""

import sys

import numpy as np
import pytest
from speechmos import dnsmos as package

from unitvoice.audio import RATE
from unitvoice.errors import InputError
from unitvoice.evaluation.listening import naturalness
from unitvoice.evaluation.listening.catalogue import create_judge, read_transcripts
from unitvoice.evaluation.listening.judge import Heard, UnsuitedError
from unitvoice.evaluation.listening.naturalness import Dnsmos
from unitvoice.evaluation.listening.recogniser import error_percent, plain
from unitvoice.evaluation.listening.sanity import ORDER, check
from unitvoice.evaluation.listening.sphinx import PhoneLoop, Words


@pytest.fixture(scope="module")
def dnsmos():
    return Dnsmos()


@pytest.fixture(scope="module")
def loop():
    return PhoneLoop()


def in_order(verdict):
    """What the check must find, from its means, by another route: each pair told apart in the right direction."""
    better = [verdict["ranks"][good] < verdict["ranks"][bad] for good, bad in ORDER]
    return all(better) and verdict["applicable"] and verdict["wrong"] == []


def test_dnsmos_gives_what_its_package_gives(dnsmos, recordings):
    long = np.tile(recordings[0].wave, 5)[: 11 * RATE]
    for wave in (recordings[1].wave, long):
        expected = package.run(wave, RATE, return_df=False)
        found = dnsmos.score(Heard(wave, wave))
        assert found["dnsmos_ovrl"] == pytest.approx(expected["ovrl_mos"], abs=1e-4)
        assert found["dnsmos_p808"] == pytest.approx(expected["p808_mos"], abs=1e-4)


def test_dnsmos_hears_noise_and_prefers_everything_to_a_shuffle(dnsmos, recordings):
    """The recordings are noisy themselves, so that three of them do not tell whether phases were rebuilt."""
    for verdict in check(dnsmos, recordings).values():
        assert set(verdict["wrong"]) <= {"clean > reconstructed"}, verdict
        assert verdict["ranks"]["shuffled"] == 4


def test_a_phone_loop_hears_less_and_less_of_the_source_and_all_of_itself(loop, recordings):
    (verdict,) = check(loop, recordings).values()
    assert in_order(verdict), verdict
    assert verdict["means"]["clean"] == 0


def test_what_a_phone_loop_hears_does_not_depend_on_what_it_heard_before(loop, recordings):
    first, second = (one.wave for one in recordings[:2])
    fresh = PhoneLoop()
    assert fresh.transcribe(second) == (loop.transcribe(first), loop.transcribe(second))[1]


def test_a_source_without_phones_has_no_figure(loop):
    nothing = np.zeros(10, np.float32)
    assert loop.score(Heard(nothing, nothing)) == {}


def test_words_hears_what_is_said_better_than_a_shuffle_of_it(recordings, texts):
    judge = Words(texts, judged=[one.name for one in recordings])
    found = check(judge, recordings)["sphinx_word_errors"]["means"]
    assert found["clean"] < found["shuffled"]
    assert judge.score(Heard(recordings[0].wave, recordings[0].wave)) == {}  # without a text


def test_words_that_nobody_knows_how_to_say_are_told():
    with pytest.raises(UnsuitedError, match="1 of the 3 words"):
        Words({"u": "mamide tenigo the"})
    with pytest.raises(UnsuitedError, match="no transcripts"):
        create_judge("words", {})


def test_every_judge_tells_its_name_version_and_weights(dnsmos, loop):
    for judge in (dnsmos, loop):
        assert set(judge.described()) == {"name", "version", "weights"}
        assert judge.version[0].isdigit()
        assert len(judge.weights) == 64
    assert dnsmos.weights != loop.weights


@pytest.mark.parametrize(
    ("module", "name"), [("onnxruntime", "dnsmos"), ("pocketsphinx", "phones"), ("jiwer", "phones")]
)
def test_a_missing_package_is_named_with_the_cure(monkeypatch, module, name):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"package {module} .*pip install 'unitvoice\[listening\]'"):
        create_judge(name, {})


def test_missing_weights_are_named_with_the_cure(monkeypatch):
    monkeypatch.setattr(naturalness, "PACKAGE", "no_such_package")
    with pytest.raises(InputError, match=r"weights of DNSMOS .*pip install"):
        Dnsmos()


@pytest.mark.parametrize("name", ["mos", "ctc:", "whisper", "dnsmos:2", "ctc:NO_SUCH_NETWORK"])
def test_an_unknown_judge_is_refused_with_those_there_are(name):
    with pytest.raises(InputError, match=r"no judge .*dnsmos, phones|no recogniser .*WAV2VEC2_ASR_BASE_960H"):
        create_judge(name, {})


def test_errors_are_counted_in_percent_of_what_is_expected():
    assert error_percent("the cat sat", "the bat sat down") == pytest.approx(200 / 3)
    assert error_percent("abcd", "abxd", characters=True) == 25
    assert error_percent("a b", "") == 100
    assert plain("  It's  2_FAST!\n") == "it's 2 fast"


def test_transcripts_of_another_form_are_refused(tmp_path):
    path = tmp_path / "t.txt"
    for content in (b"", b"alone\n", b"\xff\xfe\x00"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="<utterance> <words>"):
            read_transcripts(path)
    path.write_text("u1\tthe  cat\n\nu2 a\n")
    assert read_transcripts(path) == {"u1": "the  cat", "u2": "a"}
