"""docs/bugs.md is the table of bugs.toml; both name what there is: clauses and deviations."""

from __future__ import annotations

import bugs
import pytest
from bugs import Bug, Run
from mmap_spec import descriptors
from mmap_spec.clauses import catalogue

BUGS = bugs.load()
ROWS = [
    line.strip("| ").split(" | ")
    for line in bugs.TABLE.read_text().splitlines()
    if line.startswith("| ")
][2:]


def test_table_is_of_this_data():
    """A row a bug, in order; only where it was seen comes from a run, and that is never empty."""
    written = ["| " + " | ".join(row) + " |" for row in ROWS]
    assert written == [bugs.row(bug, row[3]) for bug, row in zip(BUGS, ROWS, strict=True)]
    assert all(row[3] for row in ROWS)


def test_versions_are_of_the_run():
    """A row names no version but those that the page says it ran."""
    line = next(x for x in bugs.TABLE.read_text().splitlines() if x.startswith("CPythons of"))
    ran = set(line.removeprefix("CPythons of the run: ").rstrip(".").split(", "))
    seen = [row[3] for bug, row in zip(BUGS, ROWS, strict=True) if not bug.absent]
    assert {v for text in seen for part in text.split(", ") for v in part.split(" to ")} <= ran


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.report} {bug.title}")
def test_row(bug):
    """Its clauses are in the catalogue; without one, it says why it is not run."""
    assert set(bug.clauses) <= set(catalogue())
    assert bug.clauses or bug.absent


def test_every_known_deviation_has_a_row():
    """What CPython is known to break stands in the table, and the other way round.

    Not what only the system under it breaks, in WebAssembly; and not the state machine, in which a
    bug shows that other clauses name.
    """
    listed = {
        deviation.clause
        for deviation in descriptors.find("stdlib").deviations()
        if "cpython" in (deviation.when or "cpython")
        and "emscripten" not in (deviation.when or "")
        and not deviation.clause.startswith("machine.")
    }
    assert listed <= {clause for bug in BUGS for clause in bug.clauses}
    assert {clause for bug in BUGS if not bug.absent for clause in bug.clauses} <= listed


SEEN = Bug("it crashes", "gh-1", "open", ("find.lowest",))
ABSENT = Bug("it hangs", "gh-2", "open", ("find.absent",), absent="needs a ship")
RUNS = [
    Run("3.8.1", {"find.lowest": "known", "find.absent": "pass"}),
    Run("3.9.1", {"find.lowest": "known", "find.absent": "pass"}),
    Run("3.10.1", {"find.lowest": "pass", "find.absent": "pass"}),
    Run("3.11.1", {"find.lowest": "known", "find.absent": "pass"}),
]


def test_page():
    """Neighbours of the run are written as a span; what is absent says why."""
    page = bugs.page([SEEN, ABSENT], RUNS)
    assert "| `find.lowest` | 3.8.1 to 3.9.1, 3.11.1 | open |" in page
    assert "| `find.absent` | not seen: needs a ship | open |" in page


def test_problems():
    """A bug that was not seen, one that was though it cannot show, and an unlisted failure."""
    assert bugs.problems([SEEN, ABSENT], RUNS) == []
    assert len(bugs.problems([SEEN], RUNS[2:3])) == 1
    shown = Run("3.12.1", {"find.lowest": "known", "find.absent": "known"})
    assert len(bugs.problems([SEEN, ABSENT], [shown])) == 1
    unlisted = Run("3.12.1", {"find.lowest": "crash", "find.absent": "pass"})
    assert bugs.problems([SEEN, ABSENT], [unlisted]) == [
        "find.lowest on 3.12.1: crash, see impls/stdlib/expected.toml"
    ]


def test_not_before_it_was_there():
    """Where a feature is new, older versions do not show its bugs."""
    new = Bug("it lies", "gh-3", "open", ("find.lowest",), since="3.10")
    assert [run.version for run in RUNS if run.shows(new)] == ["3.11.1"]
