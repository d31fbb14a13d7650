"""The page of guarantees and the tests name the same numbers."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs" / "concurrency.md"


def test_each_guarantee_is_tested():
    """docs/concurrency.md promises what a test is marked with, and nothing else."""
    if not PAGE.exists():
        pytest.skip("the page is in the repository only")
    text = PAGE.read_text()
    promised = {int(number) for number in re.findall(r"\*\*C(\d+)\.\*\*", text)}
    assert len(re.findall(r"^- ", text, re.M)) == len(promised)
    tested = {
        int(number)
        for path in HERE.glob("test_*.py")
        for number in re.findall(r"^@guarantee\((\d+)\)$", path.read_text(), re.M)
    }
    assert promised == tested != set()
