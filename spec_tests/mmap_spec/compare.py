"""``mmap-spec compare``: random programs in lockstep on several candidates.

A difference is cut down to a program of a few lines and grouped by the clauses that name it, or
under "no clause", which is a hole of the specification.  Errors are compared by their type.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import random
import shlex
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

import hypothesis
from hypothesis import Phase
from rich.console import Console

from mmap_spec import attribution, launcher, program
from mmap_spec.attribution import Difference, RunPytest
from mmap_spec.candidate import Candidate, Raised, Returned
from mmap_spec.random_programs import (
    LOOK,
    Converted,
    Died,
    Outcome,
    Player,
    Step,
    deeds,
    minimise,
    programs,
)
from mmap_spec.report import progress
from mmap_spec.transcripts import returned
from mmap_spec.verdicts import GREEN, RED

HOLE = "no clause"
AND = " and "  # between the deeds of several arguments


@dataclasses.dataclass(frozen=True)
class Found:
    """A difference, what each candidate gave, and the short program that shows it."""

    difference: Difference
    given: tuple[str, ...]
    program: str


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
        with watch(seconds) as tick:
            found, count = search(candidates, seconds, seed, announce, tick)
        apis = {candidate.profile.api for candidate in candidates}
    finally:
        for candidate in candidates:
            candidate.close()
    groups = grouped(found, specs, apis, run_pytest)
    report(groups)
    holes = len(groups.get(HOLE, []))
    again = shlex.join(["mmap-spec", "compare", *specs, f"--seconds={seconds:g}", f"--seed={seed}"])
    print(
        f"\n{len(found)} differences · {holes} without a clause · {count} programs · "
        f"replay: {again}"
    )
    return RED if found else GREEN


def announce(found: Found) -> bool:
    """Show a difference when it is found; there may be more."""
    print(f"\n{found.program}", flush=True)
    return False


def report(groups: dict[str, list[Found]]) -> None:
    """The groups, holes of the specification last."""
    for names, entries in sorted(groups.items(), key=lambda group: (group[0] == HOLE, group[0])):
        print(f"\n{names}:")
        for entry in entries:
            deed = entry.difference.deed
            hostile = f" (an argument does {deed})" if deed else ""
            print(f"  {entry.difference.operation}{hostile}: {' | '.join(entry.given)}")


@contextlib.contextmanager
def watch(seconds: float) -> Iterator[Callable[[int, int], None]]:
    """A line on a terminal that says how far it is; in a pipe there is none."""
    stream = progress.terminal()
    if stream is None:
        yield lambda count, found: None
        return
    begun = time.monotonic()
    with stream, Console(file=stream, force_terminal=True).status("comparing") as status:

        def tick(count: int, found: int) -> None:
            left = max(0, seconds - (time.monotonic() - begun))
            status.update(f"{count} programs, {found} differences, {left:.0f} s left")

        yield tick


def grouped(
    found: Sequence[Found],
    specs: Sequence[str],
    apis: set[tuple[int, int]],
    run_pytest: RunPytest,
) -> dict[str, list[Found]]:
    """The differences by the clauses that name them.

    Runs the tests of the operations' own topics; the others only for what those do not name.
    """
    evidence: attribution.Evidences = collections.defaultdict(list)

    def look(topics: set[str]) -> None:
        if topics:
            print(f"\nlooking for the clauses: {', '.join(sorted(topics))}", flush=True)
            gathered = attribution.gather(specs, apis, topics, run_pytest)
            for operation, more in gathered.items():
                evidence[operation] += more

    differences = [entry.difference for entry in found]
    own = {difference.topics[0] for difference in differences}
    look(own)
    rest = [d for d in differences if not attribution.naming(d, evidence, broken=True)]
    look({topic for difference in rest for topic in difference.topics} - own)
    groups: dict[str, list[Found]] = collections.defaultdict(list)
    for entry in found:
        groups[attribution.names(entry.difference, evidence)].append(entry)
    return groups


# -- looking ----------------------------------------------------------------


@contextlib.contextmanager
def postponed() -> Iterator[Callable[[], None]]:
    """SIGINT waits until what this gives is called, which raises; the second SIGINT does not wait.

    Hypothesis has callbacks of the garbage collector, and Python drops what is raised in one.
    """
    seen = False
    former = signal.getsignal(signal.SIGINT)

    def notice(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        seen = True
        signal.signal(number, former)

    def check() -> None:
        if seen:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, notice)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, former)


def search(
    candidates: Sequence[Candidate],
    seconds: float,
    seed: int,
    tell: Callable[[Found], bool],
    tick: Callable[[int, int], None] = lambda count, found: None,
) -> tuple[list[Found], int]:
    """Look for differences for so many seconds; what was found, and how many programs that took.

    ``tell`` gets each difference when it is found, and ends the search with True.
    """
    players = [Player(candidate) for candidate in candidates]
    known: dict[Difference, Found] = {}
    deadline = time.monotonic() + seconds
    generator = random.Random(seed)
    count = 0

    def play(steps: list[Step]) -> tuple[int, Difference] | None:
        nonlocal count
        count += 1
        check_interrupt()
        return difference(steps, [player.play(steps) for player in players])

    def example(steps: list[Step]) -> None:
        nonlocal deadline
        if time.monotonic() > deadline or lethal(steps, known):
            return
        tick(count, len(known))
        parted = play(steps)
        if parted is None or parted[1] in known:
            return
        index, new = parted
        steps = minimise(steps[: index + 1], lambda shorter: differs_so(play(shorter), new))
        played = [player.play(steps) for player in players]
        again = difference(steps, played)
        if not differs_so(again, new) or again is None:
            return  # it comes and goes
        index, new = again
        if new in known:
            return
        given = [at_step(steps, outcomes, index) for outcomes in played]
        known[new] = describe(candidates, new, given)
        if tell(known[new]):
            deadline = time.monotonic()

    settings = hypothesis.settings(
        max_examples=100,
        database=None,
        derandomize=False,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    with postponed() as check_interrupt:
        while time.monotonic() < deadline:
            test = settings(hypothesis.given(programs())(example))
            hypothesis.seed(generator.getrandbits(64))(test)()
    return list(known.values()), count


def differs_so(parted: tuple[int, Difference] | None, wanted: Difference) -> bool:
    """Whether a program parts the candidates in the wanted way, by whatever argument."""
    if parted is None:
        return False
    return (parted[1].operation, parted[1].outcomes) == (wanted.operation, wanted.outcomes)


def lethal(steps: list[Step], known: dict[Difference, Found]) -> bool:
    """Whether a program has a hostile argument of which a candidate is known to die there."""
    deadly = {
        (parted.operation, frozenset(parted.deed.split(AND)))
        for parted in known
        if parted.deed and any(text.startswith("died") for text in parted.outcomes)
    }
    return any(step.name == name and deed <= deeds(step) for step in steps for name, deed in deadly)


def difference(steps: list[Step], played: list[list[Outcome]]) -> tuple[int, Difference] | None:
    """The first step in which the candidates did not do the same."""
    for index, step in enumerate(steps):
        outcomes = [outcomes[index] for outcomes in played]
        if not all(same(outcome, outcomes[0]) for outcome in outcomes[1:]):
            parted = apart(outcomes)
            if step.kind == LOOK:
                step = steps[index - 1]
                parted = attribution.leaving(said(played[0][index - 1]), map(size, outcomes))
            return index, Difference(step.name, AND.join(sorted(deeds(step))), parted)
        if isinstance(outcomes[0], Died):
            return None
    return None


def size(look: Outcome) -> int:
    """The file's size that a look has found."""
    assert isinstance(look, Returned), "the descriptor of the program's own file is open"
    return int(look.value)


def apart(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """What is said of outcomes that differ: the conversions only if that is all."""
    plain = tuple(map(said, outcomes))
    converted = [outcome for outcome in outcomes if isinstance(outcome, Converted)]
    if len({outcome.conversions for outcome in converted}) > 1 and len(set(plain)) == 1:
        return tuple(f"{attribution.CONVERTED} {outcome.conversions}" for outcome in converted)
    return plain


def same(one: Outcome, other: Outcome) -> bool:
    """Whether two candidates did the same."""
    if isinstance(one, Converted) and isinstance(other, Converted):
        return one.conversions == other.conversions and same(one.outcome, other.outcome)
    if isinstance(one, Raised) and isinstance(other, Raised):
        return one.type is other.type
    return one == other


def said(outcome: Outcome) -> str:
    """An outcome without what may vary between runs."""
    if isinstance(outcome, Converted):
        return said(outcome.outcome)
    if isinstance(outcome, Returned):
        return returned(outcome.value)
    return f"raised {outcome.type.__name__}" if isinstance(outcome, Raised) else outcome.how


def at_step(steps: Sequence[Step], outcomes: Sequence[Outcome], index: int) -> str:
    """What a candidate did in a step, and how it left the file if the step looks there."""
    if steps[index].kind != LOOK:
        return in_full(outcomes[index])
    return f"{in_full(outcomes[index - 1])}, {attribution.FILE} at {size(outcomes[index])} bytes"


def in_full(outcome: Outcome) -> str:
    """An outcome with its value."""
    if isinstance(outcome, Converted):
        return f"{in_full(outcome.outcome)} after {outcome.conversions} conversions"
    if isinstance(outcome, Returned):
        return f"returned {program.short(outcome.value, 40)}"
    return said(outcome)


def describe(candidates: Sequence[Candidate], parted: Difference, given: Sequence[str]) -> Found:
    """The program that was played last, with what each candidate did."""
    lines = [f"{c.spec}: {text}" for c, text in zip(candidates, given, strict=True)]
    headline = f"{parted.operation}: the candidates differ\n" + "\n".join(lines)
    session = candidates[0].session
    text = program.standalone(session.journal, headline, session.judged_name)
    return Found(parted, tuple(given), text)
