"""Batches: a function of (seed, step), drawn as the sampling policy says."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from unitvoice.errors import InputError
from unitvoice.manifest import Utterance
from unitvoice.store import Store, create_store
from unitvoice.systems.recipe import StageSettings
from unitvoice.training.batches import Batches

SETTINGS = StageSettings(steps=10, batch=16, crop=0.1, learning_rate=0.001)
LENGTHS = {"long": 400, "mid": 100, "short": 4, "other": 100}
SPEAKERS = {"long": "A", "mid": "A", "short": "A", "other": "B"}


def utterances(names=LENGTHS):
    return [Utterance(n, SPEAKERS[n], "unit", f"{n}.wav", None, None, LENGTHS[n] / 100) for n in names]


@pytest.fixture
def stores(tmp_path):
    """Frames that tell where they come from: utterance number, frame number; and the same at twice the rate."""
    for kind, factor in (("slow", 1), ("fast", 2)):
        with create_store(tmp_path / kind, kind=kind, rate=100.0 * factor) as writer:
            for number, (name, length) in enumerate(LENGTHS.items()):
                time = np.arange(length * factor) / factor
                writer.append(name, np.stack([np.full(len(time), number), time], axis=1))
    return {kind: Store(tmp_path / kind) for kind in ("slow", "fast")}


def batches(stores, seed=0, **changes):
    return Batches(stores, utterances(), ["A", "B"], replace(SETTINGS, **changes), seed)


def test_the_same_seed_and_step_give_the_same_batch_in_any_order(stores):
    forwards, backwards = batches(stores), batches(stores)
    wanted = {step: forwards[step] for step in range(5)}
    for step in reversed(range(5)):
        found = backwards[step]
        assert found.utterances == wanted[step].utterances
        assert torch.equal(found.frames["slow"], wanted[step].frames["slow"])


def test_another_seed_or_step_gives_another_batch(stores):
    first = batches(stores)[3].frames["slow"]
    assert not torch.equal(first, batches(stores)[4].frames["slow"])
    assert not torch.equal(first, batches(stores, seed=1)[3].frames["slow"])


def test_all_kinds_of_frames_cover_the_same_time(stores):
    batch = batches(stores)[0]
    slow, fast = batch.frames["slow"], batch.frames["fast"]
    assert slow.shape == (16, 10, 2)
    assert fast.shape == (16, 20, 2)
    assert torch.equal(slow[..., 0], fast[:, ::2, 0])
    assert torch.equal(slow[..., 1], fast[:, ::2, 1])


def test_a_short_utterance_is_repeated_not_padded(stores):
    only = Batches(stores, utterances(["short"]), ["A"], SETTINGS, 0)[0].frames["slow"]
    assert only[0, :, 1].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]


def test_crops_reach_the_first_and_the_last_frame(stores):
    starts = Counter(
        int(crop[0, 1]) for step in range(60) for crop in batches(stores)[step].frames["slow"] if crop[0, 0] == 1
    )
    assert min(starts) == 0
    assert max(starts) == LENGTHS["mid"] - 10


@pytest.mark.parametrize(
    ("sampling", "share"),
    [("frame", 400 / 604), ("utterance", 1 / 4), ("speaker", 0.5 * 400 / 504)],
)
def test_sampling_policy_sets_how_often_an_utterance_is_drawn(stores, sampling, share):
    sampler = batches(stores, sampling=sampling)
    drawn = Counter(name for step in range(300) for name in sampler[step].utterances)
    assert drawn["long"] / drawn.total() == pytest.approx(share, abs=0.03)


def test_the_corpus_mean_is_over_all_frames(stores):
    frames = sum(LENGTHS.values())
    wanted = sum(length * (length - 1) / 2 for length in LENGTHS.values()) / frames
    assert batches(stores).corpus_means()["slow"][1].item() == pytest.approx(wanted)


def test_speaker_rows_follow_the_given_order(stores):
    turned = Batches(stores, utterances(), ["B", "A"], SETTINGS, 0)[0]
    assert [SPEAKERS[name] for name in turned.utterances] == [["B", "A"][row] for row in turned.speakers]


def test_nothing_to_train_on_and_a_store_without_an_utterance_are_input_errors(stores):
    with pytest.raises(InputError, match="no utterance to train on"):
        Batches(stores, [], ["A"], SETTINGS, 0)
    stranger = Utterance("stranger", "A", "unit", "x.wav", None, None, 1.0)
    with pytest.raises(InputError, match="lacks stranger"):
        Batches(stores, [stranger], ["A"], SETTINGS, 0)
