"""Recordings in other voices, or again in their own."""

from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from unitvoice import audio, cli
from unitvoice.conversion.direct import Coded, Coder, recordings, speak
from unitvoice.conversion.direct_options import add_model_options, add_pitch_options, chosen_coder
from unitvoice.conversion.options import add_heard_option, add_speaking_options, chosen_voice
from unitvoice.errors import InputError, listed

__all__ = ["CONVERT", "RESYNTHESISE", "add_target_options", "for_targets", "hear_targets", "write_spoken"]

ALL = "all"
WAV = ".wav"


def _add_options(parser: ArgumentParser) -> None:
    add_model_options(parser)
    parser.add_argument("input", type=Path, help="sound file, or a folder with all that are below it")
    parser.add_argument("output", type=Path, help="wav, where there is one to write, or else a folder")
    add_pitch_options(parser)
    add_speaking_options(parser)


def add_target_options(parser: ArgumentParser) -> None:
    """Add in whose voices to speak; see :func:`hear_targets`."""
    parser.add_argument("--target", nargs="+", required=True, help=f"speakers to speak as, or {ALL} that are learned")
    add_heard_option(parser)


def hear_targets(options: Namespace, coder: Coder) -> list[str]:
    """The voices that are asked for, which the model knows, or has now heard; InputError for one that it does not."""
    targets = list(coder.voices) if options.target == [ALL] else list(dict.fromkeys(options.target))
    if not targets:
        raise InputError(f"{coder.folder} has not learned to speak as anybody by name; train its generator")
    heard = [audio.read(path) for path in options.heard]
    for target in targets:
        coder.hear(target, heard)
    return targets


def for_targets(coded: Mapping[str, Coded], targets: Sequence[str]) -> dict[str, tuple[Coded, str]]:
    """Everything in each voice, by the path of its wav without suffix; of several voices each has a folder."""
    folders = [f"{target}/" for target in targets] if len(targets) > 1 else [""]
    return {
        f"{folder}{name}": (one, target)
        for folder, target in zip(folders, targets, strict=True)
        for name, one in coded.items()
    }


def write_spoken(
    options: Namespace, coder: Coder, wanted: Mapping[str, tuple[Coded, str]], sources: Collection[Path] = ()
) -> None:
    """Speak and write wavs: the output itself where there is one and it is called so, otherwise below the output.

    Args:
        options: of speaking, and the output.
        coder: its system speaks.
        wanted: by the path of the wav, without suffix, what is spoken, and in whose voice.
        sources: files that must not be written over.

    Raises:
        InputError: there are several, and the output is called like a wav; or a source would be written over.
    """
    output: Path = options.output
    places = {name: output.joinpath(f"{name}{WAV}") for name in wanted}
    if output.suffix.lower() == WAV:
        if len(wanted) > 1:
            raise InputError(f"there are {len(wanted)} wavs to write; give a folder instead of {output}")
        places = dict.fromkeys(wanted, output)
    own = {path.resolve() for path in sources}
    if lost := [place for place in places.values() if place.resolve() in own]:
        raise InputError(f"these recordings would be written over: {listed(lost)}; give another output")
    spoken = speak(chosen_voice(options, coder.system), wanted)
    for name, wave in tqdm(spoken, total=len(wanted), desc="speak", unit="file", disable=None):
        audio.write(places[name], wave)


def _convert(options: Namespace) -> None:
    """Speak recordings in other voices."""
    coder = chosen_coder(options)
    targets = hear_targets(options, coder)
    found = recordings(options.input)
    write_spoken(options, coder, for_targets(coder.code_all(found), targets), found.values())


def _resynthesise(options: Namespace) -> None:
    """Speak recordings again, in their own voices."""
    coder = chosen_coder(options)
    found = recordings(options.input)
    speakers = _own_voices(coder, found, options.speaker)
    wanted = {name: (one, speakers[name]) for name, one in coder.code_all(found).items()}
    write_spoken(options, coder, wanted, found.values())


def _own_voices(coder: Coder, found: Mapping[str, Path], speaker: str | None) -> dict[str, str]:
    """Who speaks in each recording; a system that hears voices hears them in the recordings themselves."""
    system = coder.system
    if system.hears:
        if speaker:
            raise InputError("the model hears voices in the recordings themselves; leave out the speaker")
        for name, path in found.items():
            coder.hear(name, [audio.read(path)])
        return {name: name for name in found}
    if speaker:
        coder.hear(speaker, [])
        return dict.fromkeys(found, speaker)
    names = {name: (path.stem.partition("_")[0], path.parent.name) for name, path in found.items()}
    known = {name: [one for one in parts if one in system.speakers] for name, parts in names.items()}
    if strange := [found[name] for name, speakers in known.items() if not speakers]:
        raise InputError(
            f"the speakers of {listed(strange)} are not known by the files' names; give one as --speaker, "
            f"the model knows {listed(system.speakers, 20)}"
        )
    return {name: speakers[0] for name, speakers in known.items()}


def _add_convert_options(parser: ArgumentParser) -> None:
    _add_options(parser)
    add_target_options(parser)


def _add_resynthesise_options(parser: ArgumentParser) -> None:
    _add_options(parser)
    about = "who speaks; if not given, the file's name up to its first _, or its folder, must tell"
    parser.add_argument("--speaker", help=about)


CONVERT = cli.Command(_add_convert_options, _convert)
RESYNTHESISE = cli.Command(_add_resynthesise_options, _resynthesise)
