"""The demo corpus: its layout, its truth about itself, and that it is written whole and alike."""

import csv
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from unitvoice.corpora import demo
from unitvoice.corpora.clips import triphones
from unitvoice.corpora.speakers import Segment
from unitvoice.errors import InputError

LANGUAGES = ("english", "surprise")
SUBSETS = ("train/unit", "train/voice", "train/parallel/source", "train/parallel/voice", "test", "dev")
NAMES = {"english": r"(S\d{3}|V00[12])_\d{10}", "surprise": r"(S\d{3}|V001)_\d{6}"}


@pytest.fixture(scope="module")
def formants(tmp_path_factory):
    out = tmp_path_factory.mktemp("formants") / "corpus"
    demo.generate(out, synthesiser="formants", size="tiny")
    return out / "2019"


@pytest.fixture(scope="module")
def espeak(tmp_path_factory):
    pytest.importorskip("espeakng_loader")
    out = tmp_path_factory.mktemp("espeak") / "corpus"
    demo.generate(out, synthesiser="espeak", size="tiny", references=True)
    return out / "2019"


@pytest.fixture(params=["formants", "espeak"])
def corpus(request):
    return request.getfixturevalue(request.param)


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def lines(path):
    return [line.split(" ") for line in path.read_text().splitlines()]


def alignments(folder):
    found = defaultdict(list)
    with (folder / "extra" / "phones.csv").open() as file:
        for row in csv.DictReader(file):
            found[row["utterance"]].append(Segment(float(row["start"]), float(row["stop"]), row["phone"]))
    return found


def items(corpus, language, prefix):
    name = {"english": "{}byCtxt_acSpkr.item", "surprise": "surprise_{}byCtxt_acSpkr.item"}[language].format(prefix)
    return lines(corpus / "ABXTasks" / name)


def samples(path):
    return soundfile.read(path, dtype="int16")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_the_layout_holds_16_khz_mono_16_bit_recordings_with_the_real_names(corpus, language):
    for subset in SUBSETS:
        paths = list((corpus / language / subset).iterdir())
        assert paths, subset
        for path in paths:
            header = soundfile.info(str(path))
            assert (header.samplerate, header.channels, header.subtype) == (16_000, 1, "PCM_16")
            assert header.duration >= 0.085
            assert re.fullmatch(NAMES[language] + r"\.wav", path.name)
            assert path.name.startswith("V" if subset.endswith("voice") else "S")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_file_name_occurs_twice_and_held_out_speakers_are_unseen(corpus, language):
    folder = corpus / language
    stems = [path.stem for subset in SUBSETS for path in (folder / subset).iterdir()]
    assert len(stems) == len(set(stems))
    speakers = [{path.stem[:4] for path in (folder / s).iterdir()} for s in ("train/unit", "test", "dev")]
    assert not any(a & b for a, b in itertools.combinations(speakers, 2))


@pytest.mark.parametrize("language", LANGUAGES)
def test_lists_name_the_test_sentences_and_the_voices(corpus, language):
    folder = corpus / language
    sentences = {p.stem for p in (folder / "test").iterdir()} & set(alignments(folder))
    trials = lines(folder / "synthesis.txt")
    assert 3 <= len(trials) <= 4
    assert {Path(source).name for source, _ in trials} <= sentences
    assert {voice for _, voice in trials} == {p.stem[:4] for p in (folder / "train/voice").iterdir()}
    bitrate = dict(lines(folder / "bitrate_filelist.txt"))
    assert {name.removesuffix(".txt") for name in bitrate} == sentences
    for name, seconds in bitrate.items():
        path = folder / "test" / name.replace(".txt", ".wav")
        assert float(seconds) == pytest.approx(soundfile.info(str(path)).duration, rel=1e-8)


@pytest.mark.parametrize("language", LANGUAGES)
def test_voice_activity_lies_inside_every_file(corpus, language):
    folder = corpus / language
    durations = {p.stem: soundfile.info(str(p)).duration for s in SUBSETS for p in (folder / s).iterdir()}
    activity = lines(folder / "vads.txt")
    assert {stem for stem, *_ in activity} == set(durations)
    for (stem, start, stop), (following, later, _) in itertools.pairwise([*activity, ("", "0", "")]):
        assert 0 <= float(start) < float(stop) <= durations[stem] + 1e-4
        assert stem != following or float(stop) < float(later)


@pytest.mark.parametrize("language", LANGUAGES)
def test_alignments_are_in_order_and_cover_the_speech(corpus, language):
    folder = corpus / language
    known = alignments(folder)
    assert set(known) == {stem for stem, *_ in lines(folder / "extra" / "transcripts.txt")}
    for path in (p for s in SUBSETS for p in (folder / s).iterdir() if p.stem in known):
        wave = samples(path).astype(float)
        inside = np.zeros(len(wave), dtype=bool)
        for segment, following in itertools.pairwise([*known[path.stem], Segment(len(wave) / 16_000, 0, "")]):
            assert segment.start < segment.stop <= following.start + 1e-6
            inside[round(segment.start * 16_000) : round(segment.stop * 16_000)] = True
        assert inside.mean() > 0.7
        assert np.mean(wave[inside] ** 2) > 4 * np.mean(wave[~inside] ** 2)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("subset", "prefix"), [("test", ""), ("dev", "dev_")])
def test_each_item_is_a_clip_cut_at_its_sentence_s_alignment(corpus, language, subset, prefix):
    folder = corpus / language
    places = defaultdict(list)
    for stem, segments in alignments(folder).items():
        for t in triphones(stem, stem[:4], segments):
            places[t.speaker, t.phone, t.previous, t.following].append(t)
    waves = {p.stem: samples(p) for p in (folder / subset).iterdir()}
    head, *table = items(corpus, language, prefix)
    assert head == ["#file", "onset", "offset", "#phone", "prev-phone", "next-phone", "speaker"]
    for file, onset, offset, phone, previous, following, speaker in table:
        assert (onset, offset, speaker) == ("0.0000", "1.0000", file[:4])
        cuts = [
            waves[t.utterance][round(t.start * 16_000) : round(t.stop * 16_000)]
            for t in places[speaker, phone, previous, following]
        ]
        assert any(np.array_equal(waves[file], cut) for cut in cuts)
    assert {file for file, *_ in table} == set(waves) - set(alignments(folder))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("prefix", ["", "dev_"])
def test_items_give_triplets_across_and_within_speakers(corpus, language, prefix):
    _, *table = items(corpus, language, prefix)
    assert len(table) >= 20
    contexts = defaultdict(list)
    for _, _, _, phone, previous, following, speaker in table:
        assert not {phone, previous, following} & {"NA", "nan", "null", "None", ""}
        contexts[previous, following].append((phone, speaker))
    for found in contexts.values():
        triples = itertools.permutations(found, 3)
        assert any(a[0] == x[0] != b[0] and a[1] == b[1] != x[1] for a, b, x in triples)
    triples = (t for found in contexts.values() for t in itertools.permutations(found, 3))
    assert any(a[0] == x[0] != b[0] and a[1] == b[1] == x[1] for a, b, x in triples)


@pytest.mark.parametrize("language", LANGUAGES)
def test_parallel_recordings_of_one_number_say_the_same_sentence(corpus, language):
    folder = corpus / language
    texts = {stem: words for stem, *words in lines(folder / "extra" / "transcripts.txt")}
    pairs = [{p.stem.split("_")[1]: p.stem for p in (folder / s).iterdir()} for s in SUBSETS[2:4]]
    assert pairs[0].keys() == pairs[1].keys()
    assert all(texts[pairs[0][number]] == texts[pairs[1][number]] for number in pairs[0])


def test_truth_about_the_speakers_names_all_of_them(formants):
    truth = json.loads((formants / "english" / "extra" / "speakers.json").read_text())
    names = {speaker["name"] for speakers in truth.values() for speaker in speakers}
    assert names == {p.stem[:4] for s in SUBSETS for p in (formants / "english" / s).iterdir()}


def test_equal_seeds_give_equal_bytes_and_references_change_nothing_else(corpus, tmp_path):
    had_references = (corpus / "english" / "extra" / "references").exists()
    synthesiser = json.loads((corpus.parent / "demo.json").read_text())["synthesiser"]
    demo.generate(tmp_path / "again", synthesiser=synthesiser, size="tiny", references=not had_references)
    again, first = digests(tmp_path / "again" / "2019"), digests(corpus)
    references = again.keys() ^ first.keys()
    assert len(references) == sum(len(lines(corpus / language / "synthesis.txt")) for language in LANGUAGES)
    assert all("/extra/references/" in name for name in references)
    shared = again.keys() & first.keys()
    assert {name: again[name] for name in shared} == {name: first[name] for name in shared}


def test_another_seed_gives_other_files(formants, tmp_path):
    demo.generate(tmp_path / "other", languages=["english"], seed=1, synthesiser="formants", size="tiny")
    other = digests(tmp_path / "other" / "2019")
    assert not set(other.values()) & set(digests(formants).values())


def test_one_language_alone_is_the_same_as_beside_the_other(formants, tmp_path):
    demo.generate(tmp_path / "alone", languages=["surprise"], synthesiser="formants", size="tiny")
    assert digests(tmp_path / "alone" / "2019" / "surprise") == digests(formants / "surprise")


def test_references_are_the_trials_sentences_in_the_target_voice(espeak):
    for language in LANGUAGES:
        wanted = {
            f"{voice}_{source.split('_')[1]}.wav" for source, voice in lines(espeak / language / "synthesis.txt")
        }
        assert {p.name for p in (espeak / language / "extra" / "references").iterdir()} == wanted


def test_a_fault_midway_leaves_nothing_and_keeps_the_older_corpus(formants, tmp_path, monkeypatch):
    shutil.copytree(formants.parent, tmp_path / "corpus")
    before = digests(tmp_path)
    monkeypatch.setattr("unitvoice.corpora.language.item_table", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        demo.generate(tmp_path / "corpus", seed=5, synthesiser="formants", size="tiny")
    assert digests(tmp_path) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("synthesiser", ["formants", "espeak"])
def test_a_stopped_command_leaves_nothing(tmp_path, synthesiser, number):
    if synthesiser == "espeak":
        pytest.importorskip("espeakng_loader")
    command = [sys.executable, "-m", "unitvoice.corpora.demo", str(tmp_path / "corpus"), "--synthesiser", synthesiser]
    environment = os.environ | {"PYTHONPATH": str(Path(demo.__file__).parents[2])}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as process:
        while process.poll() is None and not list(tmp_path.rglob("*.wav")):
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(60) == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_demo_corpus_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="is not a demo corpus"):
        demo.generate(tmp_path, synthesiser="formants", size="tiny")
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize("choice", [{"languages": ["german"]}, {"languages": []}, {"synthesiser": "x"}, {"size": "x"}])
def test_unknown_choices_are_refused(tmp_path, choice):
    with pytest.raises(InputError, match="the demo corpus has"):
        demo.generate(tmp_path / "corpus", **choice)
    assert not (tmp_path / "corpus").exists()


def test_the_command_takes_the_same_choices(tmp_path):
    arguments = ["--languages", "surprise", "--synthesiser", "formants", "--size", "tiny", "--seed", "3"]
    demo.main([str(tmp_path / "corpus"), *arguments])
    facts = json.loads((tmp_path / "corpus" / "demo.json").read_text())
    assert facts["languages"] == ["surprise"]
    assert facts["seed"] == 3
