"""Runs of the battery: each candidate in a pytest process of its own, several of them side by side.

Knows how such a process is started, watched and ended; not what it found (report/), nor which
candidates there are (matrix.py).
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path

from mmap_spec.cache import cache
from mmap_spec.verdicts import GREEN, INCOMPLETE, RED, USAGE

BATTERY = Path(__file__).parent / "battery"
UNUSED = ("logging", "warnings", "unraisableexception", "threadexception")  # plugins of pytest
PATIENCE = 20  # seconds that an interrupted run has to put its workers away


@dataclasses.dataclass(frozen=True)
class Run:
    """One candidate to be judged: its name, and the arguments of its pytest.

    Runs that name the same thing as shared are not judged at the same time.
    """

    name: str
    arguments: tuple[str, ...]
    shares: str = ""


@dataclasses.dataclass(frozen=True)
class Ended:
    """A run that is over: its exit status (0 green, 1 red, 2 usage, 3 incomplete), what it said."""

    run: Run
    status: int
    output: str


def command(arguments: Iterable[str]) -> list[str]:
    """pytest over the battery with nothing of the user's own configuration in its way."""
    quiet = ["-qq", "-rN", "--no-header", "--tb=native", "--color=auto", "-p", "no:cacheprovider"]
    quiet += ["-o", "console_output_style=classic"]  # no percentages: the plugin shows progress
    # Nothing of the host's is captured or logged: a tenth of the host's time, over 5000 tests.
    quiet += ["-s", *(part for name in UNUSED for part in ("-p", f"no:{name}"))]
    config = ["-c", str(BATTERY / "pytest.ini"), "--rootdir", str(BATTERY)]
    pytest = [sys.executable, "-m", "pytest", "-p", "mmap_spec.plugin"]
    return [*pytest, *config, *quiet, *arguments]


def environment() -> dict[str, str] | None:
    """This one's; but where nothing may be written beside the sources, bytecode is kept elsewhere.

    To compile the battery anew takes each process longer than many a topic.
    """
    if not sys.dont_write_bytecode:
        return None
    kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(cache() / "bytecode")}
    return {**os.environ, **kept}


def safe(name: str) -> str:
    """A candidate's name as part of a file's name."""
    return "".join(c if c.isalnum() or c in "._-@" else "-" for c in name)


def severity(status: int) -> int:
    """Which of two exit statuses says more: wrong usage, incomplete, red, green."""
    return [GREEN, RED, INCOMPLETE, USAGE].index(status)


def exit_status(returned: int) -> int:
    """What a pytest process returned, as one of ours."""
    return {4: USAGE}.get(returned, returned) if returned in (0, 1, 2, 3, 4) else INCOMPLETE


def alone(arguments: Iterable[str], silent: bool = False) -> int:
    """One run, in front of the user; its exit status."""
    output = subprocess.DEVNULL if silent else None
    with subprocess.Popen(command(arguments), stdout=output, env=environment()) as child:
        try:
            return exit_status(child.wait())
        except KeyboardInterrupt:  # a terminal has interrupted the child already
            end(child, (None, signal.SIGINT, signal.SIGKILL), 10)
            raise


def end(child: subprocess.Popen[bytes], signals: Iterable[int | None], seconds: float) -> None:
    """Let an interrupted run put its workers away: a signal, some seconds, the next signal."""
    for number in signals:
        if number is not None:
            child.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=seconds)
            return


def side_by_side(
    runs: Iterable[Run], jobs: int, begun: Callable[[Run], None] = lambda run: None
) -> Generator[Ended, None, None]:
    """Judge candidates, ``jobs`` at a time, each with a core of its own; yields them as they end.

    ``begun`` is called, from another thread, when a run starts.  An interrupt ends all of them.
    """
    crew = Crew(runs, begun)
    crew.start(jobs)
    try:
        yield from crew.results()
    finally:
        crew.end()


class Crew:
    """Threads that take one run after another, in order, but none that shares what is in use."""

    def __init__(self, runs: Iterable[Run], begun: Callable[[Run], None]) -> None:
        self._waiting = list(runs)
        self._runs = len(self._waiting)
        self._used: set[str] = set()
        self._ended: queue.SimpleQueue[Ended | BaseException] = queue.SimpleQueue()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Condition()  # notified when a run has given back what it shares
        self._stopped = False
        self._threads: list[threading.Thread] = []
        self._begun = begun

    def start(self, jobs: int) -> None:
        """As many threads as may run side by side; the n-th keeps to the n-th core."""
        for core in range(max(1, min(jobs, self._runs))):
            thread = threading.Thread(target=self._work, args=(core,), name=f"runs {core}")
            thread.start()
            self._threads.append(thread)

    def results(self) -> Iterator[Ended]:
        """Every run, as it ends."""
        for _ in range(self._runs):
            result = self._ended.get()
            if isinstance(result, BaseException):
                raise result
            yield result

    def end(self) -> None:
        """Stop what still runs, and wait for it."""
        with self._lock:
            self._stopped = True
            self._waiting.clear()
            self._lock.notify_all()
            children = list(self._children)
        for child in children:
            child.send_signal(signal.SIGTERM)
        for child in children:
            end(child, (None, signal.SIGKILL), PATIENCE)
        for thread in self._threads:
            thread.join()

    def _work(self, core: int) -> None:
        while (run := self._take()) is not None:
            try:
                ended = self._judge(run, core)
            except BaseException as error:
                self._ended.put(error)
                return
            finally:
                self._give_back(run)
            if ended is None:
                return
            self._ended.put(ended)

    def _take(self) -> Run | None:
        """The next run that can begin; waits where all that are left share what is in use."""
        with self._lock:
            while self._waiting:
                for run in self._waiting:
                    if run.shares not in self._used:
                        self._waiting.remove(run)
                        self._used |= {run.shares} - {""}
                        return run
                self._lock.wait()
        return None

    def _give_back(self, run: Run) -> None:
        with self._lock:
            self._used.discard(run.shares)
            self._lock.notify_all()

    def _judge(self, run: Run, core: int) -> Ended | None:
        """One run to its end; None if everything was stopped."""
        with tempfile.TemporaryFile() as output:
            with self._lock:
                if self._stopped:
                    return None
                child = subprocess.Popen(
                    command([*run.arguments, f"--core={core}"]),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=environment(),
                    start_new_session=True,  # a terminal interrupts us, and we end our children
                )
                self._children.add(child)
            self._begun(run)
            status = exit_status(child.wait())
            with self._lock:
                self._children.discard(child)
            output.seek(0)
            return Ended(run, status, output.read().decode("utf-8", "replace"))
