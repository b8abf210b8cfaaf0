"""Command line options of everything that speaks, and the voice that they ask for."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import get_args

from unitvoice import cli
from unitvoice.conversion.speaking import Voice, voice_of
from unitvoice.conversion.vocoding import GriffinLim, Vocoder, load_vocoder
from unitvoice.nn.precision import Precision
from unitvoice.systems.base import System
from unitvoice.training.distributed import Device, find_device

__all__ = ["add_heard_option", "add_speaking_options", "chosen_voice"]


def add_speaking_options(parser: ArgumentParser) -> None:
    """Add what decides how units become sound."""
    parser.add_argument(
        "--vocoder", type=Path, help="model folder; speaks decoded frames instead of phase reconstruction"
    )
    parser.add_argument("--iterations", type=cli.positive, default=60, help="of phase reconstruction")
    parser.add_argument("--rows", type=cli.positive, default=32, help="utterances in flight, sample by sample")
    parser.add_argument("--precision", choices=get_args(Precision), default="float32", help="of sample by sample")
    parser.add_argument("--device", choices=get_args(Device), default="auto", help="where networks make sound")


def add_heard_option(parser: ArgumentParser) -> None:
    """Add recordings of a voice."""
    about = "recordings of the target, for a model that hears voices instead of knowing them by name"
    parser.add_argument("--heard", type=Path, nargs="+", default=[], metavar="RECORDING", help=about)


def chosen_voice(options: Namespace, system: System) -> Voice:
    """What a system speaks with by the options; InputError when the system or this machine cannot."""
    device = find_device(options.device)
    vocoder: Vocoder = GriffinLim(iterations=options.iterations)
    if options.vocoder:
        vocoder = load_vocoder(options.vocoder, system, device)
    return voice_of(system, vocoder, options.rows, options.precision, device)
