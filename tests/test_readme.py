"""What the README says of the project is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKS = re.findall(r"\[([^\]]*)\]\(([^)]*)\)", README)
PROOFS = [link for link in LINKS if link[1].startswith("tests/")]


def test_every_file_that_is_linked_exists():
    inside = [place for _, place in LINKS if "://" not in place]
    assert [place for place in inside if not (ROOT / place).exists()] == []


@pytest.mark.parametrize(("name", "place"), PROOFS, ids=[name for name, _ in PROOFS])
def test_every_test_that_proves_a_promise_exists(name, place):
    assert f"def {name}(" in (ROOT / place).read_text(encoding="utf-8")
