"""Statistics of F0 by speaker, from whole utterances: what makes the pitches of two voices comparable."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.manifest import Utterance, read_manifest
from unitvoice.provenance import agreed, read_json, write_json
from unitvoice.settings import build
from unitvoice.store import Store

__all__ = ["F0Statistics", "LogF0", "f0_statistics", "log_f0", "main", "read_f0_statistics"]

log = logging.getLogger(__name__)
SMALLEST = 0.01  # deviation of a voice whose F0 does not move: a sixth of a semitone


@dataclass(frozen=True)
class LogF0:
    """Natural logarithm of F0 in Hz over voiced frames."""

    mean: float
    deviation: float  # at least `SMALLEST`
    frames: int  # voiced ones, that the others are of

    def normalised(self, f0: NDArray[Any]) -> NDArray[np.float32]:
        """F0 in Hz to deviations from the mean, (T,) -> (T,); 0 where not voiced, which voicing alone can tell."""
        voiced = f0 > 0
        logarithm = np.log(f0, out=np.full(f0.shape, self.mean), where=voiced)
        return ((logarithm - self.mean) / self.deviation).astype(np.float32)

    def hertz(self, normalised: NDArray[Any], voiced: NDArray[Any]) -> NDArray[np.float32]:
        """Deviations from the mean to F0 in Hz where voiced and 0 elsewhere, (T,) and (T,) -> (T,)."""
        return np.where(voiced > 0, np.exp(normalised * self.deviation + self.mean), 0).astype(np.float32)


@dataclass(frozen=True)
class F0Statistics:
    """By name of the speaker, so that a change of the list of speakers moves nobody's."""

    content: str  # hash of the store they are of
    everyone: LogF0  # of all voiced frames
    speakers: dict[str, LogF0]

    def of(self, speaker: str) -> LogF0:
        """Of a speaker; of everyone, with a word in the log, for a speaker who is not known."""
        if speaker not in self.speakers:
            log.warning("no F0 is known of the speaker %s; the statistics of everyone are taken", speaker)
        return self.speakers.get(speaker, self.everyone)


def f0_statistics(store: Store, utterances: Sequence[Utterance]) -> F0Statistics:
    """Statistics of some utterances in a store of a kind of F0; speakers who are never voiced have none.

    Raises:
        InputError: the store holds something else or lacks utterances, or nothing is voiced.
    """
    if store.meta["kind"].partition("-")[0] != "f0":
        raise InputError(f"{store.folder} holds {store.meta['kind']} and not F0; extract the kind f0")
    if lost := [one.utterance for one in utterances if one.utterance not in store]:
        raise InputError(f"{store.folder} lacks {listed(lost)}; make the features again")
    logs: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    for one in utterances:
        f0, voicing = np.asarray(store[one.utterance], dtype=np.float64).T
        logs[one.speaker].append(np.log(f0[voicing > 0]))
    joined = {speaker: np.concatenate(parts) for speaker, parts in sorted(logs.items())}
    if silent := [speaker for speaker, values in joined.items() if not len(values)]:
        log.warning("these speakers have no voiced speech, and so no F0 of their own: %s", listed(silent))
    if not any(map(len, joined.values())):
        raise InputError(f"{store.folder} has no voiced frame of these utterances; check the recordings")
    everyone = log_f0(np.concatenate(list(joined.values())))
    speakers = {speaker: log_f0(values) for speaker, values in joined.items() if len(values)}
    return F0Statistics(store.meta["content"], everyone, speakers)


def log_f0(values: NDArray[np.float64]) -> LogF0:
    """Statistics of log-F0 of voiced frames, (T,), of which there is one at least."""
    return LogF0(float(values.mean()), max(float(values.std()), SMALLEST), len(values))


def read_f0_statistics(path: Path) -> F0Statistics:
    """The statistics of a file; InputError when it holds something else."""
    return build(F0Statistics, read_json(path), str(path))


def main(argv: Sequence[str] | None = None) -> None:
    """Statistics of F0 by speaker, over all utterances of a manifest."""
    parser = cli.parser(main.__doc__)
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("store", type=Path, help="store of a kind of F0")
    parser.add_argument("output", type=Path, help="JSON file to write")
    arguments = parser.parse_args(argv)
    store, manifest = Store(arguments.store), read_manifest(arguments.manifest)
    made_of = agreed({"manifest": manifest.seal, store.meta["kind"]: store.seal})
    found = f0_statistics(store, manifest.utterances)
    write_json(arguments.output, asdict(found), f"statistics of {store.meta['kind']}", made_of)
    log.info("F0 of %d speakers, %.0f Hz in the middle", len(found.speakers), np.exp(found.everyone.mean))


if __name__ == "__main__":
    cli.run(main)
