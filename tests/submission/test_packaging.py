"""The submission's zip."""

import os
import zipfile

import pytest
from unsealing import contents

from unitvoice.errors import InputError
from unitvoice.submission import layout
from unitvoice.submission.packaging import main, pack


@pytest.fixture
def tree(tmp_path, arguments):
    layout.main([str(tmp_path / "tree"), *arguments])
    return tmp_path / "tree"


def test_names_lie_sorted_at_the_root_with_their_content(tmp_path, tree):
    main([str(tree), str(tmp_path / "out.zip")])
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = archive.namelist()
        assert names == sorted(contents(tree))
        assert "metadata.yaml" in names
        assert all(archive.read(name) == (tree / name).read_bytes() for name in names)
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_DEFLATED}


def test_times_and_permissions_of_the_files_do_not_show(tmp_path, tree):
    pack(tree, tmp_path / "one.zip")
    for number, path in enumerate(sorted(tree.rglob("*.txt"))):
        os.utime(path, (1e9 + number, 1e9 + number))
        path.chmod(0o600 if number % 2 else 0o755)
    pack(tree, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize("name", [".DS_Store", "2019/english/test/._V001.wav", "__MACOSX/x", "notes.txt", "2019/.a/b"])
def test_stray_files_are_refused_by_name(tmp_path, tree, name):
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_text("")
    with pytest.raises(InputError, match=name.split("/")[-1]):
        pack(tree, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_marker_of_the_workflow_is_left_out(tmp_path, tree):
    pack(tree, tmp_path / "one.zip")
    (tree / ".snakemake_timestamp").write_text("")
    pack(tree, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_link_out_of_the_tree_is_refused(tmp_path, tree):
    (tree / "2019/secret.txt").symlink_to(tmp_path / "metadata.yaml")
    with pytest.raises(InputError, match=r"secret\.txt"):
        pack(tree, tmp_path / "out.zip")


def test_what_is_no_submission_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no metadata\.yaml"):
        pack(tmp_path, tmp_path / "out.zip")


def test_zip_within_its_own_tree_is_refused(tree):
    with pytest.raises(InputError, match="somewhere else"):
        pack(tree, tree / "2019/out.zip")
