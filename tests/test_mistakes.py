"""mistakes.toml: each known mistake of implementers is noticed by the clause that it names.

The proof is a miniature that makes the mistake: a run over it fails that clause.
"""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from judging import TESTS
from miniature_runs import BY_NAME, assert_caught
from mmap_spec.clauses import catalogue

LINES = 84  # of the collection of mistakes that was seen in implementations in 2026
MISTAKES: list[dict[str, Any]] = tomllib.loads((TESTS / "mistakes.toml").read_text())["mistake"]
PROOFS = sorted({proof for mistake in MISTAKES for proof in mistake["proof"].items()})


def test_every_line_has_an_entry():
    """One entry a line, none twice, each with where it was seen and a proof."""
    texts = [mistake["text"] for mistake in MISTAKES]
    assert len(set(texts)) == len(texts) == LINES
    assert all(mistake["seen"] and mistake["proof"] for mistake in MISTAKES)


@pytest.mark.parametrize(("miniature", "clause"), PROOFS)
def test_noticed(miniature, clause):
    """The clause is in the catalogue, the miniature breaks it, and a run finds that."""
    assert clause in catalogue()
    assert BY_NAME[miniature].clause == clause
    assert_caught(BY_NAME[miniature])
