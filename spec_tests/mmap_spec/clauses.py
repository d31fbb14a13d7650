"""The catalogue: the numbered specification, read from clauses/*.toml.

``@clause("find.default-start")`` ties a test to its clauses.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import operator
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from mmap_spec import descriptors
from mmap_spec.candidate import Profile
from mmap_spec.descriptors import BadDescriptor, load, marker, parse_api

FOLDER = Path(__file__).parent / "clauses"
LEVELS = ("must", "should", "may")


@dataclasses.dataclass(frozen=True)
class Clause:
    """One testable sentence of the specification.

    ``since`` and ``until`` are API versions, inclusive; ``when`` a PEP 508
    marker over the profile; ``untestable`` a reason, where no program can
    observe it; ``instead`` the clause of other platforms that it stands against.
    """

    id: str
    level: str
    text: str
    source: tuple[str, ...]
    since: tuple[int, int] | None = None
    until: tuple[int, int] | None = None
    when: str | None = None
    untestable: str | None = None
    instead: str | None = None

    @property
    def topic(self) -> str:
        return self.id.partition(".")[0]

    def applies(self, profile: Profile) -> bool:
        """Whether a candidate of this profile is judged by it."""
        if self.since is not None and profile.api < self.since:
            return False
        if self.until is not None and profile.api > self.until:
            return False
        return self.when is None or marker(self.when, self.id).evaluate(profile.markers())


@functools.cache
def catalogue() -> dict[str, Clause]:
    """Every clause by id, in the order of the files; BadDescriptor names what is wrong."""
    found: dict[str, Clause] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for entry in load(path, "clauses")["clause"]:
            clause = from_entry(entry, path)
            if clause.id in found:
                raise BadDescriptor(f"{path}: clause {clause.id!r} stands there twice")
            if clause.topic != path.stem:
                raise BadDescriptor(
                    f"{path}: clause {clause.id!r} belongs into {clause.topic}.toml"
                )
            found[clause.id] = clause
    return found


def from_entry(entry: dict[str, Any], path: Path) -> Clause:
    """One entry of a catalogue file."""
    where = f"{path}: {entry['id']}"
    if "when" in entry:
        marker(entry["when"], where)
    versions = {key: parse_api(entry[key], where) for key in ("since", "until") if key in entry}
    return Clause(
        id=entry["id"],
        level=entry["level"],
        text=entry["text"],
        source=tuple(entry["source"]),
        when=entry.get("when"),
        untestable=entry.get("untestable"),
        instead=entry.get("instead"),
        **versions,
    )


def select(
    ids: Iterable[str] = (), topics: Iterable[str] = (), levels: Iterable[str] = ()
) -> dict[str, Clause]:
    """The clauses that the filters leave; a glob that matches none is an error.

    A glob after "!" leaves out what it matches.
    """
    every = catalogue()
    filters = [("--clause", pattern, operator.attrgetter("id")) for pattern in ids]
    filters += [("--topic", pattern, operator.attrgetter("topic")) for pattern in topics]
    leaving = [entry for entry in filters if entry[1].startswith("!")]
    chosen = dict(every) if len(leaving) == len(filters) else {}
    for option, pattern, name in filters:
        if not pattern.startswith("!"):
            chosen.update(matching(pattern, option, name))
    for option, pattern, name in leaving:
        for key in matching(pattern, option, name):
            chosen.pop(key, None)
    levels = list(levels)
    if levels:
        chosen = {key: clause for key, clause in chosen.items() if clause.level in levels}
    return {key: every[key] for key in every if key in chosen}


def matching(pattern: str, option: str, name: Callable[[Clause], str]) -> dict[str, Clause]:
    """The clauses whose name a glob matches, be it one after "!"."""
    every = catalogue()
    glob = pattern.removeprefix("!")
    found = {k: c for k, c in every.items() if fnmatch.fnmatchcase(name(c), glob)}
    if not found:
        names = sorted({name(clause) for clause in every.values()})
        close = descriptors.nearest(glob, names)
        close = close if close.startswith("did") else "see mmap-spec list"
        raise BadDescriptor(f"{option} {pattern}: no clause matches; {close}")
    return found


def clause(*ids: str) -> pytest.MarkDecorator:
    """Tie a test to the clauses that it tests."""
    return pytest.mark.clause(*ids)
