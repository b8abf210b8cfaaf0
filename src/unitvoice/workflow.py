"""What the Snakemake workflow asks of the package before any job runs: the plan, and the hash of a command's code."""

import ast
import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from unitvoice.corpora.source import Source, find_source
from unitvoice.errors import InputError, listed
from unitvoice.placement import Placement
from unitvoice.settings import read_yaml
from unitvoice.submission.lists import LANGUAGES_2019
from unitvoice.variants import TAKEN, Variant, read_variants, read_vocoder

__all__ = ["Plan", "checked", "digest"]

PACKAGE = Path(__file__).parent
HANDED_IN = ("src", "workflow", "Snakefile", "config.yaml", "requirements.txt", "LICENSE")
ENCODERS = "unitvoice.features.ssl"
DATA = (".css", ".csv", ".js")  # endings of the files that modules read beside themselves


def checked(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with the schema's defaults filled in.

    Raises:
        InputError: it does not follow the schema; all faults are named with their keys.
    """
    filled = _filled(config, schema)
    faults = []
    for fault in jsonschema.Draft202012Validator(schema).iter_errors(filled):
        place = ".".join(map(str, fault.absolute_path))
        faults.append(f"{place or 'top level'}: {fault.message}")
    if faults:
        known = ", ".join(schema["properties"])
        raise InputError(f"the configuration is not valid: {'; '.join(sorted(faults))} (top-level keys: {known})")
    return filled


def _filled(values: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(values)
    for key, part in schema.get("properties", {}).items():
        if key not in result and "default" in part:
            result[key] = part["default"]
        if isinstance(result.get(key), Mapping) and "properties" in part:
            result[key] = _filled(result[key], part)
    return result


@dataclass(frozen=True)
class Plan:
    """What a run consists of."""

    root: Path  # of the checkout
    config: dict[str, Any]
    variants: dict[str, Variant]  # by name
    source: Source  # where the corpus comes from
    placement: Placement  # where networks are trained and used
    vocoder: Variant | None = None  # the network that speaks decoded frames; None for phase reconstruction

    @classmethod
    def of(cls, config: Mapping[str, Any], root: Path) -> "Plan":
        """The plan of a configuration; InputError when it is not valid or names what is not there."""
        known = checked(config, read_yaml(root / "workflow" / "schemas" / "config.schema.yaml"))
        recipes = root / "workflow" / "systems"
        variants = read_variants(known, recipes)
        _check_joined(known["joined"], variants)
        if known.get("submit", next(iter(variants))) not in variants:
            raise InputError(f"there is no experiment {known['submit']!r} to submit; there are {listed(variants, 30)}")
        vocoder = read_vocoder(known, variants, recipes)
        source, placement = find_source(known["corpus"], known["languages"]), Placement.of(known["training"])
        return cls(root, known, variants, source, placement, vocoder)

    @property
    def corpus(self) -> str:
        """Name of the corpus."""
        return self.source.name

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages in the order of the configuration."""
        return tuple(self.config["languages"])

    @property
    def trained(self) -> dict[str, Variant]:
        """All that is trained, by name: the variants, and the vocoder if there is one."""
        return self.variants | ({self.vocoder.name: self.vocoder} if self.vocoder else {})

    def vocoder_of(self, variant: Variant) -> Variant | None:
        """The network that speaks what a variant decodes; None where it needs none, or phases are reconstructed."""
        return self.vocoder if variant.decodes_frames else None

    @property
    def joined(self) -> dict[str, tuple[str, ...]]:
        """Names of the variants whose units are scored as one, by the name of their union."""
        return {name: tuple(parts) for name, parts in self.config["joined"].items()}

    def joined_seeds(self, name: str) -> tuple[int, ...]:
        """The seeds that all variants of a union have."""
        return _common_seeds([self.variants[part] for part in self.joined[name]])

    @property
    def submitted(self) -> Variant:
        """The variant that the submission and most of the report are about."""
        return self.variants[self.config.get("submit", next(iter(self.variants)))]

    @property
    def packable(self) -> list[str]:
        """Variants that can be submitted: those that speak, where there are just the two languages that it takes."""
        complete = set(self.languages) == set(LANGUAGES_2019)
        return [one.name for one in self.variants.values() if one.speaks and complete]

    @property
    def submits(self) -> bool:
        """Whether there is a submission."""
        return self.submitted.name in self.packable

    @property
    def officially_scored(self) -> bool:
        """Whether the organisers' own tool is to score the submission."""
        return self.submits and self.config["evaluation"]["evaluator"] == "official"

    @property
    def validator(self) -> str:
        """The organisers' validator, which lies beside their evaluator."""
        return str(Path(self.config["evaluation"]["tool"]).with_name("zerospeech2020-validate"))

    @property
    def device(self) -> str:
        """Where to train, and where networks make sound."""
        return str(self.config["training"]["device"])

    @property
    def loading_options(self) -> str:
        """Command line options of the training that change nothing of what is learned, besides the device."""
        known = self.config["training"]
        return f"--workers {known['workers']}" + (" --tensorboard" if known["tensorboard"] else "")

    @property
    def conversion_options(self) -> str:
        """Command line options of the conversion."""
        known = self.config["conversion"]
        return " ".join(f"--{name} {known[name]}" for name in ("iterations", "rows", "precision"))

    def declarations(self, variant: Variant) -> str:
        """Command line flags of what a variant's submission declares; a pretrained encoder is external data."""
        declared = dict(self.config["submission"])
        read = {kind for one in (variant, self.vocoder_of(variant)) if one for kind in one.features}
        declared["external_data"] |= not read.isdisjoint(self.config["ssl"])
        flags = ("open_source", "parallel_train", "external_data")
        return " ".join(f"--{flag.replace('_', '-')}" for flag in flags if declared[flag])

    def encoder(self, kind: str) -> tuple[tuple[str, ...], str]:
        """The module with the encoder of a kind of frames, and its command line option; nothing for other kinds."""
        known = self.config["ssl"].get(kind)
        if known is None:
            return (), ""
        return (ENCODERS,), f"--ssl {shlex.quote(json.dumps(known, sort_keys=True))}"

    @property
    def code(self) -> str:
        """Command line option with the code that an open submission hands in."""
        if not self.config["submission"]["open_source"]:
            return ""
        return "--code " + " ".join(shlex.quote(str(self.root / part)) for part in HANDED_IN)

    @property
    def code_digest(self) -> str:
        """Hash of the code that an open submission hands in, wherever the checkout lies."""
        if not self.config["submission"]["open_source"]:
            return ""
        files = [path for part in HANDED_IN for path in _files(self.root / part)]
        return _hash(sorted(files))

    @property
    def report_options(self) -> str:
        """Command line options that tell the report what there is."""
        main = self.submitted
        known = {"languages": self.languages, "system": [main.name], "seeds": main.seeds}
        known["baseline"] = [self.config["evaluation"]["baseline"]]
        others = [one for one in self.variants.values() if one is not main]
        seeds = {one.name: one.seeds for one in others} | {name: self.joined_seeds(name) for name in self.joined}
        known["beside"] = [f"{name}={','.join(map(str, of_it))}" for name, of_it in seeds.items()]
        return " ".join(f"--{option} {' '.join(map(str, values))}" for option, values in known.items() if values)


def _check_joined(joined: Mapping[str, Sequence[str]], variants: Mapping[str, Variant]) -> None:
    """InputError when a union has the name of something else, unknown parts, or parts without a common seed."""
    for name, parts in joined.items():
        if name in {*variants, *TAKEN}:
            raise InputError(f"joined units cannot be called {name}, as other results are; rename them")
        if lost := [part for part in parts if part not in variants]:
            raise InputError(f"joined {name}: there is no experiment {listed(lost)}; there are {listed(variants, 30)}")
        if not _common_seeds([variants[part] for part in parts]):
            raise InputError(f"joined {name}: {listed(parts)} have no seed in common; give them one")


def _common_seeds(variants: Sequence[Variant]) -> tuple[int, ...]:
    return tuple(seed for seed in variants[0].seeds if all(seed in one.seeds for one in variants))


@cache
def digest(*modules: str) -> str:
    """Hash of the source of modules and of all of ours that they import.

    As a parameter of a rule it makes an edit of the code rerun what depends on it, wherever the checkout lies.
    InputError when there is no such module.

    >>> len(digest("unitvoice.errors"))
    12
    """
    reached: set[Path] = set()
    waiting = [_source(module) for module in modules]
    if lost := [module for module, path in zip(modules, waiting, strict=True) if path is None]:
        raise InputError(f"there is no module {listed(lost)}; correct the rule or the table of systems")
    while waiting:
        path = waiting.pop()
        if path is not None and path not in reached:
            reached.add(path)
            waiting.extend(_source(name) for name in _imports(path))
    data = {path for folder in {path.parent for path in reached} for path in folder.iterdir() if path.suffix in DATA}
    return _hash(sorted(reached | data))


def _hash(paths: Iterable[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]


def _files(place: Path) -> list[Path]:
    """A file, or all files below a folder but what Python leaves there."""
    inside = place.rglob("*") if place.is_dir() else [place]
    return [path for path in inside if path.is_file() and "__pycache__" not in path.parts]


def _source(module: str) -> Path | None:
    place = PACKAGE.parent.joinpath(*module.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unitvoice"):
            names |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.startswith("unitvoice")}
    return names
