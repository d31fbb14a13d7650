"""What a failure looks like to people."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable

from mmap_spec.clauses import Clause
from mmap_spec.verdicts import Result


def replay_command(spec: str, test: str, extra: Iterable[str] = ()) -> str:
    """The command that runs one test again."""
    return shlex.join(["mmap-spec", "replay", f"--impl={spec}", *extra, test])


def render(spec: str, clauses: Iterable[Clause], result: Result, replay: str) -> str:
    """Clause, sentence, candidate, expected and actual, program, replay command."""
    lines = []
    for clause in clauses:
        lines.append(f"{result.outcome.upper()}  {clause.id} ({clause.level})  on {spec}")
        lines.append(textwrap.fill(clause.text, 96, initial_indent="  ", subsequent_indent="  "))
        lines.append(f"  source:  {', '.join(clause.source)}")
    found = textwrap.indent(result.found.strip(), "           ").strip()
    lines.append(f"  found:   {found}")
    if result.program:
        lines += ["  program:", "", textwrap.indent(result.program.rstrip(), "    "), ""]
    lines.append(f"  replay:  {replay}")
    return "\n".join(lines)


def brief(result: Result, replay: str) -> str:
    """One more failure of clauses of which a program was shown already."""
    found = result.found.strip().partition("\n")[0]
    return (
        f"{result.outcome.upper()}  {', '.join(result.clauses)} again: {found}\n  replay:  {replay}"
    )
