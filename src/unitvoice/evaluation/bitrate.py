"""Bitrate of frames taken as symbols: the challenge's number, and others under names of their own."""

import json
import logging
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.evaluation.frames import Frames, read_features, text_files
from unitvoice.files import read_text, write_json
from unitvoice.store import Store

__all__ = ["Bitrate", "bitrate", "read_durations"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bitrate:
    """Rates of a set of utterances; ``bitrate`` alone is the official one."""

    bitrate: float  # bit/s: frames per second times their entropy
    run_collapsed_bitrate: float  # bit/s: the same when repeats of a frame count once
    entropy: float  # bit per frame
    perplexity: float  # 2 ** entropy: how many equally frequent symbols would have this entropy
    distinct_frames: int  # symbols in use
    frames: int
    frames_per_second: float
    files: int
    seconds: float


def bitrate(frames: Frames, durations: Iterable[tuple[str, float]]) -> Bitrate:
    """Bitrate of the ZeroSpeech 2019 challenge: (N / D) times the entropy of the N frames, D seconds in all.

    Frames are one symbol when all their numbers are equal. Listed utterances without frames are left out together
    with their seconds, and counted in a warning.

    Args:
        frames: (T, D) per utterance.
        durations: utterance and its seconds.

    Raises:
        InputError: no utterance is left, or its seconds are not positive.

    >>> bitrate({"u": np.array([[1.0, 0.0], [0.0, 1.0]])}, [("u", 2.0)]).bitrate
    1.0
    """
    counts: Counter[bytes] = Counter()
    collapsed: Counter[bytes] = Counter()
    seconds, missing, files = 0.0, [], 0
    for name, duration in durations:
        if name not in frames:
            missing.append(name)
            continue
        symbols = _symbols(frames[name])
        counts.update(symbols)
        collapsed.update(symbol for symbol, _ in groupby(symbols))
        seconds += duration
        files += 1
    if missing:
        log.warning("%d listed utterances have no frames and are left out: %s", len(missing), listed(missing))
    if not seconds > 0:
        raise InputError("there is no utterance with frames and a duration; check the list and the folder")
    bits, total = _entropy(counts), counts.total()
    return Bitrate(
        bitrate=total / seconds * bits,
        run_collapsed_bitrate=collapsed.total() / seconds * _entropy(collapsed),
        entropy=bits,
        perplexity=2.0**bits,
        distinct_frames=len(counts),
        frames=total,
        frames_per_second=total / seconds,
        files=files,
        seconds=seconds,
    )


def _symbols(frames: NDArray[Any]) -> list[bytes]:
    table = np.ascontiguousarray(frames, dtype=np.float64) + 0.0  # turns -0.0 into 0.0: equal rows, equal bytes
    return [row.tobytes() for row in table]


def _entropy(counts: Counter[bytes]) -> float:
    total = counts.total()
    return -math.fsum(count / total * math.log2(count / total) for count in counts.values()) + 0.0


def read_durations(path: Path) -> list[tuple[str, float]]:
    """Read a list of ``<stem>.txt <seconds>`` lines; InputError names the lines of another form."""
    found, bad = [], []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        try:
            name, seconds = line.rsplit(maxsplit=1)
            found.append((name.removesuffix(".txt"), float(seconds)))
        except ValueError:
            bad.append(f"line {number}")
    if bad or not found:
        raise InputError(f"{path} must have lines '<stem>.txt <seconds>': {listed(bad) or 'it is empty'}")
    return found


def _store_durations(folder: Path) -> list[tuple[str, float]]:
    if not (folder / "meta.json").is_file():
        raise InputError(
            f"{len(text_files(folder))} text files in {folder} do not say how long they last; give --list"
        )
    store = Store(folder)
    return [(name, store.rows(name) / store.rate) for name in store]


def main(argv: Sequence[str] | None = None) -> None:
    """Bitrate of a folder of embeddings, or of a store."""
    parser = cli.parser(main.__doc__)
    parser.add_argument("features", type=Path, metavar="FEATURES", help="folder of text files, or a store")
    parser.add_argument(
        "--list", type=Path, metavar="FILELIST", help="lines '<stem>.txt <seconds>'; a store can do without"
    )
    parser.add_argument("--output", type=Path, metavar="JSON", help="write the numbers to a file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    durations = read_durations(options.list) if options.list else _store_durations(options.features)
    listed_names = {name for name, _ in durations}
    there = Store(options.features) if (options.features / "meta.json").is_file() else text_files(options.features)
    features = read_features(options.features, [name for name in listed_names if name in there])
    result = asdict(bitrate(features.frames, durations))
    if options.output:
        write_json(options.output, result)
    if options.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        sys.stdout.writelines(f"{name:<24}{value:.6g}\n" for name, value in result.items())


if __name__ == "__main__":
    cli.run(main)
