"""Downloads from a local server that cuts the line, restarts, lies, changes its mind and shows login pages."""

import contextlib
import hashlib
import json
import shutil
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from unitvoice import cli
from unitvoice.corpora import transfer
from unitvoice.corpora.download import download, main
from unitvoice.corpora.web_pages import looks_like_web_page
from unitvoice.errors import InputError

CONTENT = np.random.default_rng(4).bytes(700_001)
OTHER = np.random.default_rng(5).bytes(700_001)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PAGE = b"\n <!DOCTYPE html><html><body>Please log in</body></html>"


class Handler(BaseHTTPRequestHandler):
    """Serves ``server.content`` with ranges, or what the next of ``server.faults`` says."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append(dict(self.headers))
        fault = self.server.faults.pop(0) if self.server.faults else "none"
        self.close_connection = True
        getattr(self, "serve_" + fault.split(":")[0])(*fault.split(":")[1:])

    def serve_none(self):
        content, start = self.server.content, self._start()
        if start and start >= len(content):
            self._head(416, {"Content-Range": f"bytes */{len(content)}", **self._tags(), "Content-Length": 0})
        elif start:
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._head(206, {"Content-Range": span, "Content-Length": len(content) - start, **self._tags()})
            self.wfile.write(content[start:])
        else:
            self._head(200, {"Content-Length": len(content), **self._tags()})
            self.wfile.write(content)

    def serve_cut(self):
        content, start = self.server.content, self._start() or 0
        span = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        self._head(206 if start else 200, {"Content-Length": len(content) - start, **span, **self._tags()})
        self.wfile.write(content[start : (start + len(content)) // 2])

    def serve_restart(self):
        self._head(200, {"Content-Length": len(self.server.content), **self._tags()})
        self.wfile.write(self.server.content)

    def serve_elsewhere(self):
        """Continue at another place than was asked for."""
        content = self.server.content
        self._head(
            206, {"Content-Range": f"bytes 5-{len(content) - 1}/{len(content)}", "Content-Length": len(content) - 5}
        )
        self.wfile.write(content[5:])

    def serve_ignorant(self):
        """Continue whatever the condition of the range says, as a server without If-Range does."""
        start = int(self.headers["Range"][6:-1])
        content = self.server.content
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._head(206, {"Content-Range": span, "Content-Length": len(content) - start, **self._tags()})
        self.wfile.write(content[start:])

    def serve_status(self, code, retry=None):
        more = {"Retry-After": retry} if retry else {}
        self._head(int(code), {"Content-Length": 0, **more})

    def serve_page(self, code="200"):
        self._head(int(code), {"Content-Type": "text/html", "Content-Length": len(PAGE)})
        self.wfile.write(PAGE)

    def serve_redirect(self, *place):
        self._head(302, {"Location": ":".join(place), "Content-Length": 0})

    def serve_promise(self):
        """Announce more than there is."""
        self._head(200, {"Content-Length": len(self.server.content) + 1000, **self._tags()})
        self.wfile.write(self.server.content)

    def serve_silence(self):
        self._head(200, {"Content-Length": len(self.server.content), **self._tags()})
        self.wfile.write(self.server.content[:200_000])
        time.sleep(0.6)

    def serve_chunked(self, missing=""):
        self._head(200, {"Transfer-Encoding": "chunked"})
        content = self.server.content[: len(self.server.content) // (2 if missing else 1)]
        for place in range(0, len(content), 7000):
            piece = content[place : place + 7000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"" if missing else b"0\r\n\r\n")

    def serve_encoded(self):
        """Say that the archive is gzipped, as careless servers do with tgz."""
        self._head(200, {"Content-Encoding": "gzip", "Content-Length": len(self.server.content)})
        self.wfile.write(self.server.content)

    def _start(self):
        """Where to begin; a condition that fails makes it zero."""
        condition = self.headers.get("If-Range")
        if "Range" not in self.headers or (condition and condition not in self._tags().values()):
            return None
        return int(self.headers["Range"][6:-1])

    def _tags(self):
        return self.server.tags(self.server.content)

    def _head(self, code, headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.send_header("Connection", "close")
        self.end_headers()


def etag(content):
    return {"ETag": f'"{hashlib.sha256(content).hexdigest()[:8]}"'}


@contextlib.contextmanager
def serving(content=CONTENT, faults=(), tags=etag, context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.content, server.faults, server.tags, server.seen = content, list(faults), tags, []
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_port}/english.tgz"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def out(tmp_path):
    return tmp_path / "data" / "english.tgz"


@pytest.fixture
def waits():
    return []


def leftovers(out):
    return sorted(path.name for path in out.parent.iterdir() if path != out)


def test_a_file_arrives_whole_and_alone(out, waits):
    with serving() as server:
        assert download([server.url], out, sleep=waits.append) == SHA256
    assert out.read_bytes() == CONTENT
    assert leftovers(out) == []
    assert waits == []


@pytest.mark.parametrize(
    "faults",
    [
        ["cut"],
        ["cut", "cut", "cut"],
        ["cut", "restart"],
        ["cut", "status:416"],
        ["cut", "elsewhere"],
        ["cut", "ignorant"],
        ["status:503", "status:429", "cut"],
        ["chunked:cut"],
        ["chunked"],
        ["encoded"],
        ["promise", "none", "none"],
        ["redirect:/moved/english.tgz", "cut", "redirect:/moved/english.tgz"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("tags", [etag, lambda _: {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}, lambda _: {}])
def test_the_file_is_right_after_every_fault(faults, tags, out, waits):
    with serving(faults=faults, tags=tags) as server:
        assert download([server.url], out, sleep=waits.append) == SHA256
        assert server.faults == [] or faults[0] == "promise"
    assert out.read_bytes() == CONTENT
    assert leftovers(out) == []


def test_an_interrupted_download_is_continued_and_not_begun_again(out):
    with serving(faults=["cut"]) as server:
        with pytest.raises(InputError, match="is kept and will be continued"):
            download([server.url], out, attempts=1)
        have = out.with_name("english.tgz.part").stat().st_size
        assert len(CONTENT) // 4 < have < len(CONTENT)
        download([server.url], out)
        assert server.seen[-1]["Range"] == f"bytes={have}-"
        assert server.seen[-1]["If-Range"] == etag(CONTENT)["ETag"]
    assert out.read_bytes() == CONTENT


def test_a_complete_part_that_was_not_renamed_is_finished_without_loading_it_again(out):
    with serving() as server:
        download([server.url], out)
        note = {"url": server.url, "validator": etag(CONTENT)["ETag"], "total": len(CONTENT)}
        out.rename(out.with_name("english.tgz.part"))
        out.with_name("english.tgz.part.json").write_text(json.dumps(note))
        assert download([server.url], out, sleep=lambda _: None) == SHA256
        assert len(server.seen) == 2
    assert leftovers(out) == []


def test_a_part_longer_than_the_file_is_begun_again(out):
    out.parent.mkdir()
    out.with_name("english.tgz.part").write_bytes(CONTENT + b"more")
    with serving() as server:
        note = {"url": server.url, "validator": etag(CONTENT)["ETag"], "total": len(CONTENT)}
        out.with_name("english.tgz.part.json").write_text(json.dumps(note))
        assert download([server.url], out, sleep=lambda _: None) == SHA256


def test_a_server_that_falls_silent_is_given_up_and_tried_again(out, waits, monkeypatch):
    monkeypatch.setattr(transfer, "TIMEOUT", (5.0, 0.2))
    with serving(faults=["silence"]) as server:
        assert download([server.url], out, sleep=waits.append) == SHA256
    assert waits == [1]


def test_an_encryption_that_does_not_begin_is_tried_again(out, waits):
    with serving() as server, pytest.raises(InputError, match="breaks off the encryption"):
        download([server.url.replace("http:", "https:")], out, attempts=2, sleep=waits.append)
    assert waits == [1]


@pytest.mark.parametrize("fault", ["none", "ignorant"])
@pytest.mark.parametrize("tags", [etag, lambda content: {"Last-Modified": f"Thu, 0{1 + (content == OTHER)} Jan 2026"}])
def test_a_file_that_changed_between_attempts_is_not_a_mixture(fault, tags, out, waits):
    with serving(faults=["cut"], tags=tags) as server:
        with pytest.raises(InputError):
            download([server.url], out, attempts=1)
        server.content, server.faults = OTHER, [fault]
        download([server.url], out, sleep=waits.append)
    assert out.read_bytes() == OTHER


def test_a_mixture_that_nothing_else_shows_is_found_by_the_checksum(out, waits):
    with serving(content=OTHER, faults=["cut"], tags=lambda _: {}) as server:
        with pytest.raises(InputError):
            download([server.url], out, sha256=SHA256, attempts=1)
        server.content = CONTENT
        assert download([server.url], out, sha256=SHA256.upper(), sleep=waits.append) == SHA256
    assert out.read_bytes() == CONTENT


@pytest.mark.parametrize("note", ["", "{", "[]", '{"url": 1, "more": 2}'])
def test_a_part_of_unknown_origin_is_begun_again(note, out):
    out.parent.mkdir()
    out.with_name("english.tgz.part").write_bytes(b"whatever")
    out.with_name("english.tgz.part.json").write_text(note)
    with serving() as server:
        assert download([server.url], out) == SHA256
        assert "Range" not in server.seen[0]


@pytest.mark.parametrize("fault", ["status:404", "status:403", "status:410", "page", "page:403", "redirect:ftp://x/y"])
def test_the_next_mirror_is_tried_at_once_where_the_first_does_not_have_the_file(fault, out, waits):
    with serving(faults=[fault]) as first, serving() as second:
        assert download([first.url, second.url], out, sleep=waits.append) == SHA256
        assert len(first.seen) == len(second.seen) == 1
    assert waits == []


def test_all_reasons_are_named_when_no_mirror_has_the_file(out):
    with serving(faults=["page"]) as first, serving(faults=["status:404"]) as second:
        with pytest.raises(InputError) as caught:
            download([first.url, second.url], out)
        assert f"{first.url} answers with a web page" in str(caught.value)
        assert f"{second.url} answers 404" in str(caught.value)
    assert leftovers(out) == []


def test_a_login_page_does_not_destroy_what_has_arrived(out):
    with serving(faults=["cut", "page"]) as server:
        for _ in range(2):
            with pytest.raises(InputError):
                download([server.url], out, attempts=1)
        assert out.with_name("english.tgz.part").stat().st_size > len(CONTENT) // 4
        download([server.url], out)
    assert out.read_bytes() == CONTENT


def test_a_web_page_may_be_downloaded_as_such(tmp_path):
    with serving(content=PAGE) as server:
        download([server.url], tmp_path / "list.html")
    assert (tmp_path / "list.html").read_bytes() == PAGE


def test_attempts_are_bounded_and_their_delays_grow_to_a_limit(out, waits):
    with serving(faults=["status:503"] * 99) as server:
        with pytest.raises(InputError, match="503"):
            download([server.url], out, attempts=9, sleep=waits.append)
        assert len(server.seen) == 9
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_server_that_always_cuts_at_the_same_place_does_not_hold_us_forever(out, waits):
    with serving(faults=["promise"] * 99) as server, pytest.raises(InputError, match="cuts the line"):
        download([server.url], out, attempts=3, sleep=waits.append)
    assert not out.exists()


def test_new_bytes_give_new_patience(out, waits):
    with serving(faults=["cut"] * 3) as server:
        download([server.url], out, attempts=2, sleep=waits.append)
    assert waits == [1, 1, 1]


def test_the_servers_wish_to_wait_is_honoured_within_limits(out, waits):
    with serving(faults=["status:503:7", "status:503:86400", "status:503:soon"]) as server:
        download([server.url], out, sleep=waits.append)
    assert waits == [7, 60, 4]


def test_a_server_that_is_not_there_is_one_clear_error(out, waits):
    with serving() as server:
        pass
    with pytest.raises(InputError, match="cannot be reached"):
        download([server.url], out, attempts=2, sleep=waits.append)


def test_redirects_in_circles_end(out, waits):
    with serving(faults=["redirect:/english.tgz"] * 99) as server, pytest.raises(InputError, match="in circles"):
        download([server.url], out, sleep=waits.append)


def test_wrong_bytes_are_never_given_the_files_name(out, waits):
    with serving(content=OTHER) as server, pytest.raises(InputError, match="has another file"):
        download([server.url], out, sha256=SHA256, sleep=waits.append)
    assert leftovers(out) == []
    assert not out.exists()


def test_a_mirror_with_the_right_bytes_is_found_behind_one_with_wrong_ones(out, waits):
    with serving(content=OTHER) as first, serving() as second:
        assert download([first.url, second.url], out, sha256=SHA256, sleep=waits.append) == SHA256


def test_the_lock_file_remembers_and_refuses_other_bytes(out, tmp_path, waits):
    lock = tmp_path / "lock" / "corpus.lock.json"
    with serving() as server:
        download([server.url.replace("//", "//user:geheim@")], out, lock=lock)
        download([server.url], out.with_name("b.zip"), lock=lock)
        entry = {"sha256": SHA256, "bytes": len(CONTENT), "url": server.url}
        assert json.loads(lock.read_text()) == {"files": {"b.zip": entry | {"url": server.url}, "english.tgz": entry}}
        before = lock.read_bytes()
        out.unlink()
        server.content = OTHER
        with pytest.raises(InputError, match=SHA256):
            download([server.url], out, lock=lock, sleep=waits.append)
    assert lock.read_bytes() == before


def test_a_file_that_is_here_is_checked_and_not_loaded_again(out, tmp_path):
    lock = tmp_path / "lock.json"
    out.parent.mkdir()
    out.write_bytes(CONTENT)
    address = "http://127.0.0.1:9/nothing-listens-here"
    assert download([address], out, sha256=SHA256, lock=lock) == SHA256
    assert json.loads(lock.read_text())["files"]["english.tgz"]["sha256"] == SHA256
    out.write_bytes(OTHER)
    with pytest.raises(InputError, match="remove it"):
        download([address], out, lock=lock)


def test_many_downloads_at_once_lose_no_entry_of_the_lock_file(tmp_path):
    lock = tmp_path / "lock.json"
    with serving(content=b"small") as server:
        threads = [
            threading.Thread(target=download, args=([server.url], tmp_path / f"{i}.txt"), kwargs={"lock": lock})
            for i in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(json.loads(lock.read_text())["files"]) == 12


@pytest.mark.parametrize("content", ["[]", '{"files": 3}', '{"files": {"a": {}}}', "nonsense"])
def test_a_broken_lock_file_is_bad_input(content, out, tmp_path):
    (tmp_path / "lock.json").write_text(content)
    with pytest.raises(InputError, match=r"lock\.json"):
        download(["http://127.0.0.1:9/x"], out, lock=tmp_path / "lock.json")


def test_a_checksum_that_contradicts_the_lock_file_is_bad_input(out, tmp_path):
    lock = tmp_path / "lock.json"
    with serving() as server:
        download([server.url], out, lock=lock)
        with pytest.raises(InputError, match="out of date"):
            download([server.url], out, sha256="0" * 64, lock=lock)


@pytest.mark.parametrize("address", ["ftp://x/y", "english.tgz", "http://[::1/x", "-o/etc/passwd"])
def test_an_address_that_is_none_is_bad_input(address, out):
    with pytest.raises(InputError, match="no address"):
        download([address], out)


def test_a_checksum_that_is_none_is_bad_input(out):
    with pytest.raises(InputError, match="64 hexadecimal digits"):
        download(["http://127.0.0.1:9/x"], out, sha256="abc")


def test_file_addresses_work_with_mirrors_checksums_and_spaces(out, tmp_path):
    source = tmp_path / "a b.tgz"
    source.write_bytes(CONTENT)
    download([(tmp_path / "absent").as_uri(), source.as_uri()], out, sha256=SHA256)
    assert out.read_bytes() == CONTENT
    source.write_bytes(PAGE)
    with pytest.raises(InputError, match="web page"):
        download([source.as_uri()], out.with_name("c.zip"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_certificate_that_nobody_signed_is_not_trusted(out, tmp_path, waits, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    names = [
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with serving(context=context) as server, serving() as plain:
        with pytest.raises(InputError, match="cannot be trusted"):
            download([server.url], out, sleep=waits.append)
        assert not out.exists()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
        server.faults = [f"redirect:{plain.url}"]
        with pytest.raises(InputError, match="without encryption"):
            download([server.url], out, sleep=waits.append)
        assert download([server.url], out, sleep=waits.append) == SHA256
    assert waits == []


def test_a_full_disk_is_noticed_before_the_bytes_come(out, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with serving() as server, pytest.raises(InputError, match="make room"):
        download([server.url], out)


def test_a_password_in_an_address_is_not_shown(out, waits, caplog):
    with serving(faults=["status:503", "cut", "status:404"]) as server, pytest.raises(InputError) as caught:
        download([server.url.replace("//", "//user:geheim@")], out, sleep=waits.append)
    notes = out.with_name("english.tgz.part.json").read_text()
    assert "geheim" not in str(caught.value) + caplog.text + notes


@pytest.mark.parametrize(
    ("head", "page"),
    [(PAGE, True), (b"\xef\xbb\xbf<HTML>", True), (b"PK\3\4", False), (b"", False), (b"<?xml ?>", False)],
)
def test_web_pages_are_told_from_files(head, page):
    assert looks_like_web_page(head) == page


def test_the_command_downloads_and_fails_with_exit_code_2(out, capsys):
    with serving() as server:
        main([str(out), "--url", server.url, "--sha256", SHA256])
        assert out.read_bytes() == CONTENT
        with pytest.raises(SystemExit) as caught:
            cli.run(lambda: main([str(out), "--url", server.url, "--sha256", "0" * 64]))
    assert caught.value.code == 2
    assert "remove it" in capsys.readouterr().err
