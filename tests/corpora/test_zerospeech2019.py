"""The reader of the 2019 layout: any root, unique names, the organisers' lists, and one clear error each."""

import shutil

import numpy as np
import pytest

from unitvoice import audio
from unitvoice.corpora import demo
from unitvoice.corpora import manifest as command
from unitvoice.corpora.zerospeech2019 import manifest
from unitvoice.errors import InputError
from unitvoice.manifest import Trial, read_manifest, write_manifest


def wav(path, seconds=0.1):
    rng = np.random.default_rng(0)
    audio.write(path, rng.uniform(-0.1, 0.1, round(seconds * audio.RATE)).astype(np.float32))


@pytest.fixture
def folder(tmp_path):
    """A language in the layout of the real data: no lists but the organisers' two."""
    folder = tmp_path / "2020" / "2019" / "english"
    wav(folder / "train" / "unit" / "S015_0361499287.wav")
    wav(folder / "train" / "voice" / "V001_0000000001.wav")
    wav(folder / "train" / "voice" / "V002_0000000002.wav")
    wav(folder / "test" / "S002_0379088085.wav", 2.3)
    wav(folder / "test" / "S055_0379088086.wav", 1.25)
    wav(folder / "test" / "S055_0379088087.wav", 1.0)
    wav(folder / "test" / "S002_0379088088.wav", 0.0878)
    (folder / "synthesis.txt").write_text("test/S002_0379088085 V002\n")
    (folder / "vads.txt").write_text("S002_0379088085 0.0 2.3\n")
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    out = tmp_path_factory.mktemp("corpus") / "demo"
    demo.generate(out, synthesiser="formants", size="tiny")
    return out


@pytest.mark.parametrize("above", [0, 1])
def test_every_root_finds_the_language_and_keeps_paths_relative_to_itself(folder, above):
    root = folder.parents[above]
    found = manifest(root, "english")
    assert found.root == root
    assert all(found.path(utterance).is_file() for utterance in found.utterances)
    assert found.utterances[0].path == ("english", "2019/english")[above] + "/train/unit/S015_0361499287.wav"


def test_subsets_speakers_lengths_and_trials_are_those_of_the_folders(folder):
    wav(folder / "dev" / "S070_0000000003.wav")
    wav(folder / "train" / "parallel" / "source" / "S015_0000000004.wav")
    wav(folder / "train" / "parallel" / "voice" / "V001_0000000004.wav")
    found = manifest(folder.parent, "english")
    assert [(u.subset, u.speaker) for u in found.utterances] == [
        ("unit", "S015"),
        ("voice", "V001"),
        ("voice", "V002"),
        ("parallel-source", "S015"),
        ("parallel-voice", "V001"),
        ("dev", "S070"),
        ("test", "S002"),
        ("test", "S002"),
        ("test", "S055"),
        ("test", "S055"),
    ]
    assert found.voices == ("V001", "V002")
    assert found.by_name()["S002_0379088085"].seconds == 2.3
    assert found.trials == (Trial("S002_0379088085", "V002", "V002_0379088085"),)


def test_without_a_list_the_bitrate_is_over_whole_sentences(folder):
    found = manifest(folder.parent, "english")
    assert found.bitrate == (("S002_0379088085", 2.3), ("S055_0379088086", 1.25))


def test_a_short_source_is_in_the_bitrate_but_not_the_sentence_the_organisers_left_out(folder):
    wav(folder / "test" / "S011_1220140001.wav", 5.078437)
    (folder / "synthesis.txt").write_text("test/S055_0379088087 V001\ntest/S011_1220140001 V002\n")
    found = manifest(folder.parent, "english")
    assert [name for name, _ in found.bitrate] == ["S002_0379088085", "S055_0379088086", "S055_0379088087"]


def test_a_bitrate_list_in_the_folder_is_taken_as_it_is(folder):
    (folder / "bitrate_filelist.txt").write_text("S055_0379088087.txt 0.9999\n")
    assert manifest(folder.parent, "english").bitrate == (("S055_0379088087", 0.9999),)


def test_tasks_are_found_by_language_and_split_and_an_abx_file_goes_first(folder):
    tasks = folder.parent / "ABXTasks"
    tasks.mkdir()
    for name in ("byCtxt_acSpkr.abx", "byCtxt_acSpkr.item", "dev_byCtxt_acSpkr.item", "surprise_byCtxt_acSpkr.item"):
        (tasks / name).touch()
    shutil.copytree(folder, folder.parent / "surprise")
    assert manifest(folder.parent, "english").tasks == {
        "test": tasks / "byCtxt_acSpkr.abx",
        "dev": tasks / "dev_byCtxt_acSpkr.item",
    }
    assert manifest(folder.parent, "surprise").tasks == {"test": tasks / "surprise_byCtxt_acSpkr.item"}


def test_a_stem_in_two_subsets_gets_two_names_and_the_test_set_keeps_its_own(folder):
    for place in ("train/unit", "train/parallel/source"):
        wav(folder / place / "S002_0379088085.wav")
    found = manifest(folder.parent, "english")
    by_name = found.by_name()
    assert len(by_name) == len(found.utterances) == 9
    assert by_name["S002_0379088085"].subset == "test"
    assert by_name["unit-S002_0379088085"].speaker == "S002"
    assert by_name["parallel-source-S002_0379088085"].path.endswith("train/parallel/source/S002_0379088085.wav")


def test_hidden_files_of_other_systems_are_passed_over(folder):
    (folder / "test" / "._S002_0379088085.wav").write_bytes(b"\0")
    assert len(manifest(folder.parent, "english").utterances) == 7


@pytest.mark.parametrize("language", ["english", "surprise"])
def test_the_demo_corpus_survives_writing_and_reading(corpus, tmp_path, language):
    made = manifest(corpus, language)
    write_manifest(made, tmp_path / "manifest")
    again = read_manifest(tmp_path / "manifest")
    assert (again.utterances, again.trials, again.phones) == (made.utterances, made.trials, made.phones)
    assert [name for name, _ in again.bitrate] == [name for name, _ in made.bitrate]
    assert set(again.tasks) == {"test", "dev"}
    assert {u.subset for u in again.utterances} == {
        "unit",
        "voice",
        "parallel-source",
        "parallel-voice",
        "dev",
        "test",
    }
    assert {phone.utterance for phone in again.phones} < {u.utterance for u in again.utterances}


def test_the_command_writes_the_manifest_folder(corpus, tmp_path):
    command.main([str(corpus), str(tmp_path / "m"), "--language", "english", "--kind", "demo"])
    assert read_manifest(tmp_path / "m").utterances == manifest(corpus, "english").utterances


def refused(folder):
    """The message about a corpus that cannot be read."""
    with pytest.raises(InputError) as caught:
        manifest(folder.parent, "english")
    return str(caught.value)


def test_an_absent_corpus_names_both_places(tmp_path):
    with pytest.raises(InputError, match=r"neither .*2019/french nor .*french is a folder"):
        manifest(tmp_path, "french")


def test_all_absent_parts_are_named_at_once(folder):
    shutil.rmtree(folder / "train" / "voice")
    (folder / "synthesis.txt").unlink()
    assert "lacks train/voice, synthesis.txt" in refused(folder)


def test_a_test_folder_without_recordings_is_named(folder):
    for path in (folder / "test").iterdir():
        path.unlink()
    assert f"no .wav files in {folder / 'test'}" in refused(folder)


def test_unreadable_recordings_are_left_to_the_check_which_names_them_all(folder, caplog):
    for number in range(12):
        (folder / "test" / f"S099_{number:010d}.wav").write_bytes(b"RIFF" if number % 2 else b"")
    path = folder / "train" / "unit" / "S015_0361499287.wav"
    path.write_bytes(path.read_bytes()[:40] + bytes(4))
    found = manifest(folder.parent, "english").utterances
    assert sum(utterance.seconds == 0 for utterance in found) == 13
    assert "13 recordings cannot be read or are empty" in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("test/S002_0379088085\n", "line 1: 'test/S002_0379088085' is not of the form 'test/<source> <voice>'"),
        ("\ntest/S002_0379088085 V009\n", "line 2: the target V009 has no recording"),
        ("test/S002_9 V001\n", "line 1: the source test/S002_9 is not in the test folder"),
        ("test/S002_0379088085 V001\n" * 2, "line 2: another line asks for V001_0379088085 already"),
    ],
)
def test_a_wrong_line_of_the_synthesis_list_is_named(folder, text, message):
    (folder / "synthesis.txt").write_text(text)
    assert f"synthesis.txt, {message}" in refused(folder)


def test_a_synthesis_list_that_is_not_text_is_named(folder):
    (folder / "synthesis.txt").write_bytes(b"\xff\xfe\x00")
    assert f"{folder / 'synthesis.txt'} is not text" in refused(folder)


def test_a_wrong_number_in_the_bitrate_list_is_named(folder):
    (folder / "bitrate_filelist.txt").write_text("S002_0379088085.txt two\n")
    assert "bitrate_filelist.txt, line 1: two is not a number of seconds" in refused(folder)


@pytest.mark.parametrize(
    "text", ["utterance,phone\nS002_0379088085,a\n", "utterance,start,stop,phone\nS002_0379088085,x,1,a\n"]
)
def test_wrong_alignments_are_named(folder, text):
    (folder / "extra").mkdir()
    (folder / "extra" / "phones.csv").write_text(text)
    assert "phones.csv must have the columns utterance, start, stop and phone" in refused(folder)
