"""Result streams that nobody ran, of every kind that pages must show."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

from mmap_spec.clauses import catalogue
from mmap_spec.report import overview, stream
from mmap_spec.report.overview import Overview
from mmap_spec.verdicts import Result, Verdict, exit_status
from samples import LINUX_313

TOPICS = ("move", "read_byte", "write_byte")
MARKUP = "<script>document.title = 'taken over'</script> & \"quotes\""
CLAUSES = {key: clause for key, clause in catalogue().items() if clause.topic in TOPICS}
NAMES = list(CLAUSES)
CRASHING, FAILING, ODD = NAMES[0], NAMES[1], NAMES[2]
PROGRAM = f'"""{FAILING} on somebody: fail"""\nimport mmap\n\nprint("{MARKUP}")\n'


def verdict(name: str, given: str) -> Verdict:
    """A verdict as a run would have given it; ``known crash`` is a listed crash."""
    word, _, outcome = given.partition(" ")
    clause = CLAUSES[name]
    if word == "not-applicable":
        return Verdict(clause, word, "excluded")
    happened = outcome or ("pass" if word == "stale" else word)
    found = "" if happened == "pass" else f"found {MARKUP}"
    program = PROGRAM if happened in ("fail", "crash", "hang") else ""
    result = Result(
        f"test_{clause.topic}.py::test_{name}[a]", (name,), happened, 0.5, found, program
    )
    reason = f"because of {MARKUP}" if word in ("known", "stale") else ""
    link = "javascript:alert(1)" if name == CRASHING else "https://example.org/1"
    return Verdict(clause, word, reason, link if word == "known" else None, (result,))


def write(
    folder: Path,
    name: str,
    given: Mapping[str, str] | None = None,
    *,
    complete: bool = True,
    whole: bool = True,
    started: str = "2026-11-20T10:00:00+00:00",
    **head: object,
) -> Path:
    """A stream of one candidate: all clauses hold but those ``given``; ``head`` changes it."""
    verdicts = [verdict(key, (given or {}).get(key, "pass")) for key in CLAUSES]
    profile = {**LINUX_313, "api": "3.13"}
    selected = len(catalogue()) if whole else len(CLAUSES)
    described = {
        "implementation": {
            "id": name, "title": f"A map of {MARKUP}", "module": "m",
            "homepage": "https://example.org/", "tracker": "javascript:alert(1)",
        }
    }  # fmt: skip
    first = stream.header(name, profile, selected, **described) | {"started": started} | head
    path = folder / f"{name}-{started[:10]}.jsonl"
    stream.write(path, first, verdicts, complete, exit_status(verdicts, complete), 12.3)
    return path


def folder_of_every_kind(folder: Path) -> Path:
    """Green, red, known, incomplete, outdated, partial, absent, and one with earlier results."""
    red = {CRASHING: "crash", FAILING: "fail", ODD: "not-applicable"}
    write(folder, "good@python3.9")
    write(folder, "good@python3.10")
    write(folder, "bad@python3.9", red)
    write(folder, "bad@python3.10", {**red, NAMES[3]: "untestable", NAMES[4]: "hang"})
    write(folder, "listed@python3.9", {CRASHING: "known crash", FAILING: "known fail"})
    write(folder, "listed@python3.10", {FAILING: "stale"})
    write(folder, "half@python3.9", complete=False)
    write(folder, "old@python3.9", battery_version="another")
    write(folder, "some@python3.9", whole=False)
    write(folder, "good@python3.9", red, started="2026-11-01T10:00:00+00:00")
    write(folder, "good@python3.9", {FAILING: "fail"}, started="2026-11-10T10:00:00+00:00")
    stream.write_absent(folder / "none.jsonl", "none@wine", f"not here; fetch {MARKUP}")
    return folder


def small(folder: Path) -> Overview:
    """The overview of a folder, over a few topics, so that pages are made quickly."""
    return dataclasses.replace(overview.gather([folder]), clauses=CLAUSES)


def lines(path: Path) -> list[dict]:
    """A stream's lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]
