"""Listening: the same utterances at each step, and training does not notice."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from torch import nn
from training.making import FRAMES, make_corpus, recipe, trained

from unitvoice.errors import InputError
from unitvoice.manifest import Manifest, Utterance, read_manifest
from unitvoice.store import Store, create_store
from unitvoice.systems.base import System, Units
from unitvoice.training.listening import Listening

FOLDER = "listening/vqvae"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus of frames that phases can be found for."""
    return make_corpus(tmp_path_factory.mktemp("corpus"), bands=80)


@pytest.fixture(scope="module")
def deaf(corpus, tmp_path_factory):
    """The files of a model that was never listened to."""
    return trained(corpus, tmp_path_factory.mktemp("deaf"), heard_every(None))


@pytest.fixture(scope="module")
def files(corpus, tmp_path_factory):
    """Those of one that was listened to at steps 8, 16 and, as it ends there, 20."""
    return trained(corpus, tmp_path_factory.mktemp("heard"), heard_every(8))


def heard_every(steps, **model):
    return recipe(model={"bands": 80} | model, steps=20, listen_every=steps)


def test_a_voice_of_its_own_and_two_unknown_speakers_in_target_voices_are_spoken_at_each_step(files):
    told = json.loads(files[f"{FOLDER}/trials.json"])
    assert [one["target"] for one in told] == ["V1", "V1", "V2"]
    assert told[0]["source"].startswith("V1_")
    assert all(one["source"].startswith("D") for one in told[1:])
    wavs = {name for name in files if name.startswith(FOLDER) and name.endswith(".wav")}
    assert wavs == {f"{FOLDER}/{step}/{trial}.wav" for step in (8, 16, 20) for trial in range(3)}
    for name in wavs:
        wave, rate = soundfile.read(io.BytesIO(files[name]))
        assert rate == 16_000
        assert len(wave) == FRAMES * 160
        assert np.abs(wave).max() > 0.01


def test_what_is_heard_changes_while_the_system_learns(files):
    assert len({files[f"{FOLDER}/{step}/1.wav"] for step in (8, 16, 20)}) == 3


def test_training_does_not_notice_that_it_is_listened_to(files, deaf):
    assert not [name for name in deaf if name.startswith("listening")]
    for name in ("weights.safetensors", "log.jsonl"):
        assert files[name] == deaf[name]


def test_a_recipe_that_does_not_speak_cannot_be_listened_to(corpus, tmp_path):
    with pytest.raises(InputError, match="does not speak, so there is nothing to listen to; leave out listen_every"):
        trained(corpus, tmp_path, replace(heard_every(8), speaks=False))


def listening(tmp_path, *said, shortest=1):
    """What is chosen of a corpus of utterances, (speaker, subset, frames) each."""
    utterances = [
        Utterance(f"u{number}", speaker, subset, "x.wav", None, None, frames / 100)
        for number, (speaker, subset, frames) in enumerate(said)
    ]
    with create_store(tmp_path / "frames", kind="logmel", rate=100.0) as writer:
        for utterance, (_, _, frames) in zip(utterances, said, strict=True):
            writer.append(utterance.utterance, np.zeros((frames, 80)))
    manifest = Manifest("made", "up", tmp_path, tuple(utterances))
    return Listening(manifest, Store(tmp_path / "frames"), shortest)


def test_a_corpus_without_voices_and_dev_set_is_heard_in_the_voices_that_it_trains_on(tmp_path):
    chosen = listening(tmp_path, ("A", "unit", 9), ("B", "unit", 9), ("C", "unit", 9), ("T", "test", 9))
    assert [(trial.source, trial.target) for trial in chosen.trials] == [("u0", "A"), ("u1", "A"), ("u2", "B")]


def test_utterances_too_short_for_the_system_are_not_chosen(tmp_path):
    chosen = listening(tmp_path, ("A", "unit", 3), ("A", "unit", 9), ("D", "dev", 3), ("D", "dev", 9), shortest=5)
    assert [(trial.source, trial.target) for trial in chosen.trials] == [("u1", "A"), ("u3", "A")]


def test_a_corpus_with_nothing_to_speak_says_so(tmp_path):
    with pytest.raises(InputError, match="no utterance to listen to; leave out the stage's listen_every"):
        listening(tmp_path, ("A", "unit", 3), shortest=5)


class Hearing(System):
    """Speaks any voice that it was given to hear: its number of recordings, as long as is asked."""

    input, hears, discrete, prior, unit_rate, unit_first = "logmel", True, False, 0.0, 100.0, 0.0

    def __init__(self):
        super().__init__(["V1", "V2"])
        self.weight = nn.Parameter(torch.zeros(1))
        self.heard = {}

    def encode(self, frames, mean):
        """The frames."""
        return Units(torch.zeros(len(frames), 0, dtype=torch.int64), frames, frames)

    def hear(self, speaker, recordings):
        """Count them."""
        self.heard[speaker] = len(recordings)

    def speak(self, units, speaker, samples):
        """A tenth for each recording."""
        return np.full(samples, self.heard[speaker] / 10, np.float32)


def test_a_system_that_hears_voices_is_given_them_and_stays_as_it_was(corpus, tmp_path):
    system = Hearing().train()
    Listening(read_manifest(corpus / "manifest"), Store(corpus / "logmel")).speak(system, tmp_path, 4)
    wave, _ = soundfile.read(tmp_path / "4" / "2.wav")
    assert wave == pytest.approx(7 / 10, abs=1e-3)  # V2 has seven utterances
    assert not system.heard
    assert system.training
    assert system.weight.requires_grad
