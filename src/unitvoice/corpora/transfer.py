"""One attempt to bring a file over, continuing where the last one stopped."""

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests
import urllib3

from unitvoice.corpora.web_pages import looks_like_web_page
from unitvoice.errors import InputError
from unitvoice.files import parse_json, write_json
from unitvoice.progress import Progress

__all__ = ["BrokenError", "Part", "RefusedError", "fetch", "shown"]

CHUNK = 1 << 16  # bytes; what is lost at most when the line is cut
TIMEOUT = (30.0, 60.0)  # s to connect, and between two packets
AGAIN = {408, 425, 429, 500, 502, 503, 504}  # answers after which another attempt makes sense
WHOLE, PARTIAL, UNSATISFIABLE = 200, 206, 416


class BrokenError(Exception):
    """The attempt failed, another one may succeed; ``delay`` is the server's wish in s, 0 for none."""

    def __init__(self, reason: str, delay: float = 0.0) -> None:
        super().__init__(reason)
        self.delay = delay


class RefusedError(Exception):
    """This address does not have the file."""


@dataclass(frozen=True)
class _Origin:
    """Where the bytes of an unfinished file come from, and by what a changed file is known."""

    url: str = ""
    validator: str = ""  # a strong ETag, or the date of the last change
    total: int | None = None  # bytes


class Part:
    """An unfinished download: ``NAME.part``, and ``NAME.part.json`` for where it comes from."""

    def __init__(self, out: Path) -> None:
        self.path = out.with_name(out.name + ".part")
        self.page_expected = out.suffix.lower() in {".html", ".htm"}
        self._note = out.with_name(out.name + ".part.json")

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def origin(self) -> _Origin:
        """Where they come from; an empty one when that is not known."""
        try:
            return _Origin(**parse_json(self._note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return _Origin()

    def begin(self, origin: _Origin) -> None:
        """Start from zero."""
        self.discard()
        write_json(self._note, asdict(origin))
        self.path.touch()

    def discard(self) -> None:
        """Forget everything."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self, out: Path) -> None:
        """Give the complete file its name."""
        self.path.replace(out)
        self._note.unlink(missing_ok=True)


def shown(url: str) -> str:
    """An address without the name and password that it may hold."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def fetch(session: requests.Session, url: str, part: Part) -> None:
    """Make an unfinished download complete, from where it stopped if the file there is still the same.

    Args:
        session: its settings hold; certificates are checked.
        url: http, https or file.
        part: what is here already; what arrives is appended to it.

    Raises:
        BrokenError: the attempt failed midway; what arrived is kept.
        RefusedError: the address does not have the file.
        InputError: the disk is too small.
    """
    if urlsplit(url).scheme == "file":
        _copy(url, part)
        return
    with _answer(session, url, _continuing(url, part)) as response:
        _receive(response, url, part)


def _copy(url: str, part: Part) -> None:
    source = Path(url2pathname(urlsplit(url).path))
    if not source.is_file():
        raise RefusedError("does not exist")
    with source.open("rb") as file:
        _start(part, _Origin(shown(url), total=source.stat().st_size), iter(lambda: file.read(CHUNK), b""))


def _continuing(url: str, part: Part) -> dict[str, str]:
    """The headers that ask for the rest, on condition that the file has not changed."""
    origin = part.origin
    headers = {"Accept-Encoding": "identity"}
    if part.size and (origin.validator or (origin.url == shown(url) and origin.total)):
        headers["Range"] = f"bytes={part.size}-"
        if origin.validator:
            headers["If-Range"] = origin.validator
    return headers


@contextmanager
def _answer(session: requests.Session, url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
    """The server's answer, and its faults in our words."""
    try:
        with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if url.startswith("https:") and any(
                not hop.url.startswith("https:") for hop in [*response.history, response]
            ):
                raise RefusedError("leads to an address without encryption")
            yield response
    except requests.TooManyRedirects:
        raise RefusedError("leads in circles") from None
    except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL):
        raise RefusedError("is no usable address, or leads to one") from None
    except requests.exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise RefusedError("has a certificate that cannot be trusted") from None
        raise BrokenError("breaks off the encryption") from None
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        raise BrokenError("does not answer in time") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError):
        raise BrokenError("cannot be reached, or cuts the line") from None


def _receive(response: requests.Response, url: str, part: Part) -> None:
    code = response.status_code
    chunks = response.raw.stream(CHUNK, decode_content=False)
    if code == WHOLE:
        length = response.headers.get("Content-Length", "")
        _start(part, _Origin(shown(url), _validator(response), int(length) if length.isdecimal() else None), chunks)
    elif code == PARTIAL:
        _check_same(response, part)
        _append(part, chunks)
    elif code == UNSATISFIABLE and part.size:
        _check_same(response, part)
        _check_complete(part)
    elif code in AGAIN:
        wish = response.headers.get("Retry-After", "")
        raise BrokenError(f"answers {code} {response.reason}", float(wish) if wish.isdecimal() else 0.0)
    else:
        raise RefusedError(f"answers {code} {response.reason}")


def _validator(response: requests.Response) -> str:
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def _check_same(response: requests.Response, part: Part) -> None:
    """Forget what is here when the answer does not continue it."""
    origin = part.origin
    span = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", ""))
    first, total = span.groups() if span else (None, None)
    fits = total in {"*", str(origin.total)} and (first is None) == (response.status_code == UNSATISFIABLE)
    if not fits or int(first or part.size) != part.size or _changed(origin.validator, _validator(response)):
        part.discard()
        raise BrokenError("has changed the file, or continues it at another place")


def _changed(old: str, new: str) -> bool:
    """Whether two validators of one kind (tags in quotes, or dates) differ."""
    return bool(old and new) and old.startswith('"') == new.startswith('"') and old != new


def _start(part: Part, origin: _Origin, chunks: Iterator[bytes]) -> None:
    """Start from zero, unless what arrives is a web page: then what is here may still be of use."""
    first = next(chunks, b"")
    if looks_like_web_page(first) and not part.page_expected:
        raise RefusedError("answers with a web page instead of the file")
    part.begin(origin)
    _append(part, chain([first], chunks))


def _append(part: Part, chunks: Iterable[bytes]) -> None:
    total = part.origin.total
    _check_space(part, total)
    with part.path.open("ab") as file, Progress(part.path.stem, total, done=part.size) as progress:
        for chunk in progress.watch(chunks):
            file.write(chunk)
    _check_complete(part)


def _check_space(part: Part, total: int | None) -> None:
    needed = (total or 0) - part.size
    if (free := shutil.disk_usage(part.path.parent).free) < needed:
        raise InputError(
            f"{part.path.parent} has {free / 1e9:.1f} GB free, but {needed / 1e9:.1f} GB are needed; make room"
        )


def _check_complete(part: Part) -> None:
    total = part.origin.total
    if total is None or part.size == total:
        return
    if part.size > total:
        part.discard()
    raise BrokenError(f"sends {part.size:,} of {total:,} bytes")
