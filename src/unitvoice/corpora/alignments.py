"""Phone alignments of other programs: Praat's TextGrid, TIMIT's ``.phn``, ``.lab`` of HTK and Festival, NIST's CTM."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from unitvoice.corpora.speakers import Segment
from unitvoice.errors import InputError, listed

__all__ = ["SILENCES", "read_alignments"]

SILENCES = frozenset(
    {"", "#", "h#", "pau", "epi", "sil", "sp", "spn", "nsn", "noise", "silence", "<sil>", "<eps>", "<p:>", "_", "brth"}
)
HTK = 10_000_000  # times per second
TIERS = ("phones", "phone", "phonemes", "phoneme", "phn", "segments", "mau", "kan-mau")
# Praat reads free-standing numbers and quoted texts, and passes over everything else
TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?!\S)')
COMMENT = re.compile(r"(?<!\S)!.*$", re.MULTILINE)


def read_alignments(place: Path, tier: str, rate: Callable[[str], int]) -> dict[str, list[Segment]]:
    """The phones of recordings, without silences, by the alignment's path below ``place`` without suffix.

    Args:
        place: a folder of ``.TextGrid``, ``.phn`` or ``.lab`` files, at any depth, or a CTM file.
        tier: of the TextGrids; empty for the one that is called phones, phone, phn, MAU or the like.
        rate: samples per second of a recording by that path; ``.phn`` files count samples.

    Raises:
        InputError: nothing is there, or files cannot be understood; all are named.
    """
    if place.is_file():
        return _of_ctm(place)
    readers = {".textgrid": lambda t, _: _textgrid(t, tier), ".phn": lambda t, name: _phn(t, rate(name)), ".lab": _lab}
    files = sorted(path for path in place.rglob("*") if path.suffix.lower() in readers) if place.is_dir() else []
    if not files:
        raise InputError(
            f"there are no alignments (.TextGrid, .phn, .lab, or a CTM file) at {place}; correct the path"
        )
    found, bad = {}, []
    for path in files:
        name = path.relative_to(place).with_suffix("").as_posix()
        try:
            segments = readers[path.suffix.lower()](_text(path), name)
        except (ValueError, IndexError) as error:
            bad.append(f"{path} ({error})")
        else:
            found[name] = _spoken(segments)
    if bad:
        raise InputError(f"{len(bad)} alignments cannot be understood: {listed(bad)}; correct or remove them")
    return found


def _spoken(segments: Sequence[Segment]) -> list[Segment]:
    ordered = sorted(segments, key=lambda segment: segment.start)
    return [segment for segment in ordered if segment.phone.lower() not in SILENCES and segment.stop > segment.start]


def _text(path: Path) -> str:
    content = path.read_bytes()
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _textgrid(text: str, tier: str) -> list[Segment]:
    """The intervals of a tier, in the long and the short form of the file."""
    tiers = dict(_tiers(text))
    if not tiers:
        raise ValueError("no tier of intervals")
    lower = {name.lower(): name for name in reversed(tiers)}
    wanted = next((name for name in ([tier.lower()] if tier else TIERS) if name in lower), None)
    # the aligners that tell speakers apart call their tiers "NAME - phones"
    if wanted is None and not tier:
        wanted = next((name for name in lower if name.endswith(TIERS)), None)
    if wanted is None:
        raise ValueError(f"no tier {tier or 'of phones'} among {listed(tiers)}")
    return tiers[lower[wanted]]


def _tiers(text: str) -> Iterator[tuple[str, list[Segment]]]:
    tokens = [(match[1] is not None, match[1] or match[2] or "") for match in TOKEN.finditer(COMMENT.sub("", text))]
    place = 0
    while place < len(tokens):
        quoted, value = tokens[place]
        if not quoted or value not in {"IntervalTier", "TextTier"}:
            place += 1
            continue
        width = 3 if value == "IntervalTier" else 2
        name, count = tokens[place + 1][1], int(tokens[place + 4][1])
        rows = [tokens[place + 5 + width * row :][:width] for row in range(count)]
        if any(len(row) < width or not row[-1][0] for row in rows):
            raise ValueError(f"tier {name} is cut short")
        if width == 3:  # noqa: PLR2004 - start, end, text
            yield name, [Segment(float(a), float(b), c.replace('""', '"').strip()) for (_, a), (_, b), (_, c) in rows]
        place += 5 + width * count


def _phn(text: str, rate: int) -> list[Segment]:
    """TIMIT: first and last sample, phone; times with a decimal point are seconds."""
    return [_segment(fields, 1 if "." in fields[0] + fields[1] else rate) for fields in _rows(text, 3)]


def _lab(text: str, _name: str) -> list[Segment]:
    """HTK: start and end in units of 100 ns (or, with decimal points, s), phone; Festival: end in s, colour, phone."""
    _, header, body = f"\n{text}".partition("\n#\n")
    if not header:
        return [_segment(fields, 1 if "." in fields[0] + fields[1] else HTK) for fields in _rows(text, 3)]
    rows = list(_rows(body, 3))
    ends = [float(end) for end, *_ in rows]
    starts = [0.0, *ends]
    return [Segment(start, end, fields[2]) for start, end, fields in zip(starts, ends, rows, strict=False)]


def _of_ctm(path: Path) -> dict[str, list[Segment]]:
    """Recording, channel, start, duration, phone, perhaps more; lines that begin with ;; are comments."""
    found: dict[str, list[Segment]] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        fields = line.split()
        if not fields or line.startswith(";;"):
            continue
        try:
            start, duration = float(fields[2]), float(fields[3])
            found.setdefault(fields[0], []).append(Segment(start, round(start + duration, 6), fields[4]))
        except (ValueError, IndexError):
            form = "recording channel start duration phone"
            raise InputError(f"{path}, line {number}: {line.strip()!r} is not of the form '{form}'") from None
    return {name: _spoken(segments) for name, segments in found.items()}


def _rows(text: str, fields: int) -> Iterator[list[str]]:
    for line in text.splitlines():
        if row := line.split():
            if len(row) < fields:
                raise ValueError(f"{line.strip()!r} has fewer than {fields} fields")
            yield row


def _segment(fields: Sequence[str], per_second: int) -> Segment:
    return Segment(float(fields[0]) / per_second, float(fields[1]) / per_second, fields[2])
