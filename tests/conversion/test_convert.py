"""Conversion: names, lengths, loudness, determinism, and what cannot be converted is told."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
import yaml
from unsealing import contents

from unitvoice import audio
from unitvoice.conversion.convert import convert, main, own_voice_trials, shard
from unitvoice.conversion.speaking import FrameVoice, Request
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
def speaks(system):
    return FrameVoice(system, QUICK)


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
def wavs(speaks, manifest, indices):
    convert(manifest, manifest.trials, indices, speaks, manifest.root / "wavs")
    return manifest.root / "wavs"


def source(manifest, name):
    utterance = manifest.by_name()[name]
    return audio.read(manifest.path(utterance), start=utterance.start or 0.0, stop=utterance.stop)


def test_each_trial_is_a_wav_of_its_name_in_the_official_form(wavs, manifest):
    assert sorted(contents(wavs)) == sorted(f"{trial.name}.wav" for trial in manifest.trials)
    for path in wavs.glob("*.wav"):
        assert audio.info(path)[:2] == (16_000, 1)
        assert audio.info(path).subtype == "PCM_16"


@pytest.mark.parametrize("name", SOURCES)
def test_the_wav_is_exactly_as_long_and_about_as_loud_as_its_source(wavs, manifest, voice, name):
    made, heard = audio.read(wavs / f"{voice}_{name}.wav"), source(manifest, name)
    assert len(made) == len(heard)
    assert np.sqrt(np.mean(made**2)) == pytest.approx(np.sqrt(np.mean(heard**2)), rel=0.01)


def test_the_same_call_gives_the_same_bytes(speaks, manifest, indices, wavs, tmp_path):
    convert(manifest, manifest.trials[::-1], indices, speaks, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(wavs)


def test_another_voice_gives_another_sound(system, speaks, indices):
    units = torch.tensor(indices["odd"].astype(np.int64))
    (_, one), (_, two) = speaks([Request("odd", units, name, 4321) for name in system.speakers[:2]])
    assert one.shape == two.shape == (4321,)
    assert not np.array_equal(one, two)


def test_unknown_targets_are_named_together_with_the_known_ones(tiny_model, system, manifest, units, tmp_path):
    others = tuple(Utterance(name, name, "voice", "odd.wav", None, None, 0.3) for name in ("X1", "X2"))
    trials = (Trial("odd", "X2", "a"), Trial("odd", system.speakers[0], "b"), Trial("odd", "X1", "c"))
    known = Utterance("k", system.speakers[0], "voice", "odd.wav", None, None, 0.3)
    more = replace(manifest, utterances=(*manifest.utterances, known, *others), trials=trials)
    write_manifest(more, tmp_path / "manifest")
    with pytest.raises(InputError) as caught:
        main([str(tiny_model), str(tmp_path / "manifest"), str(units), str(tmp_path / "out")])
    assert "does not know the target speakers X1, X2; it knows" in str(caught.value)
    assert all(name in str(caught.value) for name in system.speakers[:20])
    assert not (tmp_path / "out").exists()


def test_sources_without_units_are_named(speaks, manifest, indices, voice, tmp_path):
    with pytest.raises(InputError, match="has no units of x, y; encode the subset they are in"):
        convert(manifest, [Trial("x", voice, "a"), Trial("y", voice, "b")], indices, speaks, tmp_path / "out")


def test_a_source_that_is_gone_is_told_and_leaves_nothing(speaks, manifest, indices, tmp_path):
    with pytest.raises(InputError, match=r"clip\.wav does not exist"):
        convert(replace(manifest, root=tmp_path), manifest.trials, indices, speaks, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_silence_is_converted_into_silence(speaks, manifest, indices, voice, tmp_path):
    audio.write(tmp_path / "odd.wav", np.zeros(4321))
    silent = replace(manifest, root=tmp_path)
    convert(silent, [Trial("odd", voice, "silent")], indices, speaks, tmp_path / "out")
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
    arguments = [str(tiny_model), str(manifest.root / "manifest"), str(units), str(tmp_path / "out")]
    main([*arguments, "--iterations", "2"])
    assert contents(tmp_path / "out") == contents(wavs)


def test_the_command_can_keep_the_voice(tiny_model, manifest, units, tmp_path):
    arguments = [str(tiny_model), str(manifest.root / "manifest"), str(units), str(tmp_path / "out")]
    main([*arguments, "--iterations", "2", "--own-voice", "3"])
    assert list(contents(tmp_path / "out")) == ["v.wav"]


def test_the_command_tells_when_there_are_no_trials(tiny_model, manifest, units, tmp_path):
    write_manifest(replace(manifest, trials=()), tmp_path / "m")
    with pytest.raises(InputError, match="has no trials to convert"):
        main([str(tiny_model), str(tmp_path / "m"), str(units), str(tmp_path / "out")])


@pytest.fixture
def arguments(tiny_model, manifest, units, tmp_path):
    place = [str(tiny_model), str(manifest.root / "manifest"), str(units), str(tmp_path / "out")]
    return [*place, "--iterations", "2", "--state", str(tmp_path / "state")]


def test_a_killed_conversion_goes_on_with_what_is_missing(arguments, wavs, tmp_path, monkeypatch):
    """The disk fills up at the third wav; the wavs before it are kept, and not made again."""
    write, before = audio.write, []

    def failing(path, wave):
        if len(before) == 2:
            raise OSError(28, "No space left on device")
        before.append(path.name)
        write(path, wave)

    monkeypatch.setattr(audio, "write", failing)
    with pytest.raises(OSError, match="No space left"):
        main(arguments)
    assert not (tmp_path / "out").exists()
    after = []
    monkeypatch.setattr(audio, "write", lambda path, wave: (after.append(path.name), write(path, wave)))
    main(arguments)
    assert contents(tmp_path / "out") == contents(wavs)
    assert sorted(before + after) == sorted(contents(wavs))
    assert list((tmp_path / "state").iterdir()) == []


def test_what_was_kept_under_other_options_is_not_taken(arguments, wavs, tmp_path, monkeypatch):
    write = audio.write

    def failing(path, wave):
        write(path, wave)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(audio, "write", failing)
    with pytest.raises(OSError, match="No space left"):
        main([*arguments, "--iterations", "1"])
    monkeypatch.undo()
    main(arguments)
    assert contents(tmp_path / "out") == contents(wavs)


def test_the_shards_are_together_the_whole_and_each_trial_the_same(arguments, wavs, tmp_path):
    made = {}
    for number in range(1, 6):  # more shards than trials: one has nothing to do
        main([*arguments, "--shard", f"{number}/5"])
        part = contents(tmp_path / "out")
        assert not set(part) & set(made)
        made |= part
    assert made == contents(wavs)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0"])
def test_a_shard_that_cannot_be_is_refused(arguments, text):
    with pytest.raises(SystemExit, match="2"):
        main([*arguments, "--shard", text])


def test_shards_do_not_depend_on_the_order_of_the_trials(manifest):
    assert shard(manifest.trials, 1, 2) == shard(manifest.trials[::-1], 1, 2)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_a_precision_that_the_system_does_not_have_is_refused(arguments, precision):
    with pytest.raises(InputError, match=f"speaks in float32, not {precision}"):
        main([*arguments, "--precision", precision])


@pytest.mark.skipif(torch.cuda.is_available(), reason="is about machines without a GPU")
def test_a_gpu_that_is_not_there_is_told(arguments):
    with pytest.raises(InputError, match="has no GPU"):
        main([*arguments, "--device", "cuda"])


@pytest.mark.parametrize("option", ["--iterations", "--own-voice", "--threads", "--rows"])
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
