"""Commands: exit codes, messages instead of tracebacks, and how they die."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from unitvoice import cli
from unitvoice.errors import InputError, UnfinishedError
from unitvoice.files import write_text


@pytest.fixture(autouse=True)
def _handler_stays():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def outcome(main, capsys):
    with pytest.raises(SystemExit) as left:
        cli.run(main)
    return left.value.code, capsys.readouterr().err


def raising(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (1, 1), (3, 3)])
def test_what_main_returns_is_the_exit_code(capsys, returned, code):
    assert outcome(lambda: returned, capsys) == (code, "")


def test_bad_input_is_one_line_and_code_2(capsys):
    assert outcome(raising(InputError("x.wav is broken")), capsys) == (2, "error: x.wav is broken\n")


def test_an_error_of_the_system_names_the_file(capsys, tmp_path):
    code, told = outcome((tmp_path / "absent.txt").read_text, capsys)
    assert (code, told) == (2, f"error: No such file or directory: {tmp_path / 'absent.txt'}\n")


def test_an_error_of_the_system_without_a_number_is_told(capsys):
    assert outcome(raising(OSError("the device went away")), capsys) == (2, "error: the device went away\n")


def test_a_full_disk_is_told_and_nothing_is_left(capsys, tmp_path, disk_with_room_for):
    with disk_with_room_for(100_000):
        code, told = outcome(lambda: write_text(tmp_path / "large.txt", "x" * 200_000), capsys)
    assert code == 2
    assert told.startswith("error: File too large")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_copied_is_told_by_one_file(capsys, tmp_path):
    for name in "ab":
        (tmp_path / "from").mkdir(exist_ok=True)
        (tmp_path / "from" / name).symlink_to(tmp_path / "absent")
    code, told = outcome(lambda: shutil.copytree(tmp_path / "from", tmp_path / "to"), capsys)
    assert code == 2
    assert told.startswith("error: [Errno 2] No such file or directory: ")
    assert told.count("absent") + told.count(str(tmp_path / "from")) == 1


def test_a_folder_that_cannot_be_written_is_told(capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, told = outcome(lambda: write_text(tmp_path / "file" / "new.txt", "x"), capsys)
    assert code == 2
    assert told.startswith("error: ")
    assert str(tmp_path / "file") in told


def test_an_interruption_is_code_130(capsys):
    assert outcome(raising(KeyboardInterrupt()), capsys) == (130, "interrupted\n")


def test_work_that_can_go_on_is_code_75(capsys):
    assert outcome(raising(UnfinishedError("stopped at step 3")), capsys) == (75, "stopped at step 3\n")


def test_a_fault_of_ours_is_one_line_and_code_1(capsys, monkeypatch):
    monkeypatch.delenv("UNITVOICE_TRACEBACK", raising=False)
    code, told = outcome(raising(KeyError("speaker")), capsys)
    assert code == 1
    assert told.startswith("internal error: KeyError: 'speaker' (")
    assert "UNITVOICE_TRACEBACK=1" in told
    assert told.count("\n") == 1


def test_the_traceback_of_a_fault_of_ours_can_be_seen(capsys, monkeypatch):
    monkeypatch.setenv("UNITVOICE_TRACEBACK", "1")
    code, told = outcome(raising(KeyError("speaker")), capsys)
    assert code == 1
    assert "Traceback (most recent call last)" in told
    assert "in main" in told


def test_help_and_wrong_options_leave_with_the_codes_of_argparse(capsys):
    parser = cli.parser("Do it.")
    assert outcome(lambda: parser.parse_args(["--help"]), capsys)[0] == 0
    code, told = outcome(lambda: parser.parse_args(["--nope"]), capsys)
    assert code == 2
    assert "unrecognized arguments: --nope" in told


def test_options_cannot_be_abbreviated(capsys):
    parser = cli.parser("Do it.")
    parser.add_argument("--threads")
    assert outcome(lambda: parser.parse_args(["--thr", "2"]), capsys)[0] == 2


def test_help_shows_defaults_and_the_version_is_told(capsys):
    parser = cli.parser("Do it.")
    parser.add_argument("--threads", default=7, help="of torch")
    assert "(default: 7)" in parser.format_help()
    with pytest.raises(SystemExit):
        parser.parse_args(["--version"])
    assert capsys.readouterr().out.startswith("unitvoice ")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", ""])
def test_a_count_that_is_no_count_is_refused(capsys, text):
    parser = cli.parser("Do it.")
    parser.add_argument("--jobs", type=cli.positive)
    code, told = outcome(lambda: parser.parse_args([f"--jobs={text}"]), capsys)
    assert code == 2
    assert "argument --jobs" in told


@pytest.mark.parametrize(("text", "message"), [("{", "is not JSON"), ("[1]", "is not a JSON object")])
def test_a_mapping_that_is_none_is_refused(capsys, text, message):
    parser = cli.parser("Do it.")
    parser.add_argument("--options", type=cli.mapping, default="{}")
    assert parser.parse_args([]).options == {}
    code, told = outcome(lambda: parser.parse_args([f"--options={text}"]), capsys)
    assert code == 2
    assert message in told


def test_a_terminated_command_leaves_nothing_half_written(tmp_path):
    program = """
        import sys, time
        from pathlib import Path
        from unitvoice import cli
        from unitvoice.files import atomic

        def main():
            with atomic(Path(sys.argv[1])) as beside:
                beside.write_text("half")
                print("ready", flush=True)
                time.sleep(60)

        cli.run(main)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "out.txt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    assert list(tmp_path.iterdir()) == []


def test_messages_of_the_log_go_to_standard_error():
    program = "import logging\nfrom unitvoice import cli\ncli.run(lambda: logging.getLogger('a').info('all is well'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "all is well\n")
    assert logging.getLogger("unitvoice").handlers == []


@pytest.mark.parametrize(("main", "code"), [("int", 0), ("input", 2), ("[].pop", 1)])
def test_a_log_on_a_full_disk_changes_no_exit_code(main, code):
    program = f"""
        import logging
        from unitvoice import cli
        from unitvoice.errors import InputError

        def input():
            raise InputError("x.wav is broken")

        def main():
            logging.getLogger("a").info("begun")
            {main}()

        cli.run(main)
    """
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], stderr=full, check=False)
    assert done.returncode == code
