"""The sections on judges, statistics and segments: what they show, and why something is not there."""

import pandas as pd
import pytest

from unitvoice.files import write_json
from unitvoice.manifest import Manifest
from unitvoice.report.results import LanguageResults, Results, Run, Statistics, read_results
from unitvoice.report.sections.listening import listening
from unitvoice.report.sections.segments import segments
from unitvoice.report.sections.statistics import statistics

JUDGE = {"name": "a <judge>", "version": "1.2", "weights": "abcdef0123456789"}
CHECK = {"means": {"clean": 3.0, "noisy": 2.5, "reconstructed": 2.25, "shuffled": 1.0}, "ranks": {}, "wrong": []}
GOOD = CHECK | {"applicable": True, "mean": 2.75, "unit": "1 to 5", "better": "higher", "meaning": ""}
BAD = CHECK | {"applicable": False, "wrong": ["clean > noisy"]}


@pytest.fixture
def page(tmp_path):
    """``page(section, ...)``: a section on one language with these results."""

    def made(section, **found):
        run = Run(tmp_path, 0, None, None, ())
        manifest = Manifest("made", "klingon", tmp_path, ())
        one = LanguageResults("klingon", tmp_path, manifest, "mfcc39", None, (run,), (), None, **found)
        return str(section(Results(tmp_path, "vqvae-mel", (0,), (one,), None)))

    return made


@pytest.mark.parametrize("section", [listening, statistics, segments])
def test_what_is_not_there_is_told(page, section):
    assert "klingon: not shown, because" in page(section)


def test_judges_have_their_figures_beside_those_of_the_check(page):
    content = {"judges": {"one": {"judge": JUDGE, "figures": {"a_figure": GOOD}}}, "trials": []}
    text = page(listening, listening=content)
    for shown in (
        "a figure",
        "2.75",
        "3.00",
        "2.50",
        "2.25",
        "1.00",
        "a &lt;judge&gt;",
        "version 1.2, weights abcdef012345",
    ):
        assert shown in text


def test_judges_tell_of_all_variants_side_by_side(tmp_path):
    manifest = Manifest("made", "klingon", tmp_path, ())

    def variant(name, mean, beside=()):
        judges = {"one": {"judge": JUDGE, "figures": {"a_figure": GOOD | {"mean": mean}}}}
        run = Run(tmp_path, 0, None, None, ())
        found = {} if mean is None else {"listening": {"judges": judges, "trials": []}}
        one = LanguageResults("klingon", tmp_path, manifest, "mfcc39", None, (run,), (), None, **found)
        return Results(tmp_path, name, (0,), (one,), None, beside)

    text = str(listening(variant("mine", 1.25, (variant("other", 3.75), variant("silent", None)))))
    assert all(shown in text for shown in ("mine", "other", "1.25", "3.75", "recordings"))
    assert "silent" not in text


def test_a_judge_that_failed_or_cannot_judge_says_so(page):
    judges = {"one": {"judge": JUDGE, "figures": {"a_figure": BAD}}, "words": {"absent": "there is no text"}}
    text = page(listening, listening={"judges": judges, "trials": []})
    assert "not applicable" in text
    assert "it does not keep clean &gt; noisy" in text
    assert "words: not shown, because there is no text" in text


def test_segments_have_a_line_for_each_form_and_their_numbers(page):
    points = [
        {"penalty": p, "segments_per_second": 9.0, "all": {"bitrate": 90.0 - p, "abx": 9.0}, "runs": {"bitrate": 70.0}}
        for p in (0, 2)
    ]
    text = page(segments, segments={"points": points, "absent": {"2-runs-abx": "why"}})
    assert text.count('class="line series-') == 1  # the other form has no ABX error
    assert "88.0" in text
    empty = page(segments, segments={"points": [], "absent": {"units": "the system has no codes"}})
    assert "not shown, because the system has no codes" in empty


@pytest.fixture
def counted(tmp_path):
    """Statistics with all parts, or with those that need phones absent."""

    def made(*, phones=True):
        absent = {"absent": "there are no <phones>"}
        scores = dict.fromkeys(("normalised_mutual_information", "adjusted_mutual_information"), 0.123)
        scores |= dict.fromkeys(("adjusted_rand_index", "phone_purity", "cluster_purity", "phone_information"), 0.2)
        probe = {"frame_accuracy": 31.25, "chance": 10.0}
        content = {
            "phones": scores if phones else absent,
            "boundaries": dict.fromkeys(("precision", "recall", "f1", "over_segmentation", "r_value"), 0.5)
            if phones
            else absent,
            "usage": {"entropy": 7.5, "bitrate": 300.0, "run_collapsed_bitrate": 250.0},
            "runs": {"runs": 3, "mean_ms": 30.0, "median_ms": 20.0, "frame_ms": 20.0, "lengths": {"1": 2, "3": 1}},
            "speaker_before": probe,
            "speaker_after": probe,
            "distances": {"edges": [0.0, 1.0, 2.0], "between_codes": [0, 3], "frames_to_codes": [4, 1]},
            "maps": {"methods": ["tsne"], "points": 3, "seed": 7},
        }
        rows = [("tsne", i, -i, "NA" if i else "", "s1", str(i)) for i in range(3)]
        maps = pd.DataFrame(rows, columns=["method", "x", "y", "phone", "speaker", "unit"])
        maps.to_csv(tmp_path / "maps.csv", index=False)
        if phones:
            table = pd.DataFrame([("NA", "0", 3), ("b", "0", 1), ("b", "1", 2)], columns=["phone", "unit", "frames"])
            table.to_csv(tmp_path / "phone_units.csv", index=False)
        return Statistics(tmp_path, content)

    return made


def test_statistics_have_figures_pictures_and_maps(page, counted):
    text = page(statistics, statistics=counted())
    for shown in ("0.123", "31.2", "NA", "data:image/png", "Lengths of runs, klingon", "t-SNE", "seed 7"):
        assert shown in text
    assert text.count("h0") == 3 + 3 + 2  # the points of three maps; one frame has no phone


def test_without_phones_there_is_the_rest(page, counted):
    text = page(statistics, statistics=counted(phones=False))
    assert "Phones and units: not shown, because there are no &lt;phones&gt;" in text
    assert "0.123" not in text
    assert "Lengths of runs, klingon" in text


def test_results_are_read_from_their_files(make_results):
    folder = make_results()
    first = folder / "english" / "fake-system" / "seed-0"
    write_json(first / "listening.json", {"judges": {}, "trials": []})
    write_json(first / "sweep.json", {"points": [], "absent": {}})
    write_json(first / "statistics" / "statistics.json", {"usage": {"absent": "why"}})
    one = read_results(folder, ["english"], "fake-system", [0]).languages[0]
    assert one.listening == {"judges": {}, "trials": []}
    assert one.segments == {"points": [], "absent": {}}
    assert one.statistics.content == {"usage": {"absent": "why"}}
    assert "no table maps.csv" in one.statistics.table("maps").reason
