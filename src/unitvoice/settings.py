"""Turning mappings from YAML or JSON into frozen dataclasses: unknown keys and wrong types are refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from unitvoice.errors import InputError

__all__ = ["build", "merged", "read_yaml"]


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
        checked: TypeAdapter[Any] = TypeAdapter(
            pydantic_dataclass(kind, frozen=True, config=ConfigDict(extra="forbid"))
        )
        made: T = checked.validate_python(dict(values))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'all'}: {_spoken(fault)}" for fault in error.errors()]
        raise InputError(f"{place} is not valid: {'; '.join(faults)}") from None
    return made


def _spoken(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "unexpected_keyword_argument":
        return "unknown key"
    return f"{fault['msg'].lower()} (got {fault['input']!r})"


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
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); correct the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a mapping of keys to values")
    return content
