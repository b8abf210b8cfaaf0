"""Units of recordings as text, and text of units as speech.

Units of one codebook have the forms of :mod:`unitvoice.units.exchange_lines`. With several codebooks a line is
``name|3,17 3,18``, where the codes of a unit are joined by commas.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import get_args

import torch
from torch import Tensor

from unitvoice import cli
from unitvoice.audio import RATE
from unitvoice.codec import codebook_sizes
from unitvoice.commands.convert import add_target_options, for_targets, hear_targets, write_spoken
from unitvoice.conversion.direct import Coded, Coder, recordings
from unitvoice.conversion.direct_options import add_model_options, chosen_coder
from unitvoice.conversion.options import add_speaking_options
from unitvoice.errors import InputError, listed
from unitvoice.files import write_text
from unitvoice.units.exchange_lines import Form, Line, formatted, read_lines

__all__ = ["SPEAK", "UNITS"]

FORMS = [form for form in get_args(Form) if form != "km"]  # those whose lines have names
LEVEL = 0.07  # root mean square of speech without a recording, as of read speech
DIGITS = 10  # of a code


def _add_units_options(parser: ArgumentParser) -> None:
    add_model_options(parser)
    parser.add_argument("input", type=Path, help="sound file, or a folder with all that are below it")
    parser.add_argument("--output", type=Path, help="file to write instead of printing")
    _add_form_option(parser)


def _add_form_option(parser: ArgumentParser) -> None:
    about = "of the lines: name|units; name, tab, units with commas; or JSON, which can have durations of runs"
    parser.add_argument("--form", choices=FORMS, default="named", help=about)


def _units(options: Namespace) -> None:
    """Print the units of recordings, a line each."""
    coder = chosen_coder(options)
    _check(coder, options.form)
    coded = coder.code_all(recordings(options.input))
    lines = [_text(name, one.units, options.form) for name, one in coded.items()]
    text = "".join(f"{line}\n" for line in lines)
    if options.output:
        write_text(options.output, text)
    else:
        sys.stdout.write(text)


def _text(name: str, units: Tensor, form: Form) -> str:
    if units.shape[1] == 1:
        return formatted(Line(name, units[:, 0].numpy()), form)
    return f"{name}|{' '.join(','.join(map(str, unit)) for unit in units.tolist())}"


def _add_speak_options(parser: ArgumentParser) -> None:
    add_model_options(parser)
    parser.add_argument("units", type=Path, help="text with a line for each utterance")
    parser.add_argument("output", type=Path, help="wav, where there is one to write, or else a folder")
    _add_form_option(parser)
    add_target_options(parser)
    add_speaking_options(parser)


def _speak(options: Namespace) -> None:
    """Speak units of a text, without any recording."""
    coder = chosen_coder(options)
    _check(coder, options.form)
    read = _read(options.units, options.form, codebook_sizes(coder.system))
    samples = RATE / coder.system.unit_rate
    coded = {name: Coded(units, round(len(units) * samples), LEVEL) for name, units in read.items()}
    write_spoken(options, coder, for_targets(coded, hear_targets(options, coder)))


def _check(coder: Coder, form: Form) -> None:
    if not coder.system.discrete:
        raise InputError(f"{coder.folder} has no codes that could be written; take a model that has")
    if form != "named" and len(codebook_sizes(coder.system)) > 1:
        raise InputError(f"the form {form} has no place for units of several codebooks; take the form named")


def _read(path: Path, form: Form, sizes: Sequence[int]) -> dict[str, Tensor]:
    """By name the codes, (T, G), of a text; InputError when a line has none of the model's."""
    if len(sizes) > 1:
        return _read_joined(path, sizes)
    lines = read_lines(path, form)
    if bad := [
        f"line {line.number}" for line in lines if line.units.max() >= sizes[0] or not _is_path_below(line.name)
    ]:
        raise InputError(f"{path} must have names of files, and codes below {sizes[0]}: {listed(bad)}")
    if not lines:
        raise InputError(f"{path} is empty; give a line for each utterance")
    return {line.name: torch.from_numpy(line.units)[:, None] for line in lines}


def _read_joined(path: Path, sizes: Sequence[int]) -> dict[str, Tensor]:
    """The same of several codebooks; InputError names all lines that have none of the model's."""
    found: dict[str, Tensor] = {}
    bad = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="surrogateescape").splitlines(), 1):
        name, _, text = line.rpartition("|")
        units = [unit.split(",") for unit in text.split()]
        fitting = all(len(unit) == len(sizes) and all(map(_is_code, unit, sizes)) for unit in units)
        if name in found or not _is_path_below(name) or not units or not fitting:
            bad.append(f"line {number}")
        else:
            found[name] = torch.tensor([[int(code) for code in unit] for unit in units])
    if bad or not found:
        form = f"'name|units', with names of their own, and codes below {' and '.join(map(str, sizes))}"
        raise InputError(f"{path} must have lines {form}: {listed(bad) or 'it is empty'}")
    return found


def _is_path_below(name: str) -> bool:
    path = PurePosixPath(name)
    return name.isprintable() and bool(path.name) and not path.is_absolute() and ".." not in path.parts


def _is_code(text: str, size: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= DIGITS and int(text) < size


UNITS = cli.Command(_add_units_options, _units)
SPEAK = cli.Command(_add_speak_options, _speak)
