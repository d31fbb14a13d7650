"""Links: started workers, in a process of their own, on another machine, or in this process.

A link sends a request and waits for its answer; a worker that is dead or silent is ``LinkDied``.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmap_spec import worker
from mmap_spec.candidate import LinkDied
from mmap_spec.descriptors import Interpreter
from mmap_spec.protocol import PROTOCOL, ProtocolError

AGAIN = "again"  # asks the worker to let others follow it, where it can
CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()

# A worker on another machine: its source comes before the first request.  In these quotes any
# shell leaves it as it is.
START = (
    '-c "import sys; sys.path[:] = filter(None, sys.path); '
    "exec(compile(sys.stdin.buffer.read({}), 'worker.py', 'exec'), "
    "{{'__name__': '__main__', '__file__': 'worker.py'}})\""
)


class CannotStart(Exception):
    """The candidate could not be started; the text names the remedy."""


def source_with(env: dict[str, str]) -> bytes:
    """The worker's source for another machine, to which no environment goes along."""
    first = f"import os; os.environ.update({env!r})\n"
    return first.encode() + Path(worker.__file__).read_bytes()


def died_by(number: int) -> str:
    """A death by a signal, by its name where it has one."""
    try:
        return f"died by {signal.Signals(number).name}"
    except ValueError:
        return f"died by signal {number}"


class Watchdog(threading.Thread):
    """Calls ``expire`` when an armed time limit has passed."""

    TICK = 0.2  # seconds

    def __init__(self, expire: Callable[[], None]) -> None:
        super().__init__(name="mmap-spec watchdog", daemon=True)
        self._expire = expire
        self._stopped = threading.Event()
        self._deadline = float("inf")
        self.expired = False
        self.start()

    def arm(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    def disarm(self) -> None:
        self._deadline = float("inf")

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        while not self._stopped.wait(self.TICK):
            if time.monotonic() > self._deadline:
                self.expired = True
                self._expire()
                return


class PipeLink:
    """A worker in a process of its own."""

    def __init__(
        self, chosen: Interpreter, env: dict[str, str], folder: str, core: int | None = None
    ) -> None:
        env = {**dict(chosen.env), **env}
        sent = source_with(env) if chosen.elsewhere else b""
        start = [START.format(len(sent))] if sent else [worker.__file__, folder, AGAIN]
        self._command = [*chosen.command, *start]
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **env},
                start_new_session=True,
            )
        except OSError as error:
            raise CannotStart(f"{shlex.join(self._command)}: {error.strerror}") from None
        self._stdin: Any = self._process.stdin
        self._stdout: Any = self._process.stdout
        self._errors_from: Any = self._process.stderr
        self._errors: collections.deque[bytes] = collections.deque(maxlen=200)
        self._drain = threading.Thread(
            target=self._errors.extend, args=(self._errors_from,), daemon=True
        )
        self._drain.start()
        self._timeout = chosen.timeout
        self._watchdog = Watchdog(self._kill)
        self._core = None if chosen.elsewhere else core
        self.facts = self._hello(sent)

    def _hello(self, sent: bytes) -> dict[str, Any]:
        """What a worker says first; then it goes to its core."""
        facts = self._facts(self._exchange(sent))
        if self._core is not None:
            try:
                self.request({"id": 0, "op": "pin", "core": self._core, "cores": sorted(CORES)})
            except LinkDied as death:
                raise self._refused(death.how) from None
        return facts

    def _facts(self, line: bytes) -> dict[str, Any]:
        try:
            hello = json.loads(line)
            if hello["protocol"] != PROTOCOL:
                raise self._refused(f"worker speaks protocol {hello['protocol']}, not {PROTOCOL}")
            return dict(hello["facts"])
        except (ValueError, KeyError, TypeError):
            said = line[:200].decode("utf-8", "replace").rstrip()
            how = f"it said {said!r} instead of hello" if said else self._post_mortem()
            raise self._refused(how) from None

    def _refused(self, how: str) -> CannotStart:
        """What to raise for a worker that cannot be used; it is ended."""
        self.close()
        return CannotStart(f"{shlex.join(self._command)}: {how}{self._last_words()}")

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        line = self._exchange(json.dumps(message).encode("ascii") + b"\n")
        if not line.endswith(b"\n"):
            raise LinkDied(self._post_mortem(), self._watchdog.expired)
        try:
            answer = dict(json.loads(line))
        except ValueError:
            raise ProtocolError(f"the worker said {line[:200]!r}") from None
        if "died" in answer:
            raise LinkDied(died_by(answer["died"]), follows=True)
        return answer

    def again(self) -> None:
        """After a death that another worker follows: that one."""
        self.facts = self._hello(b"\n")

    def _exchange(self, data: bytes) -> bytes:
        self._watchdog.arm(self._timeout)
        self._busy = True
        try:
            self._stdin.write(data)
            self._stdin.flush()
            line = bytes(self._stdout.readline())
            self._busy = False
            return line
        except OSError:  # its end of the pipe is gone
            return b""
        finally:
            self._watchdog.disarm()

    def _post_mortem(self) -> str:
        """How the process ended."""
        if self._watchdog.expired:
            return f"no answer within {self._timeout:g} s"
        try:
            status = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._kill()
            return "closed its output, but did not end"
        return f"exited with status {status}" if status >= 0 else died_by(-status)

    def _last_words(self) -> str:
        self._drain.join(timeout=1)
        text = b"".join(self._errors).decode("utf-8", "replace").strip()
        return f"\n{text[-2000:]}" if text else ""

    def _kill(self) -> None:
        """End the worker and whatever it has started."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except AttributeError:  # Windows
            self._process.kill()
        except (ProcessLookupError, PermissionError):
            pass  # gone already

    def close(self) -> None:
        self._watchdog.stop()
        if self._busy:  # interrupted: it will not see the end of its input
            self._kill()
        for stream in (self._stdin, self._stdout):
            with contextlib.suppress(OSError):  # unsent bytes for a dead worker
                stream.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._kill()
        self._process.wait()
        self._drain.join(timeout=1)
        if not self._drain.is_alive():
            self._errors_from.close()


class InProcessLink:
    """The worker's code in this process, for debugging: a crash ends everything."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self._worker = worker.Worker()
        self.facts = worker.facts()

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        return dict(json.loads(self._worker.answer(json.dumps(message).encode("ascii"))))

    def again(self) -> None:
        """Never called: a death here ends everything."""
        raise NotImplementedError

    def close(self) -> None:
        self._worker.op_reset({})
        self._worker.end()
