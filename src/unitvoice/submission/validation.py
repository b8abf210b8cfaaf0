"""Says whether a submission is valid: the organisers' verdict, and what they overlook."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from unitvoice import cli
from unitvoice.provenance import agreed, verified, write_json
from unitvoice.submission.checks_2017 import check_2017
from unitvoice.submission.checks_2019 import check_2019
from unitvoice.submission.common_checks import check_metadata, check_names, read_metadata
from unitvoice.submission.findings import Finding, official
from unitvoice.submission.lists import LANGUAGES_2017, LANGUAGES_2019, FileLists, read_lists
from unitvoice.submission.tree import Tree, open_tree

__all__ = ["Report", "main", "validate"]

YEARS = frozenset({"2017", "2019"})


@dataclass(frozen=True)
class Report:
    """What is known of a submission."""

    findings: tuple[Finding, ...]  # sorted by file, official ones first
    unchecked: tuple[str, ...]  # what could not be checked for want of lists

    def valid(self, *, strict: bool = False) -> bool:
        """The organisers' verdict, or ours when ``strict``."""
        return not any(finding.official or strict for finding in self.findings)

    def as_json(self, *, strict: bool = False) -> dict[str, Any]:
        """The report for machines."""
        found = [asdict(finding) for finding in self.findings]
        return {"valid": self.valid(strict=strict), "findings": found, "unchecked": list(self.unchecked)}

    def as_text(self, *, strict: bool = False) -> str:
        """The report for people: all findings by file, then the verdict."""
        return "".join(f"{line}\n" for line in _lines(self, strict=strict))


def validate(path: Path, lists: FileLists | None = None) -> Report:
    """Check a submission, a folder or a zip, as the organisers' validator does, and more strictly.

    Args:
        path: the submission; a zip is read without unpacking it; in a folder, the marker of Snakemake and our seal are
            passed over.
        lists: the organisers' file lists; without them nobody knows whether files are missing.

    Returns:
        All findings, not the first only; the official ones decide as the organisers' validator does.
    """
    known = lists or FileLists()
    with open_tree(path) as tree:
        if tree is None:
            cure = "give the folder with metadata.yaml, or its zip"
            return Report((official("", f"{path} is neither a folder nor a zip", cure),), ())
        found = [*_check_tree(tree, known)]
        unchecked = tuple(_unchecked(tree, known))
    once = {(finding.file, finding.message): finding for finding in sorted(found, key=lambda one: one.official)}
    return Report(tuple(sorted(once.values(), key=lambda one: (one.file, not one.official))), unchecked)


def _check_tree(tree: Tree, lists: FileLists) -> Iterator[Finding]:
    found = tree.names("") or set()
    yield from _check_root(tree, found)
    is_open = None
    if "metadata.yaml" in found:
        yield from check_metadata(tree, None)
        word = read_metadata(tree, "")[0].get("open source")
        is_open = word if isinstance(word, bool) else None
    if "2017" in found:
        yield from check_2017(tree, lists, is_open=is_open)
    if "2019" in found:
        yield from check_2019(tree, lists.year2019, is_open=is_open)
    for name, reason in tree.damaged():
        yield official(name, reason, "pack the submission again")


def _check_root(tree: Tree, found: set[str]) -> Iterator[Finding]:
    wrapped = [name for name in found - YEARS if "metadata.yaml" in (tree.names(name) or set())]
    if wrapped and "metadata.yaml" not in found:
        yield official(wrapped[0], "is a folder around the submission", "pack what it holds, not the folder itself")
        return
    yield from check_names("", found, {"metadata.yaml"}, allowed=YEARS)
    if not found & YEARS:
        yield official("", "has neither 2017 nor 2019", "add at least one of them")


def _unchecked(tree: Tree, lists: FileLists) -> Iterator[str]:
    parts = [
        ("2019", LANGUAGES_2019, lists.year2019, "missing files, stray files, lengths"),
        ("2017/track1", LANGUAGES_2017, lists.track1, "missing and stray files"),
        ("2017/track2", [f"{name}.txt" for name in LANGUAGES_2017], lists.track2, "names of recordings"),
    ]
    for folder, names, known, what in parts:
        there = tree.names(folder) or set()
        for name in names:
            if name in there and name.removesuffix(".txt") not in known:
                yield f"{folder}/{name}: {what} (no list of it; give --lists)"


def _lines(report: Report, *, strict: bool) -> Iterator[str]:
    for file, findings in groupby(report.findings, key=lambda finding: finding.file):
        yield file or "(the submission)"
        for finding in findings:
            yield f"  {'official' if finding.official else 'ours'}: {finding.message}; {finding.cure}"
    for text in report.unchecked:
        yield f"not checked: {text}"
    fatal = sum(finding.official for finding in report.findings)
    counts = f"{fatal} official findings, {len(report.findings) - fatal} of ours"
    yield f"{'valid' if report.valid(strict=strict) else 'invalid'}{' (strict)' if strict else ''}: {counts}"


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("Check a submission; exit code 0 when it is valid, 1 when it is not.")
    parser.add_argument("path", type=Path, metavar="PATH", help="folder or zip of the submission")
    parser.add_argument("--lists", type=Path, help="folder of the organisers' file lists")
    parser.add_argument("--strict", action="store_true", help="findings that are ours alone make it invalid as well")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--output", type=Path, metavar="JSON", help="also write the JSON to this file")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of ``python -m unitvoice.submission.validation``."""
    arguments = _parser().parse_args(argv)
    seals = {"submission": verified(arguments.path), "lists": verified(arguments.lists)}
    made_of = agreed(seals)
    report = validate(arguments.path, read_lists(arguments.lists) if arguments.lists else None)
    content = report.as_json(strict=arguments.strict)
    if arguments.output:
        write_json(arguments.output, content, "validation", made_of)
    as_json = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    sys.stdout.write(as_json if arguments.json else report.as_text(strict=arguments.strict))
    return 0 if content["valid"] else 1


if __name__ == "__main__":
    cli.run(main)
