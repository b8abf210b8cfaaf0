"""Reading a results folder."""

import json
import shutil

import pytest

from unitvoice.errors import InputError
from unitvoice.provenance import Origin, sealed, write_json
from unitvoice.report.results import Absent, read_results


def read(folder, languages=("english",), seeds=(0, 1)):
    return read_results(folder, languages, "fake-system", seeds)


def test_all_parts_are_read(make_results):
    results = read(make_results())
    (one,) = results.languages
    assert one.baseline_scores.abx("mfcc39") == 24.0
    assert [run.abx("vectors") for run in one.trained] == [12.0, 18.0]
    assert [run.bitrate("continuous") for run in one.untrained] == [139.0, 139.0]
    assert one.judgement.nearer_target == 97.5
    assert one.judgement.own_voice == Absent("nothing was spoken again")
    assert one.first.log[-1]["step"] == 50
    assert results.validation.valid
    assert results.archive.name == "submission.zip"


def test_a_phone_called_na_is_not_a_missing_value(make_results):
    (one,) = read(make_results()).languages
    assert list(one.first.scores.cells("vectors")["phone"]) == ["NA"]


@pytest.mark.parametrize(
    "part",
    [
        "english/baselines",
        "english/fake-system/seed-0/abx",
        "english/fake-system/seed-0/speakers.json",
        "english/fake-system/seed-0/units",
        "english/fake-system/seed-0/model",
        "english/fake-system/untrained-1",
        "fake-system",
    ],
)
def test_what_is_not_there_is_absent(make_results, part):
    folder = make_results()
    place = folder / part
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()
    results = read(folder)
    (one,) = results.languages
    found = [
        one.baseline_scores,
        one.first.scores,
        one.judgement,
        one.first.units("indices"),
        one.first.model,
        one.untrained[1].scores,
        results.validation,
    ]
    assert any(isinstance(item, Absent) and item.reason for item in found)


def test_a_score_that_could_not_be_computed_keeps_its_reason(make_results):
    folder = make_results()
    path = folder / "english" / "fake-system" / "seed-0" / "abx" / "scores.json"
    text = path.read_text().replace('"absent": {}', '"absent": {"vectors-dev-across-cosine": "no such task"}')
    path.write_text(text)
    run = read(folder).languages[0].first
    assert run.abx("vectors", subset="dev") == Absent("no such task")
    assert run.abx("vectors", mode="within") == Absent("the corpus has no ABX task for test")
    assert run.abx("other") == Absent("other was not scored")


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"settings": {"distances": 3}}'])
def test_a_broken_file_is_named(make_results, content):
    folder = make_results()
    path = folder / "english" / "baselines" / "mfcc39" / "scores.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"scores\.json"):
        read(folder)


def test_a_broken_training_log_is_named(make_results):
    folder = make_results()
    path = folder / "english" / "fake-system" / "seed-0" / "model" / "log.jsonl"
    path.write_text('{"step": 1')
    with pytest.raises(InputError, match=r"log\.jsonl"):
        read(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        read(tmp_path / "nowhere")


def test_a_language_without_manifest_is_named(make_results):
    with pytest.raises(InputError, match="klingon"):
        read(make_results(), ("klingon",))


def test_units_without_codes_say_so(make_results):
    folder = make_results()
    shutil.rmtree(folder / "english" / "fake-system" / "seed-0" / "units" / "indices")
    (one,) = read(folder).languages
    assert "has no codes" in one.first.units("indices").reason
    assert not isinstance(one.first.units("vectors"), Absent)


@pytest.mark.parametrize(("codes", "number"), [("16", 16), ("[16, 4]", 64), ("[]", None)])
def test_codes_of_slices_are_their_combinations(make_results, codes, number):
    folder = make_results()
    path = folder / "english" / "fake-system" / "seed-0" / "model" / "model.json"
    content = json.loads(path.read_text())
    content["recipe"]["model"]["codes"] = json.loads(codes)
    path.write_text(json.dumps(content))
    (one,) = read(folder).languages
    assert one.first.model.codes == number


OTHER = {"manifest": Origin("fake, english", "0")}


def test_a_sweep_of_an_older_corpus_is_left_out_with_the_reason(make_results):
    folder = make_results()
    sweep = folder / "english" / "fake-system" / "seed-0" / "sweep.json"
    write_json(sweep, {"points": [], "absent": {}}, "sweep")
    assert not isinstance(read(folder).languages[0].segments, Absent)
    write_json(sweep, {"points": [], "absent": {}}, "sweep", OTHER)
    assert "sweep.json was made of the manifest" in read(folder).languages[0].segments.reason


def test_results_of_another_corpus_are_refused_and_not_shown(make_results):
    folder = make_results()
    judged = folder / "english" / "fake-system" / "seed-0" / "speakers.json"
    write_json(judged, json.loads(judged.read_text()), "cosines", OTHER)
    with pytest.raises(InputError, match=r"manifest is fake, english .*speakers\.json was made of the manifest fake"):
        read(folder)


def test_conversions_that_have_changed_are_refused_and_not_played(make_results):
    folder = make_results()
    converted = folder / "english" / "fake-system" / "seed-0" / "converted"
    with sealed(converted.with_name("again"), "6 conversions") as beside:
        shutil.copytree(converted, beside)
    shutil.rmtree(converted)
    converted.with_name("again").rename(converted)
    wave = min(converted.glob("*.wav"))
    wave.write_bytes(wave.read_bytes()[:-10])
    with pytest.raises(InputError, match=f"converted is damaged: {wave.name} is not as it was written"):
        read(folder)
