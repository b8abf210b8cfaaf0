"""The errors that a user can cause and cure."""

from collections.abc import Iterable

__all__ = ["InputError", "UnfinishedError", "listed", "printable"]


class InputError(ValueError):
    """Something the user gave is wrong; the message is one sentence with the place and the cure.

    Every command ends with exit code 2 on it, without a traceback. What the message quotes of a file or a name cannot
    break its line or command the terminal.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class UnfinishedError(Exception):
    """Work was told to stop and has saved what it had: the same command goes on from there.

    Every command ends with exit code 75 on it, on which schedulers start a job again.
    """


def listed(names: Iterable[object], most: int = 10) -> str:
    """Names for an error message, cut after ``most``.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    texts = [str(name) for name in names]
    shown = ", ".join(texts[:most])
    return f"{shown} and {len(texts) - most} more" if len(texts) > most else shown


def printable(text: str) -> str:
    r"""A text with line ends, control characters and what no encoding has as escapes.

    >>> printable("a\nb\x1b[2J")
    'a\\nb\\x1b[2J'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
