"""What the key ``corpus`` of the configuration means, and archives that become a folder."""

import zipfile

import pytest
from corpora.making import sound

from unitvoice.corpora.source import find_source
from unitvoice.corpora.unpack import main, unpack
from unitvoice.errors import InputError

ARCHIVES = {"kind": "vctk", "mirrors": ["https://a.example/x/", "https://b.example"], "archives": ["v.zip"]}


def test_the_demo_is_generated():
    source = find_source("demo", ["english"])
    assert (source.name, source.kind, source.folder("resources")) == ("demo", "demo", "resources/demo")


def test_a_path_is_recognised_and_used_where_it_is(tmp_path):
    sound(tmp_path / "wav48" / "p225" / "p225_001.wav")
    source = find_source(str(tmp_path), ["english"])
    assert (source.name, source.kind, source.folder("resources")) == ("vctk", "vctk", str(tmp_path))


def test_a_mapping_names_results_options_and_the_place_of_languages(tmp_path):
    for language in ("wolof", "french"):
        sound(tmp_path / language / "s" / "1.wav")
    said = {"name": "mine", "kind": "folder", "path": f"{tmp_path}/{{language}}", "trials": {"table": "t.csv"}}
    source = find_source(said, ["wolof", "french"])
    assert source.name == "mine"
    assert source.options == {"trials": {"table": "t.csv"}}
    assert source.tables(["wolof", "french"]) == [f"{tmp_path}/french/t.csv", f"{tmp_path}/wolof/t.csv"]
    with pytest.raises(InputError, match=r"no folder .*/latin;"):
        find_source(said, ["wolof", "latin"])
    with pytest.raises(InputError, match=r"write \{language\} where"):
        find_source(said | {"path": str(tmp_path)}, ["wolof", "french"])


def test_archives_are_fetched_from_mirrors_in_order():
    source = find_source(ARCHIVES | {"sha256": {"v.zip": "0" * 64}}, ["english"])
    assert source.folder("resources") == "resources/unpacked/vctk"
    assert source.download_options("v.zip") == (
        f"--url https://a.example/x/v.zip --url https://b.example/v.zip --sha256 {'0' * 64}"
    )


def test_options_of_the_check_are_quoted():
    source = find_source(ARCHIVES | {"checks": {"strict": True, "tolerate": ["not finite", "x"]}}, ["english"])
    assert source.check_options == "--strict --tolerate 'not finite' x"
    assert find_source(ARCHIVES, ["english"]).check_options == ""


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("/nowhere", "there is no folder /nowhere"),
        ("vctk", "needs a path .* or archives"),
        ({"name": "x"}, "give its kind, or the path"),
        ({"kind": "vctk", "archives": ["a.zip"]}, "need mirrors"),
        (ARCHIVES | {"path": "."}, "and no path"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(said, message):
    with pytest.raises(InputError, match=message):
        find_source(said, ["english"])


def archive(path, *names):
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, name)
    return path


def test_archives_are_unpacked_side_by_side(tmp_path):
    archives = [archive(tmp_path / "1.zip", "english/a", "english/b"), archive(tmp_path / "2.zip", "surprise/a")]
    main([str(tmp_path / "out"), *map(str, archives)])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["english", "surprise"]


def test_archives_with_the_same_folder_leave_nothing(tmp_path):
    archives = [archive(tmp_path / "1.zip", "english/a"), archive(tmp_path / "2.zip", "english/b")]
    with pytest.raises(InputError, match="both hold english"):
        unpack(archives, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.zip", "2.zip"]
