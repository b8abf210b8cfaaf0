"""The submission tree."""

import numpy as np
import pytest
import yaml
from submission.conftest import METADATA, SECONDS, frames_of, make_store

from unitvoice.errors import InputError
from unitvoice.provenance import SEAL
from unitvoice.submission.layout import main


def rewrite(tmp_path, **changes):
    content = METADATA | {key.replace("_", " "): value for key, value in changes.items()}
    kept = {key: value for key, value in content.items() if value is not None}
    (tmp_path / "metadata.yaml").write_text(yaml.safe_dump(kept), encoding="utf-8")


def test_tree_has_the_official_names(tmp_path, arguments):
    main([str(tmp_path / "out"), *arguments])
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    files = [*(f"{name}.txt" for name in SECONDS), "V001_02.wav", "V001_03.wav"]
    tests = {f"2019/{language}/test/{name}" for language in ("english", "surprise") for name in files}
    assert found == tests | {"metadata.yaml", "2019/metadata.yaml", SEAL}


def test_embeddings_are_read_back_bit_for_bit(tmp_path, arguments):
    main([str(tmp_path / "out"), *arguments])
    for name in SECONDS:
        read = np.loadtxt(tmp_path / f"out/2019/english/test/{name}.txt", ndmin=2)
        np.testing.assert_array_equal(read.astype(np.float32), frames_of(name))


def test_metadata_is_split_into_the_official_files(tmp_path, arguments):
    main([str(tmp_path / "out"), *arguments])
    top = yaml.safe_load((tmp_path / "out/metadata.yaml").read_text(encoding="utf-8"))
    below = yaml.safe_load((tmp_path / "out/2019/metadata.yaml").read_text(encoding="utf-8"))
    assert list(top) == ["author", "affiliation", "open source"]
    assert top | below == METADATA
    assert not top.keys() & below.keys()


def test_same_inputs_give_the_same_bytes(tmp_path, arguments):
    for name in ("one", "two"):
        main([str(tmp_path / name), *arguments])
    one, two = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two


def test_auxiliary_embeddings_get_their_folders(tmp_path, arguments):
    rewrite(tmp_path, auxiliary1_description="first", auxiliary2_description="second")
    further = []
    for language in ("english", "surprise"):
        for number in (1, 2):
            store = make_store(tmp_path / f"{language}{number}", width=2 + number, seed=number)
            further += [f"--auxiliary{number}", language, str(store)]
    main([str(tmp_path / "out"), *arguments, *further])
    for number in (1, 2):
        folder = tmp_path / f"out/2019/surprise/auxiliary_embedding{number}"
        assert {path.stem for path in folder.iterdir()} == set(SECONDS)
        assert np.loadtxt(folder / "S001_01.txt").shape[1] == 2 + number


def test_open_source_code_is_copied_without_debris(tmp_path, arguments):
    rewrite(tmp_path, open_source=True)
    code = tmp_path / "project"
    (code / ".git").mkdir(parents=True)
    (code / ".git" / "config").write_text("")
    (code / "model.py").write_text("pass\n")
    (tmp_path / "README.md").write_text("read\n")
    main([str(tmp_path / "out"), *arguments, "--code", str(code), str(tmp_path / "README.md")])
    copied = {
        path.relative_to(tmp_path / "out/2019/code").as_posix() for path in (tmp_path / "out/2019/code").rglob("*")
    }
    assert copied == {"project", "project/model.py", "README.md"}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"author": None}, "lacks the entries 'author'"),
        ({"extra": 1}, "unknown entries 'extra'"),
        ({"open_source": "true"}, "'open source', which must be a YAML boolean"),
        ({"abx_distance": "cosine"}, "must be one of 'dtw_cosine'"),
        ({"open_source": True}, "code must be given"),
        ({"author": "", "hyperparameters": None}, "hyperparameters"),
    ],
)
def test_wrong_metadata_writes_nothing(tmp_path, arguments, changes, part):
    rewrite(tmp_path, **changes)
    with pytest.raises(InputError, match=part):
        main([str(tmp_path / "out"), *arguments])
    assert not (tmp_path / "out").exists()


def test_code_of_a_closed_submission_is_refused(tmp_path, arguments):
    with pytest.raises(InputError, match="no code may be given"):
        main([str(tmp_path / "out"), *arguments, "--code", str(tmp_path / "english")])


def test_code_folder_that_contains_the_output_is_refused(tmp_path, arguments):
    rewrite(tmp_path, open_source=True)
    with pytest.raises(InputError, match="contains the output"):
        main([str(tmp_path / "out"), *arguments, "--code", str(tmp_path)])


def test_all_missing_parts_are_named_at_once(tmp_path, arguments):
    make_store(tmp_path / "english/vectors", names=["S001_01", "S001_02"])
    (tmp_path / "surprise/wavs/V001_02.wav").unlink()
    with pytest.raises(InputError, match=r"S002_03, S002_04, S002_05.*V001_02\.wav"):
        main([str(tmp_path / "out"), *arguments])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("width", "dtype"), [(1, np.float32), (3, np.uint16)])
def test_unit_numbers_instead_of_vectors_are_refused(tmp_path, arguments, width, dtype):
    make_store(tmp_path / "english/vectors", width=width, dtype=dtype)
    with pytest.raises(InputError, match="code vectors or one-hot"):
        main([str(tmp_path / "out"), *arguments])


def test_auxiliary_of_one_language_only_is_refused(tmp_path, arguments):
    rewrite(tmp_path, auxiliary1_description="first")
    store = make_store(tmp_path / "aux")
    with pytest.raises(InputError, match="some languages only"):
        main([str(tmp_path / "out"), *arguments, "--auxiliary1", "english", str(store)])


def test_folder_of_something_else_is_not_replaced(tmp_path, arguments):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match=r"thesis\.tex"):
        main([str(tmp_path / "out"), *arguments])
    assert (tmp_path / "out" / "thesis.tex").read_text() == "precious"


def test_earlier_tree_is_replaced_whole(tmp_path, arguments):
    main([str(tmp_path / "out"), *arguments])
    (tmp_path / "out/2019/english/test/old.txt").write_text("1 2\n")
    main([str(tmp_path / "out"), *arguments])
    assert not (tmp_path / "out/2019/english/test/old.txt").exists()


def test_2017_tree_has_times_and_class_files(tmp_path):
    facts = {"author": "A", "affiliation": "B", "open source": False, "system description": "C"}
    facts |= {"hyperparameters": "none", "track1 supervised": False, "track2 supervised": False}
    (tmp_path / "metadata.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    store = make_store(tmp_path / "store", names=["S001_01", "S001_02"], first=0.0125)
    (tmp_path / "classes.txt").write_text("Class 0\nA 1.0 1.5\n\n")
    options = ["--track1", "english", "1s", str(store), "--track2", "LANG1", str(tmp_path / "classes.txt")]
    main([str(tmp_path / "out"), "--metadata", str(tmp_path / "metadata.yaml"), *options])
    rows = np.loadtxt(tmp_path / "out/2017/track1/english/1s/S001_01.txt")
    np.testing.assert_allclose(rows[:, 0], 0.0125 + np.arange(len(rows)) / 50, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(rows[:, 1:].astype(np.float32), frames_of("S001_01"))
    assert (tmp_path / "out/2017/track2/LANG1.txt").read_text() == "Class 0\nA 1.0 1.5\n\n"
