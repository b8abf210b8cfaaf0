"""Files are written whole or not at all."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from unitvoice.errors import InputError
from unitvoice.files import alone_in, atomic, clear_remains, read_json, sha256, write_json, write_text


def fill(folder, text):
    folder.mkdir()
    (folder / "part.txt").write_text(text)


def broken(_written):
    raise ZeroDivisionError


def test_a_file_appears_with_its_parents(tmp_path):
    with atomic(tmp_path / "a" / "b.txt") as beside:
        beside.write_text("new")
        assert not (tmp_path / "a" / "b.txt").exists()
    assert (tmp_path / "a" / "b.txt").read_text() == "new"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_a_file_that_fails_leaves_the_older_one(tmp_path):
    (tmp_path / "b.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), atomic(tmp_path / "b.txt") as beside:
        broken(beside.write_text("new"))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"b.txt": "old"}


def test_a_folder_that_fails_leaves_the_older_one(tmp_path):
    fill(tmp_path / "b", "old")
    with pytest.raises(ZeroDivisionError), atomic(tmp_path / "b") as beside:
        broken(fill(beside, "new"))
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert (tmp_path / "b" / "part.txt").read_text() == "old"


def test_a_folder_replaces_the_older_one_whole(tmp_path):
    fill(tmp_path / "b", "old")
    (tmp_path / "b" / "left over.txt").write_text("old")
    with atomic(tmp_path / "b") as beside:
        fill(beside, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert {path.name: path.read_text() for path in (tmp_path / "b").iterdir()} == {"part.txt": "new"}


def test_the_older_folder_is_whole_until_the_new_one_stands(tmp_path, monkeypatch):
    fill(tmp_path / "b", "old")
    replace = Path.replace

    def fails_at_last(self, target):
        if self.name.endswith(".part"):
            raise OSError("pulled out")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails_at_last)
    with pytest.raises(OSError, match="pulled out"), atomic(tmp_path / "b") as beside:
        fill(beside, "new")
    assert [path.read_text() for path in tmp_path.rglob("part.txt")] == ["old"]


def test_a_folder_replaces_a_file_and_a_link_but_not_what_it_points_to(tmp_path):
    (tmp_path / "file").write_text("old")
    fill(tmp_path / "there", "precious")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    for name in ("file", "link"):
        with atomic(tmp_path / name) as beside:
            fill(beside, "new")
        assert (tmp_path / name / "part.txt").read_text() == "new"
    assert (tmp_path / "there" / "part.txt").read_text() == "precious"


def test_a_file_does_not_replace_a_folder(tmp_path):
    fill(tmp_path / "b", "old")
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path / "b", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_block_that_writes_nothing_is_an_error_and_keeps_the_older_file(tmp_path):
    (tmp_path / "b").write_text("old")
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "b"):
        pass
    assert (tmp_path / "b").read_text() == "old"


def test_what_a_killed_process_of_the_same_number_left_is_in_nobodys_way(tmp_path):
    fill(tmp_path / f".b.{os.uname().nodename}-{os.getpid()}.part", "half")
    with atomic(tmp_path / "b") as beside:
        fill(beside, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_process_that_is_shot_leaves_the_older_file(tmp_path):
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom unitvoice.files import atomic\n"
        "with atomic(Path(sys.argv[1])) as beside:\n    beside.write_text('half')\n    os.kill(os.getpid(), 9)"
    )
    (tmp_path / "b").write_text("old")
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "b")], check=False)
    assert done.returncode == -9
    assert (tmp_path / "b").read_text() == "old"


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "語" * 85, "-rf", " a b ", "'\"$(x)", "a\nb"])
def test_every_name_that_the_disk_takes_can_be_written(tmp_path, name):
    write_text(tmp_path / name, "new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("place", [".", "..", "/", "a/.."])
def test_the_working_folder_and_those_above_are_never_replaced(tmp_path, monkeypatch, place):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    with pytest.raises(InputError, match="cannot write to"), atomic(Path(place)) as beside:
        beside.mkdir()
    assert (tmp_path / "a").is_dir()


def test_text_has_unix_line_ends_and_utf_8(tmp_path):
    write_text(tmp_path / "t", "é\nb\n")
    assert (tmp_path / "t").read_bytes() == b"\xc3\xa9\nb\n"


def test_json_keeps_order_and_letters_and_is_read_back(tmp_path):
    content = {"b": [1, 2.5, None, True], "a": "é語", "": {}}
    write_json(tmp_path / "j", content)
    assert read_json(tmp_path / "j") == content
    assert list(read_json(tmp_path / "j")) == list(content)
    assert "é語" in (tmp_path / "j").read_text(encoding="utf-8")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_never_holds_what_is_not_a_number(tmp_path, value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "j", {"score": value})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"{'a': 1}", b"\xff\xfe\x00"])
def test_what_is_not_json_is_told_with_its_name(tmp_path, content):
    (tmp_path / "j.json").write_bytes(content)
    with pytest.raises(InputError, match=r"j\.json is not a JSON file"):
        read_json(tmp_path / "j.json")


def test_the_sum_is_that_of_the_standard(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_what_killed_processes_left_is_cleared_and_what_a_living_one_writes_is_not(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here = os.uname().nodename
    fill(tmp_path / f".b.{here}-{gone.pid}.part", "half")
    fill(tmp_path / f".b.{here}-{gone.pid}.old", "old")
    kept = {f".b.{here}-{os.getppid()}.part", f".b.elsewhere-{gone.pid}.part", f".c.{here}-{gone.pid}.part", ".b.x"}
    for name in kept:
        fill(tmp_path / name, "of another")
    clear_remains(tmp_path / "b")
    assert {path.name for path in tmp_path.iterdir()} == kept


WORKING = """
import sys, time
from pathlib import Path
from unitvoice.files import alone_in
with alone_in(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(60)
"""


def test_a_second_process_waits_until_the_first_has_left_its_working_folder(tmp_path, caplog):
    """As when a job outlives the Snakemake that started it, and is started again."""
    first = subprocess.Popen([sys.executable, "-c", WORKING, str(tmp_path / "w")], stdout=subprocess.PIPE, text=True)
    assert first.stdout.readline() == "in\n"
    threading.Timer(0.5, first.kill).start()
    with alone_in(tmp_path / "w"):
        assert first.poll() is not None
    assert "another process works there; this one waits for its end" in caplog.text
    first.wait()


def test_a_folder_that_the_first_process_has_moved_away_is_made_anew(tmp_path):
    def leave():
        with alone_in(tmp_path / "w"):
            entered.set()
            time.sleep(0.3)
            (tmp_path / "w").rename(tmp_path / "done")

    entered = threading.Event()
    first = threading.Thread(target=leave)
    first.start()
    entered.wait()
    with alone_in(tmp_path / "w"):
        assert (tmp_path / "done").is_dir()
        assert (tmp_path / "w").is_dir()
    first.join()
