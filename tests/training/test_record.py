"""The training log and its curves: whole lines, and nothing of a run that was cut."""

import json
import sys

import pytest

from unitvoice.errors import InputError
from unitvoice.training.record import Record


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def events(folder):
    """All (step, value) of a tag that are shown."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: PLC0415 - slow

    reader = EventAccumulator(str(folder)).Reload()
    return {tag: [(event.step, event.value) for event in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}


def test_going_on_begins_with_the_lines_of_the_checkpoint_whatever_is_in_the_file(tmp_path):
    path, kept = tmp_path / "log.jsonl", ""
    with Record(path) as record:
        for step in (10, 20):
            kept += record.add(step, {"loss": step / 10})
        record.add(30, {"loss": 3.0})
    assert path.read_text().startswith(kept)
    path.write_text('{"step": 10, "lo\x00s": 1.0}\n{"st')
    Record(path, kept, 20).add(30, {"loss": 7.0})
    assert lines(path) == [{"step": 10, "loss": 1.0}, {"step": 20, "loss": 2.0}, {"step": 30, "loss": 7.0}]


def test_beginning_anew_empties_the_log(tmp_path):
    path = tmp_path / "log.jsonl"
    Record(path).add(10, {"loss": 1.0})
    Record(path)
    assert path.read_text() == ""


def test_curves_hold_the_figures_of_the_log_without_those_of_a_run_that_was_cut(tmp_path):
    with Record(tmp_path / "log.jsonl", "", 0, tmp_path / "curves") as record:
        record.add(10, {"loss": 1.0, "perplexity": 5.0})
        record.add(20, {"loss": 9.0})
    with Record(tmp_path / "log.jsonl", "", 10, tmp_path / "curves") as record:
        record.add(20, {"loss": 0.5})
    assert events(tmp_path / "curves") == {"loss": [(10, 1.0), (20, 0.5)], "perplexity": [(10, 5.0)]}


def test_curves_without_tensorboard_are_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(InputError, match="TensorBoard is not installed; install tensorboard"):
        Record(tmp_path / "log.jsonl", "", 0, tmp_path / "curves")


def test_a_silent_record_writes_nothing(tmp_path):
    with Record(tmp_path / "log.jsonl", "", 0, tmp_path / "curves", silent=True) as record:
        record.add(10, {"loss": 1.0})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told(tmp_path, disk_with_room_for):
    record = Record(tmp_path / "log.jsonl")
    with disk_with_room_for(50), pytest.raises(InputError, match=r"log\.jsonl cannot be written \(.*\); make room"):
        record.add(10, {f"loss {number}": 1.0 for number in range(10)})
