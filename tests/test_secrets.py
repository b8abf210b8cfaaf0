"""The password of archives: it opens them, and stands nowhere afterwards, nor in any command line meanwhile."""

import base64
import io
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import soundfile
from corpora.making import wave
from corpora.zip_making import Made, make_zip
from test_corpus_dag import snakemake

from unitvoice.audio import RATE
from unitvoice.corpora.passwords import PASSWORD_VARIABLE

SECRET = "Gehe!m+7/ü=xyzzy"  # noqa: S105 - of an archive that is made here
LOUD = ("--verbose", "--printshellcmds")


def forms(secret):
    """A secret as texts and tools would hold it; of base64 what is there wherever the secret stands in the text."""
    raw = secret.encode()
    shifted = [base64.b64encode(bytes(shift) + raw)[-(-8 * shift // 6) : -4] for shift in range(3)]
    urlsafe = [text.translate(bytes.maketrans(b"+/", b"-_")) for text in shifted]
    texts = [
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        raw.hex(),
        raw.hex().upper(),
        ascii(secret)[1:-1],
    ]
    return {
        raw,
        secret.encode("utf-16-le"),
        secret.encode("latin-1"),
        *shifted,
        *urlsafe,
        *(t.encode() for t in texts),
    }


def leaks(content):
    return [form for form in forms(SECRET) if form in content]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path):
    """Address of a server with a protected archive of recordings."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    members = []
    for speaker in ("anna", "ben"):
        for number in range(4):
            content = io.BytesIO()
            soundfile.write(content, wave(1.1, seed=number), RATE, format="WAV")
            members.append(Made(f"{speaker}/{speaker}{number}.wav", content.getvalue()))
    make_zip(folder, members, password=SECRET, aes=3)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def command_lines():
    """The command lines of all processes, as they are seen meanwhile."""
    seen: set[bytes] = set()
    done = threading.Event()

    def look():
        while not done.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(path.read_bytes())
                except OSError:  # it ended
                    continue

    thread = threading.Thread(target=look)
    thread.start()
    yield seen
    done.set()
    thread.join()


def test_the_password_of_an_archive_is_in_no_log_command_line_cache_or_output(
    tmp_path, mirror, command_lines, monkeypatch
):
    corpus = {"name": "own", "kind": "folder", "mirrors": [mirror], "archives": ["made.zip"]}
    monkeypatch.setenv("UNITVOICE_TRACEBACK", "1")
    monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
    opened = snakemake(tmp_path / "run", corpus, "checks", *LOUD)
    assert opened.returncode == 0, opened.stdout
    broken = tmp_path / "broken" / "resources" / "archives" / "own" / "made.zip"
    broken.parent.mkdir(parents=True)
    content = bytearray((tmp_path / "mirror" / "made.zip").read_bytes())
    content[200] ^= 1
    broken.write_bytes(content)
    failed = snakemake(tmp_path / "broken", corpus, "checks", *LOUD)
    assert failed.returncode == 1
    assert "made.zip" in failed.stdout
    assert not leaks((opened.stdout + failed.stdout).encode())
    assert any(b"unitvoice.corpora.unpack" in line for line in command_lines)
    assert not leaks(b"\n".join(command_lines))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(".snakemake" in path.parts for path in files)
    assert [path for path in files if leaks(path.read_bytes()) or leaks(str(path).encode())] == []


def test_what_is_looked_for_would_be_found():
    for text in (SECRET, f"a{base64.b64encode(f'ab:{SECRET}!'.encode()).decode()}", quote_plus(SECRET)):
        assert leaks(f"x{text}y".encode())


def test_a_password_in_the_address_of_a_mirror_is_refused_and_not_repeated(tmp_path):
    mirrors = [f"http://name:{quote(SECRET, safe='')}@127.0.0.1:9"]
    corpus = {"name": "own", "kind": "folder", "mirrors": mirrors, "archives": ["made.zip"]}
    done = snakemake(tmp_path / "run", corpus, "-n")
    assert done.returncode == 2
    assert "~/.netrc" in done.stdout
    assert not leaks(done.stdout.encode())
