"""Download a file: resumed, retried, from the first mirror that has it, and checked."""

import logging
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import requests

from unitvoice import cli, files
from unitvoice.corpora.lock_file import locked_sha256, record
from unitvoice.corpora.transfer import BrokenError, Part, RefusedError, fetch, shown
from unitvoice.errors import InputError

__all__ = ["download"]

ATTEMPTS = 6  # in a row without a new byte, before the next mirror
LONGEST_DELAY = 60.0  # s between two attempts

logger = logging.getLogger(__name__)


def download(
    urls: Sequence[str],
    out: Path,
    *,
    sha256: str | None = None,
    lock: Path | None = None,
    attempts: int = ATTEMPTS,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Bring a file here, unless it is here already.

    An unfinished file stays beside ``out`` as ``NAME.part`` and is continued by the next call.

    Args:
        urls: addresses of the same file (http, https, file), the best first.
        out: where it goes; it appears when it is complete.
        sha256: what it must be, in hexadecimal; None when that is not known.
        lock: a JSON file of what was downloaded before: files in it must be the same again, others are added.
        attempts: how often in a row an address may fail without a new byte.
        sleep: waits so many seconds between two attempts.

    Returns:
        The SHA-256 of the file.

    Raises:
        InputError: no address has the file, or all have other bytes than they should.
    """
    for url in urls:
        _check_address(url)
    known = _known(sha256, lock, out)
    if out.exists():
        found = files.sha256(out)
        if known not in {None, found}:
            raise InputError(f"{out} has another SHA-256 ({found}) than it should ({known}); remove it to download it")
        source = "already here"
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        found, source = _first(urls, out, known, attempts, sleep)
    if lock:
        _record(lock, out, found, source)
    return found


def _check_address(url: str) -> None:
    try:
        fits = urlsplit(url).scheme in {"http", "https", "file"}
    except ValueError:
        fits = False
    if not fits:
        raise InputError(f"{url} is no address that can be downloaded from; it begins with https, http or file")


def _known(sha256: str | None, lock: Path | None, out: Path) -> str | None:
    """The SHA-256 that the file must have, if any."""
    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise InputError(f"{sha256} is not a SHA-256; it has 64 hexadecimal digits")
    given = sha256.lower() if sha256 else None
    locked = locked_sha256(lock, out.name) if lock else None
    if given and locked and given != locked:
        raise InputError(
            f"{lock} has {locked} for {out.name}, not {given}; one of them is out of date, remove that one"
        )
    return given or locked


def _record(lock: Path, out: Path, sha256: str, source: str) -> None:
    if locked_sha256(lock, out.name) is None:
        record(lock, out.name, sha256=sha256, size=out.stat().st_size, url=source)


def _first(
    urls: Sequence[str], out: Path, known: str | None, attempts: int, sleep: Callable[[float], None]
) -> tuple[str, str]:
    """SHA-256 and address of the file from the first address that has it."""
    part = Part(out)
    reasons = []
    with requests.Session() as session:
        for url in urls:
            try:
                found = _persist(session, url, part, known, attempts, sleep)
            except RefusedError as reason:
                reasons.append(f"{shown(url)} {reason}")
                logger.warning("%s", reasons[-1])
            else:
                part.finish(out)
                return found, shown(url)
    kept = f"; {part.path} is kept and will be continued" if part.size else ""
    raise InputError(f"{out.name} cannot be downloaded: {'; '.join(reasons)}{kept}; try again later or give a mirror")


def _persist(
    session: requests.Session,
    url: str,
    part: Part,
    known: str | None,
    attempts: int,
    sleep: Callable[[float], None],
) -> str:
    """Try one address until the file is whole; new bytes give new patience.

    Returns:
        The SHA-256.
    """
    furthest, failures = part.size, 0
    while True:
        continued = part.size > 0
        try:
            fetch(session, url, part)
            return _verified(part, known, continued=continued)
        except BrokenError as error:
            failures = 1 if part.size > furthest else failures + 1
            furthest = max(furthest, part.size)
            if failures >= attempts:
                raise RefusedError(f"{error} ({attempts} attempts)") from None
            delay = min(max(2.0 ** (failures - 1), error.delay), LONGEST_DELAY)
            logger.warning("%s %s; trying again in %.0f s", shown(url), error, delay)
            sleep(delay)


def _verified(part: Part, known: str | None, *, continued: bool) -> str:
    """The SHA-256 of the complete file; when it is wrong, the file is forgotten."""
    found = files.sha256(part.path)
    if known in {None, found}:
        return found
    part.discard()
    reason = f"has another file: its SHA-256 is {found} instead of {known}"
    raise BrokenError(reason) if continued else RefusedError(reason)


def main(argv: Sequence[str] | None = None) -> None:
    """The command."""
    parser = cli.parser(__doc__)
    parser.add_argument("out", type=Path, help="the file to make")
    parser.add_argument("--url", action="append", required=True, help="where it is; again for mirrors, in order")
    parser.add_argument("--sha256", metavar="HEX", help="what it must be")
    parser.add_argument("--lock", type=Path, help="JSON file that remembers what was downloaded")
    args = parser.parse_args(argv)
    found = download(args.url, args.out, sha256=args.sha256, lock=args.lock)
    logger.info("%s: SHA-256 %s", args.out, found)


if __name__ == "__main__":
    cli.run(main)
