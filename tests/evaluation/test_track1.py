"""Track 1 of 2017: what is at hand is scored, and KL is left out where a number is negative."""

import json

import pytest

from unitvoice.errors import InputError
from unitvoice.evaluation import track1
from unitvoice.evaluation.task import Item, task_from_items

ITEMS = [("u", "a", "s"), ("v", "b", "s"), ("w", "a", "t"), ("x", "a", "s")]


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Task and features of one language and duration; the task files are stood in for by item tables."""
    for name in ("byCtxt_acSpkr", "byCtxtSpkr"):
        path = tmp_path / "tasks" / "french" / "10s" / f"10s_{name}.abx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    items = tuple(Item(name, 0.0, 1.0, phone, "p", "q", speaker) for name, phone, speaker in ITEMS)
    monkeypatch.setattr(track1, "read_task", lambda path, mode: task_from_items(items, mode, str(path)))
    features = tmp_path / "features" / "french" / "10s"
    features.mkdir(parents=True)
    for name, phone, _ in ITEMS:
        row = "1 0.5" if phone == "a" else "0.25 1"
        (features / f"{name}.txt").write_text(f"0.0125 {row}\n0.0225 {row}\n")
    return tmp_path / "tasks", tmp_path / "features"


def test_what_is_at_hand_is_scored_and_the_rest_is_said(folders, caplog):
    scores = track1.score_track1(*folders, ["french"])
    perfect = {"cosine": 0.0, "KL": 0.0, "best": "cosine"}
    assert scores == {"french": {"10s": {"across": perfect, "within": perfect}}}
    assert "french 1s across is not scored: no " in caplog.text


def test_kl_is_left_out_where_a_number_is_negative(folders):
    path = folders[1] / "french" / "10s" / "u.txt"
    path.write_text("-0.01 1 0.5\n0.0225 1 0.5\n")
    kept = track1.score_track1(*folders, ["french"], ["10s"], official_quirks=True)["french"]["10s"]["across"]
    assert (kept["KL"], kept["best"]) == ("-", "cosine")
    dropped = track1.score_track1(*folders, ["french"], ["10s"])["french"]["10s"]["across"]
    assert dropped["KL"] == 0.0


def test_nothing_in_common_is_an_error(folders):
    with pytest.raises(InputError, match="have no language and duration in common"):
        track1.score_track1(*folders, ["LANG1"])


def test_command(folders, tmp_path, capsys):
    command = [*map(str, folders), "--language", "french", "--duration", "10s"]
    track1.main([*command, "--json", "--output", str(tmp_path / "out.json")])
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "out.json").read_text())
    track1.main(command)
    assert capsys.readouterr().out.startswith("french 10s across {'cosine': 0.0")
