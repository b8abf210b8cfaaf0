"""The tables in which every stage speaks of a corpus.

A manifest is a folder:

* ``corpus.json``: name, language, root of the sound files, voices, and where the tables below came from;
* ``utterances.csv``: utterance, speaker, subset, path, start, stop, seconds;
* ``trials.csv``: source, target, name: what must be converted;
* ``bitrate.txt``: the files of the bitrate, ``<stem>.txt <seconds>`` a line, as the organisers write them;
* ``abx/<subset>.item`` or ``.abx``: ABX tasks, where there are any;
* ``phones.csv``: utterance, start, stop, phone, where alignments are known.
"""

import csv
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args
from unicodedata import normalize

from unitvoice.errors import InputError, listed
from unitvoice.files import read_json, write_json
from unitvoice.provenance import Seal, sealed, verified

__all__ = ["Manifest", "Phone", "Subset", "Trial", "Utterance", "read_manifest", "write_manifest"]

Subset = Literal["unit", "voice", "parallel-source", "parallel-voice", "dev", "test"]
LONGEST = 255 - len(".wav")  # bytes of a name, as file systems know names of 255
TASK_SUFFIXES = (".abx", ".item")


@dataclass(frozen=True)
class Utterance:
    """One stretch of one recording."""

    utterance: str
    speaker: str
    subset: Subset
    path: str  # relative to the corpus root, with forward slashes
    start: float | None  # s; None: from the beginning of the file
    stop: float | None  # s; None: to the end of the file
    seconds: float


@dataclass(frozen=True)
class Trial:
    """One conversion that is asked for."""

    source: str  # an utterance
    target: str  # a speaker
    name: str  # stem of the output file


@dataclass(frozen=True)
class Phone:
    """One phone of an alignment."""

    utterance: str
    start: float  # s, from the start of the utterance
    stop: float  # s
    phone: str


@dataclass(frozen=True)
class Manifest:
    """A corpus in one language; see the module's docstring for the files behind it."""

    corpus: str
    language: str
    root: Path
    utterances: tuple[Utterance, ...]
    trials: tuple[Trial, ...] = ()
    bitrate: tuple[tuple[str, float], ...] = ()  # (utterance, seconds)
    tasks: dict[str, Path] = field(default_factory=dict)  # subset -> .abx or .item file
    phones: tuple[Phone, ...] = ()
    seal: Seal | None = field(default=None, compare=False, repr=False)  # of the folder that it was read from

    def subset(self, *names: Subset) -> tuple[Utterance, ...]:
        """The utterances of some subsets, in the manifest's order."""
        return tuple(utterance for utterance in self.utterances if utterance.subset in names)

    def path(self, utterance: Utterance) -> Path:
        """The sound file of an utterance."""
        return self.root / utterance.path

    def by_name(self) -> dict[str, Utterance]:
        """Utterances by their name."""
        return {utterance.utterance: utterance for utterance in self.utterances}

    @property
    def voices(self) -> tuple[str, ...]:
        """The target speakers, sorted: all who have a ``voice`` utterance."""
        return tuple(sorted({utterance.speaker for utterance in self.subset("voice")}))


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write a manifest folder atomically, after checking that its tables agree.

    Raises:
        InputError: names are not unique or cannot be file names, or a trial or the bitrate list points nowhere.
    """
    _check(manifest)
    with sealed(folder, f"{manifest.corpus}, {manifest.language}") as beside:
        beside.mkdir()
        _write_table(beside / "utterances.csv", Utterance, manifest.utterances)
        _write_table(beside / "trials.csv", Trial, manifest.trials)
        _write_table(beside / "phones.csv", Phone, manifest.phones)
        lines = (f"{name}.txt {seconds:.9g}\n" for name, seconds in manifest.bitrate)
        (beside / "bitrate.txt").write_text("".join(lines), encoding="utf-8")
        (beside / "abx").mkdir()
        for subset, task in manifest.tasks.items():
            (beside / "abx" / f"{subset}{task.suffix}").write_bytes(task.read_bytes())
        facts = {"corpus": manifest.corpus, "language": manifest.language, "root": str(manifest.root)}
        write_json(beside / "corpus.json", facts | {"voices": manifest.voices})


def read_manifest(folder: Path) -> Manifest:
    """Read a manifest folder; InputError when it is absent, a table of it is broken, or its tables do not agree."""
    if not (folder / "corpus.json").is_file():
        raise InputError(f"{folder} is not a manifest (it has no corpus.json); make it with unitvoice.corpora")
    try:
        manifest = _read(folder)
    except InputError:
        raise
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(f"{folder} is damaged ({type(error).__name__}: {error}); make it again") from None
    _check(manifest)
    return manifest


def _read(folder: Path) -> Manifest:
    seal = verified(folder)
    facts = read_json(folder / "corpus.json")
    bitrate = [line.rsplit(maxsplit=1) for line in (folder / "bitrate.txt").read_text(encoding="utf-8").splitlines()]
    tasks = sorted(path for path in (folder / "abx").iterdir() if path.suffix in TASK_SUFFIXES)
    return Manifest(
        corpus=facts["corpus"],
        language=facts["language"],
        root=Path(facts["root"]),
        utterances=_read_table(folder / "utterances.csv", Utterance),
        trials=_read_table(folder / "trials.csv", Trial),
        bitrate=tuple((name.removesuffix(".txt"), _finite(seconds)) for name, seconds in bitrate),
        tasks={task.stem: task for task in tasks},
        phones=_read_table(folder / "phones.csv", Phone),
        seal=seal,
    )


def _check(manifest: Manifest) -> None:
    place = f"corpus {manifest.corpus}, {manifest.language}"
    names = [utterance.utterance for utterance in manifest.utterances]
    outputs = [trial.name for trial in manifest.trials]
    if strange := sorted({name for name in (*names, *outputs) if not _is_file_name(name)}):
        raise InputError(f"{place}: these names cannot be names of files: {listed(map(repr, strange))}; rename them")
    speakers = {utterance.speaker for utterance in manifest.utterances}
    if strange := sorted({name for name in speakers if not _is_in_lists(name)}):
        raise InputError(f"{place}: these names of speakers fit in no list: {listed(map(repr, strange))}; rename them")
    if strange := sorted({one.path for one in manifest.utterances if not _is_encodable(one.path)}):
        raise InputError(f"{place}: these names of files are not in UTF-8: {listed(map(repr, strange))}; rename them")
    if twice := _repeated(names):
        raise InputError(f"{place}: these utterances occur more than once: {listed(twice)}; file names must differ")
    if twice := _repeated(outputs):
        raise InputError(f"{place}: several trials have the name of one output: {listed(twice)}; names must differ")
    known = set(names)
    if strange := sorted({u.subset for u in manifest.utterances} - set(get_args(Subset))):
        raise InputError(f"{place}: unknown subsets {listed(strange)}; known are {listed(get_args(Subset))}")
    if lost := [trial.name for trial in manifest.trials if trial.source not in known]:
        raise InputError(f"{place}: the source recordings of these trials are missing: {listed(lost)}")
    speakers = {utterance.speaker for utterance in manifest.subset("unit", "voice")}
    if lost := sorted({trial.target for trial in manifest.trials} - speakers):
        known_voices = listed(manifest.voices) or "none"
        raise InputError(f"{place}: trials name the unknown speakers {listed(lost)}; known voices are {known_voices}")
    if lost := [name for name, _ in manifest.bitrate if name not in known]:
        raise InputError(f"{place}: the bitrate list names files that are missing: {listed(lost)}")


def _repeated(names: Iterable[str]) -> list[str]:
    """Those that are equal on any file system: some take two spellings of a letter with an accent for one."""
    return sorted(name for name, count in Counter(normalize("NFC", name) for name in names).items() if count > 1)


def _is_file_name(name: str) -> bool:
    """Whether files can have a name, with a suffix, and lists hold it."""
    short = len(name.encode(errors="replace")) <= LONGEST
    return _is_in_lists(name) and short and "/" not in name and name not in {".", ".."}


def _is_in_lists(name: str) -> bool:
    """Whether a name can stand in a list with one name a line."""
    return _is_encodable(name) and name.splitlines() == [name] and not {"\t", "\0"} & set(name)


def _is_encodable(name: str) -> bool:
    return name.encode(errors="ignore").decode() == name


def _write_table(path: Path, kind: type, rows: Iterable[Any]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [column.name for column in fields(kind)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def _read_table[Row](path: Path, kind: type[Row]) -> tuple[Row, ...]:
    columns = {column.name: column.type for column in fields(kind)}  # type: ignore[arg-type]
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        if (found := next(reader, [])) != list(columns):
            raise InputError(f"{path} has the columns {listed(found)} instead of {listed(columns)}; make it again")
        return tuple(kind(*_values(path, row, list(columns.values()))) for row in reader)


def _values(path: Path, row: Sequence[str], types: Sequence[Any]) -> list[Any]:
    if len(row) != len(types):
        raise InputError(f"{path} has a line of {len(row)} instead of {len(types)} fields: {','.join(row)}")
    try:
        return [_parse(value, kind) for value, kind in zip(row, types, strict=True)]
    except ValueError:
        raise InputError(f"{path} has a line with something that is not a number: {','.join(row)}") from None


def _parse(value: str, kind: object) -> str | float | None:
    if kind is float or (kind == float | None and value):
        return _finite(value)
    return None if kind == float | None else value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not finite")
    return number
