"""Which clauses name a difference between candidates, by the evidence of the clauses' own tests.

The tests of the topics that come into question run on every candidate, judged by the API of each.
Where an operation of a test does on the candidates what the difference says, the test's clauses
name it: they are *broken* by some candidate if the test does not end alike, else they leave it
*open*.  An operation that comes to the same but leaves files of different sizes parts them, too,
and is named by the tests that look at the file behind it.  A difference that no test shows has no
clause.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mmap_spec import transcripts
from mmap_spec.clauses import catalogue
from mmap_spec.links import CannotStart
from mmap_spec.runs import BATTERY
from mmap_spec.transcripts import Operation, Transcript

RunPytest = Callable[[list[str]], int]
TOPICS = {
    "mmap": "constructor",
    "get": "sequence",
    "set": "assignment",
    "delete": "assignment",
    "__len__": "sequence",
    "export": "buffer",
    "release": "buffer",
    "tell": "seek",
    "seekable": "seek",
}
SHARED = ("buffer", "close", "limits", "reentrancy")  # topics that speak of every operation
CONVERTED = "conversions:"  # begins an outcome of which only the conversions matter
FILE = "leaves the file"  # in an outcome of which the file's size matters, too
PATTERNS = {
    FILE: re.compile(r"stat_result\d*\.st_size"),
    CONVERTED: re.compile(r"hostile\d*\.calls"),
    "delete": re.compile(r"del m\d*\["),
    "set": re.compile(r"m\d*\[[^=]*\] = "),
    "get": re.compile(r"m\d*\["),
    "__len__": re.compile(r"len\(m\d*\)"),
    "export": re.compile(r"memoryview\(m\d*\)"),
    "call": re.compile(r"m\d*\.(\w+)\("),
}


@dataclasses.dataclass(frozen=True)
class Difference:
    """Where candidates part: the operation, what its hostile argument does, what each gave."""

    operation: str
    deed: str
    outcomes: tuple[str, ...]

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics whose clauses could name it."""
        own = TOPICS.get(self.operation, self.operation)
        every = {clause.topic for clause in catalogue().values()}
        return tuple(topic for topic in dict.fromkeys((own, *SHARED)) if topic in every)


@dataclasses.dataclass(frozen=True)
class Evidence:
    """A test in which an operation did different things on the candidates."""

    clauses: tuple[str, ...]
    broken: bool
    outcomes: tuple[str, ...]
    others: int  # further differences in the same example: the fewer, the clearer


Evidences = dict[str, list[Evidence]]  # by operation


def operation_of(code: str) -> str:
    """The name of the operation that a line of a test's program does; "" for all others."""
    line = code.rpartition("\n")[2]
    for name, found in PATTERNS.items():
        match = found.match(line)
        if match:
            return match[1] if name == "call" else name
    return ""


def gather(
    specs: Sequence[str],
    apis: Iterable[tuple[int, int]],
    topics: Iterable[str],
    run_pytest: RunPytest,
) -> Evidences:
    """Run the tests of the topics on every candidate by every API; what parts them there."""
    found: Evidences = collections.defaultdict(list)
    chosen = [f"--topic={topic}" for topic in sorted(topics)]
    chosen += [str(BATTERY / f"test_{topic}.py") for topic in sorted(topics)]
    for major, minor in sorted(set(apis)):
        with tempfile.TemporaryDirectory() as folder:
            read = []
            for index, spec in enumerate(specs):
                path = Path(folder) / str(index)
                arguments = [f"--impl={spec}", f"--api={major}.{minor}", *chosen]
                plugin = ["-p", "mmap_spec.transcripts", f"--transcript={path}"]
                run_pytest([*plugin, *arguments])
                if not path.exists():
                    raise CannotStart(f"{spec}: the battery gave no result to compare with")
                read.append(transcripts.read(path))
        for operation, evidence in evidences(read):
            found[operation].append(evidence)
    return found


def evidences(read: Sequence[dict[str, Transcript]]) -> Iterator[tuple[str, Evidence]]:
    """What parts the candidates in the tests that all of them ran."""
    for name in read[0]:
        if all(name in transcript for transcript in read):
            tests = [transcript[name] for transcript in read]
            broken = len({test.passed for test in tests}) > 1
            for example in zip(*(test.examples for test in tests), strict=False):
                parted = list(parting(example))
                for operation, outcomes in parted:
                    others = len(parted) - 1
                    yield operation, Evidence(tests[0].clauses, broken, outcomes, others)


def parting(example: Sequence[tuple[Operation, ...]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The operations of one example that gave different things, as long as they are the same."""
    before = "", ""  # the operation before, and what it came to, if everywhere to the same
    for steps in zip(*example, strict=False):
        if len({step.code for step in steps}) > 1:
            return
        operation = operation_of(steps[0].code)
        saids = tuple(step.said for step in steps)
        if len({(step.said, step.value) for step in steps}) > 1:
            if operation == CONVERTED:
                yield operation, tuple(f"{CONVERTED} {step.value}" for step in steps)
            elif operation != FILE:
                yield operation, saids
            elif before[1]:
                yield before[0], leaving(before[1], [int(step.value) for step in steps])
        if operation not in ("", CONVERTED, FILE):
            before = operation, saids[0] if len(set(saids)) == 1 else ""


def leaving(said: str, sizes: Iterable[int]) -> tuple[str, ...]:
    """The outcomes of an operation that comes to the same, but leaves files of these sizes.

    Only which file is the longer one matters, since another program has others.
    """
    sizes = tuple(sizes)
    ranks = sorted(set(sizes))
    return tuple(f"{said}, {FILE} at size {ranks.index(size)}" for size in sizes)


def names(difference: Difference, found: Evidences) -> str:
    """The clauses that name a difference, or ``no clause``."""
    broken = naming(difference, found, broken=True)
    left_open = naming(difference, found, broken=False)
    if broken or not left_open:
        return ", ".join(broken) or "no clause"
    return "left open by " + ", ".join(left_open)


def naming(difference: Difference, found: Evidences, broken: bool) -> list[str]:
    """The clauses that name a difference by the clearest tests, broken or left open."""
    topics = difference.topics
    counted = difference.outcomes[0].startswith(CONVERTED)
    alike = [
        evidence
        for evidence in found.get(CONVERTED if counted else difference.operation, [])
        if evidence.outcomes == difference.outcomes and evidence.broken == broken
    ]
    clearest = min((evidence.others for evidence in alike), default=0)
    clauses = {c for evidence in alike if evidence.others == clearest for c in evidence.clauses}
    return sorted(clause for clause in clauses if clause.partition(".")[0] in topics)
