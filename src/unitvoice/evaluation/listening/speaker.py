"""Judge whether converted speech is nearer to the target voice than to the source speaker."""

import logging
import zlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from unitvoice import audio, cli
from unitvoice.errors import InputError, listed
from unitvoice.evaluation.listening.speaker_verification import GE2E, VoiceEncoder, create_voice_encoder
from unitvoice.manifest import Manifest, Utterance, read_manifest
from unitvoice.provenance import agreed, verified, write_json

__all__ = ["Panel", "Similarity", "equal_error_rate", "judge", "main", "right_above_wrong"]

log = logging.getLogger(__name__)

Embeddings = NDArray[np.float32]
APPLICABLE = 90.0  # % of the right speakers that a judge must put above a wrong one, to be of use on a corpus


def equal_error_rate(embeddings: Embeddings, speakers: Sequence[str]) -> float:
    """Error of telling speakers apart by the cosine, where misses are as frequent as false alarms.

    Args:
        embeddings: (N, D) of norm 1; all pairs of them are compared.
        speakers: who said each.

    Returns:
        Equal error rate in %, interpolated linearly between thresholds.

    Raises:
        InputError: there is no pair of one speaker, or none of two.
    """
    same, different = _pairs(embeddings, speakers)
    if not len(same) or not len(different):
        raise InputError("the equal error rate needs two utterances of one speaker and one of another")
    thresholds = np.append(np.unique(np.concatenate([same, different])), np.inf)
    misses = np.searchsorted(np.sort(same), thresholds) / len(same)
    alarms = 1 - np.searchsorted(np.sort(different), thresholds) / len(different)
    gaps = misses - alarms  # rises from -1 to 1
    after = int(np.argmax(gaps >= 0))
    share = gaps[after] / (gaps[after] - gaps[after - 1])
    return float(100 * (misses[after] + share * (misses[after - 1] - misses[after])))


def right_above_wrong(embeddings: Embeddings, speakers: Sequence[str]) -> float:
    """How often an utterance is nearer to the other utterances of its speaker than to those of another speaker.

    Args:
        embeddings: (N, D) of norm 1.
        speakers: who said each; those with one utterance are not asked.

    Returns:
        % of the pairs of an utterance and another speaker; 50 is chance.
    """
    names = np.asarray(speakers)
    right: list[bool] = []
    for place, speaker in enumerate(speakers):
        others = np.arange(len(names)) != place
        groups = {name: embeddings[others & (names == name)] for name in sorted(set(speakers))}
        if len(groups[speaker]):
            cosines = {name: embeddings[place] @ _direction(group) for name, group in groups.items() if len(group)}
            right += [cosines[speaker] > cosine for name, cosine in cosines.items() if name != speaker]
    return 100 * float(np.mean(right))


def _direction(embeddings: Embeddings) -> Embeddings:
    """The mean, with norm 1."""
    mean: Embeddings = embeddings.mean(axis=0)
    return mean / np.linalg.norm(mean)


def _pairs(embeddings: Embeddings, speakers: Sequence[str]) -> tuple[Embeddings, Embeddings]:
    """Cosines of all pairs of one speaker, and of all pairs of two."""
    first, second = np.triu_indices(len(embeddings), k=1)
    cosines = (embeddings @ embeddings.T)[first, second]
    names = np.asarray(speakers)
    same = names[first] == names[second]
    return cosines[same], cosines[~same]


@dataclass(frozen=True)
class Similarity:
    """Cosines of one converted trial with the two voices."""

    trial: str
    source: str  # speaker
    target: str  # speaker
    to_target: float
    to_source: float

    @property
    def nearer_target(self) -> bool:
        """Whether the conversion is nearer to the voice it was to have."""
        return self.to_target > self.to_source


@dataclass(frozen=True)
class Panel:
    """Which utterances stand for a speaker: a seeded choice, from the training subsets where there are any."""

    most: int = 10  # utterances of a speaker
    least: float = 1.0  # s; shorter ones only where a speaker has no other
    seed: int = 0

    def choose(self, manifest: Manifest) -> dict[str, list[Utterance]]:
        """The chosen utterances of each speaker, in the manifest's order."""
        chosen = {}
        for speaker in sorted({utterance.speaker for utterance in manifest.utterances}):
            own = [utterance for utterance in manifest.utterances if utterance.speaker == speaker]
            pool = [utterance for utterance in own if utterance.subset in {"unit", "voice"}] or own
            pool = [utterance for utterance in pool if utterance.seconds >= self.least] or pool
            random = np.random.default_rng([self.seed, zlib.crc32(speaker.encode())])
            picks = random.choice(len(pool), min(self.most, len(pool)), replace=False)
            chosen[speaker] = [pool[pick] for pick in sorted(picks)]
        return chosen


@dataclass(frozen=True)
class _Voices:
    """Embeddings of the chosen utterances."""

    chosen: Mapping[str, Sequence[Utterance]]
    embeddings: Mapping[str, NDArray[np.float32]]  # by utterance

    def centroid(self, speaker: str, without: str | None = None) -> NDArray[np.float32]:
        """Mean embedding of a speaker, without one utterance unless there is no other."""
        names = [utterance.utterance for utterance in self.chosen[speaker]]
        names = [name for name in names if name != without] or names
        return _direction(np.stack([self.embeddings[name] for name in names]))


def judge(
    encoder: VoiceEncoder,
    manifest: Manifest,
    converted: Path,
    *,
    own_voice: Path | None = None,
    panel: Panel = Panel(),
    jobs: int = 1,
) -> dict[str, Any]:
    """Compare converted speech with its target voices and source speakers.

    A voice is the mean embedding of the utterances that the panel chooses; a source speaker is that of utterances
    other than the converted one, where there are others. Trials that keep the speaker are left out.

    Args:
        encoder: the judge.
        manifest: the corpus and its trials.
        converted: folder of ``<trial name>.wav``.
        own_voice: folder of ``<utterance>.wav``, spoken again in the speaker's own voice.
        panel: which utterances stand for a speaker.
        jobs: threads; the result does not depend on their number.

    Returns:
        What the command writes; a part that cannot be computed is ``{"absent": reason}``.

    Raises:
        InputError: recordings are missing or cannot be read; all of them are named.
    """
    chosen = panel.choose(manifest)
    waves = [utterance for group in chosen.values() for utterance in group]
    embeddings = _embed(encoder, ((manifest.path(u), u.start or 0.0, u.stop) for u in waves), jobs)
    names = [utterance.utterance for utterance in waves]
    voices = _Voices(chosen, dict(zip(names, embeddings, strict=True)))
    similarities = _similarities(encoder, manifest, converted, voices, jobs)
    return {
        "judge": {"name": encoder.name, "version": encoder.version, "weights": encoder.weights_hash},
        "panel": asdict(panel),
        "conversion": _conversion(similarities),
        "own_voice": _own_voice(encoder, manifest, own_voice, voices, jobs),
        "corpus": _corpus(np.stack(embeddings), [utterance.speaker for utterance in waves]),
        "trials": [asdict(one) | {"nearer_target": one.nearer_target} for one in similarities],
    }


def _embed(
    encoder: VoiceEncoder, places: Iterable[tuple[Path, float, float | None]], jobs: int
) -> list[NDArray[np.float32]]:
    """Embeddings of stretches of files; InputError with all that cannot be read."""

    def one(place: tuple[Path, float, float | None]) -> NDArray[np.float32] | InputError:
        path, start, stop = place
        try:
            return encoder.embed(audio.read(path, start=start, stop=stop))
        except InputError as error:
            return error

    waiting = list(places)
    with ThreadPoolExecutor(jobs) as pool:
        found = list(tqdm(pool.map(one, waiting), "embed", len(waiting), unit="file", disable=None))
    if bad := [result for result in found if isinstance(result, InputError)]:
        raise InputError(f"{len(bad)} recordings cannot be judged: {listed(bad)}")
    return [result for result in found if not isinstance(result, InputError)]


def _similarities(
    encoder: VoiceEncoder, manifest: Manifest, converted: Path, voices: _Voices, jobs: int
) -> list[Similarity]:
    utterances = manifest.by_name()
    trials = [trial for trial in manifest.trials if utterances[trial.source].speaker != trial.target]
    embeddings = _embed(encoder, ((converted / f"{trial.name}.wav", 0.0, None) for trial in trials), jobs)
    found = []
    for trial, embedding in zip(trials, embeddings, strict=True):
        source = utterances[trial.source].speaker
        to_target = float(embedding @ voices.centroid(trial.target))
        to_source = float(embedding @ voices.centroid(source, without=trial.source))
        found.append(Similarity(trial.name, source, trial.target, round(to_target, 5), round(to_source, 5)))
    return found


def _conversion(similarities: Sequence[Similarity]) -> dict[str, Any]:
    if not similarities:
        return {"absent": "the manifest has no trial that changes the speaker"}
    return {
        "trials": len(similarities),
        "nearer_target_percent": _mean([100.0 * one.nearer_target for one in similarities]),
        "cosine_to_target": _mean([one.to_target for one in similarities]),
        "cosine_to_source": _mean([one.to_source for one in similarities]),
    }


def _own_voice(
    encoder: VoiceEncoder, manifest: Manifest, folder: Path | None, voices: _Voices, jobs: int
) -> dict[str, Any]:
    if folder is None:
        return {"absent": "no folder of utterances spoken again in their own voice was given"}
    utterances = manifest.by_name()
    waves = sorted(folder.glob("*.wav"))
    if not waves:
        raise InputError(f"{folder} has no wav; write utterances of the manifest, spoken in their own voice, there")
    if strange := [wave.name for wave in waves if wave.stem not in utterances]:
        raise InputError(f"{folder} must hold <utterance>.wav of the manifest only; remove {listed(strange)}")
    embeddings = _embed(encoder, ((wave, 0.0, None) for wave in waves), jobs)
    own = [voices.centroid(utterances[wave.stem].speaker, without=wave.stem) for wave in waves]
    cosines = [float(one @ other) for one, other in zip(embeddings, own, strict=True)]
    return {"utterances": len(waves), "cosine_to_own": _mean(cosines)}


def _corpus(embeddings: Embeddings, speakers: Sequence[str]) -> dict[str, Any]:
    """How well the judge tells the corpus's own speakers apart: what its verdicts are worth there."""
    try:
        error = equal_error_rate(embeddings, speakers)
    except InputError as reason:
        return {"absent": str(reason)}
    same, different = _pairs(embeddings, speakers)
    right = right_above_wrong(embeddings, speakers)
    return {
        "applicable": right >= APPLICABLE,
        "right_above_wrong_percent": round(right, 3),
        "speakers": len(set(speakers)),
        "utterances": len(speakers),
        "equal_error_rate_percent": round(error, 3),
        "cosine_same_speaker": _mean(same),
        "cosine_different_speakers": _mean(different),
    }


def _mean(values: Sequence[float] | NDArray[np.float32]) -> float:
    return round(float(np.mean(values, dtype=np.float64)), 5)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("converted", type=Path, help="folder of <trial name>.wav")
    parser.add_argument("output", type=Path, help="JSON file to write")
    parser.add_argument("--own-voice", type=Path, help="folder of <utterance>.wav, spoken again in the same voice")
    parser.add_argument("--most", type=int, default=Panel.most, help="utterances that stand for a speaker")
    parser.add_argument("--least", type=float, default=Panel.least, help="shortest of them, s")
    parser.add_argument("--seed", type=int, default=Panel.seed, help="of their choice")
    parser.add_argument("--encoder", default=GE2E, help="ge2e, or wavlm:MODEL of the hub or of a folder")
    parser.add_argument("--jobs", type=int, default=1, help="threads")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    panel = Panel(options.most, options.least, options.seed)
    manifest, encoder = read_manifest(options.manifest), create_voice_encoder(options.encoder)
    spoken = {"conversions": options.converted, "own voices": options.own_voice}
    made_of = agreed({"manifest": manifest.seal} | {role: verified(path) for role, path in spoken.items()})
    found = judge(encoder, manifest, options.converted, own_voice=options.own_voice, panel=panel, jobs=options.jobs)
    write_json(options.output, found, "cosines of voices", made_of)
    log.info("speaker: conversion %s, corpus %s", found["conversion"], found["corpus"])


if __name__ == "__main__":
    cli.run(main)
