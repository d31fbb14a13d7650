"""A page of Markdown: what one platform does in another one's place, as two runs showed it.

A clause that stands against one of other platforms says so in the catalogue: ``instead``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmap_spec.clauses import Clause, catalogue
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.report.results import Judged, kind, read

UNTRIED = "not judged in this run"
ORIGIN = (
    "Written by `mmap-spec report FIRST SECOND --platforms FILE` from the catalogue and two runs; "
    "what is said here of a platform is what its run showed."
)


def pairs() -> list[tuple[Clause, Clause]]:
    """The clauses that stand against one another: the general one first, by its id."""
    every = catalogue()
    found = [(every[clause.instead], clause) for clause in every.values() if clause.instead]
    return sorted(found, key=lambda pair: pair[0].id)


def page(results: Sequence[Path]) -> str:
    """The two behaviours of each pair side by side; the second result is the special one."""
    if len(results) != 2:
        raise BadDescriptor(f"--platforms needs two results, not {len(results)}")
    first, second = map(read, results)
    parts = [
        "# Differences between platforms",
        "",
        ORIGIN,
        "",
        *(f"- {describe(run)}" for run in (first, second)),
        "",
        f"| {first.name} | {second.name} |",
        "|---|---|",
    ]
    parts += rows(first, second)
    return "\n".join(parts) + "\n"


def describe(run: Judged) -> str:
    """Which run it was, and whether Wine played the platform."""
    profile = run.head["profile"]
    if profile is None:
        raise BadDescriptor(f"{run.name} was not judged: {run.head['absent']}")
    version = profile["platform_version"]
    return (
        "**{name}**: {platform_python_implementation} {python_full_version} on {platform_system}"
        "{version}, {started}"
    ).format(
        name=run.name,
        version=f" ({version})" if " Wine " in version else "",
        started=run.started,
        **profile,
    )


def rows(first: Judged, second: Judged) -> Iterator[str]:
    """A line a pair."""
    for general, special in pairs():
        yield f"| {cell(general, first)} | {cell(special, second)} |"


def cell(clause: Clause, run: Judged) -> str:
    """A clause's sentence, its id and level, and what became of it."""
    line = run.lines.get(clause.id)
    verdict = UNTRIED if line is None or line["verdict"] == "not-applicable" else kind(line)
    text = clause.text.replace("|", "\\|")
    return f"{text}<br>`{clause.id}` ({clause.level}): **{verdict}**"
