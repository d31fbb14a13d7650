"""``mmap-spec compare``: random programs in lockstep on several candidates.

A difference is shrunk to a program of a few lines and grouped: by the clauses of
its topic on which the candidates differ, or under "no clause", which is a hole
of the specification.
"""

from __future__ import annotations

import collections
import dataclasses
import random
import shlex
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import hypothesis
from hypothesis import Phase
from hypothesis.errors import Flaky, Unsatisfiable

from mmap_spec import launcher, program
from mmap_spec.candidate import Candidate, Raised, Returned
from mmap_spec.clauses import Clause, catalogue
from mmap_spec.launcher import CannotStart
from mmap_spec.random_programs import Died, HostileIndex, Outcome, Player, Step, programs
from mmap_spec.report import stream
from mmap_spec.verdicts import GREEN, RED

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


def run(specs: list[str], seconds: float, seed: int | None, run_pytest: RunPytest) -> int:
    """The command: says what it does, shows each difference when it is found, then the groups."""
    seed = random.SystemRandom().getrandbits(32) if seed is None else seed
    candidates: list[Candidate] = []
    core = launcher.share_core(0)
    try:
        for spec in specs:
            parsed = launcher.parse(spec)
            candidates.append(launcher.start(parsed, core=core, say=print))
            print(f"candidate: {spec} ({candidates[-1].profile.describe()})")
        print(f"comparing for {seconds:g} s, seed {seed}", flush=True)
        found, count = search(candidates, seconds, seed, announce)
    finally:
        for candidate in candidates:
            candidate.close()
    groups = attribute(found, lambda topic: differing(topic, specs, run_pytest))
    for names, entries in sorted(groups.items()):
        print(f"\n{names}:")
        for entry in entries:
            print(f"  {entry.difference.operation}: {' | '.join(entry.difference.outcomes)}")
    holes = len(groups.get("no clause", []))
    again = shlex.join(["mmap-spec", "compare", *specs, f"--seconds={seconds:g}", f"--seed={seed}"])
    print(
        f"\n{len(found)} differences · {holes} without a clause · {count} programs · "
        f"replay: {again}"
    )
    return RED if found else GREEN


def announce(found: Found) -> None:
    """A difference, when it is found."""
    print(f"\n{found.program}", flush=True)


def differing(topic: str, specs: list[str], run_pytest: RunPytest) -> list[Clause]:
    """The clauses of a topic of which the candidates' verdicts are not the same."""
    given: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for index, spec in enumerate(specs):
            report = Path(folder) / f"{index}.jsonl"
            run_pytest([f"--impl={spec}", f"--topic={topic}", f"--report={report}"])
            if not report.exists():
                raise CannotStart(f"{spec}: the battery gave no result for the topic {topic}")
            _, lines, _ = stream.read(report)
            given.append({line["id"]: line["verdict"] for line in lines})
    return [
        clause
        for name, clause in catalogue().items()
        if clause.topic == topic and len({verdicts.get(name) for verdicts in given}) > 1
    ]


@dataclasses.dataclass(frozen=True)
class Difference:
    """Where two candidates part, by what they did in which operation."""

    operation: str
    hostile: bool
    outcomes: tuple[str, ...]

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics whose clauses could name it."""
        own = TOPICS.get(self.operation, self.operation)
        return (own, "limits", *(("reentrancy",) if self.hostile else ()))


@dataclasses.dataclass(frozen=True)
class Found:
    """A difference with the shortest program that shows it."""

    difference: Difference
    program: str


class Parted(Exception):
    """The example shows a difference that is new."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(str(difference))
        self.difference = difference


def describe(outcome: Outcome | None) -> str:
    """An outcome without what may vary between runs."""
    if isinstance(outcome, Returned):
        value = outcome.value
        return f"returned {type(value).__name__}" if value is not None else "returned None"
    if isinstance(outcome, Raised):
        return f"raised {outcome.type.__name__}"
    return outcome.how if isinstance(outcome, Died) else "did nothing"


def difference(steps: list[Step], played: list[list[Outcome]]) -> tuple[int, Difference] | None:
    """The first step in which the candidates did not do the same."""
    for index, step in enumerate(steps):
        outcomes = [outcomes[index] if index < len(outcomes) else None for outcomes in played]
        if all(outcome == outcomes[0] for outcome in outcomes[1:]):
            if isinstance(outcomes[0], Died):
                return None
            continue
        hostile = any(isinstance(arg, HostileIndex) for arg in step.args)
        said = tuple(map(describe, outcomes))
        if len(set(said)) == 1:
            said = tuple(f"{text} {index}" for index, text in enumerate(said, 1))
        return index, Difference(step.name, hostile, said)
    return None


def search(
    candidates: list[Candidate], seconds: float, seed: int, tell: Callable[[Found], None]
) -> tuple[list[Found], int]:
    """Look for differences for so many seconds; what was found, and how many programs that took."""
    players = [Player(candidate) for candidate in candidates]
    known: dict[Difference, Found] = {}
    deadline = time.monotonic() + seconds
    generator = random.Random(seed)
    count = 0

    def example(steps: list[Step]) -> None:
        nonlocal count
        if time.monotonic() > deadline:
            return
        count += 1
        parted = difference(steps, [player.play(steps) for player in players])
        if parted is not None and parted[1] not in known:
            raise Parted(parted[1])

    while time.monotonic() < deadline:
        test = hypothesis.settings(
            max_examples=500,
            database=None,
            derandomize=False,
            deadline=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(hypothesis.HealthCheck),
        )(hypothesis.given(programs())(example))
        try:
            hypothesis.seed(generator.getrandbits(64))(test)()
        except Parted as parted:
            found = Found(parted.difference, shown(candidates, parted.difference))
            known[parted.difference] = found
            tell(found)
        except (Flaky, BaseExceptionGroup, Unsatisfiable):
            continue  # the time ran out while it shrank, or the difference comes and goes
    return list(known.values()), count


def shown(candidates: list[Candidate], parted: Difference) -> str:
    """The program of the example that was played last, with what each candidate did."""
    lines = [
        f"{candidate.spec}: {text}"
        for candidate, text in zip(candidates, parted.outcomes, strict=True)
    ]
    first = candidates[0]
    headline = f"{parted.operation}: the candidates differ\n" + "\n".join(lines)
    return program.standalone(first.session.journal, headline, first.session.judged_name)


def attribute(
    found: Iterable[Found], differing: Callable[[str], list[Clause]]
) -> dict[str, list[Found]]:
    """The differences by the clauses that name them; ``differing`` gives a topic's clauses
    on which the candidates' verdicts or their applicability differ."""
    groups: dict[str, list[Found]] = collections.defaultdict(list)
    topics: dict[str, list[Clause]] = {}
    known_topics = {clause.topic for clause in catalogue().values()}
    for entry in found:
        names = []
        for topic in entry.difference.topics:
            if topic in known_topics:
                if topic not in topics:
                    topics[topic] = differing(topic)
                names += [clause.id for clause in topics[topic]]
        groups[", ".join(names) or "no clause"].append(entry)
    return dict(groups)
