"""`mmap-spec update`: what a run's verdicts do to an expected.toml."""

from __future__ import annotations

import tomllib

import pytest
from packaging.markers import Marker

from mmap_spec.update import condition, revise

CPYTHON = {
    "implementation_name": "cpython",
    "implementation_version": "3.12.1",
    "python_full_version": "3.12.1",
    "sys_platform": "linux",
}
PYPY = {**CPYTHON, "implementation_name": "pypy", "implementation_version": "7.3.11"}
HERE = condition(CPYTHON)
LISTED = f"""# kept

[[deviation]]
clause = "find.empty"  # kept too
when = '{HERE}'
outcome = "fail"
reason = "because"
"""


def line(clause, verdict, found="expected 1, got 2", level="must"):
    tests = [{"outcome": verdict, "found": found}] if verdict != "stale" else []
    return {"id": clause, "verdict": verdict, "level": level, "tests": tests}


def entries(text):
    return tomllib.loads(text).get("deviation", [])


def test_condition_names_exactly_this_interpreter():
    environment = {**CPYTHON, "python_full_version": "3.12.2"}
    assert Marker(HERE).evaluate(CPYTHON)
    assert not Marker(HERE).evaluate(environment)
    assert not Marker(HERE).evaluate({**PYPY, "python_full_version": "3.12.1"})
    assert Marker(condition(PYPY)).evaluate(PYPY)


@pytest.mark.parametrize("verdict", ["fail", "crash", "hang"])
def test_new_failure_is_added(verdict):
    text, changes = revise("", [line("read.count", verdict)], CPYTHON)
    (entry,) = entries(text)
    assert entry["clause"] == "read.count"
    assert entry["outcome"] == verdict
    assert entry["when"] == HERE
    assert entry["reason"] == "unreviewed: expected 1, got 2"
    assert changes == [f"added read.count: {verdict} where {HERE}"]


def test_second_interpreter_widens_an_unreviewed_entry():
    text, _ = revise("", [line("read.count", "fail")], CPYTHON)
    text, changes = revise(text, [line("read.count", "fail")], PYPY)
    (entry,) = entries(text)
    assert changes[0].startswith("widened")
    assert Marker(entry["when"]).evaluate(CPYTHON)
    assert Marker(entry["when"]).evaluate(PYPY)


def test_entry_of_this_interpreter_that_holds_is_removed_and_comments_stay():
    text, changes = revise(LISTED, [line("find.empty", "stale")], CPYTHON)
    assert entries(text) == []
    assert "# kept" in text
    assert changes == ["removed find.empty: it holds"]


@pytest.mark.parametrize(
    "when", ["python_version >= '3.8'", "python_version < '4' or os_name == 'nt'"]
)
def test_wider_entry_that_holds_is_narrowed(when):
    wide = LISTED.replace(f"'{HERE}'", f'"{when}"')
    text, changes = revise(wide, [line("find.empty", "stale")], CPYTHON)
    (entry,) = entries(text)
    environment = {**CPYTHON, "python_version": "3.12", "os_name": "posix"}
    assert not Marker(entry["when"]).evaluate(environment)
    other = {**environment, "python_full_version": "3.12.2", "implementation_version": "3.12.2"}
    assert Marker(entry["when"]).evaluate(other)
    assert changes[0].startswith("narrowed")


def test_unconditional_entry_that_holds_gets_a_condition():
    wide = LISTED.replace(f"when = '{HERE}'\n", "")
    text, _ = revise(wide, [line("find.empty", "stale")], CPYTHON)
    (entry,) = entries(text)
    assert not Marker(entry["when"]).evaluate(CPYTHON)


def test_listed_failure_that_became_a_crash_gets_both_outcomes():
    text, changes = revise(LISTED, [line("find.empty", "crash")], CPYTHON)
    (entry,) = entries(text)
    assert entry["outcome"] == ["fail", "crash"]
    assert changes == ["find.empty: crash as well as fail"]


def test_what_passes_is_known_or_may_changes_nothing():
    lines = [line("a.b", "pass"), line("c.d", "known"), line("e.f", "fail", level="may")]
    text, changes = revise(LISTED, lines, CPYTHON)
    assert (text, changes) == (LISTED, [])
