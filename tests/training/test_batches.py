"""Batches: a function of (seed, step), drawn as the sampling policy says."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from unitvoice.errors import InputError
from unitvoice.features.normalise import mean_frames
from unitvoice.manifest import Utterance
from unitvoice.store import Store, create_store
from unitvoice.systems.recipe import StageSettings
from unitvoice.training.batches import Batches
from unitvoice.training.loading import loaded

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


def test_kinds_whose_last_frame_lacks_samples_still_cover_the_same_time(tmp_path):
    """A recording ends within its last frame: the finer kind has fewer rows than the grid's frames would hold."""
    for kind, rate, rows in (("slow", 100.0, {"cut": 5, "long": 13}), ("fast", 200.0, {"cut": 9, "long": 25})):
        with create_store(tmp_path / kind, kind=kind, rate=rate) as writer:
            for name, count in rows.items():
                writer.append(name, np.arange(count)[:, None] * 100.0 / rate)
    made = {kind: Store(tmp_path / kind) for kind in ("slow", "fast")}
    said = [Utterance(name, "A", "unit", "x.wav", None, None, 0.1) for name in ("cut", "long")]
    for step in range(8):
        batch = Batches(made, said, ["A"], SETTINGS, 0)[step]
        coarse, fine = batch.frames["slow"][..., 0], batch.frames["fast"][..., 0]
        assert fine.shape == (16, 20)
        assert torch.equal(fine[:, ::2], coarse)
        assert (fine[:, 1::2] - coarse).abs().max() <= 0.5


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


@pytest.fixture
def crowd(tmp_path):
    """Three speakers with 12 utterances each, of 1 to 36 frames, and one with a single utterance."""
    said = [Utterance(f"{who}{n}", who, "unit", "x.wav", None, None, 1.0) for who in "ABC" for n in range(12)]
    said.append(Utterance("D0", "D", "unit", "x.wav", None, None, 1.0))
    with create_store(tmp_path / "crowd", kind="crowd", rate=100.0) as writer:
        for number, one in enumerate(said):
            frames = 1 + (7 * number) % 36
            writer.append(one.utterance, np.stack([np.full(frames, number), np.arange(frames)], axis=1))
    return {"crowd": Store(tmp_path / "crowd")}, said


def of_crowd(crowd, *, seed=0, part=(0, 1), distinct=True, said=None, **changes):
    stores, everything = crowd
    settings = replace(SETTINGS, **({"crop": 0.05, "batch": 12} | changes))
    return Batches(stores, said or everything, list("ABCD"), settings, seed, part=part, distinct=distinct)


def same(one, other):
    assert one.utterances == other.utterances
    assert torch.equal(one.speakers, other.speakers)
    assert all(torch.equal(one.frames[kind], other.frames[kind]) for kind in one.frames)
    assert all(torch.equal(one.lengths[kind], other.lengths[kind]) for kind in one.lengths)


def test_a_batch_of_speakers_holds_as_many_distinct_utterances_of_each_side_by_side(crowd):
    batches = of_crowd(crowd, speakers=2)
    met = Counter()
    for step in range(60):
        batch = batches[step]
        groups = [batch.utterances[:6], batch.utterances[6:]]
        who = [{name[0] for name in group} for group in groups]
        assert [len(names) for names in who] == [1, 1]
        assert who[0] != who[1]
        assert len(set(batch.utterances)) == 12
        assert [int(row) for row in batch.speakers] == ["ABCD".index(name[0]) for name in batch.utterances]
        met.update(next(iter(names)) for names in who)
    assert set(met) == set("ABC")
    assert min(met.values()) > 25  # of 40 each, were they equally likely


def test_speakers_are_drawn_among_those_with_enough_utterances_as_long_as_a_crop(crowd):
    stores, said = crowd
    batches = of_crowd(crowd, speakers=1, batch=3, crop=0.20)
    names = {name for step in range(200) for name in batches[step].utterances}
    assert names == {one.utterance for one in said if one.speaker != "D" and stores["crowd"].rows(one.utterance) >= 20}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"speakers": 4}, "4 speakers with 3 utterances of 0.05 s each cannot be drawn: 3 of 4 speakers have as many"),
        ({"speakers": 2, "crop": 0.34}, r"2 speakers with 6 utterances of 0.34 s each .*: 0 of 4"),
        ({"speakers": 5}, "a batch of 12 is no multiple of 5 speakers"),
        ({"accumulate": 5}, r"a batch of 12 cannot be divided into 5 equal parts"),
        ({"speakers": 2, "part": (0, 3)}, r"2 speakers cannot be divided into 3 equal parts"),
    ],
)
def test_batches_that_cannot_be_drawn_are_told_with_their_numbers(crowd, changes, message):
    with pytest.raises(InputError, match=message):
        of_crowd(crowd, **changes)


def test_a_corpus_with_one_speaker_has_no_batches_of_two(crowd):
    said = [one for one in crowd[1] if one.speaker == "A"]
    with pytest.raises(InputError, match=r"a batch of 2 speakers .* 1 of 1 speakers have as many; lower"):
        of_crowd(crowd, speakers=2, said=said)


def test_where_utterances_may_repeat_few_are_enough(crowd):
    few = [one for one in crowd[1] if one.utterance in {"A1", "B3"}]
    batch = of_crowd(crowd, speakers=4, distinct=False, said=few)[0]
    assert set(batch.utterances) == {"A1", "B3"}
    assert all(len({name[0] for name in batch.utterances[row : row + 3]}) == 1 for row in range(0, 12, 3))


def test_whole_utterances_are_there_from_first_to_last_frame_and_hold_the_last(crowd):
    stores, _ = crowd
    batch = of_crowd(crowd, crop=None)[0]
    frames, lengths = batch.frames["crowd"], batch.lengths["crowd"]
    assert frames.shape[1] == int(lengths.max())
    for row, (name, length) in enumerate(zip(batch.utterances, lengths.tolist(), strict=True)):
        whole = torch.tensor(stores["crowd"][name])
        assert torch.equal(frames[row, :length], whole)
        assert (frames[row, length:] == whole[-1]).all()


def test_whole_utterances_of_a_batch_are_of_similar_length_and_none_is_left_out(crowd):
    batches = of_crowd(crowd, crop=None, batch=2, sampling="utterance")
    spreads, met = [], set()
    for step in range(300):
        batch = batches[step]
        spreads.append(int(batch.lengths["crowd"].max() - batch.lengths["crowd"].min()))
        met |= set(batch.utterances)
    assert max(spreads) <= 18  # buckets of 18 or 19 among lengths of 1 to 36
    assert len(met) == 37


def test_the_speech_of_a_batch_is_known(crowd):
    assert of_crowd(crowd).seconds == pytest.approx(12 * 0.05)
    whole = of_crowd(crowd, crop=None, sampling="utterance")
    found = [whole[step].lengths["crowd"].sum().item() / 100 for step in range(400)]
    assert whole.seconds == pytest.approx(np.mean(found), rel=0.05)


@pytest.mark.parametrize("changes", [{}, {"speakers": 2}, {"speakers": 2, "crop": 0.2, "batch": 6}])
def test_the_parts_of_the_ranks_are_the_batch_in_order(crowd, changes):
    whole = of_crowd(crowd, **changes)[3]
    parts = [of_crowd(crowd, part=(number, 2), **changes)[3] for number in (0, 1)]
    assert parts[0].utterances + parts[1].utterances == whole.utterances
    joined = torch.cat([part.frames["crowd"] for part in parts])
    assert torch.equal(joined, whole.frames["crowd"])
    same(of_crowd(crowd, part=(1, 2), **changes).whole(3), whole)


def test_a_batch_is_cut_into_parts_in_order(crowd):
    whole = of_crowd(crowd)[0]
    parts = whole.parts(3)
    assert [len(part.utterances) for part in parts] == [4, 4, 4]
    assert sum((part.utterances for part in parts), ()) == whole.utterances
    assert torch.equal(torch.cat([part.frames["crowd"] for part in parts]), whole.frames["crowd"])
    assert torch.equal(torch.cat([part.speakers for part in parts]), whole.speakers)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_bring_the_batches_of_the_steps_in_order(crowd, workers):
    batches = of_crowd(crowd, crop=None)
    found = list(loaded(batches, range(5, 12), workers=workers, pinned=False))
    assert len(found) == 7
    for step, batch in zip(range(5, 12), found, strict=True):
        same(batch, batches[step])


def test_a_batch_tells_the_mean_frames_that_encoding_would_be_given(stores):
    told = Batches(stores, utterances(), ["A", "B"], SETTINGS, 0, prior=16.0)
    batch, means = told[0], mean_frames(stores["slow"], utterances(), 16.0)
    assert list(batch.means) == ["slow"]
    for name, mean in zip(batch.utterances, batch.means["slow"], strict=True):
        assert np.array_equal(mean.numpy(), means[name])
    assert [part.means["slow"].shape for part in batch.parts(4)] == [(4, 2)] * 4
    assert not batches(stores)[0].means
