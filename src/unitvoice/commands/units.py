"""Units of recordings as text, and text of units as speech.

A line is ``name|3 17 17 4``, one code per unit; with several codebooks the codes of a unit are joined by commas.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from unitvoice import cli
from unitvoice.audio import RATE
from unitvoice.codec import codebook_sizes
from unitvoice.commands.convert import add_target_options, for_targets, hear_targets, write_spoken
from unitvoice.commands.model import add_model_options, chosen_coder
from unitvoice.conversion.direct import Coded, Coder, recordings
from unitvoice.conversion.options import add_speaking_options
from unitvoice.errors import InputError, listed
from unitvoice.files import write_text

__all__ = ["SPEAK", "UNITS"]

LEVEL = 0.07  # root mean square of speech without a recording, as of read speech
DIGITS = 10  # of a code


def _add_units_options(parser: ArgumentParser) -> None:
    add_model_options(parser)
    parser.add_argument("input", type=Path, help="sound file, or a folder with all that are below it")
    parser.add_argument("--output", type=Path, help="file to write instead of printing")


def _units(options: Namespace) -> None:
    """Print the units of recordings, a line each."""
    coder = chosen_coder(options)
    _check_codes(coder)
    coded = coder.code_all(recordings(options.input))
    text = "".join(f"{name}|{_text(one.units)}\n" for name, one in coded.items())
    if options.output:
        write_text(options.output, text)
    else:
        sys.stdout.write(text)


def _text(units: Tensor) -> str:
    return " ".join(",".join(map(str, unit)) for unit in units.tolist())


def _add_speak_options(parser: ArgumentParser) -> None:
    add_model_options(parser)
    parser.add_argument("units", type=Path, help="text with a line 'name|units' for each utterance")
    parser.add_argument("output", type=Path, help="wav, where there is one to write, or else a folder")
    add_target_options(parser)
    add_speaking_options(parser)


def _speak(options: Namespace) -> None:
    """Speak units of a text, without any recording."""
    coder = chosen_coder(options)
    _check_codes(coder)
    read = _read(options.units, codebook_sizes(coder.system))
    samples = RATE / coder.system.unit_rate
    coded = {name: Coded(units, round(len(units) * samples), LEVEL) for name, units in read.items()}
    write_spoken(options, coder, for_targets(coded, hear_targets(options, coder)))


def _check_codes(coder: Coder) -> None:
    if not coder.system.discrete:
        raise InputError(f"{coder.folder} has no codes that could be written; take a model that has")


def _read(path: Path, sizes: Sequence[int]) -> dict[str, Tensor]:
    """By name the codes, (T, G), of a text; InputError names all lines that have none of the model's."""
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
