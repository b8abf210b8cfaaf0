"""The model that a command works with."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import torch

from unitvoice import cli
from unitvoice.conversion.direct import Coder, load_coder
from unitvoice.features.intonation import Intonation

__all__ = ["add_model_options", "add_pitch_options", "chosen_coder"]


def add_model_options(parser: ArgumentParser) -> None:
    """Add which model, and what it computes with."""
    parser.add_argument("model", type=Path, help="model folder")
    about = 'pretrained encoder that computes the model\'s frames, as {"path": "folder", "layer": 6}'
    parser.add_argument("--ssl", type=cli.mapping, metavar="JSON", help=about)
    parser.add_argument("--threads", type=cli.positive, default=1, help="threads of torch")


def add_pitch_options(parser: ArgumentParser) -> None:
    """Add changes of pitch, of a model whose units have pitch."""
    about = "higher, in the range of the recording's own voice"
    parser.add_argument("--pitch-shift", type=float, default=0.0, metavar="SEMITONES", help=about)
    parser.add_argument("--flatten", action="store_true", help="all voiced speech at the mean of the voice")


def chosen_coder(options: Namespace) -> Coder:
    """The model that is asked for; see :func:`unitvoice.conversion.direct.load_coder`."""
    torch.set_num_threads(options.threads)
    coder = load_coder(options.model, options.ssl)
    if "flatten" in options:
        coder = coder.intoned(Intonation(options.pitch_shift, options.flatten))
    return coder
