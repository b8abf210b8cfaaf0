"""What an artefact was made of, and whether it is whole: the seal that each stage puts on what it hands on.

A seal is JSON: what the artefact is, what it was made of, and the SHA-256 of each of its files. That of a folder lies
in it as ``.seal.json``, that of a file beside it as ``.<name>.seal.json``. Of a sealed folder within a folder, the
seal alone counts. What has no seal comes from elsewhere, and is taken as it is.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from unitvoice import files
from unitvoice.errors import InputError, listed

__all__ = ["SEAL", "Origin", "Origins", "Seal", "agreed", "prefixed", "read_json", "sealed", "verified", "write_json"]

SEAL = ".seal.json"
SHOWN = 8  # digits of a digest in a message


class Origin(NamedTuple):
    """Something that an artefact was made of."""

    about: str
    digest: str

    def __str__(self) -> str:
        """For messages."""
        return f"{self.about} ({self.digest[:SHOWN]})"


type Origins = Mapping[str, Origin]  # by role, e.g. "manifest"


@dataclass(frozen=True)
class Seal:
    """What is known of an artefact that is whole."""

    path: Path
    about: str  # in words, as "demo, english"
    made_of: Origins = field(default_factory=dict)  # and what that was made of
    files: Mapping[str, str] = field(default_factory=dict)  # path from the artefact, "" for a single file: SHA-256

    @property
    def digest(self) -> str:
        """SHA-256 of what it is, what it was made of, and all its files; not of where it is."""
        made_of = {role: list(origin) for role, origin in self.made_of.items()}
        return hashlib.sha256(json.dumps([self.about, made_of, dict(self.files)], sort_keys=True).encode()).hexdigest()

    @property
    def origin(self) -> Origin:
        """As it stands in the seals of what is made of it."""
        return Origin(self.about, self.digest)


@contextmanager
def sealed(path: Path, about: str, made_of: Origins | None = None) -> Iterator[Path]:
    """A place to write a file or a folder in, as :func:`unitvoice.files.atomic` gives it, which is sealed at the end.

    Args:
        path: the artefact.
        about: what it is, in a few words that tell it from others of its kind.
        made_of: the origins that :func:`agreed` has found in its inputs.
    """
    files.clear_remains(path)
    with files.atomic(path) as beside:
        yield beside
        made = Seal(path, about, dict(made_of or {}), _hashes(beside))
        # of a file, the seal comes first: killed in between, there is a wrong seal, and not an artefact without any
        place = beside / SEAL if beside.is_dir() else _place(path)
        origins = {role: origin._asdict() for role, origin in made.made_of.items()}
        content = {"about": about, "made_of": origins, "files": made.files, "digest": made.digest}
        files.write_json(place, content)


def verified(path: Path | None) -> Seal | None:
    """The seal of an artefact all of whose files are as they were written; None when it is not there or has no seal.

    Raises:
        InputError: files are missing, cut short or changed; all of them are named.
    """
    if path is None or not path.exists() or not (place := _place(path)).is_file():
        return None
    outer = _outermost(path)
    cure = f"delete {outer}, and run again"
    if outer != path:
        verified(outer)
    try:
        content = files.read_json(place)
        made_of = {role: Origin(**origin) for role, origin in content["made_of"].items()}
        found = Seal(path, content["about"], made_of, content["files"])
        whole = found.digest == content["digest"]
    except (AttributeError, KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        raise InputError(f"{path} is damaged: its seal {place.name} is not as it was written; {cure}")
    if wrong := [name for name, known in found.files.items() if _hash(path / name if name else path) != known]:
        what = f": {listed(wrong)} is not" if wrong != [""] else ", not"
        raise InputError(f"{path} is damaged{what} as it was written; {cure}")
    return found


def agreed(parts: Mapping[str, Seal | None]) -> dict[str, Origin]:
    """The origins of what is made of some parts: these, and what they were made of.

    Args:
        parts: seals by role; those without a seal say nothing.

    Raises:
        InputError: a part was made of another version of another part, or two of them of different ones.
    """
    found: dict[str, tuple[Origin, str]] = {}
    for name, seal in parts.items():
        if seal is None:
            continue
        said = {name: f"{seal.path} is {seal.origin}"}
        said |= {role: f"{seal.path} was made of the {role} {origin}" for role, origin in seal.made_of.items()}
        for role, origin in {name: seal.origin, **seal.made_of}.items():
            known, before = found.setdefault(role, (origin, said[role]))
            if known.digest != origin.digest:
                raise InputError(f"{before}, but {said[role]}; delete what is older or from elsewhere, and run again")
    return {role: origin for role, (origin, _) in found.items()}


def prefixed(prefix: str, origins: Origins) -> dict[str, Origin]:
    """Origins whose roles are told apart from those of another part, as of another language.

    >>> prefixed("training", {"manifest": Origin("demo, english", "1f")})
    {'training manifest': Origin(about='demo, english', digest='1f')}
    """
    return {f"{prefix} {role}": origin for role, origin in origins.items()}


def write_json(path: Path, content: Any, about: str, made_of: Origins | None = None) -> None:  # noqa: ANN401 - JSON
    """Write JSON as :func:`unitvoice.files.write_json` does, sealed."""
    with sealed(path, about, made_of) as beside:
        files.write_json(beside, content)


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Read JSON; InputError when it is not as it was written, or the file is not JSON."""
    verified(path)
    return files.read_json(path)


def _place(path: Path) -> Path:
    """Where the seal of an artefact is."""
    return path / SEAL if path.is_dir() else path.with_name(f".{path.name}{SEAL}")


def _outermost(path: Path) -> Path:
    """The artefact that a part of it belongs to: half of it is not made again."""
    while path.parent != path and (path.parent / SEAL).is_file():
        path = path.parent
    return path


def _hashes(path: Path) -> dict[str, str]:
    if not path.is_dir():
        return {"": files.sha256(path)}
    within = {seal.parent for seal in path.rglob(SEAL)}
    inside = sorted(place for place in path.rglob("*") if place.is_file())
    own = [place for place in inside if place.name == SEAL or within.isdisjoint(place.parents)]
    return {place.relative_to(path).as_posix(): files.sha256(place) for place in own}


def _hash(path: Path) -> str:
    """SHA-256 of a file; empty when there is none."""
    try:
        return files.sha256(path)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ""
