"""docs/bugs.md: on which CPythons of this machine each known bug of mmap shows, by a run.

    python tests/bugs.py [INTERPRETER...]     # or nox -s bugs; an id, a path or a command

Judges the standard library on every CPython found, and on those given, by the clauses that
bugs.toml names and by the newest API, and writes the table.  Exit status 1, and no table, if a bug
was not seen that should be, or a clause fails that expected.toml does not list.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mmap_spec import launcher
from mmap_spec.clauses import catalogue
from mmap_spec.descriptors import load_interpreters
from mmap_spec.links import CannotStart
from mmap_spec.report import stream
from packaging.version import Version

HERE = Path(__file__).parent
TABLE = HERE.parent / "docs" / "bugs.md"
SYSTEM = Path("/usr/bin/python3")
FIRST = Version("3.8")  # the first release that the clauses speak of
TRACKER = "https://github.com/python/cpython/issues/"
FAILURES = ("known", "fail", "crash", "hang")
COLUMNS = ("bug", "report", "clauses that fail", "seen on CPython", "fixed in")
INTRODUCTION = """\
# Bugs of CPython's mmap, and the clauses that show them

    nox -s bugs        # runs the battery on every CPython found, and writes this page

Each row is a bug that was reported or found since 2021, from `tests/bugs.toml`. It is *seen* where
one of its clauses failed in the run; every such failure stands in `impls/stdlib/expected.toml`. All
versions are judged by the API of {api}, so that what a later version mends counts as a bug of an
earlier one. "not seen": why it shows on no
CPython of the run.
"""


@dataclasses.dataclass(frozen=True)
class Bug:
    """A row: what is wrong, its report, the clauses that fail for it, the versions that mend it."""

    title: str
    report: str
    fixed: str
    clauses: tuple[str, ...] = ()
    absent: str = ""  # why no CPython that is judged here shows it
    since: str = "3.0"  # the version before which there is nothing that could be wrong


@dataclasses.dataclass(frozen=True)
class Run:
    """What the battery found on one CPython: the verdict of each clause."""

    version: str
    verdicts: dict[str, str]

    def verdicts_of(self, bug: Bug) -> dict[str, str]:
        """The verdicts of a bug's clauses; none where it cannot show."""
        if Version(self.version) < Version(bug.since):
            return {}
        return {clause: self.verdicts[clause] for clause in bug.clauses}

    def shows(self, bug: Bug) -> bool:
        return any(verdict in FAILURES for verdict in self.verdicts_of(bug).values())


def load() -> list[Bug]:
    """The rows of bugs.toml, in order."""
    entries: list[dict[str, Any]] = tomllib.loads((HERE / "bugs.toml").read_text())["bug"]
    return [Bug(**{**entry, "clauses": tuple(entry.get("clauses", ()))}) for entry in entries]


def newest_api() -> str:
    """The newest API version that a clause speaks of."""
    major, minor = max(clause.since for clause in catalogue().values() if clause.since)
    return f"{major}.{minor}"


def cpythons() -> list[str]:
    """The CPythons of interpreters.toml that are on this machine, from the catalogue's first on.

    And the system's own, which may be an earlier release of its version: Debian 12 has 3.11.2.
    """
    found = [str(SYSTEM)] if SYSTEM.exists() else []
    for name in load_interpreters():
        version = re.fullmatch(r"python(3\.\d+)", name)  # no debug build, none for 32 bits
        if version and Version(version[1]) >= FIRST:
            try:
                launcher.interpreter(name)
            except CannotStart:
                continue
            found.append(name)
    return found


def judge(interpreter: str, bugs: Iterable[Bug], report: Path) -> Run:
    """Judge the standard library on one interpreter by the clauses of all bugs."""
    clauses = sorted({clause for bug in bugs for clause in bug.clauses})
    command = [sys.executable, "-m", "mmap_spec", "run", f"--impl=stdlib@{interpreter}"]
    command += [f"--api={newest_api()}", f"--report={report}"]
    command += [f"--clause={clause}" for clause in clauses]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not report.exists():
        raise SystemExit(f"stdlib@{interpreter} was not judged:\n{done.stdout}{done.stderr}")
    head, lines, footer = stream.read(report)
    if footer is None:
        raise SystemExit(f"the run of stdlib@{interpreter} is incomplete:\n{done.stdout}")
    verdicts = {line["id"]: line["verdict"] for line in lines}
    return Run(head["profile"]["python_full_version"], verdicts)


def problems(bugs: Sequence[Bug], runs: Sequence[Run]) -> list[str]:
    """What is wrong with the rows, or with expected.toml, after the runs."""
    found = []
    for bug in bugs:
        seen = [run.version for run in runs if run.shows(bug)]
        if bool(seen) == bool(bug.absent):
            found.append(f"{bug.title!r}: seen on {seen or 'none'}, absent: {bug.absent!r}")
    for run in runs:
        verdicts = {k: v for bug in bugs for k, v in run.verdicts_of(bug).items()}
        found += [
            f"{clause} on {run.version}: {verdict}, see impls/stdlib/expected.toml"
            for clause, verdict in verdicts.items()
            if verdict not in ("pass", "known", "not-applicable")
        ]
    return found


def spans(runs: Sequence[Run], bug: Bug) -> str:
    """The versions that show a bug, neighbours of the run as a span."""
    shown: list[list[str]] = []
    open_span = False
    for run in runs:
        if run.shows(bug):
            if open_span:
                shown[-1][1:] = [run.version]
            else:
                shown.append([run.version])
        open_span = run.shows(bug)
    return ", ".join(" to ".join(span) for span in shown)


def links(report: str) -> str:
    """A report's numbers as links to the tracker; the old tracker's as they are."""
    numbers = report.split(", ")
    return ", ".join(
        f"[{number}]({TRACKER}{number[3:]})" if number.startswith("gh-") else number
        for number in numbers
    )


def row(bug: Bug, seen: str) -> str:
    """One line of the table."""
    clauses = ", ".join(f"`{clause}`" for clause in bug.clauses) or "none"
    where = f"not seen: {bug.absent}" if bug.absent else seen
    return "| " + " | ".join([bug.title, links(bug.report), clauses, where, bug.fixed]) + " |"


def page(bugs: Sequence[Bug], runs: Sequence[Run]) -> str:
    """The whole page."""
    lines = [INTRODUCTION.format(api=newest_api())]
    lines.append("CPythons of the run: " + ", ".join(run.version for run in runs) + ".\n")
    lines += ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    lines += [row(bug, spans(runs, bug)) for bug in bugs]
    return "\n".join(lines) + "\n"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("interpreter", nargs="*", help="CPythons beside those of interpreters.toml")
    given = parser.parse_args().interpreter
    bugs = load()
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for index, interpreter in enumerate([*cpythons(), *given]):
            print(f"judging stdlib@{interpreter}", flush=True)
            runs.append(judge(interpreter, bugs, Path(folder) / f"{index}.jsonl"))
    runs.sort(key=lambda run: Version(run.version))
    wrong = problems(bugs, runs)
    if wrong:
        print("\n".join(wrong), f"\n{len(wrong)} problems: {TABLE} was not written")
        return 1
    stream.replace(TABLE, page(bugs, runs))
    print(f"{TABLE}: {len(bugs)} bugs, {len(runs)} CPythons")
    return 0


if __name__ == "__main__":
    sys.exit(main())
