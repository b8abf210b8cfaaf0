"""The section on experiments: who is better, by how much, and where all stand."""

import json
import shutil

import pytest

from unitvoice.report.results import read_results
from unitvoice.report.sections.experiments import experiments, pareto


@pytest.fixture
def text(make_results):
    """``text(**changes)``: the section on a run and variants beside it, with changes to their models' codes."""

    def made(**codes):
        folder = make_results()
        for name, number in codes.items():
            for language in ("english", "surprise"):
                other = folder / language / name
                shutil.copytree(folder / language / "fake-system", other)
                for path in other.glob("seed-*/model/model.json"):
                    content = json.loads(path.read_text())
                    content["recipe"]["model"]["codes"] = number
                    path.write_text(json.dumps(content))
        results = read_results(
            folder, ["english", "surprise"], "fake-system", [0, 1], beside={key: [0, 1] for key in codes}
        )
        return str(experiments(results))

    return made


def test_a_variant_alone_has_no_such_section(make_results):
    assert experiments(read_results(make_results(), ["english"], "fake-system", [0])) is None


def test_each_variant_is_compared_with_the_first_and_an_equal_one_is_chance(text):
    page = text(other=16)
    assert page.count("Differences from fake-system") == 2
    assert page.count(">+0.00<") == 2
    assert page.count(">chance<") == 2
    assert ">p<" in page


def test_all_variants_stand_in_the_plane_over_the_published_systems(text):
    page = text(other=16, third=32)
    assert page.count("ABX error over bitrate of the variants") == 2
    for name in ("fake-system", "other", "third"):
        assert page.count(f"<title>{name}: ") == 2
    assert "<title>Liu20: " in page
    assert "<title>front</title>" in page


def test_three_sizes_of_the_codebook_make_a_sweep_and_two_do_not(text):
    assert page_has_sweep(text(a=16, b=32))


def test_two_sizes_of_the_codebook_make_no_sweep(text):
    assert not page_has_sweep(text(a=16))


def page_has_sweep(page):
    return "ABX error over model.codes, english" in page


def test_curves_over_the_share_of_training_need_figures_of_what_is_not_trained_on(text):
    assert "Curves of training: not shown" in text(other=16)


def test_on_the_front_nobody_is_beaten_in_both():
    assert pareto([(1, 5), (1, 4), (2, 4), (3, 1)]) == [(1, 4), (3, 1)]
    assert pareto([]) == []
