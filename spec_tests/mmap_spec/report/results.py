"""Results that were read back: one candidate's stream, and the streams of many, by candidate.

What is drawn from results (tables, pages, badges) reads them here and nowhere else.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmap_spec import versions
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.report import stream
from mmap_spec.verdicts import FAILURES

EARLIER = "earlier"  # the folder, in a folder of results, for those that newer ones replaced
HOLDS = ("pass", "stale")
STATUSES = ("green", "red", "partial", "outdated", "incomplete", "absent")  # absent: not judged


@dataclasses.dataclass(frozen=True)
class Judged:
    """What one run said of one candidate: header, a line a clause by id, footer or None."""

    head: dict[str, Any]
    lines: dict[str, dict[str, Any]]
    foot: dict[str, Any] | None
    clauses: int  # in the whole catalogue

    @property
    def name(self) -> str:
        return str(self.head["candidate"])

    @property
    def started(self) -> str:
        """When, in ISO 8601."""
        return str(self.head["started"])

    @property
    def status(self) -> str:
        """One of ``STATUSES``: green and red are said of a whole run by today's battery only."""
        if "absent" in self.head:
            return "absent"
        if self.foot is None:
            return "incomplete"
        if self.head["battery_version"] != versions.battery():
            return "outdated"
        if self.head["clauses"] < self.clauses:
            return "partial"
        return "green" if self.foot["exit"] == 0 else "red"

    def held(self, level: str, topic: str | None = None) -> tuple[int, int]:
        """How many clauses of a level hold, of those that were judged."""
        found = self._scores
        return found[level, topic, True], found[level, topic, True] + found[level, topic, False]

    @functools.cached_property
    def _scores(self) -> collections.Counter[tuple[str, str | None, bool]]:
        """Judged clauses by level, topic (None: all of them), and whether they hold."""
        judged = [line for line in self.lines.values() if line["verdict"] != "not-applicable"]
        return collections.Counter(
            (line["level"], topic, line["verdict"] in HOLDS)
            for line in judged
            for topic in (None, line["id"].partition(".")[0])
        )

    @functools.cached_property
    def _given(self) -> collections.Counter[str]:
        return collections.Counter(
            line["verdict"] for line in self.lines.values() if line["level"] != "may"
        )

    def count(self, *verdicts: str) -> int:
        """How many clauses that can make a run red were given one of some verdicts."""
        return sum(self._given[verdict] for verdict in verdicts)

    @property
    def new(self) -> int:
        """Failures that no expected.toml lists."""
        return self.count("fail", "crash", "hang")

    @property
    def crashes(self) -> int:
        """Clauses that kill or hang the interpreter, listed or not."""
        return sum(kind(line) in ("crash", "hang") for line in self.lines.values())


def kind(line: dict[str, Any]) -> str:
    """What became of a clause, known or not: pass, not-applicable, or the worst of FAILURES."""
    verdict = str(line["verdict"])
    if verdict in ("known", "stale"):
        outcomes = {test["outcome"] for test in line["tests"]}
        return next((outcome for outcome in FAILURES if outcome in outcomes), "pass")
    return verdict


def read(path: Path) -> Judged:
    """One result stream; BadDescriptor names what is no such thing."""
    from mmap_spec.clauses import catalogue

    try:
        head, lines, foot = stream.read(path)
    except (OSError, UnicodeDecodeError) as error:
        raise BadDescriptor(f"{path}: cannot be read: {error}") from None
    except ValueError as error:
        raise BadDescriptor(str(error)) from None
    head = dict.fromkeys(("battery_version", "candidate_version", "implementation")) | head
    return Judged(head, {line["id"]: line for line in lines}, foot, len(catalogue()))


def files(paths: Iterable[Path]) -> list[Path]:
    """The streams that some paths mean: themselves, or what lies in folders."""
    found = []
    for path in paths:
        inside = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
        if not inside:
            raise BadDescriptor(f"{path}: no result stream (*.jsonl) in this folder")
        found += inside
    return found


def by_candidate(paths: Iterable[Path]) -> dict[str, list[Judged]]:
    """The results of each candidate, the newest first; candidates in the order of their names."""
    found: dict[str, list[Judged]] = collections.defaultdict(list)
    for path in files(paths):
        judged = read(path)
        found[judged.name].append(judged)
    for results in found.values():
        results.sort(key=lambda judged: judged.started, reverse=True)
    return {name: found[name] for name in sorted(found, key=natural)}


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts python3.9 before python3.10."""
    parts = "".join(c if c.isdigit() else f" {c} " for c in name).split()
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
