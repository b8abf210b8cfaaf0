"""Where a corpus comes from, as the configuration says it: generated, in a folder, or in archives to download."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from unitvoice.corpora.layouts import recognised
from unitvoice.errors import InputError, listed

__all__ = ["Source", "find_source"]

OWN_KEYS = ("name", "kind", "path", "mirrors", "archives", "sha256", "checks")
LANGUAGE = "{language}"  # in a path: where the name of the language goes


@dataclass(frozen=True)
class Source:
    """A corpus before its manifest."""

    name: str  # of the folder of results
    kind: str
    path: str | None  # of the corpus, perhaps with {language}; None: it is generated or unpacked
    archives: tuple[str, ...]  # names of files; the parts of a split archive are listed one by one
    mirrors: tuple[str, ...]  # addresses of folders that hold them, the best first
    sha256: Mapping[str, str]  # of archives, where known
    checks: Mapping[str, Any]  # strict, and which problems to tolerate
    options: Mapping[str, Any]  # of the kind

    def folder(self, resources: str) -> str:
        """The corpus, with ``{language}`` in it where it is a folder per language.

        Args:
            resources: folder of what is made before any result.
        """
        if self.path is not None:
            return self.path
        return f"{resources}/unpacked/{self.name}" if self.archives else f"{resources}/{self.kind}"

    def download_options(self, archive: str) -> str:
        """Command line options with the addresses of an archive, the best first, and its checksum where known."""
        urls = [f"{mirror.rstrip('/')}/{archive}" for mirror in self.mirrors]
        known = ["--sha256", self.sha256[archive]] if archive in self.sha256 else []
        return shlex.join([*chain.from_iterable(("--url", url) for url in urls), *known])

    @property
    def check_options(self) -> str:
        """Command line options of the check."""
        strict = ["--strict"] if self.checks.get("strict") else []
        tolerated = self.checks.get("tolerate", [])
        return shlex.join([*strict, *(["--tolerate", *tolerated] if tolerated else [])])

    def tables(self, languages: Sequence[str]) -> list[str]:
        """What the manifest depends on beside the folder of the corpus: tables, and the place of alignments."""
        keys = (("speaker", "table"), ("trials", "table"), ("alignments", "path"))
        named = [self.options.get(key, {}).get(part, "") for key, part in keys] + [self.options.get("vads", "")]
        lists = [str(self.options["lists"])] if "lists" in self.options else []
        places = [Path(self.path.replace(LANGUAGE, language)) for language in languages] if self.path else []
        return sorted({*lists, *(str(place / name) for place in places for name in named if name)})


def find_source(said: str | Mapping[str, Any], languages: Sequence[str]) -> Source:
    """What the key ``corpus`` of the configuration means.

    Args:
        said: ``demo``, the path of a folder, or a mapping.
        languages: of the configuration.

    Raises:
        InputError: the folder is not there or cannot be recognised, or keys do not go together.
    """
    values = _mapping(said)
    own = {key: values[key] for key in OWN_KEYS if key in values}
    options = {key: value for key, value in values.items() if key not in OWN_KEYS}
    kind, path = own.get("kind"), own.get("path")
    if path is not None:
        path = str(Path(path).expanduser())
        _check_braces(path)
        kind = _in_folder(path, kind, languages)
    elif kind is None:
        raise InputError("corpus: give its kind, or the path of a folder whose layout is known")
    elif kind != "demo" and not own.get("archives"):
        raise InputError(
            f"corpus: a corpus of kind {kind} needs a path (a folder that you have) or archives (files to download), "
            f"e.g. corpus: {{kind: {kind}, path: /data/{kind}}}"
        )
    if own.get("archives") and (path is not None or not own.get("mirrors")):
        raise InputError("corpus: archives need mirrors (addresses of folders that hold them), and no path")
    if any("@" in urlsplit(mirror).netloc for mirror in own.get("mirrors", ())):
        raise InputError("corpus: a mirror's address has a name and password, which logs would show; use ~/.netrc")
    return Source(
        name=own.get("name", kind),
        kind=kind,
        path=path,
        archives=tuple(own.get("archives", ())),
        mirrors=tuple(own.get("mirrors", ())),
        sha256=own.get("sha256", {}),
        checks=own.get("checks", {}),
        options=options,
    )


def _mapping(said: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(said, str):
        return said
    return {"path": said} if "/" in said or said.startswith((".", "~")) else {"kind": said}


def _check_braces(path: str) -> None:
    """Snakemake fills what stands in braces, and names of our own in angle brackets."""
    if set("{}<>") & set(path.replace(LANGUAGE, "")):
        raise InputError(f"corpus: rename {path}: it has braces or angle brackets, which the workflow would fill")


def _in_folder(path: str, kind: str | None, languages: Sequence[str]) -> str:
    """The kind of the corpus in a folder that is there for every language."""
    folders = [Path(path.replace(LANGUAGE, language)) for language in languages]
    if lost := sorted({str(folder) for folder in folders if not folder.is_dir()}):
        raise InputError(f"corpus: there is no folder {listed(lost)}; correct its path")
    kind = kind or recognised(folders[0])
    if len(languages) > 1 and LANGUAGE not in path and not kind.startswith(("zerospeech", "demo")):
        raise InputError(
            f"corpus: {path} is one collection of recordings, but there are the languages {listed(languages)}; name "
            f"one, or write {LANGUAGE} where its name stands in the path"
        )
    return kind
