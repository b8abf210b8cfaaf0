"""Convert the trials of a manifest: units of the source, voice of the target, one wav each."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from unitvoice import audio, cli
from unitvoice.audio import Wave
from unitvoice.conversion.vocoding import GriffinLim, Vocoder
from unitvoice.errors import InputError, listed
from unitvoice.features.spectral import Spectrum
from unitvoice.files import atomic
from unitvoice.manifest import Manifest, Trial, read_manifest
from unitvoice.models import load_model
from unitvoice.store import Store
from unitvoice.systems.base import System

__all__ = ["convert", "main", "speak"]

log = logging.getLogger(__name__)
HOP = Spectrum().hop  # samples per log-mel frame


@torch.inference_mode()
def speak(system: System, indices: torch.Tensor, speaker: str, samples: int, vocoder: Vocoder, seed: int = 0) -> Wave:
    """Speak units in a voice.

    Args:
        system: a trained system that decodes to log-mel frames.
        indices: (T, G) codes.
        speaker: one the system knows.
        samples: length of the result at 16 kHz.
        vocoder: makes the sound.
        seed: of the vocoder.

    Returns:
        (samples,) float32.
    """
    frames = system.decode(indices, speaker, 1 + samples // HOP)
    return vocoder(frames.numpy(), samples, seed)


def convert(
    system: System, manifest: Manifest, trials: Sequence[Trial], indices: Store, folder: Path, vocoder: Vocoder
) -> None:
    """Write ``<trial name>.wav`` for each trial: as long as its source, and as loud.

    Raises:
        InputError: a trial's source has no units, or the model does not know a target; all are named at once.
    """
    _check(system, trials, indices)
    sources = manifest.by_name()
    with atomic(folder) as beside:
        beside.mkdir()
        for trial in tqdm(trials, desc="convert", unit="file", disable=None):
            utterance = sources[trial.source]
            source = audio.read(manifest.path(utterance), start=utterance.start or 0.0, stop=utterance.stop)
            units = torch.tensor(np.asarray(indices[trial.source], dtype=np.int64))
            wave = speak(system, units, trial.target, len(source), vocoder)
            audio.write(beside / f"{trial.name}.wav", audio.match_loudness(wave, source))
    log.info("converted %d trials", len(trials))


def _check(system: System, trials: Sequence[Trial], indices: Store) -> None:
    if lost := [trial.source for trial in trials if trial.source not in indices]:
        raise InputError(f"{indices.folder} has no units of {listed(lost)}; encode the subset they are in")
    if strange := sorted({trial.target for trial in trials} - set(system.speakers)):
        known = listed(system.speakers, 20)
        raise InputError(f"the model does not know the target speakers {listed(strange)}; it knows {known}")


def own_voice_trials(manifest: Manifest, most: int) -> list[Trial]:
    """Trials that keep the voice: the first few utterances of each target voice, spoken in that voice."""
    chosen = [
        u for voice in manifest.voices for u in [v for v in manifest.subset("voice") if v.speaker == voice][:most]
    ]
    return [Trial(u.utterance, u.speaker, u.utterance) for u in chosen]


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("indices", type=Path, help="store of codes, see unitvoice.units.encode")
    parser.add_argument("output", type=Path, help="folder to write the wavs in")
    parser.add_argument("--iterations", type=cli.positive, default=60, help="of phase reconstruction")
    parser.add_argument(
        "--own-voice", type=cli.positive, help="instead: speak so many utterances of each voice in that voice"
    )
    parser.add_argument("--threads", type=cli.positive, default=1, help="threads of torch")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    manifest = read_manifest(arguments.manifest)
    trials = own_voice_trials(manifest, arguments.own_voice) if arguments.own_voice else manifest.trials
    if not trials:
        raise InputError(
            f"{arguments.manifest} has no trials to convert; add them to the corpus (synthesis.txt, or the key trials)"
        )
    vocoder = GriffinLim(iterations=arguments.iterations)
    convert(load_model(arguments.model), manifest, trials, Store(arguments.indices), arguments.output, vocoder)


if __name__ == "__main__":
    cli.run(main)
