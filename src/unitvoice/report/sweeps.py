"""Settings that were tried at several values with everything else equal."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Sweep", "sweeps"]

FEWEST = 3  # values, below which there is no curve


@dataclass(frozen=True)
class Sweep:
    """Variants that differ in one number alone."""

    setting: str  # such as model.codes
    points: tuple[tuple[float, str], ...]  # value, name of the variant; from the least to the largest


def sweeps(settings: Mapping[str, Mapping[str, Any]]) -> list[Sweep]:
    """All numbers that at least three variants have other values of, with everything else equal.

    Args:
        settings: of each variant by its name.

    >>> made = {name: {"model": {"codes": codes, "width": 2}} for name, codes in (("a", 8), ("b", 2), ("c", 4))}
    >>> sweeps(made)
    [Sweep(setting='model.codes', points=((2.0, 'b'), (4.0, 'c'), (8.0, 'a')))]
    """
    flat = {name: dict(_flat(one)) for name, one in settings.items()}
    keys = dict.fromkeys(key for one in flat.values() for key, value in one.items() if _is_number(value))
    return [sweep for key in keys for sweep in _of_setting(key, flat)]


def _of_setting(key: str, flat: Mapping[str, Mapping[str, Any]]) -> Iterator[Sweep]:
    groups: dict[str, dict[float, str]] = {}
    for name, one in flat.items():
        if _is_number(one.get(key)):
            others = json.dumps({other: value for other, value in one.items() if other != key}, sort_keys=True)
            groups.setdefault(others, {}).setdefault(float(one[key]), name)
    for group in groups.values():
        if len(group) >= FEWEST:
            yield Sweep(key, tuple(sorted(group.items())))


def _flat(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
