"""Manifests: nothing is lost on the way through the tables, and what does not agree is told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unsealing import unsealed

from unitvoice.errors import InputError
from unitvoice.manifest import Manifest, Phone, Trial, Utterance, read_manifest, write_manifest

HOSTILE = [
    "-rf",
    " lead and trail ",
    'quo"te',
    "it's",
    "a,b",
    "語",
    "e\u0301",
    "nbsp\u00a0",
    "x.txt",
    "#",
    "=1+1",
    "$(x)",
    "None",
    "1.0",
]


def utterance(name, subset="test", speaker="S1", **changes):
    return replace(Utterance(name, speaker, subset, f"in/{name}.wav", None, None, 1.0), **changes)


def small(**changes):
    utterances = (utterance("t1"), utterance("t2", start=0.25, stop=0.75), utterance("v1", "voice", "V1"))
    whole = Manifest("c", "english", Path("/data"), utterances, (Trial("t1", "V1", "V1_1"),), (("t1", 1.0),))
    return replace(whole, **changes)


def round_trip(manifest, folder):
    write_manifest(manifest, folder)
    return read_manifest(folder)


def test_every_field_comes_back(tmp_path):
    (tmp_path / "a.item").write_text("#file\n")
    task = tmp_path / "a.item"
    manifest = small(tasks={"test": task}, phones=(Phone("t1", 0.0, 0.1, "AA"), Phone("t1", 0.1, 0.2, ",")))
    found = round_trip(manifest, tmp_path / "m")
    assert found == replace(manifest, tasks={"test": tmp_path / "m" / "abx" / "test.item"})
    assert found.tasks["test"].read_text() == "#file\n"


def test_hostile_names_come_back(tmp_path):
    utterances = tuple(utterance(name, speaker=name) for name in HOSTILE)
    voices = tuple(utterance(f"v{name}", "voice", name) for name in HOSTILE)
    trials = tuple(Trial(name, name, f"{name}_{name}") for name in HOSTILE)
    bitrate = tuple((name, 1.5) for name in HOSTILE)
    phones = tuple(Phone(name, 0.0, 1.0, name) for name in HOSTILE)
    manifest = Manifest('c "c"', "english, too", Path("/a b/é"), utterances + voices, trials, bitrate, {}, phones)
    assert round_trip(manifest, tmp_path / "m") == manifest


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(1e-6, 1e6))
def test_times_come_back_to_the_last_bit(tmp_path_factory, start, stop, seconds):
    manifest = small(utterances=(utterance("t1", start=start, stop=stop, seconds=seconds),), trials=())
    assert round_trip(manifest, tmp_path_factory.mktemp("m") / "m").utterances == manifest.utterances


def test_numbers_of_numpy_are_written_as_numbers(tmp_path):
    manifest = small(utterances=(utterance("t1", seconds=np.float64(1.25), start=np.float32(0.5)),), trials=())
    found = round_trip(manifest, tmp_path / "m").utterances[0]
    assert (found.seconds, found.start) == (1.25, 0.5)


def test_equal_manifests_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write_manifest(small(), tmp_path / name)
    a, b = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir() if p.is_file()} for n in ("a", "b"))
    assert a == b


def test_subsets_paths_names_and_voices():
    manifest = small()
    assert [u.utterance for u in manifest.subset("voice", "test")] == ["t1", "t2", "v1"]
    assert manifest.subset("dev") == ()
    assert manifest.path(manifest.utterances[0]) == Path("/data/in/t1.wav")
    assert manifest.by_name()["v1"].speaker == "V1"
    assert manifest.voices == ("V1",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"utterances": (utterance("a"), utterance("b"), utterance("a"))},
            "these utterances occur more than once: a;",
        ),
        ({"utterances": (utterance("a", "tests"),)}, "unknown subsets tests; known are unit, voice"),
        ({"trials": (Trial("t9", "V1", "x"),)}, "source recordings of these trials are missing: x"),
        ({"trials": (Trial("t1", "V9", "x"),)}, "trials name the unknown speakers V9; known voices are V1"),
        (
            {"trials": (Trial("t1", "V1", "x"), Trial("t2", "V1", "x"))},
            "several trials have the name of one output: x",
        ),
        ({"trials": (Trial("t1", "V1", "../x"),)}, r"cannot be names of files: '\.\./x'"),
        ({"bitrate": (("t1", 1.0), ("t9", 1.0))}, "the bitrate list names files that are missing: t9"),
    ],
)
def test_tables_that_do_not_agree_are_refused_with_the_place(tmp_path, changes, message):
    with pytest.raises(InputError, match=f"corpus c, english: .*{message}"):
        write_manifest(small(**({"trials": (), "bitrate": ()} | changes)), tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\nb", "a\tb", "a\u2028b", "a\x85b", "a\0b", "a\udce9"])
def test_names_that_would_break_a_list_or_leave_the_folder_are_refused(tmp_path, name):
    with pytest.raises(InputError, match="cannot be names of files"):
        write_manifest(small(utterances=(utterance(name),), trials=(), bitrate=()), tmp_path / "m")


def test_a_trial_without_any_voice_says_so(tmp_path):
    with pytest.raises(InputError, match="known voices are none"):
        write_manifest(small(utterances=(utterance("t1"),)), tmp_path / "m")


def test_a_target_that_is_heard_in_the_unit_set_alone_is_known(tmp_path):
    manifest = small(utterances=(utterance("t1"), utterance("u1", "unit", "V1")))
    assert round_trip(manifest, tmp_path / "m").voices == ()


def test_what_is_no_manifest_is_told(tmp_path):
    with pytest.raises(InputError, match=r"is not a manifest \(it has no corpus\.json\)"):
        read_manifest(tmp_path)


def spoil(file, old, new):
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new, 1))


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("utterances.csv", b"speaker", b"talker", "has the columns utterance, talker"),
        ("utterances.csv", b",1.0\n", b",one\n", "something that is not a number: t1"),
        ("utterances.csv", b",1.0\n", b"\n", "a line of 6 instead of 7 fields"),
        ("utterances.csv", b"t1", b"\xe9", "is damaged"),
        ("utterances.csv", b"t2", b"t1", "occur more than once: t1"),
        ("trials.csv", b"V1", b"V8", "unknown speakers V8"),
        ("bitrate.txt", b" 1", b"", "is damaged"),
        ("bitrate.txt", b" 1", b" one", "is damaged"),
        ("corpus.json", b'"root"', b'"roof"', "is damaged"),
        ("corpus.json", b"{", b"[", "not a JSON file"),
    ],
)
def test_a_damaged_table_is_told(tmp_path, name, old, new, message):
    write_manifest(small(), tmp_path / "m")
    spoil(tmp_path / "m" / name, old, new)
    with pytest.raises(InputError, match=f"m is damaged: {name} is not as it was written"):
        read_manifest(tmp_path / "m")
    with pytest.raises(InputError, match=message):
        read_manifest(unsealed(tmp_path / "m"))


@pytest.mark.parametrize("name", ["utterances.csv", "trials.csv", "phones.csv", "bitrate.txt"])
def test_an_absent_or_empty_table_is_told(tmp_path, name):
    write_manifest(small(), tmp_path / "m")
    unsealed(tmp_path / "m")
    if name != "bitrate.txt":
        (tmp_path / "m" / name).write_text("")
        with pytest.raises(InputError, match="has the columns  instead of"):
            read_manifest(tmp_path / "m")
    (tmp_path / "m" / name).unlink()
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        read_manifest(tmp_path / "m")
