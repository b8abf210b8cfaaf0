"""What a check of a submission finds."""

from dataclasses import dataclass

__all__ = ["Finding", "official", "ours"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one file or folder of a submission."""

    file: str  # path within the submission; "" for the submission itself
    message: str  # the rest of a sentence that begins with the file
    cure: str
    official: bool  # whether the organisers' validator refuses the submission for it


def official(file: str, message: str, cure: str) -> Finding:
    """A finding for which the organisers' validator refuses the submission."""
    return Finding(file, message, cure, official=True)


def ours(file: str, message: str, cure: str) -> Finding:
    """A finding that the organisers' validator lets pass."""
    return Finding(file, message, cure, official=False)
