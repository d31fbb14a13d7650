"""What the records come to: figures, survivors, and which clause has killed what."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path

from mmap_spec.clauses import catalogue

from mutants.operators import Mutant
from mutants.records import Judgement, Record

LEVEL = 95.0  # per cent of the mutants that are not equivalent


@dataclasses.dataclass
class Figures:
    """Counts of some mutants; ``score`` is killed among those that are not equivalent."""

    made: int = 0
    invalid: int = 0
    identical: int = 0
    killed: int = 0
    equivalent: int = 0
    holes: int = 0
    unjudged: int = 0
    open: int = 0  # not run, or not to the end

    @property
    def wrong(self) -> int:
        """How many are not equivalent."""
        return self.killed + self.holes + self.unjudged + self.open

    @property
    def score(self) -> float:
        return 100.0 * self.killed / self.wrong if self.wrong else 100.0


def count(
    mutants: Iterable[Mutant], records: dict[str, Record], judgements: dict[str, Judgement]
) -> Figures:
    figures = Figures()
    for mutant in mutants:
        record = records.get(mutant.id)
        if record is None:
            continue
        figures.made += 1
        judgement = judgements.get(mutant.id)
        if record.status == "invalid":
            figures.invalid += 1
        elif record.status in ("identical", "twin"):
            figures.identical += 1
        elif record.status == "killed":
            figures.killed += 1
        elif judgement is not None and judgement.equivalent:
            figures.equivalent += 1
        elif judgement is not None:
            figures.holes += 1
        elif record.status == "survived":
            figures.unjudged += 1
        else:
            figures.open += 1
    return figures


def table(
    mutants: list[Mutant],
    records: dict[str, Record],
    judgements: dict[str, Judgement],
    key: Callable[[Mutant], str],
    heading: str,
) -> str:
    """Figures by operator or by file, in Markdown."""
    groups: dict[str, list[Mutant]] = collections.defaultdict(list)
    for mutant in mutants:
        groups[key(mutant)].append(mutant)
    names = "made, no C, same code, killed, equivalent, holes, unjudged, open, score"
    lines = [
        f"| {heading} | {names.replace(', ', ' | ')} |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    rows = [*sorted(groups.items()), ("**all**", mutants)]
    for name, group in rows:
        f = count(group, records, judgements)
        score = f"{f.score:.1f} %" if f.wrong else "-"
        lines.append(
            f"| {name} | {f.made} | {f.invalid} | {f.identical} | {f.killed} | {f.equivalent} "
            f"| {f.holes} | {f.unjudged} | {f.open} | {score} |"
        )
    return "\n".join(lines)


def survivors(
    mutants: list[Mutant], records: dict[str, Record], judgements: dict[str, Judgement]
) -> str:
    """Each survivor with its judgement; the unjudged ones first."""
    groups: dict[str, list[str]] = collections.defaultdict(list)
    for mutant in mutants:
        record = records.get(mutant.id)
        if record is not None and record.status in ("survived", "open"):
            judgement = judgements.get(mutant.id)
            title = (
                "0 not judged"
                if judgement is None
                else (
                    f"1 hole: {judgement.why}"
                    if not judgement.equivalent
                    else f"2 equivalent: {judgement.why}"
                )
            )
            groups[title].append(
                f"    {mutant.id}    (line {mutant.line}, {record.status} {record.tests} tests)"
            )
    return "\n\n".join(
        f"### {title[2:]}\n\n" + "\n".join(lines) for title, lines in sorted(groups.items())
    )


def kills(records: Iterable[Record]) -> dict[str, set[str]]:
    """Clause -> the mutants that it was seen to kill."""
    found: dict[str, set[str]] = collections.defaultdict(set)
    for record in records:
        if record.status == "killed":
            for clause in (*record.clauses, *(clause for _, clause in record.more)):
                found[clause].add(record.id)
    return found


def write(
    folder: Path,
    mutants: list[Mutant],
    records: dict[str, Record],
    judgements: dict[str, Judgement],
    miniatures: dict[str, int],
    unproven_matters: set[str],
) -> Path:
    """Write report.md, matrix.tsv and clauses.tsv; ``miniatures`` counts those of each clause."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = {mutant.id for mutant in mutants}
    ours = {name: record for name, record in records.items() if name in chosen}
    with (folder / "matrix.tsv").open("w") as stream:
        stream.write("clause\tmutant\toutcome\ttest\tseconds\n")
        for record in ours.values():
            if record.status == "killed":
                for clause in record.clauses or ("(start)",):
                    row = (clause, record.id, record.outcome, record.test, str(record.seconds))
                    stream.write("\t".join(row) + "\n")
                for test, clause in record.more:
                    stream.write("\t".join((clause, record.id, "fail", test, "")) + "\n")
    proof = kills(ours.values())
    unproven = []
    with (folder / "clauses.tsv").open("w") as stream:
        stream.write("clause\tmutants\tminiatures\tproof\n")
        for name in sorted(unproven_matters):
            killed, caught = len(proof.get(name, ())), miniatures.get(name, 0)
            if not killed + caught:
                unproven.append(name)
            word = "proven" if killed + caught else "unproven"
            stream.write(f"{name}\t{killed}\t{caught}\t{word}\n")
    nowhere = [
        name
        for name in sorted({mutant.file for mutant in mutants})
        if not count([m for m in mutants if m.file == name], records, {}).wrong
    ]
    report = folder / "report.md"
    report.write_text(
        "# Mutants\n\n"
        + table(mutants, ours, judgements, lambda m: m.operator, "operator")
        + "\n\n"
        + table(mutants, ours, judgements, lambda m: m.file, "file")
        + "\n\n## Out of scope\n\n"
        + "No mutant of these files makes other object code here: what they hold is compiled on "
        + f"another platform or version only: {', '.join(nowhere) or 'none'}.\n"
        + "\n## Survivors\n\n"
        + survivors(mutants, ours, judgements)
        + f"\n\n## Unproven clauses\n\n{len(unproven)} of {len(unproven_matters)} that apply here "
        + "killed no mutant and no miniature:\n\n"
        + "\n".join(f"    {name}" for name in unproven)
        + "\n"
    )
    return report


def clauses_that_apply(profile: object) -> set[str]:
    """The clauses that a run on this profile judges."""
    return {
        name
        for name, clause in catalogue().items()
        if clause.applies(profile) and not clause.untestable and clause.level != "may"  # type: ignore[arg-type]
    }
