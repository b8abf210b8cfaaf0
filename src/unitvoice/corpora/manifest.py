"""Write the manifest of a corpus: the tables in which all later stages speak of it."""

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from unitvoice import cli
from unitvoice.corpora import (
    folder,
    huggingface,
    librispeech,
    ljspeech,
    vctk,
    zerospeech2017,
    zerospeech2019,
    zerospeech2020,
)
from unitvoice.corpora.collection import Settings, assemble
from unitvoice.corpora.official_lists import with_lists
from unitvoice.corpora.recordings import Recording
from unitvoice.errors import InputError, listed
from unitvoice.manifest import Manifest, write_manifest
from unitvoice.settings import build

__all__ = ["CHALLENGES", "COLLECTIONS", "KINDS", "OPTIONS", "main", "read_corpus"]

log = logging.getLogger(__name__)


def _demo(root: Path, language: str) -> Manifest:
    return replace(zerospeech2019.manifest(root, language), corpus="demo")


# corpora that come with a split and trials of their own
CHALLENGES: dict[str, Callable[..., Manifest]] = {
    "demo": _demo,
    "zerospeech2017": zerospeech2017.manifest,
    "zerospeech2019": zerospeech2019.manifest,
    "zerospeech2020": zerospeech2020.manifest,
}
# corpora that are recordings with speakers
COLLECTIONS: dict[str, Callable[[Path, Settings], list[Recording]]] = {
    "folder": folder.recordings,
    "huggingface": huggingface.recordings,
    "librispeech": librispeech.recordings,
    "ljspeech": ljspeech.recordings,
    "vctk": vctk.recordings,
}
KINDS = (*CHALLENGES, *COLLECTIONS)
LISTS = "lists"  # option: folder of the organisers' lists
COMMON = frozenset({"alignments", "longest", "split", "trials"})
OPTIONS: dict[str, frozenset[str]] = dict.fromkeys(CHALLENGES, frozenset()) | dict.fromkeys(COLLECTIONS, COMMON)
OPTIONS |= {
    "folder": COMMON | {"speaker"},
    "vctk": COMMON | {"microphone"},
    "zerospeech2017": frozenset({"duration", "vads"}),
    "zerospeech2019": frozenset({LISTS}),
    "zerospeech2020": frozenset({LISTS}),
}


def read_corpus(kind: str, root: Path, language: str, options: Mapping[str, Any], scratch: Path) -> Manifest:
    """The manifest of a corpus.

    Args:
        kind: one of ``KINDS``.
        root: folder of the corpus.
        language: which of its languages; for a collection of recordings, what to call theirs.
        options: what the configuration says of the corpus; ``OPTIONS`` has the keys of each kind.
        scratch: folder for ABX tasks that are made; it must be there until the manifest is written.

    Raises:
        InputError: an option that the kind does not have, or a corpus that has not its layout.
    """
    if strange := sorted(set(options) - OPTIONS[kind]):
        known = listed(sorted(OPTIONS[kind])) or "no options"
        raise InputError(f"a corpus of kind {kind} has no {listed(strange)}; it has {known}")
    if kind in CHALLENGES:
        own = {key: value for key, value in options.items() if key != LISTS}
        made = CHALLENGES[kind](root, language, **own)
        return with_lists(made, Path(options[LISTS])) if LISTS in options else made
    settings = build(Settings, options, f"what the configuration says of the corpus ({kind})")
    return assemble(kind, root, language, COLLECTIONS[kind](root, settings), settings, scratch)


def main(argv: Sequence[str] | None = None) -> None:
    """Write the manifest of a corpus."""
    parser = cli.parser(__doc__)
    parser.add_argument("root", type=Path, metavar="ROOT", help="folder of the corpus")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the manifest")
    parser.add_argument("--language", required=True, help="name of the language's folder, e.g. english")
    parser.add_argument("--kind", choices=KINDS, default="zerospeech2019", help="layout of the corpus")
    parser.add_argument(
        "--options", type=cli.mapping, default="{}", help='its options as JSON, e.g. {"speaker": {"rule": "parent"}}'
    )
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        made = read_corpus(arguments.kind, arguments.root, arguments.language, arguments.options, Path(scratch))
        write_manifest(made, arguments.out)
    hours = sum(utterance.seconds for utterance in made.utterances) / 3600
    log.info("%s: %d utterances, %.2f h, %d trials", arguments.out, len(made.utterances), hours, len(made.trials))


if __name__ == "__main__":
    cli.run(main)
