"""The check of judges: what was done to recordings, the verdict, and scores that carry it."""

import json

import numpy as np
import pytest

from unitvoice import audio
from unitvoice.audio import RATE
from unitvoice.errors import InputError
from unitvoice.evaluation.listening import sanity, trials
from unitvoice.evaluation.listening.degradations import PIECE, VERSIONS, noisy, reconstructed, shuffled
from unitvoice.evaluation.listening.judge import Figure, Judge
from unitvoice.evaluation.listening.sanity import Recording, check, choose


@pytest.fixture
def wave():
    return np.random.default_rng(0).standard_normal(RATE).astype(np.float32) / 10


class Told(Judge):
    """Gives each version, known by its place in the order of scoring, what it was told to."""

    name, version, weights = "told", "1", ""

    def __init__(self, better, *values):
        self.figures = (Figure("value", "-", better, ""),)
        self._values = list(values)

    def score(self, heard):
        return {"value": float(self._values.pop(0))}


@pytest.mark.parametrize(
    ("better", "values", "wrong"),
    [
        ("higher", (4, 3, 2, 1), []),
        ("higher", (4, 2, 3, 1), []),
        ("lower", (0, 20, 30, 90), []),
        ("higher", (3, 4, 2, 1), ["clean > noisy"]),
        ("higher", (4, 3, 1, 2), ["reconstructed > shuffled"]),
        ("higher", (4, 4, 2, 1), ["clean > noisy"]),
        (
            "lower",
            (4, 3, 2, 1),
            ["clean > noisy", "clean > reconstructed", "noisy > shuffled", "reconstructed > shuffled"],
        ),
    ],
)
def test_a_judge_is_applicable_when_it_keeps_the_order(wave, better, values, wrong):
    verdict = check(Told(better, *values), [Recording("r", wave)])["value"]
    assert verdict["wrong"] == wrong
    assert verdict["applicable"] == (not wrong)
    assert verdict["means"] == dict(zip(VERSIONS, values, strict=True))


def test_what_has_no_better_and_worse_is_not_checked(wave):
    assert check(Told(None, 1, 2, 3, 4), [Recording("r", wave)])["value"]["applicable"]


def test_noise_has_its_level(wave):
    noise = noisy(wave, 1) - wave
    assert 10 * np.log10(np.mean(wave**2) / np.mean(noise**2)) == pytest.approx(20, abs=0.2)


def test_a_shuffle_keeps_all_samples_in_whole_pieces(wave):
    found = shuffled(wave, 1)
    assert not np.array_equal(found, wave)
    pieces = {piece.tobytes() for piece in wave.reshape(-1, PIECE)}
    assert {piece.tobytes() for piece in found.reshape(-1, PIECE)} == pieces


def test_reconstruction_keeps_the_length_and_not_the_samples(wave):
    found = reconstructed(wave, 1)
    assert len(found) == len(wave)
    assert not np.allclose(found, wave, atol=1e-2)


def test_recordings_are_sources_of_the_trials_spread_over_their_list(spoken):
    chosen = choose(spoken, 3)
    sources = [trial.source for trial in spoken.trials]
    assert [one.utterance for one in chosen] == [sources[i * len(sources) // 3] for i in range(3)]


@pytest.fixture
def checked(spoken_manifest, spoken_extra, tmp_path):
    path = tmp_path / "judges.json"
    options = ["--judges", "mcd", "duration", "--transcripts", str(spoken_extra / "transcripts.txt"), "--most", "2"]
    sanity.main([str(spoken_manifest), str(path), *options])
    return path


@pytest.fixture
def converted(spoken, tmp_path):
    """Trials whose conversions are the sources themselves, twice as long."""
    for trial in spoken.trials:
        source = audio.read(spoken.path(spoken.by_name()[trial.source]))
        audio.write(tmp_path / "converted" / f"{trial.name}.wav", np.tile(source, 2))
    return tmp_path / "converted"


def test_trials_have_figures_of_judges_that_passed_and_carry_the_check(
    spoken, spoken_manifest, checked, converted, tmp_path
):
    output = tmp_path / "listening.json"
    arguments = [str(spoken_manifest), str(converted), str(checked), str(output)]
    trials.main(arguments)
    found = json.loads(output.read_text())
    assert found["judges"]["duration"]["figures"]["length_ratio"]["mean"] == pytest.approx(2, abs=1e-3)
    distortion = found["judges"]["mcd"]["figures"]["mel_cepstral_distortion"]
    assert distortion["applicable"]
    assert distortion["means"]["clean"] == 0 < distortion["mean"]
    assert [row["trial"] for row in found["trials"]] == [trial.name for trial in spoken.trials]
    assert all({"length_ratio", "mel_cepstral_distortion"} <= set(row) for row in found["trials"])
    assert set(found["judges"]["mcd"]["judge"]) == {"name", "version", "weights"}
    without = tmp_path / "without.json"
    trials.main([*arguments[:3], str(without), "--references", str(tmp_path)])
    assert "mean" not in json.loads(without.read_text())["judges"]["mcd"]["figures"]["mel_cepstral_distortion"]


def test_a_judge_that_failed_the_check_is_not_asked(spoken, checked, converted):
    content = json.loads(checked.read_text())
    content["judges"]["duration"]["figures"]["length_ratio"] = {"applicable": False, "wrong": ["clean > noisy"]}
    content["judges"]["words"] = {"absent": "the corpus has no transcripts"}
    found = trials.judge_trials(spoken, converted, content, texts={})
    assert found["judges"]["duration"]["figures"]["length_ratio"] == {"applicable": False, "wrong": ["clean > noisy"]}
    assert found["judges"]["words"] == {"absent": "the corpus has no transcripts"}
    assert all("length_ratio" not in row for row in found["trials"])


def test_a_check_of_other_weights_is_refused(spoken, checked, converted):
    content = json.loads(checked.read_text())
    content["judges"]["duration"]["judge"]["version"] = "0"
    with pytest.raises(InputError, match="another version or other weights"):
        trials.judge_trials(spoken, converted, content, texts={})


def test_missing_conversions_are_named(spoken, checked, tmp_path):
    with pytest.raises(InputError, match="lacks the conversions"):
        trials.judge_trials(spoken, tmp_path, json.loads(checked.read_text()), texts={})
