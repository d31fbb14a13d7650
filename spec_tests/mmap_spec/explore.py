"""``mmap-spec explore``: the state machine with new random numbers for as long as is asked.

What it finds is shrunk, printed as a program, and written into a corpus file, which the
gate replays.  Counted is what was reached: operation x state x outcome.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import shlex
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import hypothesis
from hypothesis import Phase
from hypothesis.errors import Flaky, Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from mmap_spec import corpus, launcher, program
from mmap_spec.candidate import Candidate, CandidateDied
from mmap_spec.corpus import Program
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.interrupts import Interrupts
from mmap_spec.lockstep import Deviation, Failure, Signature, signature
from mmap_spec.machine import Machine, Memory, Private, Processes, Shared, machine
from mmap_spec.steps import Step
from mmap_spec.verdicts import GREEN, INCOMPLETE, RED

KINDS = (Shared, Private, Memory, Processes)
EXAMPLES = 100  # of a machine before the next one's turn
STEPS = 50  # of an example
SHRINKING = 8.0  # seconds for one find, beyond the end of the time if need be
LETTERS = {
    "returned": "r",
    "ValueError": "V",
    "TypeError": "T",
    "IndexError": "I",
    "BufferError": "B",
    "OverflowError": "O",
    "OSError": "E",
    "PermissionError": "E",
    "died": "!",
}


class TimeUp(BaseException):
    """Ends the machine at once: Hypothesis must not take it for a failure of the test."""


class Finder:
    """One run: what was covered, what is known, what was found."""

    def __init__(
        self, candidate: Candidate, spec: str, seed: int, path: Path, *, hazards: bool
    ) -> None:
        self.candidate = candidate
        self.spec = spec
        self.seed = seed
        self.path = path
        self.hazards = hazards
        self.covered: Counter[tuple[str, str, str]] = Counter()
        self.programs = 0
        self.found: list[Program] = []
        self._known: set[Signature] = set()
        self._target: Signature | None = None
        self._best: list[Step] | None = None
        self._deadline = float("inf")
        self.tick: Callable[[], None] = lambda: None  # called after each step

    @property
    def steps(self) -> int:
        """How many were taken so far."""
        return sum(self.covered.values())

    def learn(self, programs: list[Program]) -> int:
        """Play what was found before: how many of the programs still fail, and so are not new."""
        for entry in programs:
            try:
                corpus.replay(self.candidate, entry.steps)
            except (Deviation, CandidateDied) as failure:
                self._known.add(signature(failure))
        return len(self._known)

    def explore(self, deadline: float, finds: int | None = None) -> None:
        """One machine after the other, to the deadline (of ``time.monotonic``) or enough finds."""
        generator = random.Random(self.seed)
        for kind in itertools.cycle(KINDS):
            if time.monotonic() >= deadline or len(self.found) == finds:
                break
            self._deadline = deadline
            self._run(kind, generator.getrandbits(64))

    def _run(self, kind: type[Machine], seed: int) -> None:
        """Some examples of one machine, and the shrinking of the first new find."""
        test = hypothesis.seed(seed)(self._watched(kind))
        settings = hypothesis.settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            database=None,
            derandomize=False,
            deadline=None,
            print_blob=False,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        self._target = self._best = None
        try:
            self._search(test, settings)
            if self._best is not None:
                self._best = corpus.shortest(self.candidate, self._best, self._target)
        except KeyboardInterrupt:
            self.candidate.session.close()  # it may be in the middle of an answer
            raise
        finally:
            if self._best is not None:  # also where it was interrupted
                self._write(kind, self._best)

    @staticmethod
    def _search(test: type[Machine], settings: hypothesis.settings) -> None:
        """Run the machine; what there was to see is in ``_best``, however it ended."""
        with contextlib.suppress(
            Deviation, CandidateDied, Flaky, BaseExceptionGroup, Unsatisfiable, TimeUp
        ):
            run_state_machine_as_test(test, settings=settings)

    def _watched(self, kind: type[Machine]) -> type[Machine]:
        """The machine, with every step timed and every failure noted."""
        finder = self
        base = machine(kind, self.candidate, self.covered, hazards=self.hazards)

        class Watched(base):  # type: ignore[misc, valid-type]
            def __init__(self) -> None:
                finder.programs += 1
                super().__init__()

            def step(self, step: Step) -> None:
                if time.monotonic() > finder._deadline:
                    raise TimeUp
                finder.tick()
                try:
                    super().step(step)
                except (Deviation, CandidateDied) as failure:
                    if finder._is_news(failure, self.both.steps):
                        raise
                    if not (isinstance(failure, Deviation) and self.both.go_on(failure)):
                        hypothesis.reject()

            def check_invariants(self, settings: Any, output: Any, runtimes: Any) -> None:
                """None: ``step`` compares the whole state."""

        return Watched

    def _is_news(self, failure: Failure, steps: list[Step]) -> bool:
        """Whether a failure is what this run of the machine is about: the first that is new.

        The shortest program of it is kept.
        """
        found = signature(failure)
        if found in self._known or self._target not in (None, found):
            return False
        if self._target is None:
            self._target = found
            self._deadline = time.monotonic() + SHRINKING
        if self._best is None or len(steps) <= len(self._best):
            self._best = list(steps)
        return True

    def _write(self, kind: type[Machine], steps: list[Step]) -> None:
        """Print the find, and put it into the corpus file."""
        assert self._target is not None
        self._known.add(self._target)
        taken = [entry.name for entry in corpus.read(self.path)] if self.path.exists() else []
        said = self._say(steps)
        entry = Program(
            corpus.free_name("-".join(self._target[:2]), taken),
            f"machine.{kind.__name__.lower()}",
            tuple(steps),
            f"{self.spec}, seed {self.seed}: {said[:300]}",
        )
        corpus.add(self.path, entry)
        self.found.append(entry)
        text = program.standalone(
            self.candidate.session.journal, said, self.candidate.session.judged_name
        )
        print(f"\n{text}# written as {entry.name}\n", flush=True)

    def _say(self, steps: list[Step]) -> str:
        """What a program shows, when it is played once more: its journal is there afterwards."""
        try:
            corpus.replay(self.candidate, steps)
        except (Deviation, CandidateDied) as failure:
            return " ".join(str(failure).split())
        return "seen once, not again: " + " / ".join(self._target or ())


def run(
    spec: str,
    minutes: float,
    seed: int | None,
    path: Path,
    *,
    finds: int | None = None,
    hazards: bool = False,
) -> int:
    """The command: says what it will do, shows each find, then what was reached and the totals.

    BadDescriptor for a corpus file that is none, or cannot be written.
    """
    if not path.parent.is_dir():
        raise BadDescriptor(f"--corpus={path}: there is no folder {path.parent}")
    seed = random.SystemRandom().getrandbits(32) if seed is None else seed
    files = {file.resolve() for file in [*corpus.files(), path] if file.exists()}
    known = [entry for file in sorted(files) for entry in corpus.read(file)]
    parsed = launcher.parse(spec)
    core = launcher.share_core(0)
    candidate = launcher.start(parsed, core=core, say=print)
    begun = time.monotonic()
    finder = Finder(candidate, spec, seed, path, hazards=hazards)
    interrupts = Interrupts()
    finder.tick = interrupts.check
    with ending(interrupts), contextlib.closing(candidate):
        print(f"candidate: {spec} ({candidate.profile.describe()})", flush=True)
        failing = finder.learn(known)
        print(
            f"exploring for {minutes:g} min, seed {seed}, "
            + ("known deviations not avoided, " if hazards else "")
            + f"corpus {path} ({len(known)} programs known in all, {failing} of them fail here)",
            flush=True,
        )
        with Meter(finder, 60 * minutes):
            finder.explore(begun + 60 * minutes, finds)
    interrupted = interrupts.seen
    show(finder)
    again = f"mmap-spec explore --impl={shlex.quote(spec)} --minutes={minutes:g} --seed={seed}"
    again += f" --finds={finds}" if finds else ""
    again += " --hazards" if hazards else ""
    print(
        ("INTERRUPTED · " if interrupted else "")
        + f"{len(finder.found)} new · {finder.programs} programs · {finder.steps} steps · "
        f"{len(finder.covered)} of operation x state x outcome reached · "
        f"{time.monotonic() - begun:.0f} s · replay: {again}"
    )
    if finder.found:
        print(f"written into {path}; `mmap-spec replay --impl={shlex.quote(spec)} ", end="")
        print("test_machine.py::test_program` replays it where the file lies")
        return RED
    return INCOMPLETE if interrupted else GREEN


@contextlib.contextmanager
def ending(interrupts: Interrupts) -> Iterator[None]:
    """Around a run: an interrupt ends it, and what was found so far is kept."""
    interrupts.install()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        interrupts.restore()


class Meter:
    """A bar on a terminal, nothing in a pipe."""

    def __init__(self, finder: Finder, seconds: float) -> None:
        self._finder = finder
        console = Console()
        self._progress = Progress(
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._begun = time.monotonic()
        self._task = self._progress.add_task("", total=seconds)
        if console.is_terminal:
            self._before = finder.tick
            finder.tick = self._tick

    def _tick(self) -> None:
        self._before()
        finder = self._finder
        text = (
            f"{finder.programs} programs, {finder.steps} steps, "
            f"{len(finder.covered)} reached, {len(finder.found)} new"
        )
        passed = time.monotonic() - self._begun
        self._progress.update(self._task, completed=passed, description=text)

    def __enter__(self) -> Meter:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()


def show(finder: Finder) -> None:
    """What was reached: a row an operation, a column a state, how often and with what outcomes."""
    if not finder.covered:
        return
    states = sorted({state for _, state, _ in finder.covered})
    table = Table(box=None, pad_edge=False)
    table.add_column("operation", no_wrap=True)
    for state in states:
        table.add_column(state, justify="right", no_wrap=True)
    for operation in sorted({operation for operation, _, _ in finder.covered}):
        table.add_row(operation, *(cell(finder.covered, operation, state) for state in states))
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)
    letters = {letter: name for name, letter in reversed(LETTERS.items())}
    said = ", ".join(f"{letter} {name}" for letter, name in sorted(letters.items()))
    console.print(f"outcomes: {said}, ? another exception", markup=False)


def cell(covered: Counter[tuple[str, str, str]], operation: str, state: str) -> str:
    """How often, and a letter for each outcome."""
    here = {o: n for (do, where, o), n in covered.items() if (do, where) == (operation, state)}
    if not here:
        return "-"
    letters = "".join(sorted({LETTERS.get(outcome, "?") for outcome in here}))
    return f"{sum(here.values())} {letters}"
