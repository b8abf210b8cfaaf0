"""The results as tables: every run a line, means over seeds, and differences from the first variant."""

import csv
import json
import shutil

import pytest

from unitvoice.report.table import FIGURES, main


@pytest.fixture
def tables(make_results, options, tmp_path):
    """Both tables of a run with a variant beside it that is three points worse on english."""

    def write(*chosen):
        folder = make_results()
        for language in ("english", "surprise"):
            other = folder / language / "other"
            shutil.copytree(folder / language / "fake-system", other)
            shutil.rmtree(other / "untrained-1")
            (other / "seed-0" / "speakers.json").unlink()
        for seed in (0, 1):
            scores = folder / "english" / "other" / f"seed-{seed}" / "abx"
            content = json.loads((scores / "scores.json").read_text())
            content["representations"]["vectors"]["abx"]["test"]["across"]["cosine"] += 3
            (scores / "scores.json").write_text(json.dumps(content))
            for path in scores.glob("vectors-*.csv"):
                lines = path.read_text().splitlines()
                error = float(lines[1].rpartition(",")[2]) + 3
                path.write_text(f"{lines[0]}\n{lines[1].rpartition(',')[0]},{error}\n")
        main([str(tmp_path / "r.csv"), str(tmp_path / "r.json"), str(folder), *options, *chosen])
        with (tmp_path / "r.csv").open() as file:
            return list(csv.DictReader(file)), json.loads((tmp_path / "r.json").read_text())

    return write


def test_every_language_variant_and_seed_is_a_line_and_what_is_not_there_is_empty(tables):
    lines, _ = tables("--beside", "other=0,1")
    places = [(line["language"], line["variant"], line["seed"]) for line in lines]
    assert len(set(places)) == len(places) == 8
    found = dict(zip(places, lines, strict=True))
    own = found["english", "fake-system", "0"]
    assert float(own["abx_across"]) == 12
    assert float(own["abx_continuous"]) == 11
    assert float(own["abx_untrained"]) == 40
    assert float(own["bitrate"]) == 112
    assert float(own["nearer_target_percent"]) == 97.5
    assert own["abx_within"] == ""
    assert found["english", "fake-system", "1"]["nearer_target_percent"] == ""  # its trials were not converted
    assert found["english", "other", "0"]["abx_across"] == "15.0"
    assert found["english", "other", "1"]["abx_untrained"] == ""


def test_seeds_are_summed_up_by_mean_and_sample_deviation(tables):
    _, content = tables("--beside", "other=0,1")
    summary = {(one["language"], one["variant"]): one for one in content["summary"]}
    own = summary["english", "fake-system"]
    assert own["seeds"] == 2
    assert own["abx_across"] == {"mean": 15.0, "deviation": pytest.approx(18**0.5)}
    assert own["nearer_target_percent"] == {"mean": 97.5}
    assert "abx_untrained" not in summary["english", "other"]  # one of its seeds lacks it


def test_variants_are_compared_with_the_first_on_the_same_phones(tables):
    _, content = tables("--beside", "other=0,1")
    assert content["differences"]["from"] == "fake-system"
    assert content["differences"]["languages"]["english"]["other"]["mean"] == 3
    assert content["differences"]["languages"]["surprise"]["other"]["mean"] == 0


def test_a_variant_without_scores_says_so_instead_of_a_difference(tables):
    _, content = tables("--beside", "lost=0")
    assert content["differences"]["languages"]["english"]["lost"] == {"absent": "seed-0 was not scored"}
    line = next(line for line in content["runs"] if line["variant"] == "lost")
    assert all(line[name] is None for name in FIGURES)


def test_a_run_alone_has_settings_and_no_differences(tables):
    _, content = tables()
    assert content["variants"]["fake-system"]["model"] == {"codes": 8}
    assert content["differences"]["languages"] == {"english": {}, "surprise": {}}
