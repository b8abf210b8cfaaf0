"""Archives: all golden ones, every form of zip and tar, and what hostile ones must not achieve."""

import contextlib
import gzip
import hashlib
import io
import json
import logging
import os
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import py7zr
import pytest
from corpora.zip_making import Made, make_zip
from hypothesis import given, settings
from hypothesis import strategies as st

from unitvoice import cli
from unitvoice.corpora.archives import extract, main
from unitvoice.corpora.members import Member, UnsafeError, check_members
from unitvoice.corpora.passwords import PASSWORD_VARIABLE, REGISTRATION, Password
from unitvoice.corpora.seven_zip import find_seven_zip
from unitvoice.errors import InputError

GOLDEN = Path(__file__).parents[1] / "golden" / "archives"
CASES = json.loads((GOLDEN / "manifest.json").read_text())
SECRET = CASES["password_of_all_protected_fixtures"]
SEVEN_ZIP = find_seven_zip()
needs_seven_zip = pytest.mark.skipif(SEVEN_ZIP is None, reason="7zz or 7z is not on PATH")
PROGRAMS = [None, pytest.param(SEVEN_ZIP, marks=needs_seven_zip)]


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def opens(archive, out, password=SECRET, **options):
    """Unpack, and check that a failure leaves nothing behind."""
    try:
        extract(archive, out, ask=lambda: Password(password), **options)
    except InputError:
        assert not out.exists()
        assert not list(out.parent.glob(f".{out.name}*"))
        raise
    return tree(out)


@pytest.mark.parametrize("program", PROGRAMS, ids=["ours", "7zip"])
@pytest.mark.parametrize("case", CASES["archives"], ids=lambda case: case["id"])
def test_every_golden_archive_is_unpacked_whole_or_refused_without_a_trace(case, program, tmp_path, monkeypatch):
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    if case["password"]:
        monkeypatch.setenv(PASSWORD_VARIABLE, case["password"])
    archive = GOLDEN / case.get("open_with", case["files"][0])
    out = tmp_path / "box" / "out"
    if case["expect"] == "refuse":
        with pytest.raises(InputError) as caught:
            extract(archive, out, program=program)
        assert case["password"] is None or case["password"] not in str(caught.value)
        assert [path for path in tmp_path.rglob("*") if path.name != "box"] == []
        assert not Path(CASES["never_created"]).exists()
    else:
        count = extract(archive, out, program=program)
        found = {name: hashlib.sha256(content).hexdigest() for name, content in tree(out).items()}
        assert found == {name: content["sha256"] for name, content in case["contents"].items()}
        assert count == len(found)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("split_wrong_password", "password does not open"),
        ("zipcrypto_password_passes_check_byte", "password does not open"),
        ("sevenzip_wrong_password", "password does not open"),
        ("split_no_password", REGISTRATION),
        ("split_missing_part", "corpus2020.z02"),
        ("zip_truncated", "cut short"),
        ("tgz_truncated", "cut short"),
        ("not_an_archive", "web page"),
        ("zip_bomb", "grow"),
        ("zip_symlink", "link"),
    ],
)
def test_the_message_of_a_refusal_names_its_reason(case, words, tmp_path, monkeypatch):
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    found = next(entry for entry in CASES["archives"] if entry["id"] == case)
    if found["password"]:
        monkeypatch.setenv(PASSWORD_VARIABLE, found["password"])
    with pytest.raises(InputError, match=words):
        extract(GOLDEN / found.get("open_with", found["files"][0]), tmp_path / "out")


def test_any_part_of_a_split_zip_may_be_named(tmp_path):
    assert len(opens(GOLDEN / "corpus2020.z01", tmp_path / "out")) == 15


def test_an_archive_is_recognised_by_its_content_and_not_by_its_name(tmp_path):
    shutil.copy(GOLDEN / "english.tgz", tmp_path / "surprise.zip")
    shutil.copy(GOLDEN / "cache.7z", tmp_path / "english.tgz")
    assert "english/vads.txt" in opens(tmp_path / "surprise.zip", tmp_path / "a")
    assert "surprise/vads.txt" in opens(tmp_path / "english.tgz", tmp_path / "b")


def command(arguments, **variables):
    environment = {name: value for name, value in os.environ.items() if name != PASSWORD_VARIABLE} | variables
    return subprocess.run(
        [sys.executable, "-m", "unitvoice.corpora.archives", *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment,
        check=False,
    )


def test_the_command_reports_bad_input_in_one_line_and_with_exit_code_2(tmp_path):
    done = command([GOLDEN / "surprise.zip", tmp_path / "out"])
    assert done.returncode == 2
    assert REGISTRATION in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def spying_seven_zip(folder, real):
    """A 7zz that notes what others could see of it, and then is the real one."""
    folder.mkdir()
    spy = folder / "7zz"
    spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/seen\nenv >> {folder}/seen\nexec {real} "$@"\n')
    spy.chmod(0o755)
    return folder / "seen"


@needs_seven_zip
@pytest.mark.parametrize("password", [SECRET, "entirely-wrong-secret"], ids=["right", "wrong"])
def test_the_password_is_in_no_output_no_argument_and_no_file(password, tmp_path):
    seen = spying_seven_zip(tmp_path / "bin", SEVEN_ZIP)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    variables = {PASSWORD_VARIABLE: password, "PATH": path, "UNITVOICE_TRACEBACK": "1"}
    done = command([GOLDEN / "corpus2020.zip", tmp_path / "out"], **variables)
    assert done.returncode == (0 if password == SECRET else 2)
    assert seen.exists() == (password == SECRET)
    assert password not in done.stdout + done.stderr
    assert all(password.encode() not in content for content in tree(tmp_path).values())


def test_a_password_does_not_show_in_any_printed_form():
    password = Password("open sesame")
    assert "sesame" not in f"{password} {password!r} {[password]}"


def test_an_error_about_the_password_carries_no_inner_error_that_could_show_it(tmp_path):
    for name in ("surprise.zip", "aes.zip", "cache.7z"):
        with pytest.raises(InputError) as caught:
            opens(GOLDEN / name, tmp_path / "out", "entirely-wrong-secret")
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


def test_the_password_is_asked_for_on_a_terminal_only_and_only_when_needed(tmp_path, monkeypatch):
    asked = []
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or SECRET)
    extract(GOLDEN / "english.tgz", tmp_path / "a")
    assert asked == []
    extract(GOLDEN / "surprise.zip", tmp_path / "b")
    assert len(asked) == 1


def test_an_empty_answer_at_the_prompt_is_no_password(tmp_path, monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _: "")
    with pytest.raises(InputError, match="register"):
        extract(GOLDEN / "surprise.zip", tmp_path / "out")


CONTENTS = {"a/one.wav": os.urandom(3000), "a/empty.txt": b"", "b/two.txt": b"line\n" * 5000}
MEMBERS = [Made("a/", attributes=0o40755 << 16), *(Made(name, content) for name, content in CONTENTS.items())]


@pytest.mark.parametrize("part", [0, 700, 1 << 16])
@pytest.mark.parametrize("zip64", [False, True])
@pytest.mark.parametrize("form", ["open", "streamed", "zipcrypto", "zipcrypto streamed", "aes"])
def test_every_form_of_zip_gives_its_contents(form, zip64, part, tmp_path):
    archive = make_zip(
        tmp_path,
        MEMBERS,
        password=SECRET if "zipcrypto" in form or form == "aes" else None,
        aes=3 if form == "aes" else 0,
        zip64=zip64,
        streamed="streamed" in form,
        part=part,
    )
    assert opens(archive, tmp_path / "out") == CONTENTS


@pytest.mark.parametrize("strength", [1, 2, 3])
@pytest.mark.parametrize("version", [1, 2])
def test_every_form_of_aes_gives_its_contents(strength, version, tmp_path):
    archive = make_zip(tmp_path, MEMBERS, password=SECRET, aes=strength, ae_version=version)
    assert opens(archive, tmp_path / "out") == CONTENTS


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=6),
    st.sampled_from([0, 8]),
    st.sampled_from([0, 150, 333]),
    st.booleans(),
    st.booleans(),
)
def test_split_and_protected_zips_of_any_content_are_joined_right(
    tmp_path_factory, contents, method, part, zip64, open_
):
    folder = tmp_path_factory.mktemp("zip")
    members = [Made(f"{i}.bin", content, method) for i, content in enumerate(contents)]
    archive = make_zip(folder, members, password=None if open_ else "pässword", zip64=zip64, part=part)
    assert opens(archive, folder / "out", "pässword") == {f"{i}.bin": content for i, content in enumerate(contents)}


@pytest.mark.parametrize("part", [0, 1 << 20])
def test_members_beyond_4_gib_are_found(part, tmp_path):
    archive = make_zip(tmp_path, MEMBERS, zip64=True, part=part, hole=5 << 30)
    assert opens(archive, tmp_path / "out") == CONTENTS


def test_a_part_with_members_beyond_4_gib_needs_no_zip64_fields(tmp_path):
    archive = make_zip(tmp_path, MEMBERS, part=1 << 20, hole=5 << 30)
    assert opens(archive, tmp_path / "out") == CONTENTS


def test_the_standard_library_and_we_read_the_same_from_its_own_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in (CONTENTS | {"größe/ä.txt": b"umlaut"}).items():
            file.writestr(name, content)
        file.comment = b"a comment"
    assert opens(tmp_path / "x.zip", tmp_path / "out") == CONTENTS | {"größe/ä.txt": b"umlaut"}


def test_an_empty_zip_is_an_empty_folder(tmp_path):
    zipfile.ZipFile(tmp_path / "x.zip", "w").close()
    assert opens(tmp_path / "x.zip", tmp_path / "out") == {}


def compressed_otherwise(folder):
    with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_LZMA) as file:
        file.writestr("a.txt", b"a" * 999)
    return folder / "x.zip"


def test_a_compression_that_is_not_ours_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(InputError, match="only 7-Zip knows"):
        opens(compressed_otherwise(tmp_path), tmp_path / "out")


@needs_seven_zip
def test_a_compression_that_is_not_ours_is_left_to_seven_zip(tmp_path):
    assert opens(compressed_otherwise(tmp_path), tmp_path / "out", program=SEVEN_ZIP) == {"a.txt": b"a" * 999}


def false_seven_zip(folder, script):
    (folder / "7zz").write_text("#!/bin/sh\n" + script)
    (folder / "7zz").chmod(0o755)
    return folder / "7zz"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'ERROR: Wrong password : x' >&2; exit 2", "password does not open"),
        ("echo 'ERROR: Unsupported Method : x' >&2; exit 2", "Unsupported Method"),
        ("exit 9", "no reason given"),
        ("exit 0", "unpacked these differently: "),
    ],
)
def test_what_seven_zip_says_or_leaves_out_is_no_success(script, words, tmp_path):
    with pytest.raises(InputError, match=words):
        opens(GOLDEN / "corpus2020.zip", tmp_path / "out", program=false_seven_zip(tmp_path, script))


HOSTILE_NAMES = [
    *("/etc/passwd", "../x", "a/../../x", "..", "a/..", "..\\x", "a\\..\\..\\x", "C:/x", "c:x", "\\\\host\\x"),
    *("a\\b", "a\nb", "x" * 256, "a\x1b[31m"),
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_refused_in_zip_and_tar(name, tmp_path):
    good = Made("good.txt", b"good")
    with pytest.raises(InputError, match="refused"):
        opens(make_zip(tmp_path, [good, Made(name, b"bad")]), tmp_path / "out")
    with pytest.raises(InputError, match="refused"):
        opens(make_tar(tmp_path, [("good.txt", {}), (name, {})]), tmp_path / "out")


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab./\\:\0 C~é"), max_size=12))
def test_any_name_leads_below_the_destination_or_nowhere(name):
    try:
        path = Member(name, 0, "file").path
    except UnsafeError:
        return
    place = os.path.normpath(f"/base/out/{path}")
    assert place == "/base/out" or place.startswith("/base/out/")
    assert "\\" not in path
    assert "\0" not in path


def file(name, size=1):
    return Member(name, size, "file")


@pytest.mark.parametrize(
    "members",
    [
        [file("a"), file("a")],
        [file("a"), file("./a")],
        [file("a//b"), file("a/b")],
        [file("a"), Member("a", 0, "folder")],
        [Member("a", 0, "folder"), file("a")],
        [file("a"), file("a/b")],
        [file("a/b/c"), file("a")],
        [Member("a", 0, "symlink", "b"), file("a/c")],
        [Member("a", 0, "special")],
        [Member("a", 0, "symlink", "/etc")],
        [Member("a", 0, "symlink", "..")],
        [Member("a/b", 0, "symlink", "../../c")],
        [Member("a", 0, "symlink", "b/../..")],
        [Member("d/l", 0, "symlink", "../e"), Member("m", 0, "symlink", "d/l/../../x")],
        [Member("a", 0, "symlink")],
        [Member("a", 0, "hardlink", "/etc/passwd")],
        [Member("a", 0, "hardlink", "../b")],
        [Member("a", 0, "hardlink", "absent")],
        [Member("l", 0, "symlink", "b"), Member("a", 0, "hardlink", "l")],
        [Member("", 0, "symlink", "b")],
        [file(".")],
        [file("a", (64 << 20) + 1)],
        [file(str(i), 1 << 20) for i in range(65)],
    ],
)
def test_a_hostile_table_of_contents_is_refused(members):
    with pytest.raises(InputError, match="refused"):
        check_members(Path("x.zip"), 1000, members)


def test_reading_an_endless_table_of_contents_stops_at_the_first_offence():
    def endless():
        while True:
            yield file("../a")

    with pytest.raises(InputError, match="climbs out"):
        check_members(Path("x.zip"), 1000, endless())


def test_harmless_links_and_repeated_folders_are_accepted():
    members = [Member("a", 0, "folder"), Member("./a/", 0, "folder"), file("a/b"), Member("./", 0, "folder")]
    links = [Member("a/l", 0, "symlink", "../a/b"), Member("h", 0, "hardlink", "a/b")]
    assert len(check_members(Path("x.tar"), 1000, members + links, files_expected=2)) == 5


def test_a_large_archive_may_grow_as_much_as_label_files_do():
    assert check_members(Path("x.zip"), 10**9, [file("labels.txt", 20 * 10**9)])


@pytest.mark.parametrize(
    ("mode", "words"), [(stat.S_IFLNK, "link"), (stat.S_IFIFO, "device"), (stat.S_IFCHR, "device")]
)
def test_links_and_devices_in_a_zip_are_refused(mode, words, tmp_path):
    with pytest.raises(InputError, match=words):
        opens(make_zip(tmp_path, [Made("a", b"/etc", attributes=(mode | 0o644) << 16)]), tmp_path / "out")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([Made("a", b"x" * 99, declared=9)], "longer"),
        ([Made("a", b"x" * 99, declared=999)], "shorter"),
        ([Made("a", b"x" * 99, crc=1)], "fails its check"),
        ([Made("a", b"x" * 99, raw=b"\x01\x63\x00\x9c\xff")], "fails its check"),
        ([Made("a", b"x", local_name="../a")], "header of a differs"),
        ([Made("a", b"x" * 99), Made("b", b"x" * 99, shares=0)], "overlap"),
    ],
)
def test_a_zip_that_lies_about_its_members_is_refused(members, words, tmp_path):
    with pytest.raises(InputError, match=words):
        opens(make_zip(tmp_path, members), tmp_path / "out")


def test_an_aes_member_that_says_it_is_not_protected_is_refused(tmp_path):
    archive = make_zip(tmp_path, [Made("a", b"x" * 99, 0)], password=SECRET, aes=3)
    data = archive.read_bytes()
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        flags = data.index(signature) + place
        data = data[:flags] + b"\0" + data[flags + 1 :]
    archive.write_bytes(data)
    with pytest.raises(InputError, match="unknown form of AES"):
        opens(archive, tmp_path / "out")


def test_a_protected_member_too_short_for_its_cipher_is_refused(tmp_path):
    archive = make_zip(tmp_path, [Made("a", b"", 0)], password=SECRET)
    data = bytearray(archive.read_bytes())
    data[data.rindex(b"PK\1\2") + 20] = 5
    archive.write_bytes(data)
    with pytest.raises(InputError, match="password does not open"):
        opens(archive, tmp_path / "out")


def test_a_table_of_contents_that_lacks_members_is_refused(tmp_path):
    archive = make_zip(tmp_path, MEMBERS)
    data = bytearray(archive.read_bytes())
    data[-12] += 1
    archive.write_bytes(data)
    with pytest.raises(InputError, match="4 of 5 members"):
        opens(archive, tmp_path / "out")


@pytest.mark.parametrize("stale", [False, True])
def test_a_name_in_the_unicode_field_counts_while_it_is_up_to_date(stale, tmp_path):
    name, info = "größe.txt".encode(), zipfile.ZipInfo("gr__e.txt")
    info.extra = struct.pack("<HHBL", 0x7075, 5 + len(name), 1, zlib.crc32(b"gr__e.txt") ^ stale) + name
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        file.writestr(info, b"x")
    assert opens(tmp_path / "x.zip", tmp_path / "out") == {"gr__e.txt" if stale else "größe.txt": b"x"}


def test_changed_bytes_under_aes_are_noticed_where_no_checksum_is_given(tmp_path):
    archive = make_zip(tmp_path, [Made("a", b"x", 0), Made("b", bytes(500), 0)], password=SECRET, aes=3)
    data = bytearray(archive.read_bytes())
    data[300] ^= 1
    archive.write_bytes(data)
    with pytest.raises(InputError, match="content of b fails"):
        opens(archive, tmp_path / "out")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_archive_gives_an_input_error_or_its_true_contents(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    forms = {
        "zip": lambda: make_zip(folder, MEMBERS),
        "zip64": lambda: make_zip(folder, MEMBERS, zip64=True),
        "aes": lambda: make_zip(folder, MEMBERS, password=SECRET, aes=1),
        "zipcrypto": lambda: make_zip(folder, MEMBERS, password=SECRET),
        "tgz": lambda: make_tar(folder, [(name, {}) for name in CONTENTS], "w:gz", CONTENTS),
    }
    archive = forms[data.draw(st.sampled_from(sorted(forms)))]()
    content = bytearray(archive.read_bytes())
    place = len(content) - 1 - data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[place : place + data.draw(st.integers(1, 40))]
    archive.write_bytes(content)
    with contextlib.suppress(InputError):
        assert opens(archive, folder / "out") == CONTENTS


def make_tar(folder, members, mode="w", contents=None):
    path = folder / "made.tar"
    with tarfile.open(path, mode, format=tarfile.PAX_FORMAT) as tar:
        for name, fields in members:
            info = tarfile.TarInfo(name)
            content = (contents or {}).get(name, b"content")
            info.size = len(content) if fields.get("type", tarfile.REGTYPE) == tarfile.REGTYPE else 0
            for field, value in fields.items():
                setattr(info, field, value)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_every_form_of_tar_gives_its_contents(mode, tmp_path):
    archive = make_tar(
        tmp_path, [(f"./{name}", {}) for name in CONTENTS], mode, {f"./{n}": c for n, c in CONTENTS.items()}
    )
    assert opens(archive, tmp_path / "out") == CONTENTS


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_devices_and_pipes_in_a_tar_are_refused(kind, tmp_path):
    with pytest.raises(InputError, match="device"):
        opens(make_tar(tmp_path, [("a", {"type": kind})]), tmp_path / "out")


def test_links_that_stay_inside_a_tar_are_kept(tmp_path):
    symlink = {"type": tarfile.SYMTYPE, "linkname": "../a/x"}
    archive = make_tar(tmp_path, [("a/x", {}), ("b/s", symlink), ("h", {"type": tarfile.LNKTYPE, "linkname": "a/x"})])
    assert opens(archive, tmp_path / "out") == dict.fromkeys(["a/x", "b/s", "h"], b"content")
    assert (tmp_path / "out/b/s").is_symlink()


def test_a_tar_bomb_is_refused_before_it_is_read_to_its_end(tmp_path):
    info = tarfile.TarInfo("a")
    info.size = 1 << 40
    archive = tmp_path / "x.tar"
    archive.write_bytes(info.tobuf())
    with pytest.raises(InputError, match="grow"):
        opens(archive, tmp_path / "out")


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("broken", [1024, 2048])
def test_a_tar_with_a_broken_or_missing_header_is_not_taken_for_complete(mode, broken, tmp_path):
    plain = make_tar(tmp_path, [("a", {}), ("b", {}), ("c", {})]).read_bytes()
    for damage in (plain[:broken], plain[:broken] + b"x" * 8 + plain[broken + 8 :]):
        archive = tmp_path / "x.tgz"
        archive.write_bytes(damage if mode == "w" else gzip.compress(damage))
        with pytest.raises(InputError, match="cut short"):
            opens(archive, tmp_path / "out")


def test_an_open_7z_gives_its_contents_and_a_damaged_one_an_error(tmp_path):
    with py7zr.SevenZipFile(tmp_path / "x.7z", "w") as file:
        for name, content in CONTENTS.items():
            file.writestr(content, name)
    assert opens(tmp_path / "x.7z", tmp_path / "out") == CONTENTS
    data = bytearray((tmp_path / "x.7z").read_bytes())
    for place in (40, len(data) - 10):
        (tmp_path / "y.7z").write_bytes(data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :])
        with pytest.raises(InputError, match="damaged"):
            opens(tmp_path / "y.7z", tmp_path / "out2")


def test_a_7z_with_a_link_or_a_wrong_password_for_its_contents_is_refused(tmp_path):
    (tmp_path / "link").symlink_to("/etc")
    with py7zr.SevenZipFile(tmp_path / "x.7z", "w") as file:
        file.write(tmp_path / "link", "link")
    with pytest.raises(InputError, match="link"):
        opens(tmp_path / "x.7z", tmp_path / "out")
    with py7zr.SevenZipFile(tmp_path / "y.7z", "w", password=SECRET) as file:
        file.writestr(b"content" * 99, "a.txt")
    assert opens(tmp_path / "y.7z", tmp_path / "right") == {"a.txt": b"content" * 99}
    with pytest.raises(InputError, match="password does not open"):
        opens(tmp_path / "y.7z", tmp_path / "out", "wrong")


def test_a_full_disk_is_noticed_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(InputError, match="make room"):
        opens(GOLDEN / "english.tgz", tmp_path / "deep" / "out")
    assert not (tmp_path / "deep").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        extract(GOLDEN / "english.tgz", tmp_path / "out")
    assert tree(tmp_path / "out") == {"mine.txt": b"mine"}


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    assert extract(GOLDEN / "english.tgz", tmp_path / "out") == 7


def test_the_number_of_files_is_checked_before_anything_is_written(tmp_path):
    opens(GOLDEN / "english.tgz", tmp_path / "right", files_expected=7)
    with pytest.raises(InputError, match="7 files instead of 8"):
        opens(GOLDEN / "english.tgz", tmp_path / "out", files_expected=8)


def test_the_command_unpacks_and_says_how_much(tmp_path, caplog, monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
    with caplog.at_level(logging.INFO):
        main([str(GOLDEN / "corpus2020.zip"), str(tmp_path / "out"), "--without-7zip", "--files-expected", "15"])
    assert "15 files" in caplog.text
    assert SECRET not in caplog.text


def test_an_absent_archive_is_bad_input(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.run(lambda: main([str(tmp_path / "absent.zip"), str(tmp_path / "out")]))
    assert caught.value.code == 2
    assert "absent.zip" in capsys.readouterr().err
