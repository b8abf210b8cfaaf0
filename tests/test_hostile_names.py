"""Names that a shell, a table or a file system could stumble over go through the whole workflow, or are refused."""

import json
import unicodedata
import zipfile

import pytest
from corpora.making import sound
from test_dag import snakemake

from unitvoice.corpora import manifest
from unitvoice.errors import InputError
from unitvoice.manifest import Manifest, Trial, Utterance, read_manifest, write_manifest
from unitvoice.store import Store

SPEAKERS = ["-rf", "it's $(touch outside)", '"`touch outside`"; touch outside &', unicodedata.normalize("NFD", "José")]
STEMS = ["-n {x}", "$HOME|cat *?[a]", "a\\b'c\"d", "%s <e> & #f, g", "Zoë", "two\nlines", "n" * 200]
FOLDER = 'it\'s a "corpus" of $(touch outside); `touch outside` '
PHONES = "0.05 0.15 p\n0.15 0.25 {}\n0.25 0.35 t\n"


def write_corpus(root):
    """What each speaker says, and where the phones are."""
    for number, speaker in enumerate(SPEAKERS):
        for place, stem in enumerate(STEMS):
            path = sound(root / speaker / f"{stem}{number}.wav", 0.5)
            path.with_suffix(".phn").write_text(PHONES.format("ae"[place % 2]))


TRIALS = {"count": 100, "shortest": 0.1}
OPTIONS = {"alignments": {}, "trials": TRIALS, "split": {"hold_out": "utterances", "test": 0.5}}


def read(root, out, **options):
    manifest.main([str(root), str(out), "--kind", "folder", "--language", "mine", "--options", json.dumps(options)])
    return read_manifest(out)


def test_all_hostile_names_at_once_reach_the_packed_submission(tmp_path):
    languages = ["english", "surprise"]
    for language in languages:
        write_corpus(tmp_path / FOLDER / language)
    corpus = {"kind": "folder", "path": f"{tmp_path / FOLDER}/{{language}}", **OPTIONS}
    author = {"author": "A'); $(touch outside) \"`touch outside`", "affiliation": "-x;\ttouch outside"}
    changes = {"corpus": corpus, "submission": author, "conversion": {"iterations": 1}}
    changes["overrides"] = {"stages": {"vqvae": {"steps": 2, "checkpoint_every": 2, "crop": 0.2}}}
    run = tmp_path / 'the run\'s "results" $(touch outside)'
    done = snakemake(run, "checks", "submission", "results/folder/english/vqvae-mel/seed-0/abx", changes=changes)
    assert done.returncode == 0, done.stdout
    assert not list(tmp_path.rglob("outside"))
    results = run / "results" / "folder"
    with zipfile.ZipFile(results / "vqvae-mel" / "submission.zip") as archive:
        found = {name.partition("test/")[2] for name in archive.namelist() if name.startswith("2019/english/test/")}
    made = read_manifest(results / "english" / "manifest")
    assert {f"{trial.name}.wav" for trial in made.trials} | {
        f"{u.utterance}.txt" for u in made.subset("test")
    } == found
    heard = {trial.source[:-1] for trial in made.trials}
    assert heard == {"_".join(stem.split()) for stem in STEMS}
    assert {utterance.speaker for utterance in made.utterances} == {"_".join(speaker.split()) for speaker in SPEAKERS}
    assert set(Store(results / "english" / "features" / "logmel")) == {u.utterance for u in made.utterances}


def small(utterance="u", speaker="s", path="u.wav", trial="t"):
    """A manifest of one utterance and one trial."""
    stretch = Utterance(utterance, speaker, "voice", path, None, None, 1.0)
    return Manifest("own", "mine", manifest.Path(), (stretch,), (Trial(utterance, speaker, trial),))


@pytest.mark.parametrize(
    "names",
    [
        {"utterance": "two\nlines"},
        {"utterance": "a/b"},
        {"utterance": "n" * 252},
        {"utterance": "é" * 126},
        {"utterance": "\udcff"},
        {"speaker": "\udcff"},
        {"speaker": "a\tb"},
        {"path": "\udcff.wav"},
        {"trial": "n" * 252},
        {"trial": ""},
    ],
    ids=ascii,
)
def test_a_name_that_no_file_or_list_can_hold_is_refused_before_anything_is_made(tmp_path, names):
    with pytest.raises(InputError, match="rename"):
        write_manifest(small(**names), tmp_path / "manifest")
    assert not list(tmp_path.iterdir())


def test_names_of_251_bytes_go_with_their_suffix(tmp_path):
    made = small(utterance="é" * 125, trial="n" * 251)
    write_manifest(made, tmp_path / "manifest")
    assert read_manifest(tmp_path / "manifest").utterances == made.utterances


def test_names_that_some_file_systems_take_for_one_are_refused(tmp_path):
    for form in ("NFC", "NFD"):
        sound(tmp_path / "corpus" / "a" / f"{unicodedata.normalize(form, 'é')}.wav", 0.5)
    with pytest.raises(InputError, match="occur more than once"):
        read(tmp_path / "corpus", tmp_path / "manifest")


def test_a_name_in_no_encoding_is_refused_in_one_sentence(tmp_path):
    path = sound(tmp_path / "corpus" / "a" / "x.wav", 0.5)
    path.rename(path.with_name("x\udcff.wav"))
    with pytest.raises(InputError, match=r"x\\udcff"):
        read(tmp_path / "corpus", tmp_path / "manifest")


def test_braces_in_the_path_of_a_corpus_are_refused_as_the_workflow_would_fill_them(tmp_path):
    write_corpus(tmp_path / "{x}")
    done = snakemake(tmp_path / "run", "-n", changes={"corpus": {"kind": "folder", "path": str(tmp_path / "{x}")}})
    assert done.returncode == 2
    assert "{x}" in done.stdout.splitlines()[-1]
