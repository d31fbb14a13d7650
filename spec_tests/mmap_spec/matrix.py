"""``mmap-spec matrix``: every candidate that can run here, side by side, into a folder of results.

One result stream a candidate, and what its run printed; a rerun judges only what has no complete
result of this battery and this candidate yet.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from mmap_spec import descriptors, launcher, links, runs, versions
from mmap_spec.report import progress, results, stream
from mmap_spec.verdicts import GREEN, INCOMPLETE, RED, USAGE

STATUS = {GREEN: "green", RED: "red", INCOMPLETE: "incomplete", USAGE: "wrong usage"}
COLOURS = {"green": "green", "red": "red", "incomplete": "yellow", "wrong usage": "yellow"}


@dataclasses.dataclass
class Row:
    """A candidate in the table: what is to be done, then what came of it."""

    name: str
    path: Path  # of its result stream
    spec: launcher.Spec | None = None
    absent: str = ""  # why it cannot be judged here, and what to do
    state: str = "waiting"
    begun: float = 0.0
    tally: Path | None = None
    judged: results.Judged | None = None

    @property
    def log(self) -> Path:
        """What its run printed."""
        return self.path.with_suffix(".txt")


def candidates() -> list[str]:
    """Every implementation on every interpreter that it names, present or not."""
    interpreters = descriptors.load_interpreters()
    implementations = [descriptors.load_impl(path) for path in descriptors.known().values()]
    return [
        f"{implementation.id}@{interpreter}"
        for implementation in implementations
        for interpreter in interpreters
        if any(fnmatch.fnmatchcase(interpreter, glob) for glob in implementation.interpreters)
    ]


def plan(names: Iterable[str], folder: Path, clauses: int, again: bool) -> list[Row]:
    """A row a candidate; those with a result that still holds are done already."""
    rows = []
    for name in names:
        row = Row(name, folder / f"{runs.safe(name)}.jsonl")
        rows.append(row)
        if row.path.exists():
            with contextlib.suppress(descriptors.BadDescriptor):
                row.judged = results.read(row.path)
        try:
            row.spec = launcher.parse(name)
        except links.CannotStart as error:
            row.state, row.absent = "absent", str(error)
            continue
        if not again and row.judged and current(row.judged, row.spec, clauses):
            row.state = "kept"
    return rows


def current(judged: results.Judged, spec: launcher.Spec, clauses: int) -> bool:
    """Whether a result is complete, and of this battery, this candidate and these clauses."""
    head = judged.head
    return (
        judged.foot is not None
        and head["clauses"] == clauses
        and head["battery_version"] == versions.battery()
        and head["candidate_version"] == versions.candidate(spec)
    )


def run(rows: list[Row], filters: Sequence[str], jobs: int, console: Console) -> int:
    """Judge the rows that wait; the worst exit status of all rows, GREEN for absent ones."""
    for row in rows:
        if row.state == "absent" and row.judged is None:
            stream.write_absent(row.path, row.name, row.absent)
    waiting = {row.name: row for row in rows if row.state == "waiting"}
    console.print(announcement(rows, jobs), highlight=False)
    status = max((kept(row) for row in rows), key=runs.severity, default=GREEN)
    with tempfile.TemporaryDirectory(prefix="mmap-spec-matrix-") as scratch:
        planned = []
        for row in sorted(waiting.values(), key=urgency, reverse=True):
            row.tally = Path(scratch) / f"{row.path.stem}.tally"
            planned.append(planned_run(row, filters, Path(scratch)))

        def begun(run: runs.Run) -> None:
            waiting[run.name].begun = time.monotonic()
            waiting[run.name].state = "running"

        crew = runs.side_by_side(planned, jobs, begun)
        with display(rows, console), contextlib.closing(crew):
            for ended in crew:
                row = waiting[ended.run.name]
                take(row, ended, Path(scratch))
                status = max(status, ended.status, key=runs.severity)
                if not console.is_terminal:
                    print(f"{row.name}: {row.state} · {last_line(ended.output)}", flush=True)
    return status


def announcement(rows: Iterable[Row], jobs: int) -> str:
    """What will be done."""
    states = Counter(row.state for row in rows)
    return (
        f"to judge: {states['waiting']}, {jobs} at a time; judged before: {states['kept']}; "
        f"absent: {states['absent']}"
    )


def kept(row: Row) -> int:
    """The exit status of a result that was there already."""
    if row.state != "kept" or row.judged is None or row.judged.foot is None:
        return GREEN
    return int(row.judged.foot["exit"])


def urgency(row: Row) -> tuple[bool, float]:
    """What begins early, so that no core is idle at the end.

    Those that share something, as they are judged one after another; and those whose last run
    took long, or that never had one.
    """
    foot = row.judged.foot if row.judged else None
    return bool(shares(row)), float(foot["seconds"]) if foot else float("inf")


def shares(row: Row) -> str:
    """What a candidate shares with others, so that they are not judged at the same time."""
    return row.spec.interpreter.shares if row.spec else ""


def planned_run(row: Row, filters: Sequence[str], scratch: Path) -> runs.Run:
    """The run of one row; it writes beside the results, not among them."""
    files = [f"--report={scratch / row.path.name}", f"--progress={row.tally}"]
    arguments = (str(runs.BATTERY), f"--impl={row.name}", "-n0", *filters, *files)
    return runs.Run(row.name, arguments, shares(row))


def take(row: Row, ended: runs.Ended, scratch: Path) -> None:
    """Put what a run has written among the results; what it replaces goes to the earlier ones."""
    written = scratch / row.path.name
    if row.judged is not None and row.judged.foot is not None and row.path.exists():
        when = "".join(c for c in row.judged.started if c.isalnum())[:15]
        earlier = row.path.parent / results.EARLIER
        earlier.mkdir(exist_ok=True)
        shutil.copyfile(row.path, earlier / f"{row.path.stem}-{when}.jsonl")
    if written.exists():
        stream.replace(row.path, written.read_text(encoding="utf-8"))
    else:
        stream.write_absent(row.path, row.name, last_line(ended.output))
    stream.replace(row.log, ended.output)
    row.judged = results.read(row.path)
    row.state = STATUS[ended.status]


def last_line(output: str) -> str:
    """The totals of a run, or its last words."""
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


# -- what is seen ------------------------------------------------------------


def display(rows: list[Row], console: Console) -> contextlib.AbstractContextManager[object]:
    """The table that changes while the runs go on; in a pipe there is none."""
    if not console.is_terminal:
        return contextlib.nullcontext()
    return Live(
        console=console,
        get_renderable=lambda: table(row for row in rows if row.state != "absent"),
        transient=True,
    )


def table(rows: Iterable[Row]) -> Table:
    """The candidates, how far they are, and what came of them."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("candidate", no_wrap=True)
    shown.add_column("status", no_wrap=True)
    for heading in ("must", "should", "known", "new", "crashes", "seconds"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        shown.add_row(row.name, status_of(row), *figures(row))
    return shown


def status_of(row: Row) -> RenderableType:
    """A word, or a bar while it runs."""
    if row.state == "running" and row.tally is not None:
        done, failed, total = progress.tally(row.tally)
        if not failed:
            return ProgressBar(total or None, done, width=24)
        return f"{done}/{total}, {failed} failed"
    word = STATUS[kept(row)] if row.state == "kept" else row.state
    text = f"{word}, kept" if row.state == "kept" else word
    return f"[{COLOURS[word]}]{text}[/]" if word in COLOURS else text


def figures(row: Row) -> tuple[str, ...]:
    """Must, should, known, new, crashes, seconds; of a run that goes on, the seconds so far."""
    if row.state == "running":
        return ("", "", "", "", "", f"{time.monotonic() - row.begun:.0f}")
    if row.judged is None or row.state in ("waiting", "absent") or not row.judged.lines:
        return ("",) * 6
    judged = row.judged
    levels = ["{}/{}".format(*judged.held(level)) for level in ("must", "should")]
    counts = [str(judged.count("known")), str(judged.new), str(judged.crashes)]
    return (*levels, *counts, f"{judged.foot['seconds']:.0f}" if judged.foot else "")


def conclude(rows: list[Row], folder: Path, console: Console) -> None:
    """The whole table, what is absent and how to get it, and what to do next."""
    console.print(table(rows))
    absent = [row for row in rows if row.state == "absent"]
    if absent:
        console.print("\nabsent:")
        for why in dict.fromkeys(row.absent for row in absent):
            console.print(f"  {why}", markup=False, highlight=False, soft_wrap=True)
    judged = len(rows) - len(absent)
    console.print(f"\n{judged} candidates, {len(absent)} absent. As pages: ", end="")
    console.print(f"mmap-spec report {folder} -o site", highlight=False, soft_wrap=True)
