"""What is handed on is whole, and belongs to what it is used with; everything else is refused by name."""

import json
import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unitvoice.errors import InputError
from unitvoice.provenance import SEAL, Origin, Seal, agreed, prefixed, read_json, sealed, verified, write_json


def folder(path, text="frames", about="logmel, 100 Hz", made_of=None):
    with sealed(path, about, made_of) as beside:
        (beside / "deep").mkdir(parents=True)
        (beside / "frames.npy").write_text(text)
        (beside / "deep" / "index.csv").write_text("index")
    return path


def test_a_whole_folder_is_known_by_its_content_and_origin_wherever_it_lies(tmp_path):
    made_of = {"manifest": Origin("demo, english", "1f")}
    one = verified(folder(tmp_path / "a", made_of=made_of))
    shutil.copytree(tmp_path / "a", tmp_path / "elsewhere" / "b")
    two = verified(tmp_path / "elsewhere" / "b")
    assert one.digest == two.digest
    assert two.made_of == made_of
    assert two.about == "logmel, 100 Hz"


@pytest.mark.parametrize("change", [{"text": "other"}, {"about": "mfcc39, 100 Hz"}, {"made_of": {"manifest": "2e"}}])
def test_another_content_name_or_origin_is_another_artefact(tmp_path, change):
    if "made_of" in change:
        change = {"made_of": {"manifest": Origin("demo, english", "2e")}}
    assert verified(folder(tmp_path / "a")).digest != verified(folder(tmp_path / "b", **change)).digest


@given(data=st.data())
def test_any_bit_of_any_file_that_has_changed_is_told_by_the_folder_and_the_cure(tmp_path_factory, data):
    place = folder(tmp_path_factory.mktemp("a") / "store")
    before = verified(place)
    path = data.draw(st.sampled_from(sorted(path for path in place.rglob("*") if path.is_file())))
    content = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"store is damaged: .*; delete .*store, and run again"):
        pytest.fail("the damage was overlooked") if verified(place) == before else None


@pytest.mark.parametrize("name", ["frames.npy", "deep/index.csv"])
@pytest.mark.parametrize("size", [0, 3, None])
def test_a_file_that_was_cut_or_is_gone_is_named(tmp_path, name, size):
    place = folder(tmp_path / "store") / name
    place.unlink() if size is None else os.truncate(place, size)
    with pytest.raises(InputError, match=f"store is damaged: {name} is not as it was written; delete"):
        verified(tmp_path / "store")


def test_all_damaged_files_are_named_at_once(tmp_path):
    place = folder(tmp_path / "store")
    for path in (place / "frames.npy", place / "deep" / "index.csv"):
        path.write_text("")
    with pytest.raises(InputError, match=r"deep/index\.csv, frames\.npy"):
        verified(place)


def test_a_seal_that_was_cut_is_told(tmp_path):
    place = folder(tmp_path / "store")
    for size in range(0, (place / SEAL).stat().st_size - 1, 20):
        shutil.copytree(place, tmp_path / str(size))
        os.truncate(tmp_path / str(size) / SEAL, size)
        with pytest.raises(InputError, match=r"is damaged: its seal \.seal\.json is not as it was written"):
            verified(tmp_path / str(size))


def test_a_file_has_its_seal_beside_it_and_is_read_when_it_is_whole(tmp_path):
    path = tmp_path / "scores.json"
    write_json(path, {"error": 12.5}, "scores")
    assert sorted(found.name for found in tmp_path.iterdir()) == [f".scores.json{SEAL}", "scores.json"]
    assert json.loads(path.read_text()) == read_json(path) == {"error": 12.5}
    path.write_text(path.read_text().replace("12.5", "10.5"))
    with pytest.raises(InputError, match=r"scores\.json is damaged, not as it was written; delete .*scores\.json"):
        read_json(path)
    path.unlink()
    assert verified(path) is None


def test_a_block_that_fails_leaves_the_older_file_whole(tmp_path):
    write_json(tmp_path / "a.json", 1, "number")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", float("nan"), "number")
    assert read_json(tmp_path / "a.json") == 1


def test_what_has_no_seal_comes_from_elsewhere_and_says_nothing(tmp_path):
    (tmp_path / "wavs").mkdir()
    assert verified(tmp_path / "wavs") is None
    assert verified(tmp_path / "nowhere") is None
    assert agreed({"conversions": None}) == {}


@pytest.fixture
def parts(tmp_path):
    """A manifest, frames and a model made of it, and units made of all of them."""
    manifest = Seal(tmp_path / "manifest", "demo, english", files={"a": "1"})
    frames = Seal(tmp_path / "logmel", "logmel, 100 Hz", agreed({"manifest": manifest}))
    model = Seal(tmp_path / "model", "vqvae-mel, seed 0", prefixed("training", agreed({"manifest": manifest})))
    made_of = agreed({"manifest": manifest, "logmel": frames, "model": model})
    return {"manifest": manifest, "model": model, "vectors": Seal(tmp_path / "units", "vectors, 50 Hz", made_of)}


def test_what_was_made_of_each_other_belongs_together(parts):
    found = agreed(parts)
    assert found["logmel"].about == "logmel, 100 Hz"
    assert set(found) == {"manifest", "logmel", "model", "training manifest", "vectors"}


@pytest.mark.parametrize(
    ("role", "other", "message"),
    [
        (
            "manifest",
            "other, english",
            r"manifest is other, english \(\w{8}\), but .*units was made of the manifest demo",
        ),
        ("model", "vqvae-mel, seed 1", r"model is vqvae-mel, seed 1 \(\w+\), but .* of the model vqvae-mel, seed 0"),
    ],
)
def test_what_is_foreign_is_refused_with_the_names_of_both(parts, role, other, message):
    parts[role] = Seal(parts[role].path, other, parts[role].made_of)
    with pytest.raises(InputError, match=message):
        agreed(parts)


def test_what_is_stale_is_refused_although_its_name_is_the_same(parts):
    parts["manifest"] = Seal(parts["manifest"].path, "demo, english", files={"a": "2"})
    with pytest.raises(InputError, match=r"delete what is older or from elsewhere, and run again"):
        agreed(parts)


def test_two_that_were_made_of_different_ones_are_refused_without_these(parts, tmp_path):
    other = Seal(tmp_path / "converted", "8 conversions", {"model": Origin("vqvae-mel, seed 1", "0")})
    with pytest.raises(InputError, match=r"units was made of the model .* but .*converted was made of the model"):
        agreed({"vectors": parts["vectors"], "conversions": other})


def test_a_model_may_be_used_on_another_corpus_than_it_was_trained_on(parts, tmp_path):
    another = Seal(tmp_path / "m", "mine, german")
    assert agreed({"manifest": another, "model": parts["model"]})["training manifest"].about == "demo, english"


def units(path):
    """A folder of two sealed folders, as that of units is."""
    with sealed(path, "units") as beside:
        for part in ("indices", "vectors"):
            folder(beside / part)
    return path


def test_a_part_that_is_gone_is_missed_by_the_whole_and_by_the_other_parts(tmp_path):
    """Else units that have lost their codes would count as those of a system without codes."""
    shutil.rmtree(units(tmp_path / "units") / "indices")
    for place in ("units", "units/vectors"):
        with pytest.raises(InputError, match=r"units is damaged: indices/\.seal\.json .*; delete \S+/units, and run"):
            verified(tmp_path / place)


def test_the_cure_of_a_damaged_part_is_to_make_the_whole_again(tmp_path):
    (units(tmp_path / "units") / "indices" / "frames.npy").write_text("other")
    with pytest.raises(InputError, match=r"indices is damaged: frames\.npy is not .*; delete \S+/units, and run"):
        verified(tmp_path / "units" / "indices")


def test_files_of_a_part_are_looked_at_once(tmp_path):
    seal = json.loads((units(tmp_path / "units") / SEAL).read_text())
    assert sorted(seal["files"]) == ["indices/.seal.json", "vectors/.seal.json"]
