"""``mmap-spec diff``: which clauses came to something else from one result to another."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mmap_spec.descriptors import BadDescriptor
from mmap_spec.report import results
from mmap_spec.report.results import Judged, kind
from mmap_spec.verdicts import GREEN, INCOMPLETE, RED

BADNESS = {"pass": 0, "fail": 1, "hang": 2, "crash": 3, "untestable": 4, "harness-error": 4}
WORSE, BETTER, OTHER = "worse", "better", "otherwise"


@dataclasses.dataclass(frozen=True)
class Change:
    """A clause of one candidate: what it was, what it is, and whether that is worse."""

    clause: str
    level: str
    before: str
    after: str
    direction: str


def compare(old: Judged, new: Judged) -> list[Change]:
    """The clauses whose verdict changed, worse ones first."""
    found = []
    for name in dict.fromkeys((*new.lines, *old.lines)):
        before, after = old.lines.get(name), new.lines.get(name)
        if words(before) != words(after):
            level = str((after or before or {})["level"])
            way = direction(before, after)
            found.append(Change(name, level, words(before), words(after), way))
    return sorted(found, key=lambda change: (WORSE, BETTER, OTHER).index(change.direction))


def words(line: dict[str, Any] | None) -> str:
    """A verdict for people, such as ``known crash``."""
    if line is None:
        return "no result"
    happened = kind(line)
    return happened if line["verdict"] == happened else f"{line['verdict']} {happened}"


def direction(before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    """Whether something got worse, by what happened: to be listed makes nothing better."""
    was, now = (BADNESS.get(kind(line)) if line else None for line in (before, after))
    if was is None or now is None or was == now:
        return OTHER
    return WORSE if now > was else BETTER


def report(old: Iterable[Path], new: Iterable[Path]) -> Iterator[str | int]:
    """Lines for people; the last item is the exit status."""
    before, after = results.by_candidate(old), results.by_candidate(new)
    pairs = paired(before, after)
    if not pairs:
        raise BadDescriptor(
            f"no candidate is in both: {', '.join(before)} before, {', '.join(after)} after"
        )
    status = GREEN
    for name in after.keys() - before.keys():
        yield f"{name}: not judged before"
    for one, other in pairs:
        yield from lines(one, other)
        if any(c.direction == WORSE and c.level != "may" for c in compare(one, other)):
            status = max(status, RED)
        if other.foot is None:
            status = INCOMPLETE
    for name in before.keys() - after.keys() if len(pairs) != 1 else ():
        yield f"{name}: judged before, and not now"
        status = max(status, INCOMPLETE)
    yield status


def paired(
    before: dict[str, list[Judged]], after: dict[str, list[Judged]]
) -> list[tuple[Judged, Judged]]:
    """The newest results of each candidate; of two single ones whatever their names are."""
    if len(before) == len(after) == 1:
        return [(next(iter(before.values()))[0], next(iter(after.values()))[0])]
    return [(before[name][0], found[0]) for name, found in after.items() if name in before]


def lines(old: Judged, new: Judged) -> Iterator[str]:
    """One candidate: the totals, then a line a change."""
    changes = compare(old, new)
    name = new.name if old.name == new.name else f"{old.name} -> {new.name}"
    counts = [
        f"{sum(c.direction == which for c in changes)} {which}" for which in (WORSE, BETTER, OTHER)
    ]
    must = ["{}/{}".format(*judged.held("must")) for judged in (old, new)]
    yield f"{name}: {must[0]} -> {must[1]} must, {', '.join(counts)}"
    if old.head["battery_version"] != new.head["battery_version"]:
        yield "  (by two different batteries)"
    if new.foot is None:
        why = new.head.get("absent", "it did not reach its end")
        yield f"  the new run is incomplete: {why}"
    for change in changes:
        yield (
            f"  {change.direction:9}  {change.clause} ({change.level}): "
            f"{change.before} -> {change.after}"
        )
