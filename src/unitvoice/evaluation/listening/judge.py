"""What every automatic judge of converted speech is: a name, a version, the hash of its weights, and figures."""

import hashlib
import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from unitvoice.audio import Wave
from unitvoice.errors import InputError
from unitvoice.files import sha256

__all__ = ["Figure", "Heard", "Judge", "UnsuitedError", "hash_of_files", "optional"]


class UnsuitedError(InputError):
    """A judge cannot judge this corpus, while others can."""


class Heard(NamedTuple):
    """What a judge is given of one conversion; sounds are (N,) samples at 16 kHz."""

    wave: Wave
    source: Wave  # the recording that says the same
    text: str | None = None  # of both
    reference: Wave | None = None  # the target speaker saying it


@dataclass(frozen=True)
class Figure:
    """One number that a judge gives; its name is never that of what human listeners are asked."""

    name: str
    unit: str
    better: Literal["higher", "lower"] | None  # None: neither, so there is no order to check
    meaning: str


class Judge(ABC):
    """Something that gives figures to a conversion; none of them is more than a stand-in for listeners."""

    figures: ClassVar[tuple[Figure, ...]]
    name: str
    version: str  # of the library that it is of
    weights: str  # SHA-256; empty where there are none to learn

    @abstractmethod
    def score(self, heard: Heard) -> dict[str, float]:
        """The figures by name; those that this conversion has none of are left out."""

    def described(self) -> dict[str, str]:
        """Name, version and hash, as they stand beside every score."""
        return {"name": self.name, "version": self.version, "weights": self.weights}


def optional(module: str, extra: str) -> Any:  # noqa: ANN401 - a module without types
    """Import a module of an optional package; InputError with the cure when it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise InputError(
            f"the package {name} cannot be used ({error}); pip install 'unitvoice[{extra}]', or leave out its judges"
        ) from None


def hash_of_files(paths: Iterable[Path]) -> str:
    """SHA-256 of some files' own hashes, whose order does not matter."""
    return hashlib.sha256("".join(sorted(map(sha256, paths))).encode()).hexdigest()
