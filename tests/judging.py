"""Judging a candidate from a test: in this process, which is fast, or by the command itself.

``judge`` runs pytest over the battery's files of the clauses in this process;
``mmap_spec_command`` is what a user types, in a process of its own.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from mmap_spec import plugin
from mmap_spec.report import stream

TESTS = Path(__file__).parent
BATTERY = Path(plugin.__file__).parent / "battery"
DEADLINE = 120  # seconds; for hangs only
BYTECODE = tempfile.mkdtemp(prefix="mmap-spec-bytecode-")  # so that the battery is compiled once


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What a run came to: its exit status, and what the result stream says of each clause."""

    status: int
    head: dict[str, Any]
    clauses: dict[str, dict[str, Any]]
    footer: dict[str, Any] | None

    def verdicts(self) -> dict[str, str]:
        """The verdict of every clause that was selected."""
        return {name: line["verdict"] for name, line in self.clauses.items()}

    def found(self, clause: str) -> str:
        """What the failing tests of a clause say that they found."""
        return "\n".join(test["found"] for test in self.clauses[clause]["tests"] if test["found"])

    def programs(self, clause: str) -> list[str]:
        """The stand-alone programs of the failing tests of a clause."""
        return [test["program"] for test in self.clauses[clause]["tests"] if test["program"]]


def judgement(status: int, report: Path) -> Judgement:
    """The judgement that a finished run wrote into its result stream."""
    head, lines, footer = stream.read(report)
    return Judgement(status, head, {line["id"]: line for line in lines}, footer)


def judge(impl: str | Path, clauses: Iterable[str], report: Path) -> Judgement:
    """Judge a candidate by some clauses, in this process; ``report`` is written on the way."""
    clauses = list(clauses)
    topics = dict.fromkeys(clause.partition(".")[0] for clause in clauses)
    arguments = ["-c", str(BATTERY / "pytest.ini"), "--rootdir", str(BATTERY)]
    arguments += ["-qq", "-s", "--no-header", "--tb=short", "-p", "no:cacheprovider"]
    arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # we have imported it already
    arguments += [str(BATTERY / f"test_{topic}.py") for topic in topics]
    arguments += [f"--impl={impl}", f"--report={report}", *(f"--clause={c}" for c in clauses)]
    for name in [name for name in sys.modules if name.startswith("mmap_spec.battery.")]:
        del sys.modules[name]  # another run's: pytest rewrites the assertions of what it imports
    status = pytest.main(arguments, plugins=[plugin])
    assert report.exists(), f"the run ended with status {status} and wrote no report"
    return judgement(int(status), report)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command: this one's, with a place of its own for bytecode."""
    bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": BYTECODE}
    return {**os.environ, **bytecode, **(more or {})}


def mmap_spec_command(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command ``mmap-spec`` and wait for it; its output is text."""
    return subprocess.run(
        [sys.executable, "-m", "mmap_spec", *map(str, arguments)],
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def write_impl(folder: Path, **keys: Any) -> Path:
    """An impl.toml in ``folder``, which is made; ``keys`` are its top-level keys."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "impl.toml"
    path.write_text(tomlkit.dumps({"title": folder.name, **keys}))
    return path
