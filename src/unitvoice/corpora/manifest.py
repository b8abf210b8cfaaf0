"""Write the manifest of a corpus: the tables in which all later stages speak of it."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from unitvoice import cli
from unitvoice.corpora import zerospeech2019
from unitvoice.manifest import Manifest, write_manifest

__all__ = ["KINDS", "main"]

log = logging.getLogger(__name__)

KINDS: dict[str, Callable[[Path, str], Manifest]] = {
    "zerospeech2019": zerospeech2019.manifest,
    "demo": zerospeech2019.manifest,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Write the manifest of a corpus."""
    parser = cli.parser(__doc__)
    parser.add_argument("root", type=Path, metavar="ROOT", help="folder of the corpus")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the manifest")
    parser.add_argument("--language", required=True, help="name of the language's folder, e.g. english")
    parser.add_argument("--kind", choices=list(KINDS), default="zerospeech2019", help="layout of the corpus")
    arguments = parser.parse_args(argv)
    made = KINDS[arguments.kind](arguments.root, arguments.language)
    write_manifest(made, arguments.out)
    hours = sum(utterance.seconds for utterance in made.utterances) / 3600
    log.info("%s: %d utterances, %.2f h, %d trials", arguments.out, len(made.utterances), hours, len(made.trials))


if __name__ == "__main__":
    cli.run(main)
