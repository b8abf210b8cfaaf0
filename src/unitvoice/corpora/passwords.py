"""The password of protected archives, kept out of everything that is printed."""

import getpass
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from unitvoice.errors import InputError

__all__ = ["PASSWORD_VARIABLE", "REGISTRATION", "Password", "ask_password"]

PASSWORD_VARIABLE = "ZEROSPEECH_PASSWORD"  # noqa: S105 - the name of a variable
REGISTRATION = "https://zerospeech.com/challenge_archive/2020/data/"


@dataclass(frozen=True)
class Password:
    """A password whose printed form does not show it.

    >>> Password("open sesame")
    Password()
    """

    text: str = field(repr=False)


def ask_password(archive: Path) -> Password:
    """The password from ``ZEROSPEECH_PASSWORD``, or typed by the user where there is a terminal.

    Raises:
        InputError: there is neither; the message names the page where passwords are given.
    """
    if text := os.environ.get(PASSWORD_VARIABLE):
        return Password(text)
    if sys.stdin is not None and sys.stdin.isatty() and (text := getpass.getpass(f"Password of {archive.name}: ")):
        return Password(text)
    raise InputError(
        f"{archive} is protected by a password; register at {REGISTRATION} and put the password you are given "
        f"into the environment variable {PASSWORD_VARIABLE}"
    )
