"""Conversion: names, lengths, loudness, determinism, and what cannot be converted is told."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
import yaml

from unitvoice import audio
from unitvoice.conversion.convert import convert, main, own_voice_trials, speak
from unitvoice.conversion.vocoding import GriffinLim
from unitvoice.errors import InputError
from unitvoice.features.extract import extract
from unitvoice.manifest import Manifest, Trial, Utterance, write_manifest
from unitvoice.models import load_model
from unitvoice.store import Store
from unitvoice.submission import layout
from unitvoice.units.encode import encode

QUICK = GriffinLim(iterations=2)
SOURCES = {  # samples, rate (Hz), start, stop (s)
    "clip": (800, 16_000, None, None),  # 50 ms
    "odd": (4321, 16_000, None, None),
    "part": (16_000, 16_000, 0.1, 0.3333),
    "cd": (10_001, 44_100, None, None),
}


@pytest.fixture(scope="module")
def system(tiny_model):
    return load_model(tiny_model)


@pytest.fixture(scope="module")
def voice(system):
    return next(name for name in system.speakers if name.startswith("V"))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory, voice):
    """Sources of awkward lengths, to be spoken by a voice of the tiny model."""
    root = tmp_path_factory.mktemp("sources")
    utterances = [Utterance("v", voice, "voice", "odd.wav", None, None, 0.3)]
    for number, (name, (samples, rate, start, stop)) in enumerate(SOURCES.items()):
        wave = 0.1 * np.random.default_rng(number).standard_normal(samples)
        soundfile.write(root / f"{name}.wav", wave, rate)
        utterances.append(Utterance(name, "S1", "test", f"{name}.wav", start, stop, samples / rate))
    trials = tuple(Trial(name, voice, f"{voice}_{name}") for name in SOURCES)
    made = Manifest("made", "english", root, tuple(utterances), trials)
    write_manifest(made, root / "manifest")
    return made


@pytest.fixture(scope="module")
def units(system, manifest):
    extract(manifest, "logmel", manifest.root / "logmel")
    encode(system, manifest.utterances, Store(manifest.root / "logmel"), manifest.root / "units")
    return manifest.root / "units"


@pytest.fixture(scope="module")
def indices(units):
    return Store(units / "indices")


@pytest.fixture(scope="module")
def wavs(system, manifest, indices):
    convert(system, manifest, manifest.trials, indices, manifest.root / "wavs", QUICK)
    return manifest.root / "wavs"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def source(manifest, name):
    utterance = manifest.by_name()[name]
    return audio.read(manifest.path(utterance), start=utterance.start or 0.0, stop=utterance.stop)


def test_each_trial_is_a_wav_of_its_name_in_the_official_form(wavs, manifest):
    assert sorted(path.name for path in wavs.iterdir()) == sorted(f"{trial.name}.wav" for trial in manifest.trials)
    for path in wavs.iterdir():
        assert audio.info(path)[:2] == (16_000, 1)
        assert audio.info(path).subtype == "PCM_16"


@pytest.mark.parametrize("name", SOURCES)
def test_the_wav_is_exactly_as_long_and_about_as_loud_as_its_source(wavs, manifest, voice, name):
    made, heard = audio.read(wavs / f"{voice}_{name}.wav"), source(manifest, name)
    assert len(made) == len(heard)
    assert np.sqrt(np.mean(made**2)) == pytest.approx(np.sqrt(np.mean(heard**2)), rel=0.01)


def test_the_same_call_gives_the_same_bytes(system, manifest, indices, wavs, tmp_path):
    convert(system, manifest, manifest.trials[::-1], indices, tmp_path / "again", QUICK)
    assert contents(tmp_path / "again") == contents(wavs)


def test_another_voice_gives_another_sound(system, indices):
    units = torch.tensor(indices["odd"].astype(np.int64))
    one, two = (speak(system, units, name, 4321, QUICK) for name in system.speakers[:2])
    assert one.shape == two.shape == (4321,)
    assert not np.array_equal(one, two)


def test_unknown_targets_are_named_together_with_the_known_ones(system, manifest, indices, tmp_path):
    trials = [Trial("odd", "X2", "a"), Trial("odd", system.speakers[0], "b"), Trial("odd", "X1", "c")]
    with pytest.raises(InputError) as caught:
        convert(system, manifest, trials, indices, tmp_path / "out", QUICK)
    assert "does not know the target speakers X1, X2; it knows" in str(caught.value)
    assert all(name in str(caught.value) for name in system.speakers[:20])
    assert not (tmp_path / "out").exists()


def test_sources_without_units_are_named(system, manifest, indices, voice, tmp_path):
    with pytest.raises(InputError, match="has no units of x, y; encode the subset they are in"):
        convert(system, manifest, [Trial("x", voice, "a"), Trial("y", voice, "b")], indices, tmp_path / "out", QUICK)


def test_a_source_that_is_gone_is_told_and_leaves_nothing(system, manifest, indices, tmp_path):
    with pytest.raises(InputError, match=r"clip\.wav does not exist"):
        convert(system, replace(manifest, root=tmp_path), manifest.trials, indices, tmp_path / "out", QUICK)
    assert list(tmp_path.iterdir()) == []


def test_silence_is_converted_into_silence(system, manifest, indices, voice, tmp_path):
    audio.write(tmp_path / "odd.wav", np.zeros(4321))
    silent = replace(manifest, root=tmp_path)
    convert(system, silent, [Trial("odd", voice, "silent")], indices, tmp_path / "out", QUICK)
    np.testing.assert_array_equal(audio.read(tmp_path / "out" / "silent.wav"), np.zeros(4321))


def test_own_voice_trials_are_the_first_utterances_of_each_voice(tiny_manifest):
    trials = own_voice_trials(tiny_manifest, 2)
    by_name = tiny_manifest.by_name()
    assert {trial.target for trial in trials} == set(tiny_manifest.voices)
    for voice in tiny_manifest.voices:
        own = [u.utterance for u in tiny_manifest.subset("voice") if u.speaker == voice][:2]
        assert [trial.source for trial in trials if trial.target == voice] == own
    assert all(by_name[trial.source].speaker == trial.target and trial.name == trial.source for trial in trials)


def test_the_command_converts_the_trials(tiny_model, manifest, units, wavs, tmp_path):
    arguments = [str(tiny_model), str(manifest.root / "manifest"), str(units / "indices"), str(tmp_path / "out")]
    main([*arguments, "--iterations", "2"])
    assert contents(tmp_path / "out") == contents(wavs)


def test_the_command_can_keep_the_voice(tiny_model, manifest, units, tmp_path):
    arguments = [str(tiny_model), str(manifest.root / "manifest"), str(units / "indices"), str(tmp_path / "out")]
    main([*arguments, "--iterations", "2", "--own-voice", "3"])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["v.wav"]


def test_the_command_tells_when_there_are_no_trials(tiny_model, manifest, units, tmp_path):
    write_manifest(replace(manifest, trials=()), tmp_path / "m")
    with pytest.raises(InputError, match="has no trials to convert"):
        main([str(tiny_model), str(tmp_path / "m"), str(units / "indices"), str(tmp_path / "out")])


@pytest.mark.parametrize("option", ["--iterations", "--own-voice", "--threads"])
def test_the_command_refuses_counts_below_one(option):
    with pytest.raises(SystemExit, match="2"):
        main(["m", "m", "i", "o", option, "0"])


def test_a_clip_of_50_ms_reaches_the_submission(manifest, units, wavs, voice, tmp_path):
    described = {"author": "A", "affiliation": "B", "open source": False, "abx distance": "dtw_cosine"}
    described |= {
        "system description": "s",
        "hyperparameters": {},
        "using parallel train": False,
        "using external data": False,
    }
    (tmp_path / "metadata.yaml").write_text(yaml.safe_dump(described))
    language = [str(manifest.root / "manifest"), str(units / "vectors"), str(wavs)]
    layout.main(
        [str(tmp_path / "out"), "--metadata", str(tmp_path / "metadata.yaml"), "--language", "english", *language]
    )
    vectors = np.loadtxt(tmp_path / "out" / "2019" / "english" / "test" / "clip.txt", ndmin=2)
    np.testing.assert_array_equal(vectors.astype(np.float32), Store(units / "vectors")["clip"])
    assert len(vectors) == 3
    assert audio.info(tmp_path / "out" / "2019" / "english" / "test" / f"{voice}_clip.wav").frames == 800
