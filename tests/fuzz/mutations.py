"""Ways to harm a valid file: what disks, careless tools and attackers do to one."""

import json
import re

from hypothesis import strategies as st

__all__ = ["HOSTILE", "damaged"]


def deep(bracket: bytes) -> bytes:
    """Brackets in brackets, in lines that no parser has to look far ahead in."""
    return (bracket * 50 + b"\n") * 400


NUMBERS = [
    *(b"-1", b"0", b"0.0", b"-0.0", b"1e-400", b"1e999", b"-1e999", b"nan", b"inf", b"-inf", b"0x10", b"1_0", b""),
    *(str(2**power + step).encode() for power in (31, 32, 53, 60, 63, 64) for step in (-1, 0)),
    *(b"9" * 400, b"9" * 5000, "\u0663".encode(), "\u00b2".encode(), b"1,5"),
]
WORDS = [
    *(b"\0", b"\0" * 64, b"\r", b"\r\n", b"\n\n", b"\t", b" ", b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\x7f", b"\x1a"),
    *("\u2028".encode(), "\u0085".encode(), "\u00a0".encode(), "e\u0301".encode(), "\U0001f600".encode()),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", b"\xed\xa0\x80", b"\xc0\xae\xc0\xae/", b"\\ud800", b"\\u0000"),
    *(b"'", b'"', b"\\", b",", b";", b"|", b"#", b"{}", b"[]", b"{", b"]", b"null", b"true", b"~", b"%s", b"{0}"),
    *(b"../../../../outside", b"/outside", b"..\\outside", b"C:outside", b".", b"..", b"a/b", b"a" * 300),
    *(b"$(touch outside)", b"`touch outside`", b"; touch outside;", b"-rf", b"&a [*a]", b"*a", b"<<: *a", b"- - - -"),
    *(b"!!python/object/apply:os.system ['touch outside']", b"cposix\nsystem\n(S'touch outside'\ntR.", b"2001-99-99"),
    *(deep(bracket) for bracket in (b"[", b"{", b'{"a":', b"- ", b"(")),
]
VALUES = [None, True, -1, 0, 1.5, 2**63, 2**70, 1e300, float("nan"), "", "x", "\0", "../outside", [], {}, [[]], [None]]

# What no parser of ours expects at all. The pickles and the YAML would make a file if anything ran them.
HOSTILE = [
    *(b"", b"\0" * 5000, b"\n" * 5000, b"\xff" * 5000, b"9" * 5000, b"-" * 5000, deep(b"["), deep(b"{"), b"<html>"),
    *(deep(b'{"a":'), deep(b"[") + deep(b"]"), deep(b"- "), b"null", b"[]", b"{}", b'"a"', b"NaN", b"1e999"),
    *(
        b"cposix\nsystem\n(S'touch outside'\ntR.",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"PK\3\4",
        b"PK\5\6",
    ),
    *(b"!!python/object/apply:os.system ['touch outside']", b"\x80\x02cposix\nsystem\nX\x0d\0\0\0touch outside\x85R."),
    *(
        b"\x89HDF\r\n\x1a\n" + b"\xff" * 100,
        b"\x93NUMPY\1\0\xff\xff",
        b"RIFF\xff\xff\xff\xffWAVE",
        b"\xff" * 7 + b"\x7f{}",
    ),
    b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)),
]


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """The content after one to three things that happened to it."""
    for _ in range(draw(st.integers(1, 3))):
        content = draw(st.sampled_from(WAYS))(draw, content)
    return content


def _place(draw, content, last=0):
    return draw(st.integers(0, max(len(content) - last, 0)))


def _cut(draw, content):
    return content[: _place(draw, content)]


def _lost(draw, content):
    place = _place(draw, content)
    return content[:place] + content[place + draw(st.integers(1, 64)) :]


def _flipped(draw, content):
    if not content:
        return b"\0"
    place = _place(draw, content, 1)
    return content[:place] + bytes([content[place] ^ 1 << draw(st.integers(0, 7))]) + content[place + 1 :]


def _doubled(draw, content):
    place = _place(draw, content)
    stretch = content[place : place + draw(st.sampled_from([1, 4, 16, 64, 512, 4096]))]
    return content[:place] + stretch * draw(st.sampled_from([2, 3, 50])) + content[place + len(stretch) :]


def _inserted(draw, content):
    place = _place(draw, content)
    return content[:place] + draw(st.sampled_from(WORDS)) + content[place:]


def _field(draw, content):
    """A number of a binary header: the largest ones and those that are just wrong."""
    width = draw(st.sampled_from([1, 2, 4, 8]))
    place = min(_place(draw, content), draw(st.sampled_from([16, 64, 512, len(content)])))
    value = draw(st.sampled_from([0, 1, 0x7F, 0xFF, 0x80, 0x10000, 2**31, 2**60, 2**63, 2**64 - 1])) % 256**width
    field = value.to_bytes(width, draw(st.sampled_from(["little", "big"])))
    return content[:place] + field + content[place + width :]


def _one_of(draw, pattern, content, words):
    """One match of a pattern, replaced."""
    found = list(re.finditer(pattern, content[:100_000]))
    if not found:
        return _inserted(draw, content)
    match = draw(st.sampled_from(found))
    return content[: match.start()] + draw(st.sampled_from(words)) + content[match.end() :]


def _number(draw, content):
    return _one_of(draw, rb"-?\d+(?:\.\d+)?(?:e-?\d+)?", content, NUMBERS)


def _word(draw, content):
    return _one_of(draw, rb"[A-Za-z_]+", content, WORDS)


def _lines(draw, content):
    lines = content.split(b"\n")
    first, second = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    match draw(st.sampled_from(["swap", "again", "join", "drop"])):
        case "swap":
            lines[first], lines[second] = lines[second], lines[first]
        case "again":
            lines.insert(second, lines[first])
        case "join":
            lines[first : first + 2] = [b" ".join(lines[first : first + 2])]
        case _:
            del lines[first]
    return b"\n".join(lines)


def _recoded(draw, content):
    text = content.decode("utf-8", errors="replace")
    form = draw(st.sampled_from(["utf-16", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp500"]))
    return text.encode(form, errors="replace")


def _json(draw, content):
    """Somewhere in the tree something of another kind."""
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):
        return _word(draw, content)
    root = holder = [tree]
    key = 0
    while isinstance(holder[key], dict | list) and holder[key] and draw(st.integers(0, 3)):
        holder = holder[key]
        key = draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
    match draw(st.sampled_from(["other", "gone", "more"])):
        case "gone":
            del holder[key]
        case "more" if isinstance(holder, dict):
            holder[draw(st.sampled_from(["x", "", "\0", "a.b"]))] = holder[key]
        case _:
            holder[key] = draw(st.sampled_from(VALUES))
    return b"".join(json.dumps(part).encode() for part in root)


WAYS = [_cut, _lost, _flipped, _doubled, _inserted, _field, _number, _word, _lines, _recoded, _json]
