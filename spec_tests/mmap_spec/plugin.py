"""The pytest plugin: options, the fixture ``candidate``, verdicts, the gate.

``mmap-spec run`` calls pytest with ``-p mmap_spec.plugin``; so can anybody.
"""

from __future__ import annotations

import functools
import gc
import os
import shlex
import time
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import Flaky, StopTest

from mmap_spec import clauses as catalogue_module
from mmap_spec import corpus, launcher, links, program, strategies  # noqa: F401 - strategies registers the profile
from mmap_spec.cache import cache
from mmap_spec.candidate import Candidate, CandidateDied, Untestable
from mmap_spec.clauses import Clause
from mmap_spec.descriptors import BadDescriptor, Deviation, parse_api
from mmap_spec.interrupts import Interrupts
from mmap_spec.report import difference, failure, junit, progress, stream
from mmap_spec.verdicts import FAILURES, Result, Verdict, exit_status, judge, listed, summary

KEY: pytest.StashKey[Gate] = pytest.StashKey()
INTERRUPTS: pytest.StashKey[Interrupts] = pytest.StashKey()
PROPERTY = "mmap_spec"
TERMINAL = progress.terminal()  # before pytest redirects standard output


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mmap-spec", "mmap conformance")
    group.addoption("--impl", default="stdlib", metavar="IMPL[@INTERPRETER]", help="the candidate")
    group.addoption(
        "--clause", action="append", default=[], metavar="GLOB", help="only these clauses"
    )
    group.addoption(
        "--topic", action="append", default=[], metavar="GLOB", help="only these topics"
    )
    group.addoption("--level", action="append", default=[], choices=catalogue_module.LEVELS)
    group.addoption("--api", metavar="3.X", help="judge by this API version")
    group.addoption("--in-process", action="store_true", help="no worker: for debugging")
    group.addoption("--by-test", action="store_true", help="judge only what the given tests test")
    group.addoption("--progress", metavar="FILE", help="keep the number of tests done in a file")
    group.addoption("--core", type=int, metavar="N", help="share the N-th core with the worker")
    group.addoption("--report", metavar="FILE", help="write the result stream (JSON lines)")
    group.addoption("--junit", metavar="FILE", help="write JUnit XML, a case a clause")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "clause(*ids): the clauses that a test tests")
    pytest.register_assert_rewrite("mmap_spec.battery.searches")  # its failures show the values
    hypothesis.settings.load_profile("gate")
    without_whole_diffs(config)
    without_collections(config)
    set_hypothesis_home_dir(cache() / "hypothesis")  # not in the user's folder
    interrupts = config.stash[INTERRUPTS] = Interrupts()  # workers are put away
    interrupts.install()
    config.add_cleanup(interrupts.restore)
    try:
        config.stash[KEY] = Gate(config)
    except BadDescriptor as error:
        raise pytest.UsageError(str(error)) from None
    except links.CannotStart as error:
        pytest.exit(str(error), returncode=3)


def without_whole_diffs(config: pytest.Config) -> None:
    """pytest shows whole diffs where it thinks that it runs in CI: minutes for long contents."""
    environment = pytest.MonkeyPatch()
    for name in ("CI", "BUILD_NUMBER"):
        environment.delenv(name, raising=False)
    config.add_cleanup(environment.undo)


def without_collections(config: pytest.Config) -> None:
    """A run keeps most of what it makes: to look for cycles in it takes 3 % of its time."""
    if gc.isenabled():
        gc.disable()
        config.add_cleanup(gc.enable)
        config.add_cleanup(gc.freeze)  # comes first


def pytest_unconfigure(config: pytest.Config) -> None:
    gate = config.stash.get(KEY, None)
    if gate is not None:
        gate.candidate.close()


class Gate:
    """One run: its candidate, the clauses selected, the results so far."""

    def __init__(self, config: pytest.Config) -> None:
        option = config.getoption
        self.config = config
        self.started = time.monotonic()
        self.results: list[Result] = []
        self.shown: set[str] = set()  # clauses of which one failure was shown in full
        self.broken = False
        self.bar: progress.Bar | progress.Tally | None = None
        self.verdicts: list[Verdict] = []
        self.selected = catalogue_module.select(option("clause"), option("topic"), option("level"))
        api = parse_api(option("api"), "--api") if option("api") else None
        self.spec = launcher.parse(option("impl"))
        core = None
        if not option("in_process") and not (self.is_main and option("numprocesses", None)):
            core = launcher.share_core(self.index)
        self.candidate: Candidate = launcher.start(
            self.spec, api=api, in_process=option("in_process"), core=core, say=self.say
        )
        self.profile = self.candidate.profile
        try:
            self.expected: dict[str, Deviation] = listed(
                self.spec.implementation.deviations(), catalogue_module.catalogue(), self.profile
            )
        except BadDescriptor:
            self.candidate.close()
            raise
        self.head = stream.header(
            self.spec.text,
            {**self.profile.__dict__, "api": "{}.{}".format(*self.profile.api)},
            len(self.selected),
            **stream.describe(self.spec),
        )

    @property
    def is_main(self) -> bool:
        """Not one of pytest-xdist's workers."""
        return not hasattr(self.config, "workerinput")

    @property
    def index(self) -> int:
        """A number that spreads pytest-xdist's workers, and runs side by side, over the cores."""
        if self.is_main:
            given: int | None = self.config.getoption("core")
            return os.getpid() if given is None else given
        name: str = self.config.workerinput["workerid"]  # type: ignore[attr-defined]
        return os.getppid() + int(name.removeprefix("gw"))

    def say(self, text: str) -> None:
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self.is_main:
            reporter.write_line(text)

    def applicable(self) -> dict[str, Clause]:
        return {
            key: clause
            for key, clause in self.selected.items()
            if clause.applies(self.profile) and not clause.untestable
        }

    def announce(self) -> None:
        """What the run will do, before it does it."""
        implementation = self.spec.implementation
        known = [self.expected[key] for key in self.applicable() if key in self.expected]
        self.say(
            f"candidate: {self.spec.text} ({implementation.title}, import {implementation.module})"
        )
        self.say(f"profile:   {self.profile.describe()}")
        if self.config.getoption("by_test"):
            return
        self.say(
            f"clauses:   {len(self.selected)} selected of {len(catalogue_module.catalogue())}, "
            f"{len(self.applicable())} apply, {len(known)} known deviations match"
        )
        if (Path.cwd() / corpus.LOCAL).exists():
            self.say(f"corpus:    {corpus.LOCAL} of this folder is replayed too")

    def take(self, result: Result) -> None:
        self.results.append(result)

    def tolerated(self, result: Result) -> bool:
        """Whether a failing test is covered by a known deviation of each of its clauses.

        One test may fail where another of the same clause crashes: what the clause comes to is
        judged at the end, by the worst of them.
        """
        if result.outcome not in FAILURES:
            return False
        milder = FAILURES[: FAILURES.index(result.outcome) + 1]
        return all(
            name in self.expected and not set(milder).isdisjoint(self.expected[name].outcome)
            for name in result.clauses
        )

    def extra_options(self) -> list[str]:
        """The options that change what is judged, for a replay."""
        option = self.config.getoption
        extra = [f"--api={option('api')}"] if option("api") else []
        return extra + (["--in-process"] if option("in_process") else [])

    def replay(self) -> str:
        """The command that does this run again."""
        option = self.config.getoption
        parts = ["mmap-spec", "run", f"--impl={self.spec.text}", *self.extra_options()]
        for name in ("clause", "topic", "level"):
            parts += [f"--{name}={value}" for value in option(name)]
        return shlex.join(parts)

    def finish(self, complete: bool) -> int:
        """Judge, write the files, and give the exit status."""
        self.verdicts = judge(self.selected, self.profile, self.expected, self.results)
        status = exit_status(self.verdicts, complete)
        seconds = time.monotonic() - self.started
        option = self.config.getoption
        if option("report"):
            stream.write(
                Path(option("report")), self.head, self.verdicts, complete, status, seconds
            )
        if option("junit"):
            stream.replace(
                Path(option("junit")), junit.render(self.spec.text, self.verdicts, seconds)
            )
        return status

    def conclude(self, complete: bool) -> Iterator[str]:
        """The last lines: what is red and has no test's failure above, then the totals."""
        for verdict in self.verdicts:
            told = (
                verdict.verdict in ("fail", "crash", "hang", "harness-error") and not verdict.reason
            )
            if verdict.red and not told:
                yield f"{verdict.verdict.upper()}  {verdict.clause.id}: {verdict.reason}"
        seconds = time.monotonic() - self.started
        yield summary(self.verdicts, seconds, complete, self.replay())


@pytest.fixture(scope="session")
def candidate(request: pytest.FixtureRequest) -> Candidate:
    """What is judged; every test and every example of a property gets it fresh."""
    return request.config.stash[KEY].candidate


@pytest.fixture(scope="session")
def profile(candidate: Candidate) -> Any:
    """What the candidate is judged by."""
    return candidate.profile


# -- selecting --------------------------------------------------------------


def clauses_of(item: pytest.Item) -> tuple[str, ...]:
    """The ids that a test names, nearest decorator first."""
    return tuple(dict.fromkeys(name for mark in item.iter_markers("clause") for name in mark.args))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    gate = config.stash[KEY]
    applicable = gate.applicable()
    every = catalogue_module.catalogue()
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        names = clauses_of(item)
        unknown = [name for name in names if name not in every]
        if unknown or not names:
            what = f"names unknown clauses {unknown}" if unknown else "names no clause"
            raise pytest.UsageError(f"{item.nodeid} {what}")
        applies = all(every[name].applies(gate.profile) for name in names)
        chosen = any(name in applicable for name in names)
        (kept if applies and chosen else dropped).append(item)
    items[:] = kept
    if config.getoption("by_test"):
        named = {name for item in kept for name in clauses_of(item)}
        gate.selected = {key: value for key, value in gate.selected.items() if key in named}
    if dropped:
        config.hook.pytest_deselected(items=dropped)


# -- running ----------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, Any, Any]:
    """A warning of the host is an error of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Every test, and every example of a property, starts fresh, unless there was an interrupt."""
    judged = pyfuncitem.config.stash[KEY].candidate
    interrupts = pyfuncitem.config.stash[INTERRUPTS]
    interrupts.check()
    handle = getattr(pyfuncitem.obj, "hypothesis", None)
    if handle is None:
        judged.reset()
        return (yield)
    inner = handle.inner_test

    @functools.wraps(inner)
    def fresh(*args: Any, **kwargs: Any) -> Any:
        interrupts.check()
        judged.reset()
        return inner(*args, **kwargs)

    handle.inner_test = fresh
    try:
        return (yield)
    finally:
        handle.inner_test = inner


def classify(error: BaseException) -> tuple[str, str]:
    """An exception that ended a test, as (outcome, what was found)."""
    if isinstance(error, BaseExceptionGroup) and not isinstance(error, Flaky):
        return classify(error.exceptions[0])
    if isinstance(error, CandidateDied):
        return error.outcome, str(error)
    if isinstance(error, Untestable):
        return "untestable", str(error)
    if isinstance(error, pytest.xfail.Exception):
        return "harness-error", "pytest.xfail() hides a failure: known deviations are listed"
    if isinstance(error, (AssertionError, pytest.fail.Exception)):
        return "fail", str(error) or "the assertion did not hold"
    if hasattr(error, "remote"):
        text = f"{type(error).__name__} was raised: {error}"
        return "fail", text + "\n" + error.remote.get("traceback", "")
    if isinstance(error, Flaky):
        return "fail", f"the same example gave different results: {error}"
    return "harness-error", f"{type(error).__name__}: {error}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    gate = item.config.stash[KEY]
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, (KeyboardInterrupt, StopTest, pytest.exit.Exception)):
        return report
    if call.when != "call" and error is None:
        return report
    outcome, found = ("pass", "") if error is None else classify(error)
    if call.when != "call":
        outcome = "harness-error"
    names = clauses_of(item)
    test = item.nodeid.rpartition("battery/")[2] or item.nodeid
    text = ""
    if outcome not in ("pass", "harness-error", "untestable"):
        headline = f"{', '.join(names)} on {gate.spec.text}: {outcome}"
        journal = gate.candidate.session.journal
        text = program.standalone(journal, headline, gate.spec.implementation.module)
    result = Result(test, names, outcome, round(call.duration, 4), found, text)
    report.user_properties.append((PROPERTY, result.to_data()))
    if outcome == "pass":
        return report
    if gate.tolerated(result):
        report.outcome = "skipped"
        report.wasxfail = gate.expected[names[0]].reason
    else:
        report.outcome = "failed"
        every = catalogue_module.catalogue()
        again = gate.shown.issuperset(names)
        gate.shown.update(names)
        replay = failure.replay_command(gate.spec.text, test, gate.extra_options())
        said = failure.render(gate.spec.text, [every[name] for name in names], result, replay)
        said = failure.brief(result, replay) if again else said
        trace = f"\n{report.longreprtext}" if outcome == "harness-error" else ""
        report.longrepr = said + trace
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    gate = _main_gate
    if gate is None:
        return
    if gate.bar is not None and report.when == "call":
        gate.bar.count(report.failed)
    for name, data in report.user_properties:
        if name == PROPERTY and isinstance(data, dict):
            result = Result.from_data(data)
            if report.when == "call" or result.outcome != "pass":
                gate.take(result)


def without_node_lines(config: pytest.Config) -> None:
    """pytest-xdist tells of its workers as they start, in a pipe too: there is our own progress."""
    reporter = config.pluginmanager.get_plugin("terminaldistreporter")
    if reporter is not None and config.getoption("verbose") <= -2:
        reporter.setstatus = reporter.ensure_show_status = lambda *args, **named: None


_main_gate: Gate | None = None  # pytest_runtest_logreport gets no config


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    global _main_gate
    gate = session.config.stash[KEY]
    _main_gate = gate if gate.is_main else None
    if gate.is_main:
        without_node_lines(session.config)
        gate.announce()
        tally = session.config.getoption("progress")
        if tally:
            gate.bar = progress.Tally(Path(tally))
        elif TERMINAL is not None and session.config.getoption("verbose") <= -2:
            gate.bar = progress.Bar(TERMINAL)


def pytest_collection_finish(session: pytest.Session) -> None:
    gate = session.config.stash[KEY]
    if gate.bar is not None:
        gate.bar.expect(len(session.items))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    if _main_gate is not None and _main_gate.bar is not None:
        _main_gate.bar.expect(len(ids))


def pytest_internalerror() -> None:
    if _main_gate is not None:
        _main_gate.broken = True


@pytest.hookimpl(tryfirst=True)
def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Long values are not compared line by line."""
    return difference.explain(op, left, right)


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> Any:
    """No letters: there is a bar on a terminal, and nothing in a pipe."""
    if config.getoption("verbose") > -2:
        return None
    if report.when == "call" or report.failed:
        known = hasattr(report, "wasxfail")
        return ("xfailed" if known else report.outcome), "", ""
    return None


# -- judging ----------------------------------------------------------------


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
    gate = session.config.stash[KEY]
    if gate.bar is not None:
        gate.bar.stop()
    if not gate.is_main or session.config.getoption("collectonly"):
        return
    ran = exitstatus in (
        pytest.ExitCode.OK,
        pytest.ExitCode.TESTS_FAILED,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    )
    complete = ran and not gate.broken and not session.shouldstop and not session.shouldfail
    session.exitstatus = gate.finish(complete)
    gate.broken = not complete


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    gate = config.stash[KEY]
    if gate.is_main and gate.verdicts:
        for line in gate.conclude(not gate.broken):
            terminalreporter.write_line(line)
