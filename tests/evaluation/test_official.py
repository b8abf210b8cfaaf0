"""The adapter to the organisers' tools, with small programs that speak their command line."""

import json
import sys

import pytest

from unitvoice.errors import InputError
from unitvoice.evaluation.official import differences, evaluate, in_official_shape, main, validate

SCORES = {
    "2019": {
        "english": {
            "scores": {"abx": 13.5, "bitrate": 421.25},
            "details_bitrate": {"test": 421.25},
            "details_abx": {"test": {"cosine": 13.5, "KL": 50.0, "levenshtein": 27.75}},
        }
    }
}
EVALUATOR = """
import argparse, json, os, sys
parser = argparse.ArgumentParser()
tasks = parser.add_subparsers(dest="task", required=True)
task = tasks.add_parser("2019")
for option in ("-o", "-D", "-j"):
    task.add_argument(option)
task.add_argument("submission")
tasks.add_parser("2017-track2").add_argument("-o")
tasks.choices["2017-track2"].add_argument("submission")
arguments = parser.parse_args()
sys.stderr.write("[INFO] reading\\n")
if not os.path.exists(os.path.join(arguments.submission, "2019")):
    sys.stderr.write("2020 [ERROR] fatal error: bad submission, fount no data to evaluate\\n")
    sys.exit(1)
assert os.environ["HDF5_USE_FILE_LOCKING"] == "FALSE"
print("something said on standard output")
json.dump({"task": arguments.task} | SCORES, open(arguments.o, "w"))
"""
VALIDATOR = """
import os, sys
submission = sys.argv[-1]
assert sys.argv[1:3] == ["-j", "1"]
if os.path.exists(os.path.join(submission, "metadata.yaml")):
    print("File is empty")
    sys.stderr.write("[INFO] success, the submission is valid!\\n")
elif os.path.exists(os.path.join(submission, "crash")):
    raise IndexError("too many indices")
else:
    sys.stderr.write("2020 [ERROR] fatal error: no metadata\\n2020 [ERROR] please fix it\\n")
    sys.exit(1)
"""


def program(path, text):
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def tools(tmp_path):
    """Paths of a validator and an evaluator."""
    evaluator = EVALUATOR.replace("SCORES", repr(SCORES))
    return program(tmp_path / "validate", VALIDATOR), program(tmp_path / "evaluate", evaluator)


@pytest.fixture
def submission(tmp_path):
    (tmp_path / "submission" / "2019").mkdir(parents=True)
    (tmp_path / "submission" / "metadata.yaml").write_text("author: A\n")
    return tmp_path / "submission"


def test_scores_of_the_tool_are_returned_whatever_it_prints(tmp_path, tools, submission):
    assert evaluate(submission, tmp_path, tools[1]) == {"task": "2019"} | SCORES


def test_track2_is_called_without_options_it_does_not_have(tmp_path, tools, submission):
    assert evaluate(submission, tmp_path, tools[1], task="2017-track2")["task"] == "2017-track2"


def test_reason_of_a_fatal_error_is_passed_on(tmp_path, tools, submission):
    (submission / "2019").rmdir()
    with pytest.raises(InputError, match="fount no data to evaluate"):
        evaluate(submission, tmp_path, tools[1])


def test_traceback_of_the_tool_is_shortened_to_its_last_line(tmp_path, submission):
    with pytest.raises(InputError, match=r"could not evaluate .*: KeyError: 'S001'$"):
        evaluate(submission, tmp_path, program(tmp_path / "broken", "raise KeyError('S001')"))


def test_tool_that_is_absent_is_an_error_with_the_way_to_install_it(tmp_path, submission):
    with pytest.raises(InputError, match=r"no-such-tool.*not installed.*zerospeech2020\.yaml"):
        evaluate(submission, tmp_path, "no-such-tool")


def test_tool_may_be_a_command_with_arguments(tmp_path, tools, submission):
    assert evaluate(submission, tmp_path, f"{sys.executable} {tools[1]}")["2019"] == SCORES["2019"]


def test_dataset_that_is_absent_is_named(tmp_path, tools, submission):
    with pytest.raises(InputError, match=r"nowhere does not exist"):
        evaluate(submission, tmp_path / "nowhere", tools[1])


def test_verdict_has_the_errors_and_what_was_printed(tmp_path, tools, submission):
    good = validate(submission, tools[0])
    assert (good.valid, good.log) == (True, ("File is empty",))
    bad = validate(tmp_path, tools[0])
    assert (bad.valid, bad.log) == (False, ("fatal error: no metadata", "please fix it"))


def test_crash_of_the_validator_is_invalid(tmp_path, tools):
    (tmp_path / "crash").write_text("")
    bad = validate(tmp_path, tools[0])
    assert (bad.valid, bad.log) == (False, ("IndexError: too many indices",))


def test_command_writes_both_scores_and_their_difference(tmp_path, tools, submission):
    scored = {"abx": {"test": {"across": {"cosine": 13.25}, "within": {"cosine": 9.0}}}, "bitrate": 421.25}
    (tmp_path / "ours.json").write_text(json.dumps({"representations": {"units": scored}}))
    options = ["--dataset", str(tmp_path), "--validator", tools[0], "--tool", tools[1]]
    main([str(submission), str(tmp_path / "out.json"), *options, "--ours", str(tmp_path / "ours.json")])
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["verdict"]["valid"] is True
    assert found["official"]["2019"] == SCORES["2019"]
    assert {one["score"]: (one["official"], one["ours"], one["difference"]) for one in found["differences"]} == {
        "2019/english/details_abx/test/cosine": (13.5, 13.25, -0.25),
        "2019/english/details_bitrate/test": (421.25, 421.25, 0.0),
    }


def test_command_works_without_scores_of_ours(tmp_path, tools, submission):
    options = ["--dataset", str(tmp_path), "--validator", tools[0], "--tool", tools[1]]
    main([str(submission), str(tmp_path / "out.json"), *options])
    assert json.loads((tmp_path / "out.json").read_text())["differences"] == []


def test_scores_in_the_official_shape_are_compared_number_by_number():
    changed = json.loads(json.dumps(SCORES))
    changed["2019"]["english"]["details_abx"]["test"]["KL"] = 49.5
    found = {one.score: one.difference for one in differences(SCORES, in_official_shape(changed))}
    assert len(found) == 6
    assert {key for key, value in found.items() if value} == {"2019/english/details_abx/test/KL"}


def test_one_of_several_representations_must_be_named():
    scores = {"representations": {"units": {"bitrate": 1.0}, "other": {"bitrate": 2.0}}}
    with pytest.raises(InputError, match="units, other"):
        in_official_shape(scores)
    assert in_official_shape(scores, "other")["2019"]["english"]["details_bitrate"] == {"test": 2.0}
