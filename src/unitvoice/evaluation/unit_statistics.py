"""What units are like: use, runs, agreement with phones, boundaries, what they tell of the speaker, and maps."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitvoice import __version__, cli
from unitvoice.errors import InputError
from unitvoice.evaluation.bitrate import bitrate
from unitvoice.evaluation.maps import METHODS, Method, draw, project
from unitvoice.evaluation.speaker_probe import probe
from unitvoice.evaluation.unit_statistics_boundaries import TOLERANCE, compare
from unitvoice.evaluation.unit_statistics_phones import (
    agreement,
    by_utterance,
    co_occurrence,
    frame_phones,
    phone_boundaries,
)
from unitvoice.files import write_json
from unitvoice.manifest import Manifest, Phone, Utterance, read_manifest
from unitvoice.provenance import agreed, sealed, verified
from unitvoice.store import Store
from unitvoice.units.segmentation import run_starts

__all__ = ["Corpus", "main", "read_corpus", "write_statistics"]

log = logging.getLogger(__name__)

POINTS = 1500  # of a map
PARTS = ("usage", "runs", "phones", "boundaries", "speaker_before", "speaker_after", "distances", "maps")
PROBED = 1.0  # s; the probe hears no clips that are shorter
BINS = 40  # of a histogram
MOST_PAIRS = 1000  # codes whose distances are counted, drawn where there are more
Table = NDArray[np.int64]


@dataclass(frozen=True)
class Corpus:
    """The units of the utterances that are looked at."""

    manifest: Manifest
    utterances: tuple[Utterance, ...]
    indices: Store
    vectors: Store
    continuous: Store
    codes: tuple[str, ...]  # names of the codes in use; those of several codebooks are joined
    units: Mapping[str, NDArray[np.int64]]  # utterance -> (T,), places in `codes`
    phones: Mapping[str, Sequence[Phone]]  # of those utterances that have an alignment
    seed: int = 0

    def times(self, name: str) -> NDArray[np.float64]:
        """Times of the centres of an utterance's frames, s."""
        return float(self.indices.meta["first"]) + np.arange(self.indices.rows(name)) / self.indices.rate

    def runs(self, name: str) -> NDArray[np.int64]:
        """First frames of an utterance's runs of equal units."""
        return run_starts(self.units[name][:, None])

    def labels(self, name: str) -> list[str]:
        """The phone of each frame; empty between phones."""
        if name not in self.phones:
            return [""] * self.indices.rows(name)
        spoken = self.phones[name]
        return [spoken[place].phone if place >= 0 else "" for place in frame_phones(spoken, self.times(name))]


def read_corpus(manifest: Manifest, units: Path, seed: int = 0) -> Corpus:
    """The units of the sentences of the test set: those of the list of the bitrate, where there is one.

    Raises:
        InputError: the test set was not encoded.
    """
    indices = Store(units / "indices")
    by_name = manifest.by_name()
    wanted = [by_name[name] for name, _ in manifest.bitrate] or manifest.subset("test")
    chosen = tuple(one for one in wanted if one.utterance in indices and indices.rows(one.utterance))
    if not chosen:
        raise InputError(f"{units} has no units of the test set; encode the subset test")
    rows = np.concatenate([indices[one.utterance] for one in chosen])
    codes, places = np.unique(rows, axis=0, return_inverse=True)
    edges = np.cumsum([indices.rows(one.utterance) for one in chosen])[:-1]
    parts = np.split(places.reshape(-1), edges)
    spoken = by_utterance(manifest.phones)
    return Corpus(
        manifest=manifest,
        utterances=chosen,
        indices=indices,
        vectors=Store(units / "vectors"),
        continuous=Store(units / "continuous"),
        codes=tuple("-".join(map(str, code)) for code in codes.tolist()),
        units={one.utterance: part for one, part in zip(chosen, parts, strict=True)},
        phones={one.utterance: spoken[one.utterance] for one in chosen if one.utterance in spoken},
        seed=seed,
    )


def write_statistics(
    corpus: Corpus, folder: Path, *, maps: Sequence[Method] = ("tsne",), points: int = POINTS
) -> dict[str, Any]:
    """Write ``statistics.json`` and tables beside it; what cannot be computed is ``{"absent": reason}``.

    ``unit_bigrams.csv`` and ``phone_bigrams.csv`` (first, second, count, share of the first's) are of runs of units
    and of phones; ``phone_units.csv`` (phone, unit, frames) counts frames; ``maps.csv`` has the maps.

    Args:
        corpus: whose units.
        folder: to write.
        maps: methods of making maps.
        points: frames on a map, drawn with the corpus's seed.

    Returns:
        The content of ``statistics.json``.
    """
    stores = (corpus.indices, corpus.vectors, corpus.continuous)
    made_of = agreed({"manifest": corpus.manifest.seal} | {store.meta["kind"]: store.seal for store in stores})
    with sealed(folder, "statistics of units", made_of) as beside:
        beside.mkdir()
        parts: Mapping[str, Callable[[], dict[str, Any]]] = {
            "usage": lambda: _usage(corpus),
            "runs": lambda: _runs(corpus, beside),
            "phones": lambda: _phones(corpus, beside),
            "boundaries": lambda: _boundaries(corpus),
            "speaker_before": lambda: _probe(corpus, corpus.continuous),
            "speaker_after": lambda: _probe(corpus, corpus.vectors),
            "distances": lambda: _distances(corpus),
            "maps": lambda: _maps(corpus, beside, maps, points),
        }
        settings = {"units": corpus.indices.meta["content"], "utterances": len(corpus.utterances)}
        found: dict[str, Any] = {"settings": settings | {"seed": corpus.seed, "unitvoice": __version__}}
        for name in PARTS:
            try:
                found[name] = parts[name]()
            except InputError as reason:
                found[name] = {"absent": str(reason)}
        write_json(beside / "statistics.json", found)
    return found


def write_absent(folder: Path, reason: str) -> None:
    """Write the statistics of a system without codes, all of which are absent."""
    with sealed(folder, "no statistics of units") as beside:
        beside.mkdir()
        write_json(beside / "statistics.json", {name: {"absent": reason} for name in PARTS})


def _usage(corpus: Corpus) -> dict[str, Any]:
    durations = {one.utterance: one.seconds for one in corpus.utterances} | dict(corpus.manifest.bitrate)
    rates = bitrate(corpus.indices, [(name, durations[name]) for name in corpus.units])
    counts = np.bincount(np.concatenate(list(corpus.units.values())), minlength=len(corpus.codes))
    order = np.argsort(-counts, kind="stable")
    return asdict(rates) | {"counts": {corpus.codes[place]: int(counts[place]) for place in order}}


def _runs(corpus: Corpus, folder: Path) -> dict[str, Any]:
    starts = {name: corpus.runs(name) for name in corpus.units}
    lengths = np.concatenate([np.diff(found, append=len(corpus.units[name])) for name, found in starts.items()])
    sequences = [[corpus.codes[code] for code in corpus.units[name][found]] for name, found in starts.items()]
    _bigrams(sequences).to_csv(folder / "unit_bigrams.csv", index=False, float_format="%.6g", lineterminator="\n")
    seconds = lengths / corpus.indices.rate
    return {
        "runs": len(lengths),
        "mean_ms": round(1000 * float(seconds.mean()), 3),
        "median_ms": round(1000 * float(np.median(seconds)), 3),
        "frame_ms": 1000 / corpus.indices.rate,
        "lengths": {
            int(length): int(count) for length, count in zip(*np.unique(lengths, return_counts=True), strict=True)
        },
    }


def _bigrams(sequences: Iterable[Sequence[str]]) -> pd.DataFrame:
    """Pairs of neighbours: first, second, count, share of all pairs with that first."""
    pairs = pd.DataFrame([pair for sequence in sequences for pair in pairwise(sequence)], columns=["first", "second"])
    counts = pairs.value_counts(sort=False).sort_index().rename("count").reset_index()
    counts["share"] = counts["count"] / counts.groupby("first")["count"].transform("sum")
    return counts


def _aligned(corpus: Corpus) -> Mapping[str, Sequence[Phone]]:
    if not corpus.phones:
        raise InputError("the corpus has no alignments of these utterances; give the key alignments of the corpus")
    return corpus.phones


def _phones(corpus: Corpus, folder: Path) -> dict[str, Any]:
    spoken = _aligned(corpus)
    labels = np.array([label for name in spoken for label in corpus.labels(name)])
    units = np.concatenate([corpus.units[name] for name in spoken])
    heard = labels != ""
    if not heard.any():
        raise InputError("no frame lies in a phone of the alignments; check that they belong to the recordings")
    names, phones = np.unique(labels[heard], return_inverse=True)
    counts = co_occurrence(phones, units[heard])
    rows = [(names[p], corpus.codes[u], counts[p, u]) for p, u in np.argwhere(counts)]
    table = pd.DataFrame(rows, columns=["phone", "unit", "frames"])
    table.to_csv(folder / "phone_units.csv", index=False, lineterminator="\n")
    sequences = [[phone.phone for phone in phones] for phones in spoken.values()]
    _bigrams(sequences).to_csv(folder / "phone_bigrams.csv", index=False, float_format="%.6g", lineterminator="\n")
    return asdict(agreement(phones, units[heard])) | {"frames_between_phones": int((~heard).sum())}


def _boundaries(corpus: Corpus) -> dict[str, Any]:
    spoken = _aligned(corpus)
    half = 0.5 / corpus.indices.rate

    def found(name: str) -> NDArray[np.float64]:
        return corpus.times(name)[corpus.runs(name)[1:]] - half

    result = compare((found(name), phone_boundaries(phones)) for name, phones in spoken.items())
    if result is None:
        raise InputError("the units of these utterances never change, or there are no boundaries of phones")
    return asdict(result) | {"tolerance_ms": 1000 * TOLERANCE}


def _probe(corpus: Corpus, frames: Store) -> dict[str, Any]:
    long = [one for one in corpus.manifest.utterances if one.seconds >= PROBED]
    return asdict(probe(frames, long, seed=corpus.seed))


def _rows(store: Store, corpus: Corpus) -> NDArray[np.int64]:
    """The rows of a store that hold the utterances."""
    spans = [store.index[one.utterance] for one in corpus.utterances]
    return np.concatenate([np.arange(first, first + rows) for first, rows in spans])


def _distances(corpus: Corpus) -> dict[str, Any]:
    """Histograms of Euclidean distances: between codes in use, and of frames to their own codes."""
    if corpus.vectors.width != corpus.continuous.width:
        raise InputError("frames and codes have different widths, so their distances mean nothing")
    units = np.concatenate(list(corpus.units.values()))
    rows = _rows(corpus.vectors, corpus)
    places = np.unique(units, return_index=True)[1]
    codes = corpus.vectors.frames[rows[places[draw(len(places), MOST_PAIRS, corpus.seed)]]].astype(np.float64)
    shown = rows[draw(len(rows), 100 * MOST_PAIRS, corpus.seed)]
    own = np.linalg.norm(corpus.continuous.frames[shown] - corpus.vectors.frames[shown], axis=1)
    first, second = np.triu_indices(len(codes), k=1)
    products = codes @ codes.T
    squares = np.diag(products)
    between = np.sqrt(np.maximum(squares[first] + squares[second] - 2 * products[first, second], 0))
    edges = np.linspace(0, max(float(own.max()), float(between.max(initial=0)), 1e-9), BINS + 1)
    return {
        "edges": [float(edge) for edge in edges],
        "between_codes": np.histogram(between, edges)[0].tolist(),
        "frames_to_codes": np.histogram(own, edges)[0].tolist(),
    }


def _maps(corpus: Corpus, folder: Path, methods: Sequence[Method], points: int) -> dict[str, Any]:
    if not methods:
        raise InputError("no maps were asked for")
    rows = _rows(corpus.continuous, corpus)
    shown = draw(len(rows), points, corpus.seed)
    ends = np.cumsum([corpus.indices.rows(one.utterance) for one in corpus.utterances])
    owners = np.searchsorted(ends, shown, side="right")
    labels = []
    for number in np.unique(owners):
        one = corpus.utterances[number]
        spoken = corpus.labels(one.utterance)
        for frame in shown[owners == number] - (ends[number] - len(spoken)):
            unit = corpus.codes[corpus.units[one.utterance][frame]]
            labels.append((spoken[frame], one.speaker, unit))
    table = pd.DataFrame(labels, columns=["phone", "speaker", "unit"])
    made = project(corpus.continuous.frames[rows[shown]], table, methods, corpus.seed)
    made.to_csv(folder / "maps.csv", index=False, float_format="%.5g", lineterminator="\n")
    return {"methods": list(methods), "points": len(shown), "seed": corpus.seed}


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("manifest", type=Path, help="manifest folder")
    parser.add_argument("units", type=Path, help="folder of stores, see unitvoice.units.encode")
    parser.add_argument("output", type=Path, help="folder to write")
    parser.add_argument("--maps", nargs="*", choices=METHODS, default=["tsne"], help="methods of making maps")
    parser.add_argument("--points", type=cli.positive, default=POINTS, help="frames on a map")
    parser.add_argument("--seed", type=cli.natural, default=0, help="of maps, draws and held-out utterances")
    options = parser.parse_args(argv)
    manifest = read_manifest(options.manifest)
    verified(options.units)  # else lost indices would look like a system without codes
    if not (options.units / "indices").is_dir() and (options.units / "vectors").is_dir():
        write_absent(options.output, "the system has no codes")
        return
    corpus = read_corpus(manifest, options.units, options.seed)
    found = write_statistics(corpus, options.output, maps=options.maps, points=options.points)
    log.info("phones: %s; boundaries: %s", found["phones"], found["boundaries"])


if __name__ == "__main__":
    cli.run(main)
