"""How fast archives are unpacked, beside the standard library and 7-Zip; contents are compared.

    python benchmarks/archives.py [--megabytes 64]

7-Zip and Info-ZIP (which splits) make the archives: wavs of 100 kB, filtered noise, which shrinks about as much as
speech. Time is that of one processor, so that other work on the machine does not count.
"""

import argparse
import functools
import gc
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from unitvoice.corpora.archives import extract
from unitvoice.corpora.passwords import Password
from unitvoice.corpora.seven_zip import find_seven_zip

PASSWORD = "benchmark"  # noqa: S105 - nothing is protected by it
FILE = 100_000  # bytes
SLOW = 4  # MB for what runs at 2 MB/s

Unpack = Callable[[Path, Path], object]


def write_source(folder: Path, size: int) -> None:
    """Write ``size`` bytes of files of 100 kB."""
    generator = np.random.default_rng(0)
    for i in range(max(1, size // FILE)):
        noise = generator.normal(0, 900, FILE // 2 + 7)
        wave = np.convolve(noise, np.ones(8) / 8, "valid")
        path = folder / f"unit/S{i // 100:03d}/S{i:06d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wave.astype("<i2").tobytes())


def pack(program: Path, source: Path, archive: Path, *options: str) -> Path:
    """An archive of a folder, made by 7-Zip."""
    archive.parent.mkdir(parents=True)
    subprocess.run([program, "a", "-mx1", "-bd", *options, archive, "."], cwd=source, check=True, capture_output=True)
    return archive


def split(source: Path, archive: Path, part: int) -> Path:
    """A protected zip in parts, made by Info-ZIP."""
    archive.parent.mkdir(parents=True)
    command: list[str | Path] = [
        "zip",
        "-q",
        "-r",
        "-1",
        "-s",
        f"{max(part >> 10, 64)}k",
        "-P",
        PASSWORD,
        archive,
        ".",
    ]
    subprocess.run(command, cwd=source, check=True)
    return archive


def ours(archive: Path, out: Path) -> None:
    """Our own reader, without 7-Zip."""
    extract(archive, out, ask=lambda: Password(PASSWORD))


def standard_zip(archive: Path, out: Path) -> None:
    """The standard library's zipfile."""
    with zipfile.ZipFile(archive) as file:
        file.extractall(out, pwd=PASSWORD.encode())  # noqa: S202 - our own archive


def standard_tar(archive: Path, out: Path) -> None:
    """The standard library's tarfile."""
    with tarfile.open(archive) as file:
        file.extractall(out, filter="data")


def seven_zip(program: Path, archive: Path, out: Path) -> None:
    """The 7-Zip program alone."""
    subprocess.run([program, "x", "-y", "-bd", f"-p{PASSWORD}", f"-o{out}", archive], check=True, capture_output=True)


def measure(unpack: Unpack, archive: Path, source: Path, scratch: Path) -> tuple[float, bool]:
    """MB of content per second of processor time, and whether it is the source's."""
    out = scratch / "out"
    gc.collect()
    begun = sum(os.times()[:4])
    unpack(archive, out)
    seconds = sum(os.times()[:4]) - begun
    found = {path.relative_to(out): path.read_bytes() for path in out.rglob("*.wav")}
    true = {path.relative_to(source): path.read_bytes() for path in source.rglob("*.wav")}
    shutil.rmtree(out)
    return sum(map(len, true.values())) / seconds / 1e6, found == true


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=64)
    size = parser.parse_args().megabytes * 1_000_000
    logging.disable()
    program = find_seven_zip()
    if program is None:
        sys.exit("install 7-Zip: it makes the archives of this benchmark")
    zipped = ["-tzip", f"-p{PASSWORD}"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_source(folder / "source", size)
        write_source(folder / "few", min(size, SLOW * 1_000_000))
        make = functools.partial(pack, program, folder / "source")
        archives = {
            "zip, stored": make(folder / "0/x.zip", "-tzip", "-mx0"),
            "zip, deflate": make(folder / "1/x.zip", "-tzip"),
            "zip, ZipCrypto": make(folder / "2/x.zip", *zipped, "-mem=ZipCrypto"),
            "zip, ZipCrypto, stored": make(folder / "3/x.zip", *zipped, "-mem=ZipCrypto", "-mx0"),
            "zip, AES-256": make(folder / "4/x.zip", *zipped, "-mem=AES256"),
            "split zip, ZipCrypto": split(folder / "source", folder / "7/x.zip", size // 3),
            "tgz": Path(shutil.make_archive(str(folder / "x"), "gztar", folder / "source")),
            "7z, AES-256": make(folder / "5/x.7z", f"-p{PASSWORD}"),
        }
        few = pack(program, folder / "few", folder / "6/x.zip", *zipped, "-mem=ZipCrypto")
        ours(few, folder / "compiled")
        print("| archive | with | MB/s | equal |\n|---|---|---:|---|")
        for kind, archive in archives.items():
            row(kind, "ours", measure(ours, archive, folder / "source", folder))
            if kind == "tgz":
                row(kind, "tarfile", measure(standard_tar, archive, folder / "source", folder))
            else:
                row(kind, "7zz", measure(functools.partial(seven_zip, program), archive, folder / "source", folder))
            if kind in {"zip, stored", "zip, deflate"}:
                row(kind, "zipfile", measure(standard_zip, archive, folder / "source", folder))
        row("zip, ZipCrypto", "zipfile", measure(standard_zip, few, folder / "few", folder))


def row(kind: str, way: str, result: tuple[float, bool]) -> None:
    """Print one line of the table."""
    print(f"| {kind} | {way} | {result[0]:.0f} | {'yes' if result[1] else 'NO'} |", flush=True)


if __name__ == "__main__":
    main()
