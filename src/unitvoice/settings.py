"""Turning mappings from YAML or JSON into frozen dataclasses: unknown keys and wrong types are refused."""

import reprlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from unitvoice.errors import InputError

__all__ = ["SHORT", "build", "merged", "parse_yaml", "read_yaml"]

SHORT = reprlib.Repr(maxstring=100, maxlong=30, maxother=100)  # aliases of YAML can make a value endless in print


def build[T](kind: type[T], values: Mapping[str, Any], place: str) -> T:
    """Make a frozen dataclass from a mapping.

    Args:
        kind: a standard dataclass; nested ones are built as well.
        values: its fields.
        place: where the values come from, for messages.

    Raises:
        InputError: a key is unknown or missing, or a value has the wrong type; all faults are named.
    """
    if not isinstance(values, Mapping):
        raise InputError(f"{place} must hold a mapping of keys to values")
    try:
        made: T = _adapter(kind).validate_python(dict(values))  # type: ignore[arg-type] # a class can be hashed
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'all'}: {_spoken(fault)}" for fault in error.errors()]
        raise InputError(f"{place} is not valid: {'; '.join(faults)}") from None
    return made


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(pydantic_dataclass(kind, frozen=True, config=ConfigDict(extra="forbid")))


def _spoken(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "unexpected_keyword_argument":
        return "unknown key"
    return f"{fault['msg'].lower()} (got {SHORT.repr(fault['input'])})"


def merged(base: Mapping[str, Any], *overlays: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping with others laid over it; nested mappings are merged, everything else is replaced.

    >>> merged({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}})
    {'a': {'x': 1, 'y': 3}}
    """
    result = dict(base)
    for overlay in overlays:
        for key, value in overlay.items():
            both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
            result[key] = merged(result[key], value) if both else value
    return result


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file with a mapping; InputError when it is absent, broken or something else."""
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); correct the path") from None
    except ValueError as error:
        raise InputError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a mapping of keys to values")
    return content


def parse_yaml(text: str) -> Any:  # noqa: ANN401 - whatever YAML can hold
    """What a YAML text of plain values says; ValueError for another text, or for one that is nested without end."""
    try:
        return yaml.safe_load(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    # dates that no calendar has and the like are errors of the values' own types
    except (yaml.YAMLError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise ValueError(" ".join(str(error).split())) from None
