"""Progress: a bar on a terminal, a line a minute without one."""

import logging

import pytest

from unitvoice import progress
from unitvoice.progress import STEPS, Progress


@pytest.fixture
def clock(monkeypatch):
    """The time, in a list of one number, where there is no terminal."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: False, raising=False)
    return now


def test_bytes_are_told_once_a_minute_with_speed_and_time_left(caplog, clock):
    with caplog.at_level(logging.INFO), Progress("english.tgz", 400_000_000, done=100_000_000) as shown:
        for clock[0] in (30.0, 59.0, 61.0, 80.0, 125.0):
            shown.add(50_000_000)
    assert [record.message for record in caplog.records] == [
        "english.tgz: 250.0 of 400.0 MB, 62%, 2.5 MB/s, 61 s left",
        "english.tgz: 350.0 of 400.0 MB, 88%, 2.0 MB/s, 25 s left",
    ]


def test_bytes_of_an_unknown_total_are_told_without_a_share(caplog, clock):
    with caplog.at_level(logging.INFO), Progress("stream", None) as shown:
        clock[0] = 100.0
        shown.add(5_000_000)
    assert [record.message for record in caplog.records] == ["stream: 5.0 MB, 0.1 MB/s"]


def test_steps_are_told_with_the_speech_they_cover_and_the_last_figures(caplog, clock):
    with caplog.at_level(logging.INFO), Progress("vqvae", 1000, done=400, measure=STEPS, speech=20.0) as shown:
        shown.show({"reconstruction": 0.123456})
        clock[0] = 60.0
        shown.add(30)
    assert [record.message for record in caplog.records] == [
        "vqvae: 430 of 1,000 steps, 43%, 0.5 steps/s, 10 s of speech/s, 1140 s left, reconstruction 0.1235"
    ]


def test_there_is_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    with Progress("english.tgz", 100) as shown:
        assert b"".join(shown.watch([b"x" * 60, b"y" * 40])) == b"x" * 60 + b"y" * 40
    assert "english.tgz: 100%" in capsys.readouterr().err
