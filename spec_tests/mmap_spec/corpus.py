"""The corpus: small programs that were found once, and are replayed by the gate ever since.

A file of it is TOML, described in docs/exploring.md and checked against
schemas/corpus.schema.json.  ``corpus/`` travels with this package; ``mmap-corpus.toml``
in the working folder is what ``mmap-spec explore`` writes by default.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import InlineTable

from mmap_spec import descriptors
from mmap_spec.candidate import Candidate, CandidateDied
from mmap_spec.clauses import catalogue
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.lockstep import Deviation, Lockstep, Signature, signature
from mmap_spec.model import Unspecified
from mmap_spec.reduce import reduce
from mmap_spec.report import stream
from mmap_spec.steps import Step
from mmap_spec.world import World

FOLDER = Path(__file__).parent / "corpus"
LOCAL = "mmap-corpus.toml"
HEADING = """\
# Programs found by `mmap-spec explore`. `mmap-spec run` in this folder replays them;
# the format is described in docs/exploring.md.
"""


@dataclasses.dataclass(frozen=True)
class Program:
    """One program: the clause by which it is judged, its steps, and what was seen."""

    name: str
    clause: str
    steps: tuple[Step, ...]
    found: str = ""


def read(path: Path) -> list[Program]:
    """The programs of a file; BadDescriptor names the file and what is wrong in it."""
    programs: list[Program] = []
    for entry in descriptors.load(path, "corpus").get("program", []):
        if entry["clause"] not in catalogue():
            hint = descriptors.nearest(entry["clause"], list(catalogue()))
            raise BadDescriptor(f"{path}: {entry['name']}: no clause {entry['clause']!r}; {hint}")
        if any(entry["name"] == program.name for program in programs):
            raise BadDescriptor(f"{path}: the name {entry['name']!r} stands there twice")
        steps = tuple(map(Step.from_data, entry["steps"]))
        programs.append(Program(entry["name"], entry["clause"], steps, entry.get("found", "")))
    return programs


def files() -> list[Path]:
    """The files that the gate replays: those of this package, and that of the working folder."""
    local = Path.cwd() / LOCAL
    return [*sorted(FOLDER.glob("*.toml")), *([local] if local.exists() else [])]


def every() -> list[tuple[str, Program]]:
    """All programs that the gate replays, each with a name that says the file too."""
    return [(f"{path.stem}:{program.name}", program) for path in files() for program in read(path)]


def add(path: Path, program: Program) -> None:
    """Write a program behind those of a file, in one step; what is there stays as it is."""
    document = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else HEADING)
    programs = document.setdefault("program", tomlkit.aot())
    programs.append(table_of(program))
    stream.replace(path, tomlkit.dumps(document))


def table_of(program: Program) -> tomlkit.items.Table:
    """A program as a table: a step a line."""
    table = tomlkit.table()
    table.add("name", program.name)
    table.add("clause", program.clause)
    if program.found:
        table.add("found", program.found)
    steps = tomlkit.array().multiline(True)
    for step in program.steps:
        steps.append(inline(step.to_data()))
    table.add("steps", steps)
    table.add(tomlkit.nl())
    return table


def inline(data: Any) -> Any:
    """Dictionaries as inline tables, at any depth."""
    if isinstance(data, dict):
        table: InlineTable = tomlkit.inline_table()
        for key, value in data.items():
            table.append(key, inline(value))
        return table
    return [inline(item) for item in data] if isinstance(data, list) else data


def free_name(stem: str, taken: Iterable[str]) -> str:
    """The stem with a number that nobody has."""
    stem = "-".join(re.findall("[a-z0-9]+", stem.lower()))
    numbers = (f"{stem}-{number}" for number in range(1, 1_000_000))
    names = set(taken)
    return next(name for name in numbers if name not in names)


def shortest(candidate: Candidate, steps: list[Step], target: Signature | None) -> list[Step]:
    """Those of the steps that it takes to show a failure with this signature."""
    profile = candidate.profile

    def new_world() -> World:
        return World(profile, granularity=profile.granularity, hardened=True)

    def fails(shorter: list[Step]) -> bool:
        try:
            replay(candidate, shorter)
        except (Deviation, CandidateDied) as failure:
            return signature(failure) == target
        return False

    return reduce(steps, new_world, fails)


def without_unix(step: Step) -> Step:
    """A step as Windows knows it, where a map is made without flags and protection."""
    known = [(key, value) for key, value in step.options if key not in ("flags", "prot")]
    return dataclasses.replace(step, options=tuple(known))


def replay(
    candidate: Candidate,
    steps: Iterable[Step],
    covered: Counter[tuple[str, str, str]] | None = None,
) -> Lockstep:
    """All steps, fresh, on the candidate and on the model; Deviation or CandidateDied.

    A step that the model cannot judge on this platform is left out.
    """
    both = Lockstep(candidate, Counter() if covered is None else covered, hazards=True)
    for step in steps:
        try:
            both.perform(without_unix(step) if candidate.profile.windows else step)
        except Unspecified:
            continue
    return both
