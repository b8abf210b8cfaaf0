"""The organisers' file lists."""

from pathlib import Path

import pytest
from submission.conftest import SECONDS, make_language

from unitvoice.errors import InputError
from unitvoice.submission.lists import main, read_lists, write_lists

GOLDEN = Path(__file__).parents[1] / "golden" / "validator" / "lists"


def test_official_layout_is_read():
    lists = read_lists(GOLDEN)
    assert set(lists.year2019) == {"english", "surprise"}
    english = lists.year2019["english"]
    assert (len(english.required), len(english.embedding), len(english.bitrate)) == (54, 48, 9)
    assert "V001_1782009009.wav" in english.required
    assert english.bitrate["S900_1782009009"] == 4.577729
    assert lists.track1["mandarin"] == {"1s": tuple("012345"), "10s": tuple("0123"), "120s": tuple("012")}
    assert lists.track2["mandarin"] == ("M03", "M08", "M11", "M20")


def test_lists_survive_writing_and_reading(tmp_path):
    lists = read_lists(GOLDEN)
    write_lists(lists, tmp_path / "lists")
    assert read_lists(tmp_path / "lists") == lists
    for path in (tmp_path / "lists").rglob("required_filelist.txt"):
        assert sorted(path.read_text().split()) == sorted(
            (GOLDEN / path.relative_to(tmp_path / "lists")).read_text().split()
        )


def test_lists_of_a_manifest_hold_its_test_files_and_trials(tmp_path):
    make_language(tmp_path, "english")
    main([str(tmp_path / "lists"), "--manifest", "english", str(tmp_path / "manifest")])
    lists = read_lists(tmp_path / "lists").year2019["english"]
    assert set(lists.required) == {*(f"{name}.txt" for name in SECONDS), "V001_02.wav", "V001_03.wav"}
    assert lists.embedding == SECONDS
    assert lists.bitrate == {"S001_02": 1.0, "S002_03": 2.0}


def test_folder_without_lists_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no file lists"):
        read_lists(tmp_path)


def test_incomplete_language_is_refused(tmp_path):
    (tmp_path / "2019/english").mkdir(parents=True)
    (tmp_path / "2019/english/required_filelist.txt").write_text("english/test/a.txt\n")
    with pytest.raises(InputError, match="lacks embedding_filelist"):
        read_lists(tmp_path)


def test_line_without_seconds_is_refused(tmp_path):
    write_lists(read_lists(GOLDEN), tmp_path / "lists")
    (tmp_path / "lists/2019/english/bitrate_filelist.txt").write_text("S900_1.txt\n")
    with pytest.raises(InputError, match=r"bitrate_filelist\.txt has a line"):
        read_lists(tmp_path / "lists")


def test_folder_of_something_else_is_not_replaced(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match=r"thesis\.tex"):
        write_lists(read_lists(GOLDEN), tmp_path)
