"""Checkpoints: which are kept, and what happens to damaged ones."""

import pytest
import torch

from unitvoice.errors import InputError
from unitvoice.training import checkpoint


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def saved(folder, *steps, **options):
    for step in steps:
        checkpoint.save(folder, step, {"weights": torch.tensor([float(step)])}, **options)


def test_only_the_last_two_checkpoints_are_kept(tmp_path):
    saved(tmp_path, 10, 20, 30)
    assert names(tmp_path) == ["step-000000020.ckpt", "step-000000030.ckpt"]


def test_milestones_stay(tmp_path):
    saved(tmp_path, 10, 20, 30, 40, 50, 60, keep_every=20)
    assert names(tmp_path) == [f"step-0000000{step}.ckpt" for step in (20, 40, 50, 60)]


def test_the_newest_is_read_back(tmp_path):
    saved(tmp_path, 9, 10)
    state = checkpoint.restore(tmp_path)
    assert (state["step"], state["weights"].item()) == (10, 10.0)


def test_a_folder_without_checkpoints_has_no_state(tmp_path):
    assert checkpoint.restore(tmp_path) is None
    assert checkpoint.restore(tmp_path / "absent") is None


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda _: b"", lambda data: data[:40] + b"x" + data[41:]])
def test_a_damaged_checkpoint_is_passed_over(tmp_path, caplog, damage):
    saved(tmp_path, 10, 20)
    newest = tmp_path / "step-000000020.ckpt"
    newest.write_bytes(damage(newest.read_bytes()))
    assert checkpoint.restore(tmp_path)["step"] == 10
    assert caplog.messages == [f"{newest} is damaged; the one before is taken"]


def test_when_all_are_damaged_training_begins_anew_and_says_so(tmp_path, caplog):
    saved(tmp_path, 10)
    (tmp_path / "step-000000010.ckpt").write_bytes(b"nothing")
    assert checkpoint.restore(tmp_path) is None
    assert "is damaged; training begins anew" in caplog.text


def test_nothing_but_tensors_and_plain_values_is_read(tmp_path):
    checkpoint.write(tmp_path / "bad.ckpt", {"path": tmp_path})
    with pytest.raises(InputError, match="holds no state of training"):
        checkpoint.read(tmp_path / "bad.ckpt")


def test_a_full_disk_is_told_and_the_checkpoint_before_stays(tmp_path, disk_with_room_for):
    saved(tmp_path, 10)
    with disk_with_room_for(100), pytest.raises(InputError, match=r"step-000000020\.ckpt cannot be written \(.*\)"):
        saved(tmp_path, 20)
    assert names(tmp_path) == ["step-000000010.ckpt"]
    assert checkpoint.restore(tmp_path)["step"] == 10
