"""Development: what is held out, what is told of it, and that training does not notice."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load
from training.duel import copied, differing
from training.making import make_corpus, recipe, trained

from unitvoice.errors import InputError
from unitvoice.evaluation.abx import abx
from unitvoice.evaluation.task import read_task
from unitvoice.features.normalise import mean_frames
from unitvoice.manifest import Utterance, read_manifest
from unitvoice.models import load_model
from unitvoice.store import Store
from unitvoice.training import checkpoint
from unitvoice.training.batches import Batches
from unitvoice.training.development import Development, hold_out


def said(speakers, each):
    return [Utterance(f"{who}{n}", who, "unit", "x.wav", None, None, 1.0) for who in speakers for n in range(each)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus of 28 utterances to train on, and a dev set with a task."""
    return make_corpus(tmp_path_factory.mktemp("corpus"))


def log(files):
    return [json.loads(line) for line in files["log.jsonl"].decode().splitlines()]


@pytest.mark.parametrize(
    ("speakers", "each", "share", "wanted"),
    [("ABCD", 5, 0.1, 0), ("ABC", 7, 0.02, 1), ("ABCD", 50, 0.1, 20), ("ABCD", 50, 0.0, 0)],
)
def test_the_share_is_held_out_of_corpora_that_are_not_small(speakers, each, share, wanted):
    utterances = said(speakers, each)
    kept, held = hold_out(utterances, share)
    assert len(held) == wanted
    assert sorted(kept + held, key=utterances.index) == utterances
    assert kept == [one for one in utterances if one in kept]


def test_the_name_alone_decides_what_is_held_out():
    utterances = said("ABCDEFGH", 20)
    held = {one.utterance for one in hold_out(utterances, 0.2)[1]}
    assert {one.utterance for one in hold_out(utterances[::-1], 0.2)[1]} == held
    fewer = {one.utterance for one in hold_out(utterances, 0.1)[1]}
    assert fewer < held
    assert len(Counter(name[0] for name in held)) > 3


def test_no_speaker_is_held_out_as_a_whole():
    utterances = said([f"S{number}-" for number in range(40)], 1) + said("AB", 2)
    kept, held = hold_out(utterances, 0.5)
    assert {one.speaker for one in kept} == {one.speaker for one in utterances}
    assert len(held) == 2


def test_held_out_utterances_are_not_trained_on(corpus, monkeypatch):
    drawn = set()
    read = Batches._read

    def watched(self, *arguments):
        batch = read(self, *arguments)
        drawn.update((len(self._utterances), name) for name in batch.utterances)
        return batch

    monkeypatch.setattr(Batches, "_read", watched)
    manifest = read_manifest(corpus / "manifest")
    kept, held = hold_out(manifest.subset("unit", "voice"), 0.1)
    trained(corpus, corpus.parent / "watched", recipe(held_out=0.1, batch=16))
    assert {name for of, name in drawn if of == len(kept)} == {one.utterance for one in kept}
    assert {name for of, name in drawn if of == len(held)} == {one.utterance for one in held}


def test_looking_does_not_disturb_training(corpus, tmp_path):
    often = trained(corpus, tmp_path / "often", recipe(develop_every=3))
    once = trained(corpus, tmp_path / "once", recipe(develop_every=1000))
    assert often["weights.safetensors"] == once["weights.safetensors"]
    looks = [{name for name in line if name.startswith("dev_")} for line in log(often) if line["step"] % 3 == 0]
    every = {"dev_reconstruction", "dev_commitment", "dev_loss", "dev_codes", "dev_perplexity", "dev_abx"}
    assert looks == [every] * 20
    bare = [{name: value for name, value in line.items() if not name.startswith("dev_")} for line in log(often)]
    assert [line for line in bare if len(line) > 1] == [
        {name: value for name, value in line.items() if not name.startswith("dev_")} for line in log(once)
    ]


def test_the_figures_are_those_of_the_trained_system(corpus, tmp_path):
    last = log(trained(corpus, tmp_path))[-1]
    system, store = load_model(tmp_path / "model"), Store(corpus / "logmel")
    manifest = read_manifest(corpus / "manifest")
    dev = manifest.subset("dev")
    means = mean_frames(store, dev, system.prior)
    units = {
        one.utterance: system.encode(torch.tensor(store[one.utterance]), torch.from_numpy(means[one.utterance]))
        for one in dev
    }
    codes = Counter(int(code) for found in units.values() for code in found.indices)
    shares = np.array(list(codes.values())) / codes.total()
    assert last["dev_codes"] == len(codes)
    assert last["dev_perplexity"] == pytest.approx(np.exp(-np.sum(shares * np.log(shares))))
    whole = abx(read_task(manifest.tasks["dev"]), {name: found.vectors.numpy() for name, found in units.items()})
    assert last["dev_abx"] == pytest.approx(whole.error, abs=15)  # of a part of the cells
    assert last["dev_loss"] == pytest.approx(last["dev_reconstruction"] + last["dev_commitment"])


def test_a_look_changes_nothing_in_the_system_and_needs_no_gradient(corpus, tmp_path):
    trained(corpus, tmp_path)
    system, store = load_model(tmp_path / "model"), Store(corpus / "logmel")
    manifest = read_manifest(corpus / "manifest")
    _, held = hold_out(manifest.subset("unit", "voice"), 0.02)
    stage = recipe().stages["vqvae"]
    looked_at = Batches({"logmel": store}, held, system.speakers, stage, 0, distinct=False)
    before = copied(system.train().state_dict())
    figures = [Development(looked_at, manifest, store).figures(system, "vqvae") for _ in range(2)]
    assert differing(before, system.state_dict()) == set()
    assert figures[0] == figures[1]


def test_without_data_to_look_at_there_are_no_figures(tmp_path):
    corpus = make_corpus(tmp_path / "corpus", "ab")
    manifest = read_manifest(corpus / "manifest")
    bare = replace(manifest, utterances=manifest.subset("unit", "voice"), tasks={})
    looks = Development(None, bare, Store(corpus / "logmel"))
    trained(corpus, tmp_path / "run")
    assert looks.measures == set()
    assert looks.figures(load_model(tmp_path / "run" / "model"), "vqvae") == {}


def test_a_task_that_cannot_be_scored_is_told_once_and_does_not_end_training(corpus, tmp_path, caplog):
    task = (corpus / "dev.item").read_text().replace(" 0.0 0.095 ", " 7.0 8.0 ")
    (tmp_path / "dev.item").write_text(task)
    manifest = replace(read_manifest(corpus / "manifest"), tasks={"dev": tmp_path / "dev.item"})
    trained(corpus, tmp_path)
    looks = Development(None, manifest, Store(corpus / "logmel"))
    system = load_model(tmp_path / "model")
    assert [set(looks.figures(system, "vqvae")) for _ in range(2)] == [{"dev_codes", "dev_perplexity"}] * 2
    assert caplog.text.count("the dev set has no ABX error: ") == 1


@pytest.mark.parametrize("measure", ["loss", "abx"])
def test_the_best_weights_are_selected(corpus, tmp_path, measure):
    # a learning rate so high that the last is not the best
    wild = recipe(learning_rate=0.1, cosine=False, develop_every=4, measure=measure, select="best", keep_every=4)
    best = trained(corpus, tmp_path, wild)
    values = {line["step"]: line[f"dev_{measure}"] for line in log(best) if f"dev_{measure}" in line}
    step = min(values, key=values.__getitem__)
    assert step < 60
    (kept,) = tmp_path.glob(f"state/*/vqvae/step-{step:09d}.ckpt")
    assert differing(load(best["weights.safetensors"]), checkpoint.read(kept)["system"]) == set()


def test_training_ends_when_patience_does_and_stays_ended(corpus, tmp_path):
    wild = recipe(learning_rate=0.1, cosine=False, develop_every=3, patience=2, steps=300)
    first = trained(corpus, tmp_path, wild)
    values = [line["dev_loss"] for line in log(first) if "dev_loss" in line]
    assert log(first)[-1]["step"] < 300
    assert min(values) == values[-3]
    assert all(min(values[:end]) in values[max(0, end - 2) : end] for end in range(1, len(values)))
    assert trained(corpus, tmp_path, wild) == first


@pytest.mark.parametrize("changes", [{"patience": 3}, {"select": "best"}])
def test_what_cannot_be_measured_cannot_be_gone_by(corpus, tmp_path, changes):
    with pytest.raises(InputError, match=r"need the loss .* no utterance is held out \(.*\); take another measure"):
        trained(corpus, tmp_path, recipe(held_out=0.0, **changes))
