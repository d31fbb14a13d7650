"""The result stream: JSON lines with a header, a line a clause, and a footer.

A stream without a footer is an incomplete run.  The file appears under its name
only when it is whole.
"""

from __future__ import annotations

import datetime
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mmap_spec
from mmap_spec import versions
from mmap_spec.launcher import Spec
from mmap_spec.verdicts import Verdict, counts

FORMAT = 1


def header(spec: str, profile: dict[str, Any] | None, selected: int, **more: Any) -> dict[str, Any]:
    """The first line: what was judged, by which battery, when; ``more`` describes the candidate."""
    return {
        "kind": "header",
        "format": FORMAT,
        "battery": mmap_spec.__version__,
        "battery_version": versions.battery(),
        "candidate": spec,
        "profile": profile,
        "clauses": selected,
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **more,
    }


def describe(spec: Spec) -> dict[str, Any]:
    """The part of a header that says what the candidate is, for those who draw results."""
    judged = spec.implementation
    return {
        "candidate_version": versions.candidate(spec),
        "interpreter": spec.interpreter.id,
        "implementation": {
            "id": judged.id,
            "title": judged.title,
            "module": judged.module,
            "homepage": judged.homepage,
            "tracker": judged.tracker,
        },
    }


def write_absent(path: Path, spec: str, why: str) -> None:
    """A stream that says only that a candidate could not be judged here, and why."""
    replace(path, json.dumps(header(spec, None, 0, absent=why)) + "\n")


def line_of(verdict: Verdict) -> dict[str, Any]:
    """A clause's line."""
    return {
        "kind": "clause",
        "id": verdict.clause.id,
        "level": verdict.clause.level,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "link": verdict.link,
        "tests": [result.to_data() for result in verdict.results],
    }


def write(
    path: Path,
    head: dict[str, Any],
    verdicts: Iterable[Verdict],
    complete: bool,
    status: int,
    seconds: float,
) -> None:
    """The whole stream, put in place in one step; without a footer if the run is incomplete."""
    verdicts = list(verdicts)
    lines = [head, *map(line_of, verdicts)]
    if complete:
        footer = {"kind": "footer", "complete": True, "exit": status, "seconds": round(seconds, 3)}
        lines.append({**footer, **counts(verdicts)})
    replace(path, "".join(json.dumps(line) + "\n" for line in lines))


def replace(path: Path, text: str) -> None:
    """Write a text file so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise


def read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any] | None]:
    """Header, clause lines, and the footer, which is None for an incomplete run.

    ValueError if it is no result stream.
    """
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            break  # cut in the middle of a line
    if not lines or lines[0].get("kind") != "header":
        raise ValueError(f"{path} is no result stream: it does not begin with a header")
    foot = lines[-1] if lines[-1].get("kind") == "footer" else None
    return lines[0], [line for line in lines if line.get("kind") == "clause"], foot
