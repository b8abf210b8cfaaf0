"""Stores: what is written is read back, and nothing damaged is read."""

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from unsealing import contents, unsealed

from unitvoice.errors import InputError
from unitvoice.store import Store, create_store

NAMES = ["a", " b c ", 'quo"te', "x,y", "語", "-rf", "1"]


def make(folder, content, **settings):
    with create_store(folder, **({"kind": "logmel", "rate": 100.0} | settings)) as writer:
        for name, frames in content.items():
            writer.append(name, frames)
    return Store(folder)


def ramp(rows, width=3, dtype=np.float32):
    return np.arange(rows * width).reshape(rows, width).astype(dtype)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=7), st.integers(1, 5))
def test_frames_names_and_order_come_back(tmp_path_factory, lengths, width):
    content = {name: ramp(rows, width) + len(name) for name, rows in zip(NAMES, lengths, strict=False)}
    store = make(tmp_path_factory.mktemp("s") / "s", content)
    assert list(store) == list(content)
    assert len(store) == len(content)
    assert store.width == width
    for name, frames in content.items():
        np.testing.assert_array_equal(store[name], frames)
        assert store.rows(name) == len(frames)
    assert len(store.frames) == sum(map(len, content.values()))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int16", "int32"])
def test_every_type_comes_back(tmp_path, dtype):
    frames = ramp(4, 2, dtype)
    store = make(tmp_path / "s", {"a": frames}, dtype=dtype)
    assert store.frames.dtype == dtype
    np.testing.assert_array_equal(store["a"], frames)


@given(hnp.arrays(np.float32, (5, 2), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_floats_come_back_to_the_last_bit(tmp_path_factory, frames):
    store = make(tmp_path_factory.mktemp("s") / "s", {"a": frames})
    assert store["a"].tobytes() == frames.tobytes()


def test_frames_that_are_not_contiguous_come_back(tmp_path):
    frames = ramp(6, 4).T
    np.testing.assert_array_equal(make(tmp_path / "s", {"a": frames})["a"], frames)


def test_utterances_without_frames_are_kept(tmp_path):
    store = make(tmp_path / "s", {"a": ramp(0), "b": ramp(2), "c": ramp(0)})
    assert [store.rows(name) for name in "abc"] == [0, 2, 0]
    assert store["c"].shape == (0, 3)
    assert make(tmp_path / "none", {"a": ramp(0)})["a"].shape == (0, 3)


def test_the_array_is_one_that_numpy_reads_however_it_grew(tmp_path):
    make(tmp_path / "s", {str(n): ramp(1000) for n in range(101)})
    assert np.load(tmp_path / "s" / "frames.npy").shape == (101_000, 3)
    assert sorted(contents(tmp_path / "s")) == ["frames.npy", "index.csv", "meta.json"]


def test_the_description_comes_back(tmp_path):
    store = make(tmp_path / "s", {"a": ramp(1)}, first=0.005, bands=80)
    assert store.rate == 100.0
    assert store.meta["kind"] == "logmel"
    assert store.meta["first"] == 0.005
    assert store.meta["parameters"] == {"bands": 80}


def test_the_hash_is_of_names_lengths_and_values(tmp_path):
    contents = [
        {"a": ramp(2), "b": ramp(2)},
        {"a": ramp(2), "c": ramp(2)},
        {"a": ramp(2), "b": ramp(2) + 1},
        {"a": ramp(4)[:3], "b": ramp(4)[3:]},
        {"a": ramp(4)[:2], "b": ramp(4)[2:]},
    ]
    hashes = [make(tmp_path / f"s{n}", content).meta["content"] for n, content in enumerate(contents)]
    assert len(set(hashes)) == len(contents)
    assert make(tmp_path / "again", contents[0]).meta["content"] == hashes[0]


def test_an_unknown_utterance_is_a_key_error(tmp_path):
    store = make(tmp_path / "s", {"a": ramp(1)})
    assert "b" not in store
    with pytest.raises(KeyError):
        store["b"]


@pytest.mark.parametrize("frames", [ramp(2, 4), ramp(0, 4)])
def test_another_width_is_refused(tmp_path, frames):
    with pytest.raises(InputError, match="has 4 instead of 3 columns"):
        make(tmp_path / "s", {"a": ramp(1), "b": frames})
    assert list(tmp_path.iterdir()) == []


def test_an_utterance_that_comes_twice_is_refused(tmp_path):
    with create_store(tmp_path / "s", kind="x", rate=1.0) as writer:
        writer.append("a", ramp(1))
        with pytest.raises(InputError, match="utterance a occurs twice"):
            writer.append("a", ramp(1))
    assert Store(tmp_path / "s").rows("a") == 1


@pytest.mark.parametrize(
    ("value", "dtype"), [(np.nan, "float32"), (np.inf, "float32"), (1e5, "float16"), (1e39, "float32")]
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_values_that_the_stored_type_cannot_hold_are_refused(tmp_path, value, dtype):
    with pytest.raises(InputError, match=f"utterance a gave values that are not finite as {dtype}"):
        make(tmp_path / "s", {"a": np.full((1, 2), value)}, dtype=dtype)
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_nothing_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no utterance to store"):
        make(tmp_path / "s", {})
    assert list(tmp_path.iterdir()) == []


def test_a_block_that_fails_keeps_the_older_store(tmp_path):
    make(tmp_path / "s", {"a": ramp(2)})
    with pytest.raises(InputError, match="not finite"):
        make(tmp_path / "s", {"b": ramp(1), "c": np.full((1, 3), np.nan)})
    assert list(Store(tmp_path / "s")) == ["a"]
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_no_store_is_told(tmp_path):
    with pytest.raises(InputError, match=r"is not a store of frames \(it has no meta\.json\)"):
        Store(tmp_path)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("utterance,first,rows\na,0,2\n", "disagree"),
        ("utterance,first,rows\na,0,2\nb,2,4\n", "disagree"),
        ("utterance,first,rows\na,1,2\nb,2,3\n", "disagree"),
        ("utterance,first,rows\na,0,3\nb,2,2\n", "disagree"),
        ("utterance,first,rows\nb,2,3\na,0,2\n", "disagree"),
        ("utterance,first,rows\na,0\nb,2,3\n", r"index\.csv is damaged"),
        ("utterance,first,rows\na,0,two\nb,2,3\n", r"index\.csv is damaged"),
        ("utterance,first,rows\na,0,2\nb\xe9,2,3\n", r"index\.csv is damaged"),
        ("", "disagree"),
    ],
)
def test_an_index_that_does_not_fit_is_told(tmp_path, index, message):
    make(tmp_path / "s", {"a": ramp(2), "b": ramp(3)})
    (unsealed(tmp_path / "s") / "index.csv").write_bytes(index.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        Store(tmp_path / "s")


@pytest.mark.parametrize("size", [0, 50, 135, 160])
def test_frames_that_were_cut_are_told(tmp_path, size):
    make(tmp_path / "s", {"a": ramp(20)})
    os.truncate(tmp_path / "s" / "frames.npy", size)
    with pytest.raises(InputError, match=r"s is damaged: frames\.npy is not as it was written; delete .*s, and run"):
        Store(tmp_path / "s")
    with pytest.raises(InputError, match=r"frames\.npy is damaged"):
        Store(unsealed(tmp_path / "s"))


def test_a_bit_that_has_changed_anywhere_is_told(tmp_path):
    make(tmp_path / "s", {"a": ramp(20)})
    for path in (tmp_path / "s").iterdir():
        whole = path.read_bytes()
        path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        with pytest.raises(InputError, match="s is damaged"):
            Store(tmp_path / "s")
        path.write_bytes(whole)
    assert len(Store(tmp_path / "s")) == 1


def test_frames_that_are_read_as_another_type_are_told(tmp_path):
    """The values and their number stay, but integers are made of floating-point numbers."""
    make(tmp_path / "s", {"a": ramp(20)})
    path = tmp_path / "s" / "frames.npy"
    path.write_bytes(path.read_bytes().replace(b"<f4", b"<i4"))
    with pytest.raises(InputError, match=r"frames\.npy is not as it was written"):
        Store(tmp_path / "s")


def test_an_array_that_is_no_table_or_holds_objects_is_told(tmp_path):
    make(tmp_path / "s", {"a": ramp(5)})
    np.save(unsealed(tmp_path / "s") / "frames.npy", np.zeros(5, np.float32))
    with pytest.raises(InputError, match="disagree"):
        Store(tmp_path / "s")
    np.save(tmp_path / "s" / "frames.npy", np.array([[{}]]), allow_pickle=True)
    with pytest.raises(InputError, match=r"frames\.npy is damaged"):
        Store(tmp_path / "s")


@pytest.mark.parametrize("name", ["frames.npy", "index.csv"])
def test_an_absent_part_is_told(tmp_path, name):
    make(tmp_path / "s", {"a": ramp(5)})
    (tmp_path / "s" / name).unlink()
    with pytest.raises(InputError, match=f"s is damaged: {name} is not"):
        Store(tmp_path / "s")
    with pytest.raises(InputError, match=name):
        Store(unsealed(tmp_path / "s"))


@pytest.mark.parametrize("key", ["kind", "rate", "first", "content"])
def test_a_description_that_lacks_something_is_told(tmp_path, key):
    meta = make(tmp_path / "s", {"a": ramp(5)}).meta
    del meta[key]
    (unsealed(tmp_path / "s") / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(InputError, match=r"meta\.json is damaged"):
        Store(tmp_path / "s")
