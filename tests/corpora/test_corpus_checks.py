"""The check of a corpus: every fault is found, all of them at once, and only what is a fault."""

import json

import numpy as np
import pytest
import soundfile
from corpora.making import sound, wave
from unsealing import unsealed

from unitvoice import audio
from unitvoice.corpora import checks
from unitvoice.errors import InputError
from unitvoice.manifest import Manifest, Utterance, write_manifest


def utterance(name, subset="unit", speaker=None, start=None, stop=None, suffix="wav"):
    return Utterance(name, speaker or f"{subset}-{name}", subset, f"{name}.{suffix}", start, stop, 0.5)


@pytest.fixture
def good(tmp_path):
    """A corpus with nothing to complain about."""
    for name in "abc":
        sound(tmp_path / f"{name}.wav")
    parts = (utterance("a"), utterance("b", "voice"), utterance("c", "test"))
    return Manifest("x", "y", tmp_path, parts)


def with_more(manifest, *more):
    return Manifest("x", "y", manifest.root, (*manifest.utterances, *more))


def found(manifest, **options):
    return {(f.severity, f.problem): f.names for f in checks.check(manifest, **options)}


def test_a_good_corpus_has_no_finding(good):
    assert checks.check(good, strict=True) == []


def broken(root):
    """A fault of each kind, as name -> (severity, problem)."""
    sound(root / "rate.wav", rate=22050)
    sound(root / "stereo.wav", samples=np.stack([wave(), wave(seed=1)], axis=1))
    soundfile.write(root / "wide.wav", wave(), audio.RATE, subtype="PCM_24")
    sound(root / "silent.wav", samples=np.zeros(8000))
    sound(root / "clipped.wav", samples=np.clip(20 * wave(), -1, 1))
    soundfile.write(root / "nan.wav", np.append(wave(), np.nan), audio.RATE, subtype="FLOAT")
    sound(root / "empty.wav", samples=np.zeros(0))
    sound(root / "short.wav", 0.02)
    (root / "text.wav").write_text("<html>not found</html>")
    cut = sound(root / "cut.wav").read_bytes()
    (root / "cut.wav").write_bytes(cut[: len(cut) // 2])
    flac = sound(root / "cutflac.flac", 2).read_bytes()
    (root / "cutflac.flac").write_bytes(flac[: len(flac) // 2])
    return {
        "rate": ("note", "converted"),
        "stereo": ("note", "converted"),
        "wide": ("note", "converted"),
        "silent": ("error", "silent"),
        "clipped": ("note", "clipped"),
        "nan": ("error", "not finite"),
        "empty": ("error", "empty"),
        "short": ("note", "short"),
        "text": ("error", "unreadable"),
        "cut": ("error", "truncated"),
        "lost": ("error", "missing"),
    }


def test_every_fault_of_a_recording_is_found_at_once(good):
    faults = broken(good.root)
    every = with_more(good, *map(utterance, faults), utterance("cutflac", suffix="flac"))
    result = [(name, f.severity, f.problem) for f in checks.check(every, jobs=2) for name in f.names]
    expected = {(name, *fault) for name, fault in faults.items()} | {("nan", "note", "converted")}
    cut = {entry for entry in result if entry[0] == "cutflac"}
    assert set(result) - cut == expected
    assert any(severity == "error" for _, severity, _ in cut)


def test_stretches_outside_their_file_are_found(good):
    some = (("before", -0.1, 0.3), ("after", 0.6, 0.9), ("over", 0.3, 0.7), ("none", 0.3, 0.3), ("fits", 0.1, 0.5))
    more = [Utterance(name, "s", "unit", "a.wav", start, stop, 0.1) for name, start, stop in some]
    assert found(with_more(good, *more)) == {
        ("error", "empty"): ("before", "none"),
        ("error", "beyond the end"): ("after",),
        ("note", "beyond the end"): ("over",),
    }


def test_a_fault_within_one_stretch_is_of_that_stretch_alone(good):
    sound(good.root / "long.wav", samples=np.concatenate([wave(), np.zeros(8000)]))
    more = [Utterance(f"long-{n}", "s", "unit", "long.wav", 0.5 * n, 0.5 * (n + 1), 0.5) for n in range(2)]
    assert found(with_more(good, *more)) == {("error", "silent"): ("long-1",)}


def test_test_speakers_in_training_are_noted_and_empty_subsets_are_errors(good):
    sound(good.root / "d.wav")
    assert found(with_more(good, utterance("d", "test", "unit-a"))) == {
        ("note", "test speaker in training"): ("unit-a",)
    }
    assert found(Manifest("x", "y", good.root, good.utterances[:2])) == {("error", "nothing to test on"): ("test",)}
    assert found(Manifest("x", "y", good.root, good.utterances[2:])) == {("error", "nothing to train on"): ("unit",)}


def test_items_of_recordings_that_are_not_there_are_found(good, tmp_path):
    task = tmp_path / "test.item"
    task.write_text("#file onset offset #phone p n speaker\nc 0 1 a b c s\ngone 0 1 a b c s\n")
    assert found(Manifest("x", "y", good.root, good.utterances, tasks={"test": task})) == {("error", "abx"): ("gone",)}


def test_strict_refuses_notes_and_tolerated_problems_are_notes(good):
    sound(good.root / "d.wav", rate=8000)
    sound(good.root / "e.wav", samples=np.zeros(8000))
    more = with_more(good, utterance("d"), utterance("e"))
    assert set(found(more, strict=True)) == {("error", "converted"), ("error", "silent")}
    assert set(found(more, strict=True, tolerate=["silent"])) == {("error", "converted"), ("note", "silent")}


def test_the_command_writes_all_names_and_fails_only_on_errors(good, tmp_path, capsys):
    for number in range(8):
        sound(good.root / f"r{number}.wav", rate=8000)
    write_manifest(with_more(good, *(utterance(f"r{number}") for number in range(8))), tmp_path / "m")
    checks.main([str(tmp_path / "m"), str(tmp_path / "checks.json")])
    report = json.loads((tmp_path / "checks.json").read_text())
    assert report["valid"]
    assert report["findings"][0]["names"] == [f"r{number}" for number in range(8)]
    assert "r4 and 3 more" in capsys.readouterr().out
    with pytest.raises(InputError, match=r"has errors \(converted\)"):
        checks.main([str(tmp_path / "m"), str(tmp_path / "checks.json"), "--strict"])
    assert not json.loads((tmp_path / "checks.json").read_text())["valid"]


def test_tables_that_do_not_agree_are_said(good, tmp_path):
    write_manifest(good, tmp_path / "m")
    table = unsealed(tmp_path / "m") / "utterances.csv"
    table.write_text(table.read_text() + "a,s,unit,a.wav,,,0.5\n")
    with pytest.raises(InputError, match="more than once: a"):
        checks.main([str(tmp_path / "m"), str(tmp_path / "checks.json")])
