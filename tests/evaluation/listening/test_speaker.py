"""The speaker judge, on made-up voices that differ in pitch and vocal tract."""

import importlib.util
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from unitvoice import audio
from unitvoice.audio import RATE
from unitvoice.errors import InputError
from unitvoice.evaluation.listening import speaker, speaker_encoder
from unitvoice.evaluation.listening.speaker import Panel, equal_error_rate, right_above_wrong
from unitvoice.evaluation.listening.speaker_encoder import SpeakerEncoder
from unitvoice.manifest import Manifest, Trial, Utterance, write_manifest

VOICES = {"V001": (105, 0.85), "V002": (215, 1.15), "S001": (150, 1.0), "S002": (260, 1.3)}  # pitch in Hz, formants
VOWELS = np.array([[700, 1220, 2600], [390, 2000, 2550], [310, 870, 2250], [530, 1840, 2480], [560, 850, 2400]])


def utter(name, seed, seconds=2.0):
    """Vowels of 0.2 s in one voice."""
    pitch, tract = VOICES[name]
    rng = np.random.default_rng(seed)
    length = RATE // 5
    parts = []
    for formants in rng.permutation(np.tile(VOWELS, (10, 1)))[: round(5 * seconds)] * tract:
        cycles = np.cumsum(np.full(length, pitch * rng.uniform(0.9, 1.1) / RATE))
        sound = np.diff(np.floor(cycles), prepend=0.0) + 0.003 * rng.standard_normal(length)
        for formant, width in zip(formants, (80, 100, 150), strict=True):
            pole = np.exp((-width + 2j * formant) * np.pi / RATE)
            sound = lfilter([1.0], np.poly([pole, pole.conj()]).real, sound)
        parts.append(sound)
    wave = np.concatenate(parts)
    return (0.3 * wave / np.abs(wave).max()).astype(np.float32)


@pytest.fixture(scope="module")
def encoder():
    return SpeakerEncoder.load()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two target voices and two source speakers, and conversions: three that succeed and one that does nothing."""
    folder = tmp_path_factory.mktemp("corpus")
    utterances = []
    for number, (name, subset) in enumerate(zip(VOICES, ["voice", "voice", "test", "test"], strict=True)):
        for take in range(4):
            utterance = f"{name}_{take}"
            wave = utter(name, 10 * number + take)
            audio.write(folder / f"{utterance}.wav", wave)
            utterances.append(Utterance(utterance, name, subset, f"{utterance}.wav", None, None, len(wave) / RATE))
    trials = [
        Trial(f"{source}_0", target, f"{target}_{source}")
        for source in ("S001", "S002")
        for target in ("V001", "V002")
    ]
    for seed, trial in enumerate(trials):
        nothing = trial.name == "V001_S002"
        audio.write(folder / "converted" / f"{trial.name}.wav", utter("S002" if nothing else trial.target, 100 + seed))
    for name in ("V001", "V002"):
        audio.write(folder / "own" / f"{name}_0.wav", utter(name, 200))
    manifest = Manifest("made-up", "none", folder, tuple(utterances), tuple(trials))
    write_manifest(manifest, folder / "manifest")
    return manifest


def test_one_speaker_is_nearer_to_himself_than_to_others(encoder):
    names = [name for name in VOICES for _ in range(4)]
    embeddings = np.stack([encoder.embed(utter(name, seed)) for seed, name in enumerate(names)])
    same, different = speaker._pairs(embeddings, names)
    assert same.mean() > different.mean() + 0.1
    assert equal_error_rate(embeddings, names) < 20
    shuffled = np.random.default_rng(0).permutation(names).tolist()
    assert 30 < equal_error_rate(embeddings, shuffled) < 70


@pytest.mark.parametrize("seconds", [0.01, 0.2, 1.6, 1.61, 3.0])
def test_embeddings_have_norm_one_and_repeat_for_any_length(encoder, seconds):
    wave = utter("V001", 1, 3.0)[: round(seconds * RATE)]
    embedding = encoder.embed(wave)
    assert embedding.shape == (256,)
    assert embedding.dtype == np.float32
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(embedding, encoder.embed(wave))


def test_silence_has_an_embedding(encoder):
    assert np.isfinite(encoder.embed(np.zeros(RATE, np.float32))).all()


def test_loudness_below_the_norm_does_not_matter(encoder):
    wave = utter("V002", 3)
    quiet = 1e-3 * wave / np.abs(wave).max()
    np.testing.assert_allclose(encoder.embed(quiet), encoder.embed(quiet / 8), atol=1e-4)


def test_the_network_is_the_one_that_its_paper_describes(encoder):
    """Each gate written out, in double precision, for one window."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    wave = utter("S001", 5)[: 159 * 160]
    weights = {name: value.double().numpy() for name, value in encoder.state_dict().items()}
    inputs = speaker_encoder._frames(wave).astype(np.float64)
    for layer in range(3):
        w, u, b, c = (weights[f"lstm.{kind}_l{layer}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        hidden, cell, outputs = np.zeros(256), np.zeros(256), []
        for frame in inputs:
            enter, forget, new, leave = np.split(w @ frame + b + u @ hidden + c, 4)
            cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(new)
            hidden = sigmoid(leave) * np.tanh(cell)
            outputs.append(hidden)
        inputs = np.array(outputs)
    expected = np.maximum(weights["linear.weight"] @ inputs[-1] + weights["linear.bias"], 0)
    np.testing.assert_allclose(encoder.embed(wave), expected / np.linalg.norm(expected), atol=1e-5)


def test_the_package_of_the_weights_is_not_imported(encoder):
    assert "resemblyzer" not in sys.modules
    assert len(encoder.weights_hash) == 64


@pytest.mark.parametrize("package", ["absent", "empty", "damaged"])
def test_missing_weights_are_named_with_the_cure(monkeypatch, tmp_path, package):
    spec = None if package == "absent" else SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    if package == "damaged":
        (tmp_path / "pretrained.pt").write_bytes(b"no weights")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    with pytest.raises(InputError, match=r"speaker encoder .*pip install .*resemblyzer"):
        SpeakerEncoder.load()


def test_weights_of_another_network_are_refused(monkeypatch, tmp_path):
    torch.save({"model_state": {"linear.weight": torch.zeros(2, 2)}}, tmp_path / "pretrained.pt")
    spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    with pytest.raises(InputError, match="does not hold the weights"):
        SpeakerEncoder.load()


def circle(*degrees):
    angles = np.deg2rad(np.array(degrees))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_equal_error_rates_that_are_known():
    assert equal_error_rate(circle(0, 1, 90, 91), ["a", "a", "b", "b"]) == 0
    assert equal_error_rate(circle(0, 90, 0, 90), ["a", "a", "b", "b"]) == pytest.approx(200 / 3)
    assert equal_error_rate(circle(0, 0, 0, 0), ["a", "a", "b", "b"]) == pytest.approx(50)
    # pairs of one speaker are 20 and 40 degrees apart, pairs of two 15, 35, 55 and 75: with the limit at 35 degrees,
    # one of two is missed and two of four are false alarms
    assert equal_error_rate(circle(0, 20, 35, 75), ["a", "a", "b", "b"]) == pytest.approx(50)


def test_an_equal_error_rate_without_both_kinds_of_pairs_is_refused():
    for speakers in (["a", "b"], ["a", "a"]):
        with pytest.raises(InputError, match="two utterances of one speaker"):
            equal_error_rate(circle(0, 90), speakers)


def test_right_speakers_above_wrong_ones_are_counted_by_utterance_and_other_speaker():
    assert right_above_wrong(circle(0, 1, 90, 91), ["a", "a", "b", "b"]) == 100
    # the second of a is nearer to b, and the first of b to a; 4 utterances, one other speaker each
    assert right_above_wrong(circle(0, 60, 50, 110), ["a", "a", "b", "b"]) == 50
    assert right_above_wrong(circle(0, 1, 90), ["a", "a", "b"]) == 100  # b has nothing to be compared with


def test_the_command_finds_the_conversion_that_did_nothing(corpus, tmp_path):
    output = tmp_path / "out.json"
    arguments = [str(corpus.root / "manifest"), str(corpus.root / "converted"), str(output)]
    speaker.main([*arguments, "--own-voice", str(corpus.root / "own"), "--jobs", "2"])
    found = json.loads(output.read_text())
    assert found["conversion"]["trials"] == 4
    assert found["conversion"]["nearer_target_percent"] == 75
    verdicts = {trial["trial"]: trial["nearer_target"] for trial in found["trials"]}
    assert [name for name, nearer in verdicts.items() if not nearer] == ["V001_S002"]
    assert found["corpus"]["speakers"] == 4
    assert found["corpus"]["equal_error_rate_percent"] < 20
    assert found["corpus"]["applicable"]
    assert found["corpus"]["right_above_wrong_percent"] >= 90
    assert found["own_voice"]["cosine_to_own"] > found["corpus"]["cosine_different_speakers"]
    assert set(found["judge"]) == {"name", "version", "weights"}
    again = tmp_path / "again.json"
    speaker.main([*arguments[:2], str(again), "--own-voice", str(corpus.root / "own")])
    assert again.read_bytes() == output.read_bytes()


def test_all_missing_conversions_are_named(encoder, corpus, tmp_path):
    audio.write(tmp_path / "V001_S001.wav", utter("V001", 0))
    with pytest.raises(InputError, match=r"3 recordings .*V002_S001.*V001_S002.*V002_S002"):
        speaker.judge(encoder, corpus, tmp_path)


def test_strange_files_among_own_voices_are_refused(encoder, corpus, tmp_path):
    with pytest.raises(InputError, match="has no wav"):
        speaker.judge(encoder, corpus, corpus.root / "converted", own_voice=tmp_path)
    audio.write(tmp_path / "other.wav", utter("V001", 0))
    with pytest.raises(InputError, match=r"remove other\.wav"):
        speaker.judge(encoder, corpus, corpus.root / "converted", own_voice=tmp_path)


def test_what_cannot_be_computed_is_absent_with_a_reason(encoder, corpus, tmp_path):
    only = tuple(utterance for utterance in corpus.utterances if utterance.speaker == "V001")
    alone = Manifest("one", "none", corpus.root, only, (Trial("V001_0", "V001", "same"),))
    found = speaker.judge(encoder, alone, tmp_path)
    assert "no trial" in found["conversion"]["absent"]
    assert "equal error rate" in found["corpus"]["absent"]
    assert "no folder" in found["own_voice"]["absent"]


def listed_utterance(name, speaker_name, subset, seconds):
    return Utterance(name, speaker_name, subset, f"{name}.wav", None, None, seconds)


def test_the_panel_prefers_long_training_utterances_and_ignores_other_speakers(corpus):
    rows = [listed_utterance(f"a{i}", "a", "unit" if i % 2 else "test", 0.5 + i / 10) for i in range(20)]
    rows += [listed_utterance(f"b{i}", "b", "test", 0.3) for i in range(3)]
    chosen = Panel(most=4).choose(Manifest("m", "none", corpus.root, tuple(rows)))
    assert len(chosen["a"]) == 4
    assert all(utterance.subset == "unit" and utterance.seconds >= 1 for utterance in chosen["a"])
    assert [utterance.utterance for utterance in chosen["b"]] == ["b0", "b1", "b2"]
    alone = Panel(most=4).choose(Manifest("m", "none", corpus.root, tuple(rows[:20])))
    assert alone["a"] == chosen["a"]
    assert Panel(most=4, seed=1).choose(Manifest("m", "none", corpus.root, tuple(rows)))["a"] != chosen["a"]


def test_a_converted_source_does_not_stand_for_its_own_speaker():
    chosen = {"a": [listed_utterance(name, "a", "test", 2.0) for name in ("x", "y")]}
    voices = speaker._Voices(chosen, {"x": np.array([1.0, 0.0]), "y": np.array([0.0, 1.0])})
    np.testing.assert_allclose(voices.centroid("a"), np.array([0.5, 0.5]) ** 0.5)
    np.testing.assert_allclose(voices.centroid("a", without="x"), [0, 1])
    only = speaker._Voices({"a": chosen["a"][:1]}, voices.embeddings)
    np.testing.assert_allclose(only.centroid("a", without="x"), [1, 0])
