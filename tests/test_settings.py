"""Mappings become dataclasses, or a message."""

from dataclasses import FrozenInstanceError, dataclass, field
from typing import Literal

import pytest

from unitvoice.errors import InputError
from unitvoice.settings import build, merged, read_yaml


@dataclass(frozen=True)
class Inner:
    size: int
    rate: float = 0.5


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    parts: dict[str, Inner] = field(default_factory=dict)
    choice: Literal["a", "b"] = "a"
    ends: tuple[int, ...] = ()


VALUES = {"name": "x", "inner": {"size": 3}}


def test_nested_mappings_become_nested_dataclasses_with_defaults():
    made = build(Outer, VALUES | {"parts": {"p": {"size": 1, "rate": 2}}, "ends": [1, 2]}, "the file")
    assert (made.name, made.inner.size, made.inner.rate, made.choice, made.ends) == ("x", 3, 0.5, "a", (1, 2))
    assert isinstance(made, Outer)
    assert isinstance(made.parts["p"], Inner)
    assert made.parts["p"].rate == 2.0


def test_what_is_built_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        build(Outer, VALUES, "the file").name = "y"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nope": 1}, "nope: unknown key"),
        ({"inner": {"size": 3, "nope": 1}}, r"inner\.nope: unknown key"),
        ({"parts": {"p": {"size": 3, "nope": 1}}}, r"parts\.p\.nope: unknown key"),
        ({"inner": {}}, r"inner\.size: field required"),
        ({"inner": {"size": "many"}}, r"inner\.size: .*\(got 'many'\)"),
        ({"inner": {"size": 2.5}}, r"inner\.size: .*\(got 2\.5\)"),
        ({"inner": None}, r"inner: .*\(got None\)"),
        ({"inner": [3]}, r"inner: .*\(got \[3\]\)"),
        ({"choice": "c"}, r"choice: .*'a' or 'b' \(got 'c'\)"),
        ({"ends": [1, "x"]}, r"ends\.1: .*\(got 'x'\)"),
        ({"name": None}, r"name: .*\(got None\)"),
        ({1: 2}, "1: keys should be strings"),
    ],
)
def test_what_does_not_fit_is_named(changes, message):
    with pytest.raises(InputError, match=f"the file is not valid: {message}"):
        build(Outer, VALUES | changes, "the file")


def test_all_faults_are_named_at_once():
    with pytest.raises(InputError) as caught:
        build(Outer, {"inner": {"size": "x", "nope": 1}, "extra": 2}, "the file")
    for part in ("inner.size", "inner.nope", "extra", "name"):
        assert part in str(caught.value)


@pytest.mark.parametrize("values", [None, 3, "text", [VALUES]])
def test_what_is_no_mapping_is_told(values):
    with pytest.raises(InputError, match="the file must hold a mapping"):
        build(Outer, values, "the file")


def test_overlays_merge_mappings_and_replace_the_rest():
    base = {"a": {"x": {"deep": 1, "kept": 2}, "y": 2}, "b": [1, 2], "c": 3}
    result = merged(base, {"a": {"x": {"deep": 9}}, "b": [3]}, {"c": {"now": "a mapping"}}, {"a": {"y": None}})
    assert result == {"a": {"x": {"deep": 9, "kept": 2}, "y": None}, "b": [3], "c": {"now": "a mapping"}}
    assert base == {"a": {"x": {"deep": 1, "kept": 2}, "y": 2}, "b": [1, 2], "c": 3}


def test_yaml_is_read(tmp_path):
    (tmp_path / "a.yaml").write_text("a: {b: [1, é]}", encoding="utf-8")
    assert read_yaml(tmp_path / "a.yaml") == {"a": {"b": [1, "é"]}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1", "is not valid YAML"),
        (b"\xff\xfe\xff", "is not valid YAML"),
        (b"- a\n- b\n", "must hold a mapping"),
        (b"", "must hold a mapping"),
        (b"a: !!python/object/apply:os.system ['true']", "is not valid YAML"),
    ],
)
def test_yaml_that_is_broken_or_no_mapping_is_told_in_one_line(tmp_path, content, message):
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.yaml {message}") as caught:
        read_yaml(tmp_path / "a.yaml")
    assert "\n" not in str(caught.value)


def test_absent_yaml_is_told(tmp_path):
    with pytest.raises(InputError, match=r"a\.yaml cannot be read \(No such file"):
        read_yaml(tmp_path / "a.yaml")
