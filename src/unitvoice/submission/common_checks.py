"""Checks that the parts of a submission share."""

from collections import Counter
from collections.abc import Iterator, Mapping

from unitvoice.submission import metadata
from unitvoice.submission.findings import Finding, official, ours
from unitvoice.submission.metadata import Year
from unitvoice.submission.tree import Tree, UnreadableError

__all__ = ["check_code", "check_metadata", "check_names", "check_widths", "read_metadata"]


def check_names(
    folder: str, found: set[str], wanted: set[str], allowed: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """Findings for names that a folder lacks and for names that do not belong there."""
    for name in sorted(found - wanted - allowed):
        yield official(_join(folder, name), "does not belong here", "delete it or move it out of the submission")
    for name in sorted(wanted - found):
        yield official(_join(folder, name), "is missing", "add it")


def read_metadata(tree: Tree, folder: str) -> tuple[dict[str, object], list[Finding]]:
    """The entries of a folder's metadata.yaml, or nothing and the finding that says why."""
    path = _join(folder, "metadata.yaml")
    try:
        return metadata.parse(tree.read(path)), []
    except (UnreadableError, ValueError) as error:
        return {}, [official(path, str(error), "write one 'key: value' a line, in UTF-8")]


def check_metadata(tree: Tree, year: Year | None, auxiliaries: int = 0) -> Iterator[Finding]:
    """Findings in a metadata.yaml: of one year, or of the root when ``year`` is None."""
    content, broken = read_metadata(tree, year or "")
    yield from broken
    if broken:
        return
    path = _join(year or "", "metadata.yaml")
    for fault in metadata.faults(content, *metadata.entries(year, auxiliaries)):
        yield official(path, fault, "correct the entry; keys are spelled exactly so")
    for key in sorted(key for key, value in content.items() if isinstance(value, str) and not value.strip()):
        yield ours(path, f"has an empty text at '{key}'", "write what a reader wants to know")


def check_code(tree: Tree, folder: str) -> Iterator[Finding]:
    """Finding for the code folder of an open submission that is there but empty or no folder."""
    if not tree.names(folder):
        yield official(
            folder, "holds no code, but the metadata says 'open source: true'", "add the code, or say false"
        )


def check_widths(folder: str, widths: Mapping[str, int | None]) -> Iterator[Finding]:
    """Findings for the files whose number of columns (None: not known) is not that of most files."""
    counts = Counter(width for width in widths.values() if width is not None)
    for usual, _ in counts.most_common(1):
        for name, width in widths.items():
            if width not in {usual, None}:
                message = f"has {width} columns where most files have {usual}; the evaluation stops on it"
                yield ours(_join(folder, name), message, "encode the recording again")


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
