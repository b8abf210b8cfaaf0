"""Speech to units and back with a trained model, and scores; for training and submissions see the workflow."""

from collections.abc import Sequence

from unitvoice import cli, codec
from unitvoice.commands.babble import BABBLE
from unitvoice.commands.convert import CONVERT, RESYNTHESISE
from unitvoice.commands.units import SPEAK, UNITS
from unitvoice.evaluation import abx

__all__ = ["main", "run"]

COMMANDS = {
    "units": UNITS,
    "speak": SPEAK,
    "convert": CONVERT,
    "resynthesise": RESYNTHESISE,
    "encode": codec.ENCODE,
    "decode": codec.DECODE,
    "babble": BABBLE,
    "abx": abx.COMMAND,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of the package."""
    cli.run_one_of(COMMANDS, __doc__, argv)


def run() -> None:
    """What the command ``unitvoice`` runs."""
    cli.run(main)


if __name__ == "__main__":
    run()
