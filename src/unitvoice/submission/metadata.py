"""The metadata files of a submission: their keys, types and checks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml

from unitvoice.errors import InputError, listed
from unitvoice.settings import SHORT, parse_yaml

__all__ = ["Year", "dump", "entries", "faults", "parse", "read_metadata", "split"]

Year = Literal["2019", "2017"]

DISTANCES = ("dtw_cosine", "dtw_kl", "levenshtein")
ROOT: Mapping[str, type] = {"author": str, "affiliation": str, "open source": bool}
YEARS: Mapping[Year, Mapping[str, type]] = {
    "2019": {
        "abx distance": str,
        "system description": str,
        "hyperparameters": object,
        "using parallel train": bool,
        "using external data": bool,
    },
    "2017": {
        "system description": str,
        "hyperparameters": object,
        "track1 supervised": bool,
        "track2 supervised": bool,
    },
}
AUXILIARY = ("auxiliary1 description", "auxiliary2 description")
KINDS = {str: "text", bool: "a YAML boolean (true or false, without quotes)"}


def entries(year: Year | None, auxiliaries: int = 0) -> tuple[dict[str, type], dict[str, type]]:
    """The demanded and the merely allowed keys of a metadata file, with their types.

    Args:
        year: which file; None for the one at the root.
        auxiliaries: number of auxiliary embeddings in the submission.
    """
    demanded = dict(YEARS[year] if year else ROOT)
    described = AUXILIARY if year == "2019" else ()
    demanded |= dict.fromkeys(described[:auxiliaries], str)
    return demanded, dict.fromkeys(described[auxiliaries:], str)


def parse(content: bytes) -> dict[str, Any]:
    """A metadata file as a mapping; ValueError, whose message ends a sentence about the file, when it is none."""
    try:
        # the organisers read tabs as blanks too
        found = parse_yaml(content.decode("utf-8").replace("\t", " "))
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except ValueError as error:
        raise ValueError(f"is not YAML ({error})") from None
    if not found:
        raise ValueError("is empty")
    if not isinstance(found, dict):
        raise ValueError("is not a list of 'key: value' lines")  # noqa: TRY004 - one kind of error for the caller
    return {str(key): value for key, value in found.items()}


def faults(content: Mapping[str, Any], demanded: Mapping[str, type], allowed: Mapping[str, type]) -> Iterator[str]:
    """What is wrong with the entries of a metadata file, each as the end of a sentence about the file."""
    known = {**demanded, **allowed}
    if lost := sorted(demanded.keys() - content.keys()):
        yield f"lacks the entries {_quoted(lost)}"
    if foreign := sorted(content.keys() - known.keys()):
        yield f"has the unknown entries {_quoted(foreign)} (known: {_quoted(known)})"
    for key in known.keys() & content.keys():
        if content[key] is None:
            yield f"has nothing at '{key}'"
        elif not isinstance(content[key], known[key]):
            yield f"has {SHORT.repr(content[key])} at '{key}', which must be {KINDS[known[key]]}"
        elif key == "abx distance" and content[key] not in DISTANCES:
            yield f"has '{content[key]}' at '{key}', which must be one of {_quoted(DISTANCES)}"


def read_metadata(path: Path) -> dict[str, Any]:
    """Read a flat metadata file, with the entries of all files of a submission together.

    Raises:
        InputError: it is absent or not a YAML mapping.
    """
    try:
        return parse(path.read_bytes())
    except ValueError as error:
        raise InputError(f"{path} {error}; write one 'key: value' a line") from None


def split(content: Mapping[str, Any], years: Sequence[Year], auxiliaries: int = 0) -> dict[str, dict[str, Any]]:
    """The official files, path in the submission -> entries, of a flat mapping that holds them all.

    Raises:
        InputError: an entry is absent, unknown or of a wrong type; the message names them all.
    """
    files = {"metadata.yaml": entries(None)} | {f"{year}/metadata.yaml": entries(year, auxiliaries) for year in years}
    demanded: dict[str, type] = {}
    allowed: dict[str, type] = {}
    for needs, may in files.values():
        demanded |= needs
        allowed |= may
    if wrong := list(faults(content, demanded, allowed)):
        raise InputError(f"the metadata {'; it '.join(wrong)}; correct the metadata file")
    parts = {path: {**needs, **may} for path, (needs, may) in files.items()}
    return {path: {key: content[key] for key in keys if key in content} for path, keys in parts.items()}


def dump(content: Mapping[str, Any]) -> str:
    """A mapping as YAML; equal mappings give equal text."""
    return yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, default_flow_style=False, width=10_000)


def _quoted(names: Iterable[str]) -> str:
    return listed((f"'{name}'" for name in names), most=20)
