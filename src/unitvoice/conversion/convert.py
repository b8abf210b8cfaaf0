"""Convert the trials of a manifest: units of the source, voice of the target, one wav each."""

import argparse
import hashlib
import logging
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from unitvoice import audio, cli
from unitvoice.conversion.hearing import hear_targets
from unitvoice.conversion.kept import kept
from unitvoice.conversion.options import add_speaking_options, chosen_voice
from unitvoice.conversion.speaking import Request, SampleVoice, Voice
from unitvoice.errors import InputError, listed
from unitvoice.files import sha256
from unitvoice.manifest import Manifest, Trial, Utterance, read_manifest
from unitvoice.models import load_model
from unitvoice.provenance import Origins, agreed, prefixed, sealed, verified
from unitvoice.store import Store
from unitvoice.systems.base import System

__all__ = ["convert", "main", "own_voice_trials", "shard"]

log = logging.getLogger(__name__)
COMPARED = 1600  # samples on which a lower precision is compared with single precision


def convert(
    manifest: Manifest,
    trials: Sequence[Trial],
    units: Store,
    voice: Voice,
    folder: Path,
    work: Path | None = None,
    made_of: Origins | None = None,
) -> None:
    """Write ``<trial name>.wav`` for each trial: as long as its source, and as loud.

    Args:
        manifest: the corpus.
        trials: what is asked for.
        units: codes of the sources, or vectors where the system has no codes.
        voice: speaks the units.
        folder: where the wavs will be.
        work: where they are kept until all are done; those that are there already, and whole, are not made again.
            Without it nothing remains of an interrupted conversion.
        made_of: where all this came from.

    Raises:
        InputError: a source has no units or cannot be read; all without units are named at once. Or another process
            took wavs away.
    """
    if lost := [trial.source for trial in trials if trial.source not in units]:
        raise InputError(f"{units.folder} has no units of {listed(lost)}; encode the subset they are in")
    sources = manifest.by_name()
    with sealed(folder, f"{len(trials)} conversions", made_of) as beside, kept(work, beside) as place:
        whole = place.whole()
        missing = [trial for trial in trials if trial.name not in whole]
        if len(missing) < len(trials):
            log.info("%d of %d trials were converted before", len(trials) - len(missing), len(trials))
        recordings = {trial.name: partial(_recording, manifest, sources[trial.source]) for trial in missing}
        requests = [_request(trial, units, len(recordings[trial.name]())) for trial in missing]
        begun = time.monotonic()
        for request, wave in tqdm(voice(requests), total=len(missing), desc="convert", unit="file", disable=None):
            place.write(request.name, audio.match_loudness(wave, recordings[request.name]()))
        place.finish([trial.name for trial in trials])
    speed = sum(request.samples for request in requests) / (time.monotonic() - begun)
    log.info("converted %d trials, %.0f samples a second", len(missing), speed)


def _recording(manifest: Manifest, utterance: Utterance) -> audio.Wave:
    return audio.read(manifest.path(utterance), start=utterance.start or 0.0, stop=utterance.stop)


def _request(trial: Trial, units: Store, samples: int) -> Request:
    found = units[trial.source]
    kind = np.int64 if np.issubdtype(found.dtype, np.integer) else np.float32
    return Request(trial.name, torch.tensor(np.asarray(found, dtype=kind)), trial.target, samples)


def _check_targets(system: System, trials: Sequence[Trial]) -> None:
    """InputError when the model does not know a target; all of them are named."""
    if strange := sorted({trial.target for trial in trials} - set(system.speakers)):
        known = listed(system.speakers, 20)
        raise InputError(f"the model does not know the target speakers {listed(strange)}; it knows {known}")


def own_voice_trials(manifest: Manifest, most: int) -> list[Trial]:
    """Trials that keep the voice: the first few utterances of each target voice, spoken in that voice."""
    chosen = [
        u for voice in manifest.voices for u in [v for v in manifest.subset("voice") if v.speaker == voice][:most]
    ]
    return [Trial(u.utterance, u.speaker, u.utterance) for u in chosen]


def shard(trials: Sequence[Trial], number: int, shards: int) -> list[Trial]:
    """Every ``shards``-th trial by name, from the ``number``-th, counted from 1.

    >>> shard([Trial("s", "V", name) for name in "dbac"], 2, 2)
    [Trial(source='s', target='V', name='b'), Trial(source='s', target='V', name='d')]
    """
    return sorted(trials, key=lambda trial: trial.name)[number - 1 :: shards]


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("units", type=Path, help="folder of stores, see unitvoice.units.encode")
    parser.add_argument("output", type=Path, help="folder to write the wavs in")
    parser.add_argument("--references", type=Path, help="store of frames, for systems that hear the target voices")
    add_speaking_options(parser)
    parser.add_argument("--own-voice", type=cli.positive, help="instead: so many utterances of each voice, as it is")
    parser.add_argument("--shard", type=_part, default=(1, 1), metavar="K/N", help="every N-th trial, from the K-th")
    parser.add_argument("--state", type=Path, help="folder that keeps what is done; a killed conversion goes on there")
    parser.add_argument("--threads", type=cli.positive, default=1, help="threads of torch")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    manifest = read_manifest(arguments.manifest)
    trials = own_voice_trials(manifest, arguments.own_voice) if arguments.own_voice else list(manifest.trials)
    if not trials:
        raise InputError(
            f"{arguments.manifest} has no trials to convert; add them to the corpus (synthesis.txt, or the key trials)"
        )
    system = load_model(arguments.model)
    units = Store(arguments.units / ("indices" if system.discrete else "vectors"))
    references = Store(arguments.references) if system.hears and arguments.references else None
    seals = {"manifest": manifest.seal, units.meta["kind"]: units.seal, "model": system.seal}
    made_of = agreed(seals | {"references": references.seal if references else None})
    targets = sorted({trial.target for trial in trials})
    if system.hears:
        hear_targets(system, manifest, targets, references)
    else:
        _check_targets(system, trials)
    trials = shard(trials, *arguments.shard)
    options = arguments.iterations, arguments.rows, arguments.precision, arguments.device
    voice = chosen_voice(arguments, system)
    work = None
    if arguments.state:
        heard = references.meta["content"] if references else None
        models = [sha256(one / "weights.safetensors") for one in (arguments.model, arguments.vocoder) if one]
        state = models, units.meta["content"], heard, options, trials
        work = arguments.state / hashlib.sha256(repr(state).encode()).hexdigest()[:16]
    if arguments.vocoder:
        made_of |= prefixed("vocoder", agreed({"model": verified(arguments.vocoder)}))
    convert(manifest, trials, units, voice, arguments.output, work, made_of)
    if isinstance(voice, SampleVoice) and trials and voice.precision != "float32":
        far = voice.divergence(_request(trials[0], units, COMPARED))
        log.info("%s is %.3g nats a sample from float32 on trial %s", voice.precision, far, trials[0].name)


def _part(text: str) -> tuple[int, int]:
    """Type of an argument such as ``2/5``."""
    number, _, shards = text.partition("/")
    part = cli.positive(number), cli.positive(shards)
    if part[0] > part[1]:
        raise argparse.ArgumentTypeError(f"{text} is beyond the last part")
    return part


if __name__ == "__main__":
    cli.run(main)
