"""The sample that runs in CI: about sixty mutants, each with a test that has killed it."""

from __future__ import annotations

import collections
import json
from collections.abc import Callable
from pathlib import Path

from mutants.campaign import number_of
from mutants.operators import Mutant
from mutants.records import BadRecord, Record, read_toml

FILE = Path(__file__).with_name("sample.toml")
SIZE = 60
CHEAP = 3.0  # seconds, all in all
HEAD = """# What `nox -s sample` runs: mutants, and for each a test that has killed it.
# Written by `nox -s mutants -- --choose-sample` from the records of a whole run.
"""


def read() -> dict[str, str]:
    """The test by the mutant's id."""
    return {entry["id"]: entry["test"] for entry in read_toml(FILE).get("mutant", [])}


def selected(every: list[Mutant]) -> list[Mutant]:
    """The mutants of the sample; BadRecord if one is not there any more."""
    sample = read()
    missing = sorted(set(sample) - {mutant.id for mutant in every})
    if missing or not sample:
        listed = "".join(f"\n  no such mutant: {name}" for name in missing)
        raise BadRecord(f"{FILE}: run all mutants, then --choose-sample{listed}")
    return [mutant for mutant in every if mutant.id in sample]


def orders(mutants: list[Mutant], tests: list[str]) -> Callable[[Mutant], list[str]]:
    """For a mutant, all tests: first the one that has killed it."""
    sample = read()

    def order(mutant: Mutant) -> list[str]:
        first = sample[mutant.id]
        return [first, *(test for test in tests if test != first)]

    return order


def choose(mutants: list[Mutant], records: dict[str, Record]) -> int:
    """Write the sample: in turn from each operator, of each file, what was killed cheaply."""
    groups: dict[str, dict[str, Mutant]] = collections.defaultdict(dict)
    for mutant in sorted(mutants, key=number_of):
        record = records.get(mutant.id)
        if record is None or record.status != "killed" or not record.test:
            continue
        if record.seconds < CHEAP:
            groups[mutant.operator].setdefault(mutant.file, mutant)
    queues = [sorted(group.values(), key=number_of) for _, group in sorted(groups.items())]
    chosen = [queue[turn] for turn in range(SIZE) for queue in queues if turn < len(queue)][:SIZE]
    entries = [
        f"\n[[mutant]]\nid = {json.dumps(m.id)}\ntest = {json.dumps(records[m.id].test)}\n"
        for m in sorted(chosen, key=lambda mutant: mutant.id)
    ]
    FILE.write_text(HEAD + "".join(entries))
    return len(chosen)
