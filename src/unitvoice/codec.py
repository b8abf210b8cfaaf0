"""Speech as a file of a few hundred bits per second, by any system with codes, and back in a voice of choice."""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from unitvoice import audio, cli
from unitvoice.audio import Wave
from unitvoice.bitstream import Stream, pack, unpack
from unitvoice.conversion.direct import Coded, Coder, speak
from unitvoice.conversion.direct_options import add_model_options, add_pitch_options, chosen_coder
from unitvoice.conversion.options import add_heard_option, add_speaking_options, chosen_voice
from unitvoice.errors import InputError
from unitvoice.files import atomic, sha256
from unitvoice.nn.vq import Quantiser

__all__ = ["DECODE", "ENCODE", "codebook_sizes", "main", "read_stream", "stream_of"]

log = logging.getLogger(__name__)


def codebook_sizes(system: nn.Module) -> tuple[int, ...]:
    """Number of codes of each codebook, in the order of the units' indices; none of a system without codes."""
    if isinstance(system, Quantiser):  # one for several codebooks has a quantiser for each inside
        return system.codes
    return tuple(size for part in system.children() for size in codebook_sizes(part))


def stream_of(coder: Coder, wave: Wave) -> Stream:
    """The bit stream of (N,) samples at 16 kHz; InputError when the model has no codes."""
    if not coder.system.discrete:
        raise InputError(f"{coder.folder} has no codes, and so no bit stream; take a model that has")
    coded = coder.code(wave)
    sizes = codebook_sizes(coder.system)
    return Stream(_hash(coder), coder.system.unit_rate, coded.units.numpy(), sizes, coded.samples, coded.level)


def read_stream(coder: Coder, place: Path) -> Coded:
    """What a file of a bit stream says; InputError when it is none, damaged, or of another model."""
    stream = unpack(place.read_bytes(), str(place))
    sizes = codebook_sizes(coder.system)
    if stream.model != _hash(coder) or len(sizes) != len(stream.sizes) or (stream.codes >= sizes).any():
        raise InputError(f"{place} was encoded with another model than {coder.folder}; decode it with that one")
    return Coded(torch.from_numpy(stream.codes), stream.samples, stream.level)


def _hash(coder: Coder) -> bytes:
    return bytes.fromhex(sha256(coder.folder / "weights.safetensors"))[:8]


def _add_encode_options(parser: ArgumentParser) -> None:
    add_model_options(parser)
    parser.add_argument("recording", type=Path, help="sound file")
    parser.add_argument("output", type=Path, help="bit stream to write")
    add_pitch_options(parser)


def _encode(options: Namespace) -> None:
    """Encode a recording as a bit stream."""
    stream = stream_of(chosen_coder(options), audio.read(options.recording))
    content = pack(stream)
    with atomic(options.output) as beside:
        beside.write_bytes(content)
    rate = 8 * len(content) / stream.seconds
    measured = f"{len(content)} bytes for {stream.seconds:.2f} s, {rate:.0f} bit/s with its header"
    log.info("%s: %s; the fixed rate of the codes is %d bit/s", options.output, measured, stream.fixed_rate)


def _add_decode_options(parser: ArgumentParser) -> None:
    add_model_options(parser)
    parser.add_argument("stream", type=Path, help="bit stream")
    parser.add_argument("output", type=Path, help="wav to write")
    parser.add_argument("--target", required=True, help="speaker to speak as")
    add_heard_option(parser)
    add_speaking_options(parser)


def _decode(options: Namespace) -> None:
    """Speak a bit stream in a voice."""
    coder = chosen_coder(options)
    coded = read_stream(coder, options.stream)
    coder.hear(options.target, [audio.read(path) for path in options.heard])
    ((_, wave),) = speak(chosen_voice(options, coder.system), {options.stream.stem: (coded, options.target)})
    audio.write(options.output, wave)


ENCODE = cli.Command(_add_encode_options, _encode)
DECODE = cli.Command(_add_decode_options, _decode)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    cli.run_one_of({"encode": ENCODE, "decode": DECODE}, __doc__, argv)


if __name__ == "__main__":
    cli.run(main)
