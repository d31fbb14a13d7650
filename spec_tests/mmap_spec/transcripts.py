"""A pytest plugin that writes down what each operation of each test did: ``--transcript FILE``.

JSON lines, one a test: its name, its clauses, whether it passed, and its examples, each a list of
operations with what they came to.  ``attribution.py`` holds those of several candidates together.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from mmap_spec import plugin, program


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation of an example: its code, what it came to, and the value where it returned."""

    code: str
    said: str
    value: str


@dataclasses.dataclass(frozen=True)
class Transcript:
    """What a test did: its clauses, whether it passed, and its examples in order."""

    clauses: tuple[str, ...]
    passed: bool
    examples: tuple[tuple[Operation, ...], ...]


def said(step: program.Step) -> str:
    """What an operation came to, without what may vary between runs."""
    if step.died is not None:
        return step.died
    if step.raised is not None:
        return f"raised {step.raised}"
    return "returned an object" if step.name is not None else returned(step.value)


def returned(value: Any) -> str:
    """What is said of an operation that returned."""
    return "returned None" if value is None else f"returned {type(value).__name__}"


def read(path: Path) -> dict[str, Transcript]:
    """The transcripts of a finished run, by test."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        data = json.loads(line)
        examples = tuple(tuple(Operation(*o) for o in example) for example in data["examples"])
        found[data["test"]] = Transcript(tuple(data["clauses"]), data["passed"], examples)
    return found


# -- the plugin -------------------------------------------------------------

EXAMPLES: pytest.StashKey[list[list[program.Step]]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mmap-spec")
    group.addoption("--transcript", metavar="FILE", help="write what every operation did")


def pytest_sessionstart(session: pytest.Session) -> None:
    """From now on the journal of every example is kept until its test has ended."""
    Path(session.config.getoption("transcript")).touch()
    kept = session.config.stash[EXAMPLES] = []
    judged = session.config.stash[plugin.KEY].candidate.session
    reset = judged.reset

    def reset_and_keep() -> None:
        reset()
        kept.append(judged.journal)

    judged.reset = reset_and_keep  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        kept = item.config.stash[EXAMPLES]
        data = {
            "test": item.nodeid.rpartition("/")[2],
            "clauses": plugin.clauses_of(item),
            "passed": call.excinfo is None,
            "examples": [list(operations(journal)) for journal in kept],
        }
        kept.clear()
        with open(item.config.getoption("transcript"), "a", encoding="utf-8") as stream:
            stream.write(json.dumps(data) + "\n")
    return report


def operations(journal: Iterable[program.Step]) -> Iterable[tuple[str, str, str]]:
    """The steps of a journal as plain data."""
    for step in journal:
        value = "" if step.name is not None else program.render(step.value)
        yield step.code, said(step), value
