"""Results as Markdown: a summary for a CI job's page, and the key figures for a README."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mmap_spec
from mmap_spec import versions
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.report.overview import Cell, Column, Overview

SIGNS = {"green": "🟢", "red": "🔴", "absent": "⚪"}  # whatever else is no verdict: 🟡
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
SHOWN = 25  # failures of a candidate
HEADINGS = ("candidate", "status", "must", "should", "known", "new", "crashes", "seconds")


def summary(overview: Overview) -> str:
    """The table of candidates, then what is new for each, with its program."""
    parts = ["## mmap conformance", "", *table(overview), ""]
    for column in overview.judged:
        parts += failures(overview, column)
    parts.append(origin(overview))
    return "\n".join(parts) + "\n"


def table(overview: Overview) -> Iterator[str]:
    """A line a candidate."""
    yield "| " + " | ".join(HEADINGS) + " |"
    yield "|---|---|" + "---:|" * (len(HEADINGS) - 2)
    for column in overview.columns:
        judged = column.judged
        status = f"{SIGNS.get(judged.status, '🟡')} {judged.status}"
        figures = [""] * 6
        if column.has_verdicts:
            levels = ["{}/{}".format(*judged.held(level)) for level in ("must", "should")]
            counts = [judged.count("known"), judged.new, judged.crashes]
            seconds = f"{judged.foot['seconds']:.0f}" if judged.foot else ""
            figures = [*levels, *map(str, counts), seconds]
        yield "| " + " | ".join([code(column.name), status, *figures]) + " |"


def failures(overview: Overview, column: Column) -> Iterator[str]:
    """What makes a candidate red, folded away."""
    found = [
        (clause, cell)
        for clause in overview.clauses.values()
        if (cell := column.cell(clause.id)).verdict not in ("known", "pass", "not-applicable")
        and cell.verdict != "none"
        and clause.level != "may"
    ]
    if not found:
        return
    yield f"<details><summary>{escape(column.name)}: {len(found)} to look at</summary>"
    yield ""
    for clause, cell in found[:SHOWN]:
        yield f"- **{cell.words}** {code(clause.id)}: {escape(clause.text)}"
        yield from program(cell)
    if len(found) > SHOWN:
        yield f"- and {len(found) - SHOWN} more"
    yield ""
    yield "</details>"
    yield ""


def program(cell: Cell) -> Iterator[str]:
    """The program that shows a failure, indented into its list item."""
    source = next((test["program"] for test in cell.failures if test["program"]), "")
    if not source:
        return
    fence = "`" * max(3, 1 + longest_run(source, "`"))
    yield ""
    yield f"  {fence}python"
    yield from (f"  {line}" for line in source.strip().splitlines())
    yield f"  {fence}"


def code(text: str) -> str:
    """Text as code, in a table's cell too."""
    fence = "`" * (1 + longest_run(text, "`"))
    return f"{fence}{text}{fence}".replace("|", "\\|")


def longest_run(text: str, sign: str) -> int:
    """The length of the longest run of a character."""
    longest = 0
    while sign * (longest + 1) in text:
        longest += 1
    return longest


def escape(text: str) -> str:
    """Text without what Markdown or HTML would take for its own."""
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, f"\\{sign}")
    return text


def origin(overview: Overview) -> str:
    """When, and by what."""
    dates = sorted({column.judged.started[:10] for column in overview.judged})
    runs = " to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else "none"
    return (
        f"Runs of {runs}; mmap-spec {mmap_spec.__version__}, battery {versions.battery()}, "
        f"{len(overview.clauses)} clauses."
    )


def figures(overview: Overview) -> str:
    """The table of a README: what ran, and what was not there."""
    judged = tuple(column for column in overview.columns if column.has_verdicts)
    absent = [code(column.name) for column in overview.columns if not column.has_verdicts]
    shown = Overview(judged, overview.clauses, overview.generated)
    lines = [*table(shown), "", origin(overview)]
    if absent:
        lines.append(f"Not judged: {', '.join(absent)}.")
    return "\n".join(lines)


def put_figures(path: Path, overview: Overview) -> None:
    """Replace what stands between the two marks of a file by the figures of today."""
    from mmap_spec.report.stream import replace

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadDescriptor(f"{path}: cannot be read: {error.strerror}") from None
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise BadDescriptor(f"{path}: no place for the figures: it needs {BEGIN} and {END}")
    replace(path, f"{head}{BEGIN}\n{figures(overview)}\n{END}{tail}")
