"""From the outcomes of tests to verdicts of clauses, and from those to the exit status.

Pure functions over plain data; the table is the one in docs/verdicts.md.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from mmap_spec.candidate import Profile
from mmap_spec.clauses import Clause
from mmap_spec.descriptors import BadDescriptor, Deviation, nearest

GREEN, RED, USAGE, INCOMPLETE = 0, 1, 2, 3

FAILURES = ("harness-error", "crash", "hang", "fail", "untestable")  # worst first
REDS = frozenset({"fail", "crash", "hang", "stale", "untestable", "harness-error"})


@dataclasses.dataclass(frozen=True)
class Result:
    """What one test came to.

    ``outcome`` is pass, fail, crash, hang, untestable or harness-error; ``found``
    says what happened instead of what was expected; ``program`` shows it.
    """

    test: str
    clauses: tuple[str, ...]
    outcome: str
    seconds: float = 0.0
    found: str = ""
    program: str = ""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Result:
        return cls(**{**data, "clauses": tuple(data["clauses"])})

    def to_data(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "clauses": list(self.clauses)}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a clause comes to for a candidate."""

    clause: Clause
    verdict: str
    reason: str = ""
    link: str | None = None
    results: tuple[Result, ...] = ()

    @property
    def red(self) -> bool:
        return self.verdict in REDS and self.clause.level != "may"


def listed(
    deviations: Iterable[Deviation], catalogue: Mapping[str, Clause], profile: Profile
) -> dict[str, Deviation]:
    """The deviations that apply to a profile, by clause.

    An entry for an unknown clause, or two that apply at once, are errors.
    """
    environment = profile.markers()
    found: dict[str, Deviation] = {}
    for entry in deviations:
        if entry.clause not in catalogue:
            raise BadDescriptor(
                f"{entry.file}: no clause {entry.clause!r}; "
                + nearest(entry.clause, list(catalogue))
            )
        if entry.applies(environment):
            if entry.clause in found:
                raise BadDescriptor(
                    f"{entry.file}: two entries for {entry.clause!r} apply at once: "
                    f"{found[entry.clause].when!r} and {entry.when!r}"
                )
            found[entry.clause] = entry
    return found


def judge(
    selected: Mapping[str, Clause],
    profile: Profile,
    expected: Mapping[str, Deviation],
    results: Iterable[Result],
) -> list[Verdict]:
    """A verdict for every selected clause, in the catalogue's order."""
    by_clause: dict[str, list[Result]] = collections.defaultdict(list)
    for result in results:
        for clause_id in result.clauses:
            by_clause[clause_id].append(result)
    return [
        judge_clause(clause, profile, expected.get(clause.id), by_clause[clause.id])
        for clause in selected.values()
    ]


def judge_clause(
    clause: Clause, profile: Profile, deviation: Deviation | None, results: list[Result]
) -> Verdict:
    """The verdict of one clause from the results of its tests."""
    if not clause.applies(profile):
        return Verdict(clause, "not-applicable", "its marker or API version excludes the profile")
    if clause.untestable:
        return Verdict(clause, "not-applicable", f"not observable: {clause.untestable}")
    tests = tuple(results)
    if not tests:
        return Verdict(clause, "untestable", "no test of this clause ran")
    outcomes = {result.outcome for result in tests}
    worst = next((outcome for outcome in FAILURES if outcome in outcomes), "pass")
    if worst in ("harness-error", "untestable"):
        reason = next(result.found for result in tests if result.outcome == worst)
        return Verdict(clause, worst, reason, None, tests)
    if deviation is None:
        return Verdict(clause, worst, "", None, tests)
    if worst == "pass":
        reason = f"listed in {deviation.file}, but it holds"
        return Verdict(clause, "stale", reason, deviation.link, tests)
    if worst in deviation.outcome:
        return Verdict(clause, "known", deviation.reason, deviation.link, tests)
    reason = f"listed as {'/'.join(deviation.outcome)}, but it is a {worst}"
    return Verdict(clause, worst, reason, deviation.link, tests)


def exit_status(verdicts: Iterable[Verdict], complete: bool) -> int:
    """0 green, 1 red, 3 incomplete."""
    if not complete:
        return INCOMPLETE
    return RED if any(verdict.red for verdict in verdicts) else GREEN


def counts(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """Totals: passed and judged by level, and how often each verdict was given."""
    verdicts = list(verdicts)
    levels = {}
    for level in ("must", "should", "may"):
        judged = [v for v in verdicts if v.clause.level == level and v.verdict != "not-applicable"]
        held = [v for v in judged if v.verdict in ("pass", "stale")]
        levels[level] = {"held": len(held), "judged": len(judged)}
    given = collections.Counter(v.verdict for v in verdicts if v.clause.level != "may")
    recorded = collections.Counter(v.verdict for v in verdicts if v.clause.level == "may")
    return {"levels": levels, "verdicts": dict(given), "may": dict(recorded)}


def summary(verdicts: Iterable[Verdict], seconds: float, complete: bool, replay: str) -> str:
    """The last line of a run."""
    verdicts = list(verdicts)
    total = counts(verdicts)
    given = total["verdicts"]
    parts = [
        f"{total['levels'][level]['held']}/{total['levels'][level]['judged']} {level}"
        for level in ("must", "should")
    ]
    parts.append(f"{given.get('known', 0)} known")
    parts.append(f"{sum(given.get(name, 0) for name in ('fail', 'crash', 'hang'))} new")
    for name in ("stale", "untestable", "harness-error"):
        if given.get(name):
            parts.append(f"{given[name]} {name}")
    parts.append(f"{sum(v.verdict == 'not-applicable' for v in verdicts)} not applicable")
    parts.append(f"{seconds:.0f} s")
    if not complete:
        parts.insert(0, "INCOMPLETE")
    return " · ".join([*parts, f"replay: {replay}"])
