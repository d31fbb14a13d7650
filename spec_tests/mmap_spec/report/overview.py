"""All results as one table: what report.json holds, and what pages and summaries are drawn from.

A column is a candidate, a row a clause of today's catalogue, a cell what the clause came to.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import mmap_spec
from mmap_spec import descriptors, runs, versions
from mmap_spec.clauses import LEVELS, Clause, catalogue
from mmap_spec.report import results
from mmap_spec.report.results import HOLDS, Judged, kind

FORMAT = 1
PLATFORMS = {"linux": "Linux", "darwin": "macOS", "win32": "Windows", "emscripten": "Emscripten"}
DEVIATES = ("known", "fail", "crash", "hang", "untestable", "harness-error")
SYMBOLS = {
    "pass": "✓",
    "not-applicable": "\N{EN DASH}",
    "fail": "✗",
    "crash": "C",
    "hang": "H",
    "untestable": "U",
    "harness-error": "E",
    "none": "",
}


@dataclasses.dataclass(frozen=True)
class Cell:
    """What one clause came to for one candidate; ``kind`` is what happened, known or not."""

    verdict: str = "none"
    kind: str = "none"
    line: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def deviates(self) -> bool:
        return self.verdict in DEVIATES

    @property
    def holds(self) -> bool:
        return self.verdict in HOLDS

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.kind]

    @property
    def words(self) -> str:
        """The verdict for people, such as ``known crash``."""
        if self.verdict == "none":
            return "no result"
        if self.verdict == "stale":
            return "listed, but holds"
        return f"known {self.kind}" if self.verdict == "known" else self.verdict.replace("-", " ")

    @functools.cached_property
    def failures(self) -> list[dict[str, Any]]:
        """The tests that did not pass, those with a program first."""
        failed = [test for test in self.line.get("tests", []) if test["outcome"] != "pass"]
        return sorted(failed, key=lambda test: not test["program"])


@dataclasses.dataclass(frozen=True)
class Column:
    """A candidate: its newest result, and what earlier ones said."""

    slug: str  # as part of a file's name
    judged: Judged
    earlier: tuple[Judged, ...] = ()

    @property
    def name(self) -> str:
        return self.judged.name

    @property
    def implementation(self) -> str:
        return self.name.partition("@")[0]

    @property
    def interpreter(self) -> str:
        return self.name.partition("@")[2] or "this interpreter"

    @property
    def has_verdicts(self) -> bool:
        return bool(self.judged.lines)

    def cell(self, clause: str) -> Cell:
        line = self.judged.lines.get(clause)
        return Cell(line["verdict"], kind(line), line) if line else Cell()


@dataclasses.dataclass(frozen=True)
class Overview:
    """Everything that is known, at one moment."""

    columns: tuple[Column, ...]
    clauses: dict[str, Clause]
    generated: str  # ISO 8601

    @functools.cached_property
    def judged(self) -> list[Column]:
        """The candidates that have verdicts."""
        return [column for column in self.columns if column.has_verdicts]

    @functools.cached_property
    def topics(self) -> dict[str, list[Clause]]:
        found: dict[str, list[Clause]] = {}
        for clause in self.clauses.values():
            found.setdefault(clause.topic, []).append(clause)
        return found

    def deviating(self, column: Column, topic: str, level: str) -> tuple[int, int]:
        """How many clauses of a topic and level a candidate breaks, of those it is judged by."""
        held, judged = column.judged.held(level, topic)
        return judged - held, judged


def platforms(clause: Clause) -> list[str]:
    """The systems, as ``sys.platform`` calls them, on which a clause can apply."""
    if clause.when is None:
        return list(PLATFORMS)
    condition = descriptors.marker(clause.when, clause.id)
    return [name for name in PLATFORMS if any(map(condition.evaluate, environments(name)))]


def environments(platform: str) -> list[dict[str, str]]:
    """Profiles of a system that differ in what conditions ask for besides it."""
    os_name = "nt" if platform == "win32" else "posix"
    return [
        {
            "sys_platform": platform,
            "os_name": os_name,
            "platform_system": PLATFORMS[platform].replace("macOS", "Darwin"),
            "implementation_name": implementation,
            "python_version": version,
            "python_full_version": f"{version}.0",
        }
        for implementation in ("cpython", "another")
        for version in ("3.8", "3.15")
    ]


def gather(paths: Iterable[Path]) -> Overview:
    """The results that some files and folders hold, beside today's catalogue."""
    columns: list[Column] = []
    slugs: set[str] = set()
    for name, found in results.by_candidate(paths).items():
        slug = runs.safe(name)
        while slug in slugs:
            slug += "-"
        slugs.add(slug)
        older = tuple(judged for judged in found[1:] if judged.lines)
        columns.append(Column(slug, found[0], older))
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return Overview(tuple(columns), catalogue(), now)


# -- report.json -------------------------------------------------------------


def as_data(overview: Overview) -> dict[str, Any]:
    """The whole table as ``report.schema.json`` describes it."""
    return {
        "format": FORMAT,
        "generated": overview.generated,
        "battery": {
            "release": mmap_spec.__version__,
            "version": versions.battery(),
            "clauses": len(overview.clauses),
        },
        "candidates": [candidate_data(column) for column in overview.columns],
        "clauses": [clause_data(clause, overview.judged) for clause in overview.clauses.values()],
    }


def candidate_data(column: Column) -> dict[str, Any]:
    """A candidate's entry."""
    judged = column.judged
    found: dict[str, Any] = {
        "name": column.name,
        "status": judged.status,
        "started": judged.started,
        "battery": {
            "release": judged.head["battery"],
            "version": judged.head["battery_version"],
        },
        "implementation": judged.head["implementation"],
        "profile": public(judged.head["profile"]),
    }
    if "absent" in judged.head:
        found["absent"] = judged.head["absent"]
    if column.has_verdicts:
        found["levels"] = levels(judged)
        found["known"] = judged.count("known")
        found["new"] = judged.new
        found["crashes"] = judged.crashes
    if judged.foot:
        found["exit"], found["seconds"] = judged.foot["exit"], judged.foot["seconds"]
    found["earlier"] = [
        {"started": one.started, "status": one.status, "levels": levels(one)}
        for one in column.earlier
    ]
    return found


def levels(judged: Judged) -> dict[str, dict[str, int]]:
    """Clauses held and judged, by level."""
    return {
        level: dict(zip(("held", "judged"), judged.held(level), strict=True)) for level in LEVELS
    }


def public(profile: dict[str, Any] | None) -> dict[str, Any] | None:
    """A profile without the paths of the machine."""
    if profile is None:
        return None
    return {key: value for key, value in profile.items() if key != "executable"}


def clause_data(clause: Clause, columns: Sequence[Column]) -> dict[str, Any]:
    """A clause's entry, with a verdict a candidate."""
    cells = {column.name: column.cell(clause.id) for column in columns}
    return {
        "id": clause.id,
        "level": clause.level,
        "text": clause.text,
        "source": list(clause.source),
        "platforms": platforms(clause),
        "verdicts": {
            name: {"verdict": cell.verdict, "kind": cell.kind}
            for name, cell in cells.items()
            if cell.verdict != "none"
        },
    }
