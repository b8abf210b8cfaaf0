"""Check a manifest and its recordings, and report everything that is wrong at once."""

import logging
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import batched
from pathlib import Path

from tqdm import tqdm

from unitvoice import cli
from unitvoice.corpora.sound_checks import Fault, sound_faults
from unitvoice.corpora.table_checks import table_faults
from unitvoice.errors import InputError, listed
from unitvoice.manifest import Manifest, read_manifest
from unitvoice.provenance import agreed, write_json

__all__ = ["Finding", "check", "main", "table"]

log = logging.getLogger(__name__)
BLOCK = 1024  # utterances in flight: bounds the memory and keeps the threads busy
SHOWN = 5  # names in a line of the table


@dataclass(frozen=True)
class Finding:
    """One problem and everything that has it."""

    severity: str  # error or note
    problem: str
    detail: str
    names: tuple[str, ...]  # utterances, speakers or files, in the manifest's order


def check(manifest: Manifest, *, strict: bool = False, tolerate: Iterable[str] = (), jobs: int = 1) -> list[Finding]:
    """Everything that is wrong with a corpus, errors first.

    Args:
        manifest: of the corpus.
        strict: notes are errors.
        tolerate: problems that are notes, whatever else holds.
        jobs: threads; the result does not depend on it.
    """
    tolerated = set(tolerate)
    found: dict[Fault, list[str]] = defaultdict(list)
    for name, fault in (*table_faults(manifest), *_sounds(manifest, jobs)):
        severity = "note" if fault.problem in tolerated else "error" if strict else fault.severity
        found[fault._replace(severity=severity)].append(name)
    findings = [Finding(*fault, tuple(names)) for fault, names in found.items()]
    return sorted(findings, key=lambda finding: (finding.severity, finding.problem, finding.detail))


def _sounds(manifest: Manifest, jobs: int) -> Iterator[tuple[str, Fault]]:
    progress = tqdm(manifest.utterances, desc="check", unit="file", disable=None)
    with ThreadPoolExecutor(jobs) as pool:
        for block in batched(progress, BLOCK):
            faults = pool.map(lambda utterance: sound_faults(manifest.path(utterance), utterance), block)
            for utterance, some in zip(block, faults, strict=True):
                yield from ((utterance.utterance, fault) for fault in some)


def table(findings: Sequence[Finding]) -> str:
    """The findings as text, one line each; more names are in the JSON file.

    >>> print(table([Finding("error", "silent", "nothing above -80 dB", ("S1_3", "S2_7"))]))
    severity  problem  number  detail                where
    error     silent        2  nothing above -80 dB  S1_3, S2_7
    """
    rows = [("severity", "problem", "number", "detail", "where")]
    rows += [(f.severity, f.problem, str(len(f.names)), f.detail, listed(f.names, SHOWN)) for f in findings]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d:<{widths[3]}}  {e}" for a, b, c, d, e in rows
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Check a manifest and its recordings."""
    parser = cli.parser(__doc__)
    parser.add_argument("manifest", type=Path, metavar="MANIFEST", help="manifest folder")
    parser.add_argument("out", type=Path, metavar="OUT", help="JSON file with all findings and all names")
    parser.add_argument("--strict", action="store_true", help="notes are errors: refuse what would be converted")
    parser.add_argument("--tolerate", nargs="+", default=[], metavar="PROBLEM", help="problems that are notes only")
    parser.add_argument("--jobs", type=cli.positive, default=1, help="threads")
    arguments = parser.parse_args(argv)
    manifest = read_manifest(arguments.manifest)
    findings = check(manifest, strict=arguments.strict, tolerate=arguments.tolerate, jobs=arguments.jobs)
    errors = [finding for finding in findings if finding.severity == "error"]
    facts = {"corpus": manifest.corpus, "language": manifest.language, "utterances": len(manifest.utterances)}
    facts |= {"valid": not errors, "findings": [asdict(finding) for finding in findings]}
    write_json(arguments.out, facts, "check of the corpus", agreed({"manifest": manifest.seal}))
    sys.stdout.write(f"{table(findings)}\n" if findings else "")
    log.info("%s: %d utterances, %s", arguments.manifest, len(manifest.utterances), _spoken(findings))
    if errors:
        problems = listed(dict.fromkeys(finding.problem for finding in errors))
        raise InputError(
            f"{arguments.manifest}: the corpus has errors ({problems}); correct it, or tolerate a problem by its name"
        )


def _spoken(findings: Sequence[Finding]) -> str:
    return f"{len(findings)} kinds of problems" if findings else "nothing to complain about"


if __name__ == "__main__":
    cli.run(main)
