"""Who speaks in a recording: by its folder, its name, a table or a pattern."""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from unitvoice.errors import InputError, listed

__all__ = ["SpeakerRule", "speakers"]


@dataclass(frozen=True)
class SpeakerRule:
    """How to know the speaker."""

    rule: Literal["parent", "prefix", "table", "pattern", "one"] = "parent"
    separator: str = "_"  # prefix: ends the speaker in the file's name
    table: str = ""  # table: CSV with the columns file and speaker; relative to the corpus
    pattern: str = ""  # pattern: regular expression on the path below the corpus, with a group for the speaker


def speakers(paths: Sequence[Path], root: Path, rule: SpeakerRule) -> list[str]:
    """The speaker of each recording.

    ``parent`` takes the name of the folder that a file is in, ``prefix`` what stands before the first separator of its
    name, ``table`` what a CSV says of the path below ``root`` (or its name or stem), ``pattern`` the group ``speaker``
    or the first group of a regular expression, and ``one`` says that there is one speaker.

    Raises:
        InputError: recordings to which the rule gives no speaker, or a table or pattern that cannot be read.
    """
    find = _finder(root, rule)
    below = [path.relative_to(root) for path in paths]
    found = ["_".join(find(path).split()) for path in below]
    if lost := [path.as_posix() for path, speaker in zip(below, found, strict=True) if not speaker]:
        raise InputError(
            f"the speaker rule '{rule.rule}' gives no speaker for {listed(lost)} in {root}; correct the rule"
        )
    return found


def _finder(root: Path, rule: SpeakerRule) -> Callable[[Path], str]:
    match rule.rule:
        case "parent":
            return lambda path: path.parent.name
        case "prefix":
            return partial(_before, rule.separator)
        case "table":
            return partial(_looked_up, _table(root / rule.table))
        case "pattern":
            return partial(_matched, _compiled(rule.pattern))
        case "one":
            return lambda _path: "speaker"


def _before(separator: str, path: Path) -> str:
    if not separator:
        raise InputError("the speaker rule 'prefix' needs a separator, such as _")
    speaker, found, _ = path.stem.partition(separator)
    return speaker if found else ""


def _looked_up(table: dict[str, str], path: Path) -> str:
    names = (path.as_posix(), path.with_suffix("").as_posix(), path.name, path.stem)
    return next((table[name] for name in names if name in table), "")


def _table(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {row["file"].strip(): row["speaker"].strip() for row in csv.DictReader(file)}
    except OSError as error:
        raise InputError(f"the table of speakers {path} cannot be read ({error.strerror}); correct its path") from None
    except (KeyError, AttributeError, UnicodeDecodeError, csv.Error):
        raise InputError(f"{path} must be a CSV with the columns file and speaker") from None


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        made = re.compile(pattern)
    except re.error as error:
        raise InputError(f"the speaker pattern {pattern!r} is no regular expression ({error}); correct it") from None
    if not made.groups:
        raise InputError(f"the speaker pattern {pattern!r} has no group for the speaker, such as (?P<speaker>[^/]+)")
    return made


def _matched(pattern: re.Pattern[str], path: Path) -> str:
    found = pattern.search(path.as_posix())
    if not found:
        return ""
    return found["speaker" if "speaker" in pattern.groupindex else 1] or ""
