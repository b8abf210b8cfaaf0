"""Corpora of recordings with speakers, each in its true layout: recognised, read, split, checked."""

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from corpora.making import sound, speech

from unitvoice.corpora import checks, manifest
from unitvoice.corpora.layouts import recognised
from unitvoice.errors import InputError
from unitvoice.manifest import read_manifest


def read(kind, root, tmp_path, **options):
    """The manifest of a corpus, by the command and from its folder; its check finds no error."""
    out = tmp_path / f"manifest-{kind}"
    manifest.main(
        [str(root), str(out), "--kind", kind, "--language", "english", "--options", json.dumps(options)],
    )
    checks.main([str(out), str(tmp_path / "checks.json")])
    return read_manifest(out)


def refused(kind, root, tmp_path, **options):
    with pytest.raises(InputError) as caught:
        read(kind, root, tmp_path, **options)
    return str(caught.value)


def speakers_by_subset(made):
    return {subset: {u.speaker for u in made.subset(subset)} for subset in ("unit", "voice", "dev", "test")}


def test_vctk_080_has_a_folder_per_speaker(tmp_path):
    root = tmp_path / "VCTK-Corpus"
    for speaker in range(10):
        for number in range(2):
            sound(root / "wav48" / f"p{225 + speaker}" / f"p{225 + speaker}_{number:03d}.wav", 1.1, rate=48000)
    assert recognised(root) == "vctk"
    found = speakers_by_subset(read("vctk", root, tmp_path, split={"voices": ["p230"]}))
    assert found["voice"] == {"p230"}
    assert set.union(*found.values()) == {f"p{225 + i}" for i in range(10)}
    assert sum(map(len, found.values())) == 10, "a speaker is in one subset only"


@pytest.mark.parametrize("microphone", ["mic1", "mic2"])
def test_vctk_092_gives_one_microphone(tmp_path, microphone):
    folder = tmp_path / "data" / "VCTK-Corpus-0.92" / "wav48_silence_trimmed"
    for speaker in ("p225", "p226", "s5"):
        for number in range(4):
            for other in ("mic1", "mic2"):
                sound(folder / speaker / f"{speaker}_{number:03d}_{other}.flac", 1.1, rate=48000)
    assert recognised(tmp_path / "data") == "vctk"
    made = read("vctk", tmp_path / "data", tmp_path, microphone=microphone)
    assert len(made.utterances) == 12
    assert all(u.utterance.endswith(microphone) for u in made.utterances)
    assert {u.speaker for u in made.utterances} == {"p225", "p226", "s5"}


def test_ljspeech_has_one_speaker_who_is_the_voice_and_the_source(tmp_path):
    root = tmp_path / "LJSpeech-1.1"
    for number in range(10):
        sound(root / "wavs" / f"LJ001-{number:04d}.wav", 1.2, rate=22050)
    (root / "metadata.csv").write_text("LJ001-0000|text|text\n")
    assert recognised(root) == "ljspeech"
    made = read("ljspeech", root, tmp_path)
    assert Counter(u.subset for u in made.utterances) == {"voice": 7, "test": 2, "dev": 1}
    assert {trial.target for trial in made.trials} == {"LJ"}


def test_librispeech_keeps_its_parts(tmp_path):
    for part, speaker in (("train-clean-100", 19), ("train-clean-100", 26), ("dev-clean", 84), ("test-clean", 61)):
        for number in range(2):
            sound(tmp_path / "LibriSpeech" / part / f"{speaker}/1/{speaker}-1-{number:04d}.flac", 1.1)
    assert recognised(tmp_path) == "librispeech"
    found = speakers_by_subset(read("librispeech", tmp_path / "LibriSpeech", tmp_path, split={"voices": 1}))
    assert found == {"unit": {"26"}, "voice": {"19"}, "dev": {"84"}, "test": {"61"}}


def test_librilight_is_cut_and_split(tmp_path):
    root = tmp_path / "small"
    for speaker in (100, 200, 300):
        samples = speech("xxxx.xxxx.xxxx", seed=speaker)
        sound(root / str(speaker) / "book_64kb_mp3" / f"part_{speaker}.flac", samples=samples)
    assert recognised(root) == "librispeech"
    made = read("librispeech", root, tmp_path, longest=6, split={"voices": 1})
    assert {u.speaker for u in made.utterances} == {"100", "200", "300"}
    assert len(made.utterances) == 9
    assert all(u.seconds <= 6 for u in made.utterances)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_hugging_face_folders_have_speakers_and_splits(tmp_path, form):
    root = tmp_path / "export"
    for part in ("train", "validation", "test"):
        rows = []
        for number in range(3):
            sound(root / part / "audio" / f"{part}{number}.mp3", 1.1)
            rows.append({"file_name": f"audio/{part}{number}.mp3", "speaker_id": number, "text": "a, b"})
        lines = [json.dumps(row) for row in rows]
        if form == "csv":
            lines = ["file_name,speaker_id,text", *(f'{r["file_name"]},{r["speaker_id"]},"a, b"' for r in rows)]
        (root / part / f"metadata.{form}").write_text("\n".join(lines) + "\n")
    assert recognised(root) == "huggingface"
    made = read("huggingface", root, tmp_path)
    assert Counter(u.subset for u in made.utterances) == {"unit": 2, "voice": 1, "dev": 3, "test": 3}
    assert {u.speaker for u in made.utterances} == {"0", "1", "2"}


def test_files_outside_the_export_and_lines_that_are_no_objects_are_said(tmp_path):
    root = tmp_path / "in"
    root.mkdir()
    sound(tmp_path / "cache.wav")
    (root / "metadata.jsonl").write_text(json.dumps({"audio": "../cache.wav", "speaker": 1}) + "\n")
    assert "outside it" in refused("huggingface", root, tmp_path)
    (root / "metadata.jsonl").write_text("[1]\n")
    assert "a line is no object" in refused("huggingface", root, tmp_path)


def test_files_that_a_table_names_but_are_not_there_are_named(tmp_path):
    (tmp_path / "metadata.csv").write_text("file_name,speaker\nlost.wav,a\n")
    assert "lost.wav" in refused("huggingface", tmp_path, tmp_path)
    (tmp_path / "metadata.csv").write_text("file_name,voice\nlost.wav,a\n")
    assert "speaker, speaker_id" in refused("huggingface", tmp_path, tmp_path)


def test_an_option_of_another_kind_is_refused(tmp_path):
    assert "kind ljspeech has no speaker; it has alignments" in refused("ljspeech", tmp_path, tmp_path, speaker={})
    assert "kind demo has no longest; it has no options" in refused("demo", tmp_path, tmp_path, longest=3)
    message = refused("folder", sound(tmp_path / "a" / "1.wav").parents[1], tmp_path, split={"seeds": 1})
    assert "split.seeds: unknown key" in message


def test_options_of_the_wrong_form_are_said(tmp_path):
    sound(tmp_path / "in" / "a" / "1.wav")
    assert "longest must be 1.0 s or more" in refused("folder", tmp_path / "in", tmp_path, longest=0.5)
    assert "needs a separator" in refused(
        "folder", tmp_path / "in", tmp_path, speaker={"rule": "prefix", "separator": ""}
    )
    assert "t.csv cannot be read" in refused("folder", tmp_path / "in", tmp_path, trials={"table": "t.csv"})
    sound(tmp_path / "wav48" / "p1" / "p1_001_mic1.flac")
    assert "no microphone mic3" in refused("vctk", tmp_path, tmp_path, microphone="mic3")
    assert "no recording of mic2" in refused("vctk", tmp_path, tmp_path, microphone="mic2")


def test_a_long_recording_that_cannot_be_read_is_left_to_the_check(tmp_path):
    path = sound(tmp_path / "in" / "a" / "long.wav", 20)
    path.write_bytes(path.read_bytes()[:200_000])
    sound(tmp_path / "in" / "a" / "whole.wav", 1.2)
    assert "truncated" in refused("folder", tmp_path / "in", tmp_path, longest=5)


def test_a_folder_without_layout_is_told_to_name_its_kind(tmp_path):
    sound(tmp_path / "a.wav")
    with pytest.raises(InputError, match="kind: folder"):
        recognised(tmp_path)


@pytest.mark.parametrize("kind", ["vctk", "ljspeech", "librispeech", "huggingface", "folder"])
def test_an_empty_folder_is_one_sentence(tmp_path, kind):
    assert str(tmp_path) in refused(kind, tmp_path, tmp_path)
    assert "correct the path" in refused(kind, tmp_path / "absent", tmp_path)


def test_same_stems_in_two_folders_get_names_of_their_own(tmp_path):
    for speaker in ("anna", "ben b"):
        for number in range(3):
            sound(tmp_path / "in" / speaker / f"{number}.wav", 1.2)
    made = read("folder", tmp_path / "in", tmp_path)
    assert {u.utterance for u in made.utterances} == {f"{s}-{n}" for s in ("anna", "ben_b") for n in range(3)}
    assert {u.speaker for u in made.utterances} == {"anna", "ben_b"}
    rates = {made.path(u).is_file() for u in made.utterances}
    assert rates == {True}


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ({"rule": "parent"}, {"x", "y"}),
        ({"rule": "prefix", "separator": "-"}, {"anna", "ben"}),
        ({"rule": "pattern", "pattern": r"-(?P<speaker>m|f)\d"}, {"f", "m"}),
        ({"rule": "pattern", "pattern": r"^(\w)/"}, {"x", "y"}),
        ({"rule": "table", "table": "who.csv"}, {"Anna A.", "Ben"}),
        ({"rule": "one"}, {"speaker"}),
    ],
    ids=["parent", "prefix", "named group", "first group", "table", "one"],
)
def test_speaker_rules(tmp_path, rule, names):
    root = tmp_path / "in"
    for path in ("x/anna-f1.wav", "x/anna-f2.wav", "y/ben-m1.wav", "y/ben-m2.flac"):
        sound(root / path, 1.1)
    (root / "who.csv").write_text(
        "file,speaker\nx/anna-f1.wav,Anna A.\nanna-f2,Anna A.\nben-m1.wav,Ben\ny/ben-m2,Ben\n"
    )
    made = read("folder", root, tmp_path, speaker=rule)
    assert {u.speaker for u in made.utterances} == {name.replace(" ", "_") for name in names}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"rule": "prefix"}, "'prefix' gives no speaker for a.wav"),
        ({"rule": "parent"}, "'parent' gives no speaker for a.wav"),
        ({"rule": "pattern", "pattern": "("}, "is no regular expression"),
        ({"rule": "pattern", "pattern": "a"}, "has no group"),
        ({"rule": "table", "table": "no.csv"}, "no.csv cannot be read"),
        ({"rule": "table", "table": "bad.csv"}, "must be a CSV with the columns file and speaker"),
        ({"rule": "guess"}, "speaker.rule"),
    ],
)
def test_wrong_speaker_rules_are_one_sentence(tmp_path, rule, message):
    sound(tmp_path / "in" / "a.wav")
    (tmp_path / "in" / "bad.csv").write_text("name,who\na,b\n")
    assert message in refused("folder", tmp_path / "in", tmp_path, speaker=rule)


def four_people(root, utterances=8):
    """The smallest corpus that is worth it."""
    for speaker in ("anna", "ben", "carl", "dora"):
        for number in range(utterances):
            sound(root / speaker / f"{speaker}{number}.wav", 1.2)
    return root


def test_with_four_speakers_everybody_is_heard_in_training_and_test(tmp_path):
    made = read("folder", four_people(tmp_path / "in"), tmp_path)
    found = speakers_by_subset(made)
    assert found["test"] == {"anna", "ben", "carl", "dora"}
    assert len(found["voice"]) == len(found["unit"]) == 2
    assert not found["voice"] & found["unit"]
    names = {u.utterance: u.speaker for u in made.utterances}
    assert 0 < len(made.trials) <= 20
    assert all(names[trial.source] != trial.target and trial.target in found["voice"] for trial in made.trials)


def test_the_split_depends_on_the_seed_alone(tmp_path):
    root = four_people(tmp_path / "in")
    first, again, other = (read("folder", root, tmp_path, split={"seed": seed}).utterances for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_many_speakers_are_held_out_and_few_refuse_it(tmp_path):
    for speaker in range(12):
        sound(tmp_path / "in" / f"s{speaker}" / f"{speaker}.wav", 1.2)
    found = speakers_by_subset(read("folder", tmp_path / "in", tmp_path))
    assert sum(map(len, found.values())) == 12
    assert all(len(found[subset]) >= 2 for subset in found)
    message = refused("folder", four_people(tmp_path / "few"), tmp_path, split={"hold_out": "speakers"})
    assert "too few to hold out" in message
    assert "nobody in training is called eve" in refused(
        "folder", tmp_path / "few", tmp_path, split={"voices": ["eve"]}
    )
    assert "shares" in refused("folder", tmp_path / "few", tmp_path, split={"test": 0.9, "dev": 0.1})


def test_trials_from_a_table_name_utterances_or_files(tmp_path):
    root = four_people(tmp_path / "in", 3)
    split = {"voices": ["ben"]}
    parts = {one.utterance: one.subset for one in read("folder", root, tmp_path, split=split).utterances}
    anna, carl = (next(n for n, part in parts.items() if part == "test" and n[:4] == who) for who in ("anna", "carl"))
    (root / "trials.csv").write_text(f"source,target,name\n{anna},ben,\ncarl/{carl}.wav,ben,second\n")
    made = read("folder", root, tmp_path, trials={"table": "trials.csv"}, split=split)
    assert [(t.source, t.target, t.name) for t in made.trials] == [
        (anna, "ben", f"ben_{anna}"),
        (carl, "ben", "second"),
    ]
    unheard = next(name for name, part in parts.items() if part == "unit")
    (root / "trials.csv").write_text(f"source,target\n{unheard},ben\n")
    message = refused("folder", root, tmp_path, trials={"table": "trials.csv"}, split=split)
    assert f"for training and have no units: {unheard}" in message
    (root / "trials.csv").write_text("source,target\neve9,ben\neve8,ben\n")
    assert "no utterance is called eve9, eve8" in refused("folder", root, tmp_path, trials={"table": "trials.csv"})
    (root / "trials.csv").write_text(f"source,target\n{anna},eve\n")
    assert "unknown speakers eve" in refused("folder", root, tmp_path, trials={"table": "trials.csv"})
    (root / "trials.csv").write_text("from,to\nanna0,eve\n")
    assert "columns source and target" in refused("folder", root, tmp_path, trials={"table": "trials.csv"})


def test_short_test_utterances_are_converted_where_there_are_no_longer_ones(tmp_path):
    for speaker in ("anna", "ben"):
        for number in range(5):
            sound(tmp_path / "in" / speaker / f"{speaker}{number}.wav", 0.5)
    assert len(read("folder", tmp_path / "in", tmp_path).trials) == 2
    assert not read("folder", tmp_path / "in", tmp_path, trials={"count": 0}).trials


@pytest.mark.parametrize("suffix", [".wav", ".mp3"])
def test_long_recordings_are_cut_at_pauses_and_nothing_is_lost(tmp_path, suffix):
    sound(tmp_path / "in" / "anna" / f"long{suffix}", samples=speech("xxxx.xxxxx.xxxx.xx"))
    made = read("folder", tmp_path / "in", tmp_path, longest=8)
    cuts = sorted(made.utterances, key=lambda u: u.start)
    assert [u.utterance for u in cuts] == ["long-0000", "long-0001", "long-0002"]
    assert cuts[0].start == 0
    assert all(a.stop == b.start for a, b in pairwise(cuts))
    np.testing.assert_allclose([u.stop for u in cuts[:2]], [4.5, 10.5], atol=0.6)
    assert cuts[-1].stop == pytest.approx(18, abs=0.1)
    assert max(u.seconds for u in cuts) <= 8
