"""Term discovery: rules at the edges of intervals, faults of class files, and the command."""

import json
from itertools import combinations

import numpy as np
import pytest

from unitvoice.errors import InputError
from unitvoice.evaluation.alignment import Interval, read_gold, transcribe
from unitvoice.evaluation.track2 import main, read_classes, score_classes

PHONES = "f 0 0.1 a\nf 0.1 0.2 b\nf 0.2 0.25 c\nf 0.25 0.4 SIL\nf 0.4 0.5 a\nf 0.5 0.6 b\nf 0.6 0.65 c\n"
WORDS = "f 0 0.25 abc\nf 0.4 0.65 abc\n"
CLASSES = "Class 0\nf 0 0.25\nf 0.4 0.65\n\nClass 1\nf 0.1 0.2\nf 0.5 0.6\n\n"


@pytest.fixture
def paths(tmp_path):
    """Two tokens of one word in one file, and the classes that find them."""
    names = ("gold.phn", "gold.wrd", "classes.txt")
    for name, text in zip(names, (PHONES, WORDS, CLASSES), strict=True):
        (tmp_path / name).write_text(text)
    return [tmp_path / name for name in names]


@pytest.mark.parametrize(
    ("onset", "offset", "phones"),
    [
        (0.0, 0.25, "abc"),
        (0.07, 0.25, "abc"),  # 30 ms of a long phone
        (0.071, 0.25, "bc"),
        (0.0, 0.225, "abc"),  # half of a short phone
        (0.0, 0.224, "ab"),
        (0.0, 0.05, "a"),  # a single phone: judged by what lies behind the onset
        (0.08, 0.09, ""),
        (0.2, 0.22, "c"),
        (0.1, 0.2, "b"),  # touching is not overlapping
        (0.7, 0.9, ""),
    ],
)
def test_transcription_at_the_edges(paths, onset, offset, phones):
    gold = read_gold(paths[0], paths[1])
    assert "".join(phone.label for phone in transcribe(gold, Interval("f", onset, offset))) == phones


def test_perfect_classes_have_perfect_scores(paths):
    found = score_classes(read_classes(paths[2]), read_gold(paths[0], paths[1]))
    assert (found.ned, found.coverage, found.pairs, found.words) == (0.0, 1.0, 2, 2)
    assert found.grouping_fscore == 1.0
    assert (found.token_precision, found.token_recall) == (0.5, 1.0)
    assert (found.type_precision, found.type_recall) == (0.5, 1.0)
    assert (found.boundary_precision, found.boundary_recall) == (0.5, 1.0)


def naive_grouping(classes, transcriptions):
    """Grouping by pairs, as the measure is defined; transcriptions: interval -> phones, one interval per stretch."""

    def apart(one, other):
        return one.file != other.file or one.offset <= other.onset or other.offset <= one.onset

    found = {frozenset(pair) for members in classes for pair in combinations(set(members), 2)}
    gold = {
        frozenset((one, other))
        for one, other in combinations(transcriptions, 2)
        if transcriptions[one] == transcriptions[other] and apart(one, other)
    }
    tokens = [{token for pair in pairs for token in pair} for pairs in (found & gold, found, gold)]
    return len(tokens[0]) / len(tokens[1]), len(tokens[0]) / len(tokens[2])


@pytest.mark.parametrize("seed", range(5))
def test_grouping_without_pairs_is_grouping_with_pairs(tmp_path, seed):
    random = np.random.default_rng(seed)
    for name in ("gold.phn", "gold.wrd"):
        lines = (f"f {i / 10} {(i + 1) / 10} {random.choice(list('ab'))}" for i in range(60))
        (tmp_path / name).write_text("\n".join(lines))
    gold = read_gold(tmp_path / "gold.phn", tmp_path / "gold.wrd")
    starts = random.integers(57, size=40)
    lengths = random.integers(1, 4, size=40)
    intervals = [Interval("f", i / 10, (i + n) / 10) for i, n in zip(starts, lengths, strict=True)]
    classes = {str(k): [one for i, one in enumerate(intervals) if i % 7 == k] for k in range(7)}
    labels = {one: tuple(phone.label for phone in transcribe(gold, one)) for one in intervals}
    found = score_classes(classes, gold)
    wanted = naive_grouping(list(classes.values()), labels)
    assert (found.grouping_precision, found.grouping_recall) == pytest.approx(wanted)


def test_silence_counts_in_no_distance_but_two_silences_differ(paths):
    gold = read_gold(paths[0], paths[1])
    silent = {"0": [Interval("f", 0.25, 0.39), Interval("f", 0.26, 0.4)]}
    assert score_classes(silent, gold).ned == 1.0
    assert score_classes({"0": [Interval("f", 0, 0.25), Interval("f", 0, 0.4)]}, gold).ned == 0.0


def test_nothing_found_is_an_error(paths):
    with pytest.raises(InputError, match="no discovered interval holds a phone"):
        score_classes({"0": [Interval("other", 0, 1)]}, read_gold(paths[0], paths[1]))


def test_a_score_with_nothing_to_divide_by_is_none(paths):
    found = score_classes({"0": [Interval("f", 0, 0.1)]}, read_gold(paths[0], paths[1]))
    assert (found.ned, found.grouping_precision, found.pairs) == (None, None, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it has no class"),
        ("Class 0\nf 0 1\nClass 1\nf 0 1\n\n", "line 3"),
        ("Class 0\nf 0 1\n\nClass 0\nf 0 1\n\n", "line 4, line 5"),
        ("Class 0\nf 1 0\nf 0\nf\t0\t1\nf 0 x\n\n", "line 2, line 3, line 4, line 5"),
    ],
)
def test_class_files_of_another_form(tmp_path, text, message):
    (tmp_path / "classes.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        read_classes(tmp_path / "classes.txt")


def test_gold_of_another_form(paths):
    paths[0].write_text("f 0 1\n")
    with pytest.raises(InputError, match=r"gold\.phn must have lines .*: line 1"):
        read_gold(paths[0], paths[1])


def test_command(paths, tmp_path, capsys):
    command = [str(paths[2]), str(paths[0]), str(paths[1])]
    main([*command, "--json", "--output", str(tmp_path / "out.json")])
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "out.json").read_text())
    main(command)
    assert "grouping_fscore       1.0\n" in capsys.readouterr().out
