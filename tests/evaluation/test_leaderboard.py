"""The published results as data: bests and counts that the challenge's papers state."""

import pytest

from unitvoice.evaluation.leaderboard import leaderboard

BESTS = [
    ("2019", "english", "Cho19b", 2.94, "Tja19b", 0.37, "Kum19a", 3.01),
    ("2020", "english", "Nie20a", 3.64, "Che20a", 0.18, "Nie20a", 3.80),
    ("2020", "surprise", "Che20a", 4.06, "Che20a", 0.15, "Lum20a", 3.91),
]


@pytest.mark.parametrize(("edition", "rows"), [("2019", 21), ("2020", 19)])
def test_every_edition_has_the_same_systems_in_both_languages(edition, rows):
    english, surprise = (leaderboard(edition, language) for language in ("english", "surprise"))
    assert [row.system for row in english] == [row.system for row in surprise]
    assert len(english) == len({row.system for row in english}) == rows


@pytest.mark.parametrize(("edition", "language", "mos", "mos_value", "cer", "cer_value", "near", "near_value"), BESTS)
def test_bests_of_the_listeners(edition, language, mos, mos_value, cer, cer_value, near, near_value):
    rows = [row for row in leaderboard(edition, language) if row.mos is not None and row.authors != "Topline"]
    best = [
        max(rows, key=lambda row: row.mos),
        min(rows, key=lambda row: row.cer),
        max(rows, key=lambda row: row.similarity),
    ]
    assert [row.system for row in best] == [mos, cer, near]
    assert [best[0].mos, best[1].cer, best[2].similarity] == [mos_value, cer_value, near_value]


@pytest.mark.parametrize(
    ("edition", "language", "system", "error"),
    [
        ("2019", "english", "Cho19b", 20.25),
        ("2019", "surprise", "Cho19a", 10.39),
        ("2020", "english", "Nie20a", 13.44),
    ],
)
def test_best_abx_among_those_in_time(edition, language, system, error):
    # the table of the bests is over cosine, whatever distance was declared
    best = min((row for row in leaderboard(edition, language) if not row.late), key=lambda row: row.cosine)
    assert (best.system, best.cosine) == (system, error)


def test_abx_is_the_column_of_the_declared_distance():
    rows = {row.system: row for row in leaderboard("2020", "english")}
    assert [rows[name].abx for name in ("Nie20a", "Hou20a", "Gün20")] == [13.44, 42.52, 30.05]


def test_late_rows_have_no_listeners():
    rows = leaderboard()
    assert {row.late for row in rows if row.mos is None} == {True}
    assert [row.system for row in rows if row.late] == ["Tja20b", "Liu20"] * 2
