"""What all commands of the package share: the parser's form, the logger and the exit codes."""

import argparse
import logging
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, NamedTuple

from unitvoice import __version__
from unitvoice.errors import InputError, UnfinishedError, printable
from unitvoice.files import parse_json

__all__ = ["Command", "mapping", "natural", "parser", "positive", "run", "run_one_of"]


def parser(description: str | None) -> argparse.ArgumentParser:
    """Argument parser in the house's form: no abbreviations, defaults shown, the module's name as program."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    name = spec.name.removesuffix(".__main__") if spec else "unitvoice"
    made = argparse.ArgumentParser(
        prog=f"python -m {name}",
        description=description,
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"unitvoice {__version__}")
    return made


class Command(NamedTuple):
    """One of several things that a program does."""

    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]  # the first line of its docstring is its help


def run_one_of(commands: Mapping[str, Command], description: str | None, argv: Sequence[str] | None) -> None:
    """Run the command that the first argument names, with the arguments after it."""
    made = parser(description)
    named = made.add_subparsers(required=True, metavar="COMMAND")
    form: dict[str, Any] = {"allow_abbrev": False, "formatter_class": made.formatter_class}
    for name, command in commands.items():
        about = (command.run.__doc__ or "").partition("\n")[0]
        part = named.add_parser(name, help=about, description=about, **form)
        command.add_options(part)
        part.set_defaults(command=command)
    options = made.parse_args(argv)
    options.command.run(options)


def positive(text: str) -> int:
    """Type of an argument that counts something there must be one of, such as threads.

    >>> positive("2")
    2
    """
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def natural(text: str) -> int:
    """Type of an argument that counts something there may be none of, such as processes beside this one.

    >>> natural("0")
    0
    """
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return number


def mapping(text: str) -> dict[str, Any]:
    """Type of an argument that is a JSON object.

    >>> mapping('{"codes": 256}')
    {'codes': 256}
    """
    try:
        content = parse_json(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not JSON ({error})") from None
    if not isinstance(content, dict):
        raise argparse.ArgumentTypeError(f"{text} is not a JSON object of keys and values")
    return content


def run(main: Callable[[], int | None]) -> None:
    """Run a command and leave the process.

    Exit codes: what ``main`` returns (0 for None), 2 for bad input, 1 for a fault of ours, 130 when interrupted, 143
    when terminated, 75 when work that was terminated can go on from what it saved; half-written files are removed in
    every case.
    ``UNITVOICE_TRACEBACK=1`` shows where a fault of ours happened.
    """
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stderr)
    logging.raiseExceptions = False  # a message that cannot be written is no reason for a traceback
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = main() or 0
    except InputError as error:
        code = _fail(f"error: {error}", 2)
    except UnfinishedError as error:
        code = _fail(str(error), os.EX_TEMPFAIL)
    except OSError as error:
        code = _fail(printable(f"error: {_reason(error)}"), 2)
    except KeyboardInterrupt:
        code = _fail("interrupted", 130)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a traceback is not an answer
        if os.environ.get("UNITVOICE_TRACEBACK"):
            traceback.print_exc()
        hint = "please report it with the output of the same command under UNITVOICE_TRACEBACK=1"
        code = _fail(printable(f"internal error: {type(error).__name__}: {error} ({hint})"), 1)
    sys.exit(code)


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _reason(error: OSError) -> str:
    """What went wrong, and where; of a folder that could not be copied for its first file alone."""
    if isinstance(error, shutil.Error):
        return str(error.args[0][0][-1])
    place = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{place}"


def _fail(message: str, code: int) -> int:
    with suppress(OSError):  # a log on a full disk is no reason for another code
        sys.stderr.write(message + "\n")
    return code
