"""The ABX error against an oracle in plain loops, and what else the library call promises."""

import json

import numpy as np
import pytest
from evaluation import oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unitvoice.errors import InputError
from unitvoice.evaluation.abx import abx, main
from unitvoice.evaluation.distances import DISTANCES, edit_distance, item_distances
from unitvoice.evaluation.task import Item, task_from_items
from unitvoice.store import create_store

MODES = ("across", "within")


@st.composite
def items(draw):
    """Items of few phones, contexts and speakers, whole files and parts of them."""
    number = draw(st.integers(3, 9))
    labels = st.tuples(*(st.sampled_from(names) for names in ("ab", "pq", "r", "stu")))
    bounds = st.sampled_from([(0.0, 1.0), (0.25, 0.75), (0.5, 0.5), (0.3, 0.4), (0.0, 1.5)])
    return [Item(f"u{i}", *draw(bounds), *draw(labels)) for i in range(number)]


def random_frames(items, kind, seed):
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 6, size=len(items))
    if kind == "levenshtein":
        return {item.utterance: random.integers(2, size=(n, 2)) for item, n in zip(items, lengths, strict=True)}
    return {item.utterance: random.random((n, 3)) for item, n in zip(items, lengths, strict=True)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(items=items(), mode=st.sampled_from(MODES), distance=st.sampled_from(DISTANCES), seed=st.integers(0, 999))
def test_error_is_that_of_the_oracle(items, mode, distance, seed):
    frames = random_frames(items, distance, seed)
    wanted = oracle.error(items, {name: table.tolist() for name, table in frames.items()}, distance, mode)
    if wanted is None:
        with pytest.raises(InputError, match="has no triplet"):
            task_from_items(tuple(items), mode)
        return
    result = abx(task_from_items(tuple(items), mode), frames, distance=distance)
    assert result.error == pytest.approx(wanted, abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.integers(0, 2), max_size=6),
    columns=st.lists(st.integers(0, 2), max_size=6),
    normalise=st.booleans(),
    distance=st.sampled_from(["cosine", "levenshtein"]),
)
def test_ties_on_the_path_are_broken_as_specified(rows, columns, normalise, distance):
    frames = np.eye(3)[np.array(rows + columns, dtype=int)].reshape(-1, 3)
    starts = np.array([0, len(rows), len(rows) + len(columns)])
    found = item_distances(frames, starts, np.array([[0, 1]]), distance, normalise=normalise)
    one, other = frames[: len(rows)].tolist(), frames[len(rows) :].tolist()
    assert found[0] == pytest.approx(oracle.item_distance(one, other, distance, normalise=normalise))


def test_rows_of_the_alignment_are_a_and_columns_are_x():
    frames, starts = np.eye(3)[[1, 0, 1, 2, 1, 2, 1, 0]], np.array([0, 3, 8])
    assert item_distances(frames, starts, np.array([[0, 1], [1, 0]])).tolist() == pytest.approx([0.3, 0.25])


def test_zero_frames_are_at_distance_one_and_nothing_is_at_distance_zero_of_nothing():
    frames, starts = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]), np.array([0, 1, 2, 3, 3, 3])
    pairs = np.array([[0, 1], [0, 2], [3, 0], [3, 4]])
    assert item_distances(frames, starts, pairs).tolist() == [1.0, 0.0, np.inf, 0.0]


KL_ROWS = np.array([[1.0, 1.0], [2.0, 1.0], [1.0, 5.0], [-1.0, 3.0], [0.0, 0.0]])  # the last two give NaN


@settings(max_examples=200, deadline=None)
@given(*[st.lists(st.integers(0, len(KL_ROWS) - 1), min_size=1, max_size=5)] * 2)
def test_a_nan_stays_when_above_and_is_passed_over_elsewhere(rows, columns):
    starts = np.array([0, len(rows), len(rows) + len(columns)])
    found = item_distances(KL_ROWS[rows + columns], starts, np.array([[0, 1]]), "KL", normalise=False)
    wanted = oracle.item_distance(KL_ROWS[rows].tolist(), KL_ROWS[columns].tolist(), "KL", normalise=False)
    assert found[0] == pytest.approx(wanted, abs=1e-12, nan_ok=True)


def test_equal_rows_are_equal_symbols_whatever_the_sign_of_zero():
    frames = np.array([[0.0, 1.0], [-0.0, 1.0]])
    assert item_distances(frames, np.array([0, 1, 2]), np.array([[0, 1]]), "levenshtein") == [0.0]


def test_edit_distance_counts_the_fewest_edits():
    assert edit_distance(np.array([1, 2, 3, 4]), np.array([2, 3, 5])) == 2


@pytest.fixture
def example():
    """Two contexts, three phones, three speakers, several tokens."""
    random = np.random.default_rng(7)
    table = tuple(
        Item(f"u{i}", 0.0, 1.0, "abc"[i % 3], "pq"[i % 2], "r", "stu"[random.integers(3)]) for i in range(60)
    )
    return table, {item.utterance: random.random((random.integers(2, 7), 4)) for item in table}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("distance", DISTANCES)
def test_threads_do_not_change_a_bit(example, mode, distance):
    task = task_from_items(example[0], mode)
    one, many = (abx(task, example[1], distance=distance, jobs=jobs) for jobs in (1, 4))
    assert one.error == many.error
    assert one.table.equals(many.table)


def test_table_has_each_cell_once_and_gives_the_error(example):
    table, frames = example
    result = abx(task_from_items(table), frames)
    keys = ["phone", "other_phone", "speaker", "x_speaker", "context"]
    assert not result.table.duplicated(keys).any()
    assert result.table["triplets"].sum() == result.triplets
    speakers = result.table.groupby(keys[:4])["error"].mean()
    assert speakers.groupby(keys[:2]).mean().mean() == pytest.approx(result.error)


def test_part_of_the_cells_is_marked_repeatable_and_near(example):
    table, frames = example
    task = task_from_items(table)
    exact, part, again = (
        abx(task, frames),
        abx(task, frames, max_cells=10, seed=1),
        abx(task, frames, max_cells=10, seed=1),
    )
    assert (exact.approximate, part.approximate) == (False, True)
    assert part.error == again.error
    assert len(part.table) == 20
    assert part.pairs < exact.pairs
    assert abx(task, frames, max_cells=10_000).error == exact.error
    assert part.error == pytest.approx(exact.error, abs=15)


def test_frames_that_are_the_phones_make_no_error(example):
    table, _ = example
    frames = {item.utterance: np.eye(3)[["abc".index(item.phone)] * 2] for item in table}
    assert abx(task_from_items(table), frames).error == 0.0


def test_times_choose_the_frames():
    table = [Item("u", 0.0, 0.9, "a", "p", "q", "s"), Item("u", 1.0, 1.9, "b", "p", "q", "s")]
    table += [Item("v", 2.0, 2.9, "a", "p", "q", "t")]
    frames = {"u": np.eye(2), "v": np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])}
    times = {"u": np.array([0.5, 1.5]), "v": np.array([0.5, 1.5, 2.5])}
    assert abx(task_from_items(tuple(table)), frames, times=times).error == 0.0


def write_item(path, table):
    lines = [" ".join(map(str, item)) for item in table]
    path.write_text("\n".join(["#file onset offset #phone prev-phone next-phone speaker", *lines, ""]))


def test_command_scores_a_store_and_writes_table_and_settings(example, tmp_path, capsys):
    table, frames = example
    write_item(tmp_path / "task.item", table)
    with create_store(tmp_path / "store", kind="test", rate=50.0, dtype=np.float64) as writer:
        for name, values in frames.items():
            writer.append(name, values)
    command = [str(tmp_path / "task.item"), str(tmp_path / "store"), "--distance", "all", "--json"]
    main([*command, "--table", str(tmp_path / "cells.csv"), "--output", str(tmp_path / "scores.json")])
    printed = json.loads(capsys.readouterr().out)
    task = task_from_items(table)
    assert printed == {distance: abx(task, frames, distance=distance).error for distance in DISTANCES}
    assert json.loads((tmp_path / "scores.json").read_text())["scores"] == printed
    header = (tmp_path / "cells.csv").read_text().splitlines()[0]
    assert header == "phone,other_phone,speaker,x_speaker,context,triplets,cosine,KL,levenshtein"


@pytest.mark.parametrize("quirks", [False, True])
def test_store_and_text_of_2017_score_alike(example, tmp_path, capsys, quirks):
    table, frames = example
    write_item(tmp_path / "task.item", table)
    (tmp_path / "text").mkdir()
    with create_store(tmp_path / "store", kind="test", rate=4.0, first=0.125, dtype=np.float64) as writer:
        for name, values in frames.items():
            writer.append(name, values)
            rows = np.column_stack([0.125 + np.arange(len(values)) / 4.0, values]).tolist()
            (tmp_path / "text" / f"{name}.txt").write_text("".join(" ".join(map(repr, row)) + "\n" for row in rows))
    printed = []
    for features in ("store", "text"):
        options = ["--year", "2017", "--json", *(["--official-quirks"] if quirks else [])]
        main([str(tmp_path / "task.item"), str(tmp_path / features), *options])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_command_marks_an_approximate_score(example, tmp_path, capsys):
    table, frames = example
    write_item(tmp_path / "task.item", table)
    with create_store(tmp_path / "store", kind="test", rate=50.0) as writer:
        for name, values in frames.items():
            writer.append(name, values)
    main([str(tmp_path / "task.item"), str(tmp_path / "store"), "--max-cells", "3"])
    assert "approximate" in capsys.readouterr().out
