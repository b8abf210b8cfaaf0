"""Whatever goes wrong, the same command ends in the same bytes, or stops with one message, and its cure helps.

The long campaign, of all kinds of faults over all rules, runs with ``--faults``.
"""

import os
import subprocess
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from random import Random

import pytest
from faults.harm import DISK, ENGLISH, JOBS, READ, Campaign, Fault, Table
from faults.running import Workflow

SEED = 2020
TABLE = Path(__file__).parents[2] / "benchmarks" / "faults.txt"
SHOTS = [
    f"{number} to {whom}" for number in ("SIGKILL", "SIGTERM", "SIGINT") for whom in ("a job", "Snakemake", "all")
]
EARLY = (str(ENGLISH / "features" / "logmel"), str(ENGLISH / "checks.json"))


def clean(table: Table) -> bool:
    """Whether nothing was lost or wrong."""
    return not any(tally.lost or tally.wrong for tally in table.kinds.values())


@contextmanager
def disk(folder: Path):
    """The folder, on a disk of its own where we may mount one."""
    folder.mkdir()
    if os.geteuid():
        yield folder
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def all_faults(seed: int) -> list[Fault]:
    """Faults of all kinds over all rules."""
    random = Random(seed)  # noqa: S311 - to be the same each time
    shots, files = cycle(random.sample(SHOTS, len(SHOTS))), cycle(["file cut", "file with a flipped bit"])
    found = []
    for module in JOBS:
        found += [Fault(next(shots), module, 0.8 * random.random()) for _ in range(2)]
        found += [Fault(next(files), module, detail=str(path)) for path in READ.get(module, ())]
    further = [("disk full", "features.extract"), ("disk full", "training.train"), ("disk full", "conversion.convert")]
    further += [("disk read-only", "units.encode"), ("disk full", "submission.layout")]
    if os.geteuid():
        further = []
    further += [("clock in the future", "training.train"), ("clock in the past", "conversion.convert")]
    further += [("second Snakemake", "features.extract"), ("second Snakemake", "units.encode")]
    found += [Fault(kind, module, 0.5) for kind, module in further]
    return random.sample(found, len(found))


@pytest.fixture(scope="module")
def early(tmp_path_factory):
    """The seals of an undisturbed run up to features."""
    flow = Workflow(tmp_path_factory.mktemp("undisturbed") / "run", EARLY)
    assert flow.run().code == 0
    return flow.digests()


def test_a_run_that_is_shot_interrupted_and_harmed_goes_on_to_the_same_features(early, tmp_path):
    flow, table = Workflow(tmp_path / "run", EARLY), Table()
    faults = [
        Fault("SIGKILL to all", "corpora.manifest", 0.5),
        Fault("file with a flipped bit", "features.extract", detail=str(ENGLISH / "manifest" / "utterances.csv")),
        Fault("SIGTERM to a job", "features.extract", 0.5),
    ]
    Campaign(flow, early, table, SEED).endure(faults)
    assert flow.digests() == early
    assert clean(table), table.text()
    assert table.of("file with a flipped bit").stopped == 1


@pytest.mark.timeout(7200)
def test_a_run_in_which_everything_goes_wrong_ends_in_the_same_archive_and_report(request, tmp_path, capsys):
    if not request.config.getoption("--faults"):
        pytest.skip("needs --faults")
    undisturbed = Workflow(tmp_path / "undisturbed")
    ended = undisturbed.run()
    assert ended.code == 0, ended.text
    table = Table()
    with disk(tmp_path / "run") as folder:
        flow = Workflow(folder)
        try:
            Campaign(flow, undisturbed.digests(), table, SEED).endure(all_faults(SEED))
        finally:
            TABLE.write_text(table.text())
            flow.end_orphans()
        same = flow.handed_in() == undisturbed.handed_in()
    with capsys.disabled():
        print(f"\n{table.text()}")  # noqa: T201 - what the command is for
    assert same
    assert clean(table)
