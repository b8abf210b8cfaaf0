"""Speech without words, by a model that is told nothing."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import get_args

import torch
from tqdm import tqdm

from unitvoice import audio, cli
from unitvoice.conversion.speaking import Request, SampleVoice
from unitvoice.devices import Device, find_device
from unitvoice.errors import InputError
from unitvoice.models import load_model
from unitvoice.nn.precision import Precision
from unitvoice.systems.wavernn_unconditional import UnconditionalWaveRnn

__all__ = ["BABBLE"]


def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="model folder of wavernn-unconditional")
    parser.add_argument("output", type=Path, help="folder of wavs to write: 0.wav and so on")
    parser.add_argument("--count", type=cli.positive, default=4, help="wavs; all are spoken at once")
    parser.add_argument("--seconds", type=cli.positive, default=6, help="of each")
    parser.add_argument("--seed", type=int, default=0, help="another one, another sound")
    parser.add_argument("--precision", choices=get_args(Precision), default="float32", help="of the large products")
    parser.add_argument("--device", choices=get_args(Device), default="auto", help="where to compute")
    parser.add_argument("--threads", type=cli.positive, default=1, help="threads of torch")


def _babble(options: Namespace) -> None:
    """Speak like the corpus as a whole, told nothing."""
    torch.set_num_threads(options.threads)
    system, device = load_model(options.model), find_device(options.device)
    if not isinstance(system, UnconditionalWaveRnn):
        raise InputError(f"{options.model} does not babble; give a model of the recipe wavernn-unconditional")
    voice = SampleVoice(system.to(device), options.count, options.precision, options.seed, device)
    samples = options.seconds * audio.RATE
    nothing = torch.zeros(-(-samples // system.decoder.hop), 0)
    requests = [Request(str(number), nothing, "", samples) for number in range(options.count)]
    for request, wave in tqdm(voice(requests), total=len(requests), desc="babble", unit="file", disable=None):
        audio.write(options.output / f"{request.name}.wav", wave)


BABBLE = cli.Command(_add_options, _babble)
