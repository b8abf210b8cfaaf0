"""The submission: the verdict on it and what is in the archive."""

import zipfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath

from unitvoice.errors import InputError
from unitvoice.files import sha256
from unitvoice.report.markup import Content, Markup, element
from unitvoice.report.results import Absent, Results, Validation
from unitvoice.report.sections.parts import figure, missing, section, table
from unitvoice.report.summary import verdict

__all__ = ["submission"]

KILOBYTE, MEGABYTE = 1000, 1_000_000
SHOWN = 50  # findings
LISTED_ALONE = 2  # a folder of so many files is shown file by file


def submission(results: Results) -> Markup:
    """The verdict, what was found, and the folders of the archive."""
    return section("submission", "The submission", _verdict(results), _archive(results.archive))


def _verdict(results: Results) -> Content:
    found = results.validation
    if isinstance(found, Absent):
        return missing("Verdict", found)
    kind = "badge met" if found.valid else "badge missed"
    sentence = element("p", element("span", verdict(results), class_=kind), " by the organisers' rules and our own.")
    return [sentence, _findings(found), *(element("p", f"Not checked: {text}.") for text in found.unchecked)]


def _findings(found: Validation) -> Markup | None:
    if not found.findings:
        return None
    lines: list[list[Content]] = [
        [one.file or "(the submission)", one.message, one.cure, "the organisers" if one.official else "us"]
        for one in found.findings[:SHOWN]
    ]
    whole = table(["file", "what is wrong", "cure", "refused by"], lines, "Findings", texts=4)
    left = len(found.findings) - len(lines)
    return figure(f"What is wrong with the submission{f', and {left} more findings' if left else ''}.", whole)


def _archive(path: Path | Absent) -> Markup:
    if isinstance(path, Absent):
        return missing("The archive", path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [(PurePosixPath(entry.filename), entry.file_size) for entry in archive.infolist()]
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path} is not a readable zip ({error}); delete it and pack the submission again") from None
    lines = [[place, str(files), f"{size / KILOBYTE:,.1f}"] for place, files, size in _folders(entries)]
    caption = element("span", "SHA-256 ", element("code", sha256(path), class_="hash"))
    size = f"{path.name}, {path.stat().st_size / MEGABYTE:.2f} MB"
    whole = table(["in the archive", "files", "kB unpacked"], lines, "Folders of the archive")
    return figure([f"{size}: equal inputs give equal bytes. ", caption], whole)


def _folders(entries: list[tuple[PurePosixPath, int]]) -> Iterator[tuple[str, int, int]]:
    """Folder, number of files, bytes; files of the root and of small folders by themselves."""
    files = sorted((path, size) for path, size in entries if size or path.suffix)
    for folder, group in groupby(files, key=lambda entry: _shown_folder(entry[0])):
        found = list(group)
        if folder is None or len(found) <= LISTED_ALONE:
            yield from ((path.as_posix(), 1, size) for path, size in found)
        else:
            yield f"{folder}/", len(found), sum(size for _, size in found)


def _shown_folder(path: PurePosixPath) -> str | None:
    """The folder under which a file is counted; that of code is its topmost one."""
    parts = path.parts[:-1]
    if not parts:
        return None
    return "/".join(parts[: parts.index("code") + 1] if "code" in parts else parts)
