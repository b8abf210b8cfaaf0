"""The figures that sum a run up."""

import pytest

from unitvoice.report.figures import Bar, Spread, rows, spread
from unitvoice.report.results import Absent, read_results


@pytest.fixture
def found(make_results):
    results = read_results(make_results(), ["english", "surprise"], "fake-system", [0, 1])
    return {row.label: row.cells for row in rows(results)}


def test_ratios_are_of_each_seed(found):
    assert found["trained / MFCC39"][0].spread == Spread((0.5, 0.75))
    assert found["trained / untrained"][1].spread == Spread((0.3, 0.45))


def test_figures_are_those_of_the_files(found):
    assert found["ABX of MFCC39 (%)"][0].text == "24.00"
    assert found["ABX of trained codes (%)"][0].text == "15.00 (12.00 to 18.00)"
    assert found["ABX before quantisation (%)"][0].text == "14.00 (11.00 to 17.00)"
    assert found["bitrate of codes (bit/s)"][0].text == "115.0 (112.0 to 118.0)"
    assert found["speaker EER of judge (%)"][0].text == "6.2"


def test_what_is_absent_is_a_dash_without_a_verdict(found):
    figure = found["cosine of own voice"][0]
    assert (figure.text, figure.verdict) == ("-", None)


@pytest.mark.parametrize(
    ("bar", "values", "verdict"),
    [
        (Bar(0.5, "at most"), (0.5, 0.5), "met"),
        (Bar(0.5, "at most"), (0.1, 0.51), "not met"),
        (Bar(95, "at least"), (95.0,), "met"),
        (Bar(95, "at least"), (100.0, 94.9), "not met"),
    ],
)
def test_every_seed_must_reach_a_bar(bar, values, verdict):
    assert bar.verdict(Spread(values)) == verdict


def test_a_missing_seed_makes_the_figure_absent():
    assert spread([1.0, Absent("gone"), 2.0]) == Absent("gone")
    assert isinstance(spread([]), Absent)
