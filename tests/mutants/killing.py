"""Run the battery on mutants: tests are collected once, each mutant is judged by a forked child.

``Battery`` starts pytest with the engine's own plugin on the unchanged implementation and
takes over where pytest would run the tests.  A child is given a candidate of its own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import pickle
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import tomlkit
from _pytest.runner import runtestprotocol
from mmap_spec import launcher, links, plugin
from mmap_spec.candidate import Candidate
from mmap_spec.links import CannotStart
from mmap_spec.verdicts import Result

from mutants.covering import Notes

BATTERY = Path(plugin.__file__).parent / "battery"
PATIENCE = 5.0  # seconds without an answer that make a hang
ADDRESSES = 24 << 30  # bytes of address space: a mutant may ask for anything
KILLS = ("fail", "crash", "hang", "untestable", "harness-error")


@dataclasses.dataclass
class Found:
    """What the tests said: of the first failure its test, clauses and outcome.

    ``outcome`` is "" if none failed; "start" if the module could not even be imported.
    """

    outcome: str = ""
    test: str = ""
    clauses: tuple[str, ...] = ()
    text: str = ""
    tests: int = 0  # how many ran
    seconds: float = 0.0
    complete: bool = True  # False: the time was over before the tests were
    more: list[tuple[str, str]] = dataclasses.field(default_factory=list)  # further (test, clause)


def describe(folder: Path, module: str, api: str | None, where: Path, env: dict[str, str]) -> str:
    """An impl.toml for a module built into a folder; its path, as ``--impl`` takes it."""
    keys: dict[str, Any] = {"title": "a mutant", "module": module, "path": [str(where)]}
    if api is not None:
        keys["api"] = api
    if env:
        keys["env"] = env
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "impl.toml"
    path.write_text(tomlkit.dumps(keys))
    return str(path)


def start(description: str, core: int, patience: float = PATIENCE) -> Candidate:
    """The candidate that a description describes, with little patience."""
    spec = launcher.parse(description)
    interpreter = dataclasses.replace(spec.interpreter, timeout=patience)
    return launcher.start(dataclasses.replace(spec, interpreter=interpreter), core=core)


class Battery:
    """pytest over the battery's tests; ``work`` is called when they are collected."""

    def __init__(self, description: str, work: Callable[[Battery], None], topics: Iterable[str]):
        self.description = description
        self.work = work
        self.topics = list(topics)
        self.items: dict[str, pytest.Item] = {}
        self.session: pytest.Session | None = None
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Collect, and work; raises what the work raises."""
        arguments = ["-c", str(BATTERY / "pytest.ini"), "--rootdir", str(BATTERY), "-q"]
        arguments += ["-p", "no:cacheprovider", "-p", "no:faulthandler", "--capture=no"]
        arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning", "--tb=line"]
        arguments += [str(BATTERY / f"test_{topic}.py") for topic in self.topics] or [str(BATTERY)]
        arguments += [f"--impl={self.description}"]
        said = io.StringIO()
        before = os.sched_getaffinity(0)
        interrupt = signal.getsignal(signal.SIGTERM)
        try:
            with contextlib.redirect_stdout(said):
                pytest.main(arguments, plugins=[plugin, self])
        finally:
            os.sched_setaffinity(0, before)  # the plugin shares a core with its worker
            signal.signal(signal.SIGTERM, interrupt)
        if self.failure is not None:
            raise self.failure
        if self.session is None:
            raise CannotStart(f"the tests could not be collected:\n{said.getvalue()[-3000:]}")

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """One failure is enough: it need not be the smallest."""
        gate = hypothesis.settings.get_profile("gate")
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutants", gate, phases=phases)
        hypothesis.settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.session = session
        self.items = {name_of(item): item for item in session.items}
        self.gate.candidate.session.close()  # no threads, when children are forked
        os.sched_setaffinity(0, links.CORES)
        try:
            self.work(self)
        except BaseException as error:
            self.failure = error
        return True

    @property
    def gate(self) -> plugin.Gate:
        assert self.session is not None
        return self.session.config.stash[plugin.KEY]

    # in a child

    def adopt(self, description: str, core: int) -> None:
        """Judge that candidate from now on, in this process."""
        self.gate.candidate = start(description, core)

    def results(self, tests: list[str]) -> Iterator[Result]:
        """Run tests one after the other; what each came to."""
        items = [self.items[test] for test in tests if test in self.items]
        for item, following in zip(items, [*items[1:], None], strict=False):
            for report in runtestprotocol(item, log=False, nextitem=following):
                for name, data in report.user_properties:
                    if name == plugin.PROPERTY and isinstance(data, dict):
                        result = Result.from_data(data)
                        if report.when == "call" or result.outcome != "pass":
                            yield result

    def hunt(self, description: str, core: int, tests: list[str], limit: float) -> Found:
        """Run tests on a candidate until the first failure, or until ``limit`` seconds are over."""
        begun = time.monotonic()
        found = Found()
        try:
            self.adopt(description, core)
        except Exception as error:  # whatever the mutant does to a start
            found.outcome, found.text = "start", f"{type(error).__name__}: {error}"
            found.seconds = time.monotonic() - begun
            return found
        try:
            for result in self.results(tests):
                found.tests += 1
                if result.outcome == "hang" and not self.hangs(description, core, result.test):
                    continue  # the machine was busy
                if result.outcome in KILLS:
                    found.outcome, found.test = result.outcome, result.test
                    found.clauses, found.text = result.clauses, result.found[:300]
                    break
                if time.monotonic() - begun > limit:
                    found.complete = found.tests == len(tests)
                    break
        finally:
            self.gate.candidate.close()
        found.seconds = round(time.monotonic() - begun, 2)
        return found

    def hangs(self, description: str, core: int, test: str) -> bool:
        """Whether a test that has hung fails again, with more patience and a new worker."""
        self.gate.candidate.close()
        self.gate.candidate = start(description, core, 6 * PATIENCE)
        return any(result.outcome in KILLS for result in self.results([test]))

    def cover(self, description: str, core: int, tests: list[str], notes: Notes) -> Covered:
        """Run tests on the candidate that takes notes: (passed, seconds, what it executed)."""
        self.adopt(description, core)
        covered = Covered(start=notes.take())
        try:
            for test in tests:
                begun = time.monotonic()
                passed = all(result.outcome == "pass" for result in self.results([test]))
                seconds = time.monotonic() - begun
                self.gate.candidate.reset()  # what the example leaves is its own, too
                hits = notes.take()
                if passed:
                    covered.tests[test] = hits
                    covered.seconds[test] = round(seconds, 4)
        finally:
            self.gate.candidate.close()
        return covered


@dataclasses.dataclass
class Covered:
    """A child's share of the coverage: of each test that passes, what it executed."""

    start: set[int]
    tests: dict[str, set[int]] = dataclasses.field(default_factory=dict)
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)


def name_of(item: pytest.Item) -> str:
    """A test's name as results carry it."""
    return item.nodeid.rpartition("battery/")[2] or item.nodeid


# -- children ---------------------------------------------------------------


class ChildFailed(Exception):
    """A child of ours ended in an error of its own; the text is its traceback."""


class Children:
    """Functions run in forked children, a few at a time; their results come back by pipes.

    ``lost`` is what a child gives that ended without a word, as when the system was short of
    memory; None: that is an error.
    """

    def __init__(self, most: int, lost: Any = None) -> None:
        self.most = most
        self.lost = lost
        self.running: dict[int, tuple[int, Any, int]] = {}  # descriptor: (pid, label, slot)

    def map(self, tasks: Iterable[tuple[Any, Callable[[int], Any]]]) -> Iterator[tuple[Any, Any]]:
        """(label, result) of each task, as they end.  A task gets the number of its slot."""
        waiting = iter(tasks)
        try:
            exhausted = False
            while not exhausted or self.running:
                while not exhausted and len(self.running) < self.most:
                    task = next(waiting, None)
                    exhausted = task is None
                    if task is not None:
                        self.start(*task)
                if self.running:
                    yield self.wait()
        finally:
            self.end()

    def start(self, label: Any, task: Callable[[int], Any]) -> None:
        slot = min(set(range(self.most)) - {slot for _, _, slot in self.running.values()})
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            run_and_exit(task, slot, writing)
        os.close(writing)
        self.running[reading] = (pid, label, slot)

    def wait(self) -> tuple[Any, Any]:
        """The result of the next child that ends."""
        ready, _, _ = select.select(list(self.running), [], [])
        reading = ready[0]
        data = b""
        while part := os.read(reading, 1 << 16):
            data += part
        os.close(reading)
        pid, label, _ = self.running.pop(reading)
        os.waitpid(pid, 0)
        silent = (self.lost is not None, self.lost or "it ended without a word")
        well, value = pickle.loads(data) if data else silent
        if not well:
            raise ChildFailed(f"{label}: {value}")
        return label, value

    def end(self) -> None:
        """Interrupt what still runs, and wait: each child puts its worker away."""
        for pid, _, _ in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for reading, (pid, _, _) in self.running.items():
            os.waitpid(pid, 0)
            os.close(reading)
        self.running.clear()


def confine() -> None:
    """No core files, not all of the memory; and whoever takes too much of it goes first."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY or hard > ADDRESSES:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, hard))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def run_and_exit(task: Callable[[int], Any], slot: int, writing: int) -> None:
    """In a child: run the task, send its result, end."""
    signal.signal(signal.SIGINT, lambda *_: None)  # a terminal tells all; the parent says when
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    confine()
    try:
        answer: tuple[bool, Any] = True, task(slot)
    except BaseException:
        answer = False, traceback.format_exc()
    try:
        with os.fdopen(writing, "wb") as stream:
            stream.write(pickle.dumps(answer))
    finally:
        os._exit(0)
