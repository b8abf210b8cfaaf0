"""Put the converted trials of several shards into one folder."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from unitvoice import cli
from unitvoice.errors import InputError, listed
from unitvoice.provenance import agreed, sealed, verified

__all__ = ["gather", "main"]

log = logging.getLogger(__name__)


def gather(shards: Sequence[Path], folder: Path) -> int:
    """Copy the wavs of shards into one folder; returns their number.

    Raises:
        InputError: a shard is damaged, two are not of one conversion, or two have a wav of the same name.
    """
    made_of = agreed({f"shard {number}": verified(shard) for number, shard in enumerate(shards, 1)})
    waves = [wave for shard in shards for wave in sorted(shard.glob("*.wav"))]
    names = [wave.name for wave in waves]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"several shards have the conversions {listed(twice)}; delete the shards and run again")
    with sealed(folder, f"{len(waves)} conversions", made_of) as beside:
        beside.mkdir()
        for wave in waves:
            shutil.copyfile(wave, beside / wave.name)
    return len(waves)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = cli.parser(__doc__)
    parser.add_argument("output", type=Path, help="folder to write the wavs in")
    parser.add_argument("shards", type=Path, nargs="+", help="folders of wavs, see unitvoice.conversion.convert")
    arguments = parser.parse_args(argv)
    log.info("%s: %d trials", arguments.output, gather(arguments.shards, arguments.output))


if __name__ == "__main__":
    cli.run(main)
