"""What a results folder holds: the one place of the report that reads it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd

from unitvoice.errors import InputError
from unitvoice.files import parse_json, read_json
from unitvoice.manifest import Manifest, read_manifest
from unitvoice.provenance import Seal, agreed, verified
from unitvoice.store import Store

__all__ = [
    "Absent",
    "Finding",
    "Judgement",
    "LanguageResults",
    "Model",
    "Representation",
    "Results",
    "Run",
    "Scores",
    "Statistics",
    "Validation",
    "read_results",
]

BASELINE = "mfcc39"
# by the role in what is made of it: what each run holds, the first one too, and that when it is asked for alone
EACH = {
    "model": "model",
    "units": "units",
    "indices": "units/indices",
    "vectors": "units/vectors",
    "continuous": "units/continuous",
    "scores": "abx",
}
FIRST = {
    "conversions": "converted",
    "own voices": "resynthesised",
    "cosines": "speakers.json",
    "statistics": "statistics",
}
ASKED_FOR = {"figures": "listening.json", "sweep": "sweep.json"}


@dataclass(frozen=True)
class Absent:
    """Something that is not there, and why."""

    reason: str


@dataclass(frozen=True)
class Representation:
    """Scores of one kind of frames."""

    abx: Mapping[tuple[str, str, str], float]  # (subset, mode, distance): %
    bitrate: float | None  # bit/s


@dataclass(frozen=True)
class Scores:
    """One ``scores.json`` and the tables beside it."""

    folder: Path
    distances: tuple[str, ...]  # the first is the one that counts
    representations: Mapping[str, Representation]
    absent: Mapping[str, str]  # <representation>-<subset>-<mode>-<distance>: reason

    def abx(self, name: str, subset: str = "test", mode: str = "across") -> float | Absent:
        """ABX error (%) of a representation by the first distance."""
        if name not in self.representations:
            return Absent(f"{name} was not scored")
        place = (subset, mode, self.distances[0])
        known = f"{name}-{subset}-{mode}-{self.distances[0]}"
        reason = self.absent.get(known, f"the corpus has no ABX task for {subset}")
        return self.representations[name].abx.get(place, Absent(reason))

    def bitrate(self, name: str) -> float | Absent:
        """Bitrate (bit/s) of a representation."""
        rate = self.representations[name].bitrate if name in self.representations else None
        return Absent(f"there is no bitrate of {name}") if rate is None else rate

    def cells(self, name: str, subset: str = "test", mode: str = "across") -> pd.DataFrame | Absent:
        """The cells of an ABX score: phone, other_phone, speaker, x_speaker, context, triplets, error (%)."""
        path = self.folder / f"{name}-{subset}-{mode}-{self.distances[0]}.csv"
        if not path.is_file():
            return Absent(f"there is no table {path.name}")
        texts = dict.fromkeys(("phone", "other_phone", "speaker", "x_speaker", "context"), str)
        return pd.read_csv(path, dtype=texts, keep_default_na=False)  # a phone may be called NA


@dataclass(frozen=True)
class Model:
    """What is known of a trained model."""

    description: str
    codes: int | None  # of its codebook, where the recipe says it
    settings: Mapping[str, Any]  # whatever else there is to show


@dataclass(frozen=True)
class Run:
    """A system trained, or left untrained, with one seed."""

    folder: Path
    seed: int
    scores: Scores | Absent
    model: Model | Absent
    log: tuple[Mapping[str, float], ...]  # of training: step, and figures by name

    def units(self, kind: str) -> Store | Absent:
        """Store of ``indices``, ``vectors`` or ``continuous``."""
        folder = self.folder / "units" / kind
        if folder.is_dir():
            return Store(folder)
        if folder.parent.is_dir():
            return Absent(f"the units of seed {self.seed} have no {kind}, as the system has no codes")
        return Absent(f"seed {self.seed} has no units")

    def abx(self, name: str, subset: str = "test", mode: str = "across") -> float | Absent:
        """ABX error (%) of a representation."""
        return self.scores if isinstance(self.scores, Absent) else self.scores.abx(name, subset, mode)

    def bitrate(self, name: str) -> float | Absent:
        """Bitrate (bit/s) of a representation."""
        return self.scores if isinstance(self.scores, Absent) else self.scores.bitrate(name)


@dataclass(frozen=True)
class Judgement:
    """What a pretrained speaker embedding says of the conversions."""

    judge: str
    nearer_target: float | Absent  # % of the trials
    trials: Mapping[str, tuple[float, float]]  # name: cosine with the target voice, with the source speaker
    own_voice: float | Absent  # cosine of recordings spoken again in their own voice with that voice
    equal_error_rate: float | Absent  # %, of the judge on the corpus's recordings


@dataclass(frozen=True)
class Statistics:
    """Statistics of the units of one run, and tables beside them."""

    folder: Path
    content: Mapping[str, Any]  # see `unitvoice.evaluation.unit_statistics`

    def table(self, name: str) -> pd.DataFrame | Absent:
        """``phone_units``, ``unit_bigrams``, ``phone_bigrams`` or ``maps``; labels are texts."""
        path = self.folder / f"{name}.csv"
        if not path.is_file():
            return Absent(f"there is no table {path.name}")
        texts = dict.fromkeys(("method", "phone", "unit", "speaker", "first", "second"), str)
        return pd.read_csv(path, dtype=texts, keep_default_na=False)


@dataclass(frozen=True)
class LanguageResults:
    """All results of one language."""

    name: str
    folder: Path
    manifest: Manifest
    baseline: str
    baseline_scores: Scores | Absent
    trained: tuple[Run, ...]  # by seed
    untrained: tuple[Run, ...]
    judgement: Judgement | Absent
    listening: Mapping[str, Any] | Absent = Absent("no judges were asked")
    statistics: Statistics | Absent = Absent("the units were not counted")
    segments: Mapping[str, Any] | Absent = Absent("no sweep was made; ask for the target sweep")

    @property
    def first(self) -> Run:
        """The run whose conversions are handed in."""
        return self.trained[0]

    def judged(self, name: Literal["nearer_target", "own_voice", "equal_error_rate"]) -> float | Absent:
        """One figure of the judgement."""
        if isinstance(self.judgement, Absent):
            return self.judgement
        found: float | Absent = getattr(self.judgement, name)
        return found


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with the submission."""

    file: str
    message: str
    cure: str
    official: bool


@dataclass(frozen=True)
class Validation:
    """The verdict on the submission."""

    valid: bool
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]


@dataclass(frozen=True)
class Results:
    """Everything that was computed for one system."""

    folder: Path
    system: str
    seeds: tuple[int, ...]
    languages: tuple[LanguageResults, ...]
    validation: Validation | Absent
    beside: tuple["Results", ...] = ()  # of the variants that it is compared with

    @property
    def archive(self) -> Path | Absent:
        """The packed submission."""
        path = self.folder / self.system / "submission.zip"
        return path if path.is_file() else Absent("no submission was packed")


def read_results(
    folder: Path,
    languages: Sequence[str],
    system: str,
    seeds: Sequence[int],
    *,
    baseline: str = BASELINE,
    validation: Path | None = None,
    beside: Mapping[str, Sequence[int]] = MappingProxyType({}),
) -> Results:
    """Read a results folder; whatever is not there becomes :class:`Absent`, except the manifests.

    Args:
        folder: of one corpus.
        languages: what to read of it.
        system: name of the system.
        seeds: of its runs; the first made the submission.
        baseline: kind of features that the units are compared with.
        validation: JSON of the submission's validation; by default that of the folder.
        beside: further systems of the folder, and the seeds of their runs.

    Raises:
        InputError: there is no such folder or manifest, a file of it is damaged, or results do not belong together.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a results folder; give the one that holds a folder per language")
    verdict = validation or folder / system / "validation.json"
    agreed({"validation": verified(verdict), "archive": verified(folder / system / "submission.zip")})
    return Results(
        folder=folder,
        system=system,
        seeds=tuple(seeds),
        languages=tuple(_language(folder / name, name, system, seeds, baseline) for name in languages),
        validation=_parsed(verdict, _validation, "the submission was not validated"),
        beside=tuple(
            read_results(folder, languages, other, runs, baseline=baseline) for other, runs in beside.items()
        ),
    )


def _language(folder: Path, name: str, system: str, seeds: Sequence[int], baseline: str) -> LanguageResults:
    def runs(kind: str) -> tuple[Run, ...]:
        return tuple(_run(folder / system / f"{kind}-{seed}", seed) for seed in seeds)

    plain = folder / "baselines" / baseline
    first = folder / system / f"seed-{seeds[0]}"
    counted, listening, sweep = first / "statistics", first / "listening.json", first / "sweep.json"
    manifest = read_manifest(folder / "manifest")
    agreed({"manifest": manifest.seal, "scores": verified(plain)})
    for place in (folder / system / f"{kind}-{seed}" for kind in ("seed", "untrained") for seed in seeds):
        agreed(_seals(manifest, place, EACH))
    stale = dict(_stale(manifest, first))
    return LanguageResults(
        name=name,
        folder=folder,
        manifest=manifest,
        baseline=baseline,
        baseline_scores=_parsed(plain / "scores.json", partial(_scores, plain), f"{baseline} was not scored"),
        trained=runs("seed"),
        untrained=runs("untrained"),
        judgement=_parsed(first / "speakers.json", _judgement, "no speaker embedding has judged the conversions"),
        listening=stale.get(listening, _parsed(listening, _with("judges", "trials"), "no judges were asked")),
        statistics=_parsed(
            counted / "statistics.json", lambda found: Statistics(counted, found), "the units were not counted"
        ),
        segments=stale.get(
            sweep, _parsed(sweep, _with("points", "absent"), "no sweep was made; ask for the target sweep")
        ),
    )


def _stale(manifest: Manifest, folder: Path) -> Iterator[tuple[Path, Absent]]:
    """What a run left behind that is not of its present results; InputError where these do not belong together."""
    known = _seals(manifest, folder, EACH | FIRST)
    agreed(known)
    for role, path in ASKED_FOR.items():
        seal = verified(folder / path)
        try:
            agreed({**known, role: seal})
        except InputError as error:
            yield folder / path, Absent(str(error))


def _seals(manifest: Manifest, folder: Path, parts: Mapping[str, str]) -> dict[str, Seal | None]:
    """The seals of a manifest and of parts of a folder, by role; InputError when a part is damaged."""
    return {"manifest": manifest.seal} | {role: verified(folder / path) for role, path in parts.items()}


def _run(folder: Path, seed: int) -> Run:
    abx = folder / "abx"
    return Run(
        folder=folder,
        seed=seed,
        scores=_parsed(abx / "scores.json", partial(_scores, abx), f"{folder.name} was not scored"),
        model=_parsed(folder / "model" / "model.json", _model, f"{folder.name} has no model"),
        log=_log(folder / "model" / "log.jsonl"),
    )


def _parsed[T](path: Path, parse: Callable[[Any], T], reason: str) -> T | Absent:
    if not path.is_file():
        return Absent(reason)
    try:
        return parse(read_json(path))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        kind = f"{type(error).__name__}: {error}"
        raise InputError(f"{path} is not of the form that this version writes ({kind}); make it again") from None


def _scores(folder: Path, content: Mapping[str, Any]) -> Scores:
    return Scores(
        folder=folder,
        distances=tuple(content["settings"]["distances"]),
        representations={name: _representation(found) for name, found in content["representations"].items()},
        absent=dict(content["absent"]),
    )


def _representation(content: Mapping[str, Any]) -> Representation:
    abx = {
        (subset, mode, distance): float(error)
        for subset, modes in content["abx"].items()
        for mode, distances in modes.items()
        for distance, error in distances.items()
    }
    return Representation(abx, content.get("bitrate"))


def _model(content: Mapping[str, Any]) -> Model:
    recipe = content["recipe"]
    shown = {"model": recipe["model"], "stages": recipe["stages"], "versions": content["versions"]}
    codes = recipe["model"].get("codes")
    if isinstance(codes, list):  # of slices: the combinations
        codes = math.prod(codes) if codes else None
    return Model(str(recipe["description"]), codes, shown)


def _with(*keys: str) -> Callable[[Any], Mapping[str, Any]]:
    """Reads a mapping that has these keys, as it is."""
    return lambda content: {key: content[key] for key in keys} | dict(content)


def _judgement(content: Mapping[str, Any]) -> Judgement:
    def figure(part: str, name: str) -> float | Absent:
        found = content[part]
        return Absent(str(found["absent"])) if "absent" in found else float(found[name])

    return Judgement(
        judge=str(content["judge"]["name"]),
        nearer_target=figure("conversion", "nearer_target_percent"),
        trials={one["trial"]: (float(one["to_target"]), float(one["to_source"])) for one in content["trials"]},
        own_voice=figure("own_voice", "cosine_to_own"),
        equal_error_rate=figure("corpus", "equal_error_rate_percent"),
    )


def _validation(content: Mapping[str, Any]) -> Validation:
    findings = tuple(Finding(**finding) for finding in content["findings"])
    return Validation(bool(content["valid"]), findings, tuple(content["unchecked"]))


def _log(path: Path) -> tuple[Mapping[str, float], ...]:
    if not path.is_file():
        return ()
    try:
        return tuple(parse_json(line) for line in path.read_text(encoding="utf-8").splitlines())
    except ValueError as error:
        raise InputError(f"{path} has a line that is not JSON ({error}); train the model again") from None
