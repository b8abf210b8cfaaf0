"""Scores against those of the organisers' evaluator (zerospeech2020 0.2) on synthetic submissions."""

import json
from pathlib import Path

import pytest

from unitvoice.evaluation.abx import abx
from unitvoice.evaluation.alignment import read_gold
from unitvoice.evaluation.bitrate import bitrate, read_durations
from unitvoice.evaluation.frames import read_features
from unitvoice.evaluation.task import read_task
from unitvoice.evaluation.track1 import score_track1
from unitvoice.evaluation.track2 import read_classes, score_classes

GOLDEN = Path(__file__).parents[1] / "golden" / "abx"
CASES = ["codes", "edges", "onehot", "posteriors", "signed", "sparse_positive", "zero_rows"]
FOLDERS = [(case, "features") for case in CASES] + [("codes", "auxiliary_embedding1")]
SETTINGS = {
    "cosine": {"distance": "cosine"},
    "KL": {"distance": "KL"},
    "levenshtein": {"distance": "levenshtein"},
    "cosine_unnormalised": {"distance": "cosine", "normalise": False},
}


def expected(case):
    return json.loads((GOLDEN / case / "expected.json").read_text())


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(("case", "folder"), FOLDERS)
def test_scores_are_the_official_ones(case, folder, setting):
    official = expected(case)
    official = official if folder == "features" else official[folder]
    task = read_task(GOLDEN / case / "byCtxt_acSpkr.abx")
    features = read_features(GOLDEN / case / folder, task.utterances)
    result = abx(task, features.frames, times=features.times, official_quirks=True, **SETTINGS[setting])
    assert result.error == pytest.approx(official[setting], abs=official["tolerance"][setting], rel=0)


@pytest.mark.parametrize("case", CASES)
def test_task_has_the_official_triplets_and_pairs(case):
    task = read_task(GOLDEN / case / "byCtxt_acSpkr.abx")
    features = read_features(GOLDEN / case / "features", task.utterances)
    result = abx(task, features.frames, times=features.times, distance="levenshtein", official_quirks=True)
    counts = expected(case)["counts"]
    assert (result.triplets, result.pairs) == (counts["triplets"], counts["pairs"])
    assert sum(map(len, task.items)) == counts["items"]


def described(task):
    """The triplets of a task in words, with their cells."""
    found = set()
    for context, items in enumerate(task.items):
        triplets = task.triplets(context)
        names = [(items.utterances[i], items.onsets[i], items.offsets[i]) for i in range(len(items))]
        for (a, b, x), cell in zip(triplets.rows, triplets.cells, strict=True):
            found.add((task.contexts[context], triplets.labels[cell], names[a], names[b], names[x]))
    return found


TASKS = [(case, "byCtxt_acSpkr.abx", "across") for case in CASES] + [
    ("track1_english_1s", "1s_byCtxt_acSpkr.abx", "across"),
    ("track1_english_1s", "1s_byCtxtSpkr.abx", "within"),
]


@pytest.mark.parametrize(("case", "name", "mode"), TASKS)
def test_item_table_gives_the_triplets_that_abxpy_gave(case, name, mode):
    own = described(read_task(GOLDEN / case / "task.item", mode))
    assert own == described(read_task(GOLDEN / case / name))


@pytest.mark.parametrize("case", CASES)
def test_bitrate_is_the_official_one(case):
    durations = read_durations(GOLDEN / case / "bitrate_filelist.txt")
    features = read_features(GOLDEN / case / "features")
    official = expected(case)
    assert bitrate(features.frames, durations).bitrate == pytest.approx(official["bitrate"], abs=1e-9, rel=0)


def test_track1_keeps_the_time_column_as_the_evaluator_of_2020_does(track1):
    scores = score_track1(*track1, ["english"], ["1s"], official_quirks=True)["english"]["1s"]
    official = expected("track1_english_1s")["official_output"]["2017-track1"]["english"]["1s"]
    for mode in ("across", "within"):
        assert scores[mode].pop("best") == official[mode].pop("best")
        assert scores[mode] == pytest.approx(official[mode], abs=1e-9, rel=0)


@pytest.mark.parametrize("mode", ["across", "within"])
@pytest.mark.parametrize("distance", ["cosine", "KL"])
def test_track1_without_the_time_column(mode, distance):
    case = GOLDEN / "track1_english_1s"
    official = expected("track1_english_1s")
    task = read_task(case / official["tasks"][mode])
    frames, times = read_features(case / "features", task.utterances, 2017)
    result = abx(task, frames, times=times, distance=distance, official_quirks=True)
    assert result.error == pytest.approx(official[mode]["without_time_column"][distance], abs=1e-9, rel=0)


@pytest.fixture
def track1(tmp_path):
    """The golden case of 2017 in the tree of the challenge: folders of tasks and of features."""
    case = GOLDEN / "track1_english_1s"
    for folder in ("tasks", "features"):
        (tmp_path / folder / "english").mkdir(parents=True)
        (tmp_path / folder / "english" / "1s").symlink_to(case / ("features" if folder == "features" else "."))
    return tmp_path / "tasks", tmp_path / "features"


@pytest.mark.parametrize("case", ["track2_own_gold", "track2_mandarin"])
def test_track2_measures_are_the_official_ones(case):
    gold = GOLDEN / case / "gold"
    if not gold.is_dir():
        pytest.skip(f"the gold alignment of {case} is not part of the project")
    found = score_classes(
        read_classes(GOLDEN / case / "classes.txt"), read_gold(gold / "mandarin.phn", gold / "mandarin.wrd")
    )
    for name, value in expected(case)["details"].items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-9, rel=0), name
