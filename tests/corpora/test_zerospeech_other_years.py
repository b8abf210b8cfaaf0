"""The data of 2020 with the task of 2019, and track 1 of 2017, in their true layouts."""

import shutil

import pytest
from corpora.making import sound, speech

from unitvoice.corpora import zerospeech2017, zerospeech2020
from unitvoice.corpora.checks import check
from unitvoice.corpora.layouts import recognised
from unitvoice.corpora.manifest import read_corpus
from unitvoice.errors import InputError
from unitvoice.manifest import read_manifest, write_manifest


@pytest.fixture
def dataset(tmp_path):
    """The folder 2020, with a little of everything, and the unpacked tables of speech beside it."""
    folder = tmp_path / "data" / "2020"
    for language in ("english", "surprise"):
        place = folder / "2019" / language
        sound(place / "train/unit/S015_0361499287.wav", 1.3)
        sound(place / "train/voice/V001_0000000001.wav", 1.3)
        sound(place / "test/S002_0379088085.wav", 1.3)
        (place / "synthesis.txt").write_text("test/S002_0379088085 V001\n")
        (place / "vads.txt").write_text("S002_0379088085 0.1 1.2\nS015_0361499287 0.0 1.9\nS404_1 0 1\nS002 0\n\n")
    for language in ("english", "LANG1"):
        for speaker in ("s01", "A08"):
            sound(folder / "2017" / language / "train" / f"{speaker}.wav", samples=speech(".xxxx.xxxx.", seed=1))
        for duration in ("1s", "10s", "120s"):
            for number in range(3):
                sound(folder / "2017" / language / "test" / duration / f"{number:03d}.wav", 1.0)
    lines = ["file,start,stop", "s01,1.0,5.0", "s01,6.0,10.0", "A08,1.02,5.2"]
    (tmp_path / "data" / "2017_vads").mkdir()
    (tmp_path / "data" / "2017_vads" / "ENGLISH_VAD.csv").write_text("\n".join(lines) + "\n")
    return folder


def written(made, tmp_path):
    write_manifest(made, tmp_path / "manifest")
    return read_manifest(tmp_path / "manifest")


@pytest.mark.parametrize("above", [0, 1])
def test_2020_is_recognised_and_read_from_the_folder_or_the_one_around_it(dataset, tmp_path, above):
    root = (dataset, dataset.parent)[above]
    shutil.rmtree(dataset.parent / "2017_vads")
    assert recognised(root) == "zerospeech2020"
    made = written(zerospeech2020.manifest(root, "surprise"), tmp_path)
    assert made.corpus == "zerospeech2020"
    assert all(made.path(utterance).is_file() for utterance in made.utterances)
    findings = {(f.severity, f.problem, f.detail): f.names for f in check(made)}
    assert findings["error", "count", "1 files instead of 10189"] == ("test",)
    assert findings["note", "count", "1 instead of 150"] == ("trials",)
    assert findings["note", "vads", "speech is listed outside the recording"] == ("S015_0361499287",)
    assert findings["note", "vads", "speech is listed for a recording that is not there"] == ("S404_1",)
    assert findings["note", "vads", "not of the form 'stem start stop'"] == ("vads.txt, line 4",)


def test_the_organisers_lists_are_used_and_compared(dataset, tmp_path):
    lists = tmp_path / "share" / "2019" / "english"
    lists.mkdir(parents=True)
    (lists / "bitrate_filelist.txt").write_text("S002_0379088085.txt 1.299\n")
    names = ["S002_0379088085.txt", "V001_0379088085.wav"]
    (lists / "required_filelist.txt").write_text("".join(f"2019/english/test/{name}\n" for name in names))
    options = {"lists": str(tmp_path / "share")}
    made = read_corpus("zerospeech2020", dataset, "english", options, tmp_path)
    assert made.bitrate == (("S002_0379088085", 1.299),)
    (lists / "required_filelist.txt").write_text("S003_1.txt\nS002_0379088085.txt\n")
    with pytest.raises(InputError, match=r"lacks S003_1.txt; it has, but the list has not, V001_0379088085.wav"):
        read_corpus("zerospeech2020", dataset, "english", options, tmp_path)
    (lists / "bitrate_filelist.txt").write_text("S002_0379088085.txt\n")
    with pytest.raises(InputError, match=r"not '<stem>.txt <seconds>'"):
        read_corpus("zerospeech2020", dataset, "english", options, tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_corpus("zerospeech2020", dataset, "surprise", options, tmp_path)


def test_2017_is_cut_by_its_table_of_speech_and_has_one_duration(dataset, tmp_path):
    made = written(zerospeech2017.manifest(dataset.parent, "english", "1s"), tmp_path)
    assert [(u.utterance, u.speaker, u.start, u.stop) for u in made.subset("unit")] == [
        ("A08-00000", "A08", 1.02, 5.2),
        ("s01-00000", "s01", 1.0, 5.0),
        ("s01-00001", "s01", 6.0, 10.0),
    ]
    assert [u.utterance for u in made.subset("test")] == ["000", "001", "002"]
    assert all("/test/1s/" in u.path for u in made.subset("test"))
    counts = [f.detail for f in check(made) if f.problem == "count"]
    assert counts == ["3 files instead of 47096", "2 speakers instead of 69"]


def test_2017_without_a_table_is_cut_at_pauses(dataset, tmp_path):
    made = written(zerospeech2017.manifest(dataset, "LANG1", "120s"), tmp_path)
    assert {u.utterance for u in made.subset("unit")} == {"A08", "s01"}


def test_2017_in_its_own_layout_has_the_languages_in_the_test_folder(dataset, tmp_path):
    old = dataset / "2017"
    (old / "test").mkdir()
    (old / "english" / "test").rename(old / "test" / "english")
    assert len(written(zerospeech2017.manifest(old, "english"), tmp_path).subset("test")) == 3
    assert recognised(old) == "zerospeech2017"


def test_wrong_parts_of_2017_are_said(dataset):
    with pytest.raises(InputError, match="no duration 5s"):
        zerospeech2017.manifest(dataset, "english", "5s")
    with pytest.raises(InputError, match=r"2017/french or french/train"):
        zerospeech2017.manifest(dataset, "french")
    table = dataset / "vads.csv"
    for text, message in (("header\ns01,1,x\n", "line 2: 's01,1,x'"), ("other,1,2\n", "names no training recording")):
        table.write_text(text)
        with pytest.raises(InputError, match=message):
            zerospeech2017.manifest(dataset, "english", vads="vads.csv")
    sound(dataset / "2017/english/test/10s/s01-00000.wav")
    with pytest.raises(InputError, match="names of training utterances: s01-00000"):
        zerospeech2017.manifest(dataset.parent, "english")
