"""What a candidate's misbehaviour comes to: verdicts, exit status, and no process left behind.

The candidates lie in candidates/, the interpreters that misbehave in interpreters/.
Each is judged by the command itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tomlkit
from judging import (
    DEADLINE,
    TESTS,
    Judgement,
    environment,
    judgement,
    mmap_spec_command,
    write_impl,
)
from processes import ended, fifo, hear, still_alive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="waits for processes by pidfd")

CLAUSES = ["read_byte.last", "readline.newline-included"]  # the first one meets the misbehaviour


class Ground:
    """A folder to run the command in, with a candidate's impl.toml and interpreters of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pids = folder / "pids"
        self.report = folder / "report.jsonl"
        interpreters = {
            name: {"command": [sys.executable, str(TESTS / "interpreters" / f"{name}.py")]}
            for name in ("chatty", "dying", "futuristic")
        }
        interpreters["impatient"] = {"command": [sys.executable], "timeout": 1}
        (folder / "impls").mkdir()
        text = tomlkit.dumps({"interpreter": interpreters})
        (folder / "impls" / "interpreters.toml").write_text(text)

    def arguments(
        self, candidate: str, interpreter: str = "this", clauses: list[str] = CLAUSES
    ) -> list[str]:
        """The arguments of ``mmap-spec run``, and the impl.toml that they name."""
        impl = write_impl(
            self.folder / candidate,
            module=candidate,
            path=[str(TESTS / "candidates")],
            env={"PIDS": str(self.pids), "READY": str(self.folder / "ready")}
            if (self.folder / "ready").exists()
            else {"PIDS": str(self.pids)},
        )
        chosen = [f"--clause={clause}" for clause in clauses]
        return ["run", f"--impl={impl}@{interpreter}", f"--report={self.report}", *chosen]

    def run(self, *args, **kwargs) -> tuple[Judgement, str]:
        """Judge a candidate; its judgement, and what was printed. No process may be left."""
        done = mmap_spec_command(*self.arguments(*args, **kwargs), cwd=self.folder)
        assert self.report.exists(), done.stdout + done.stderr
        assert still_alive(self.pids) == []
        return judgement(done.returncode, self.report), done.stdout

    def refused(self, *args, **kwargs) -> str:
        """Judge a candidate that cannot be started; what was printed."""
        done = mmap_spec_command(*self.arguments(*args, **kwargs), cwd=self.folder)
        assert done.returncode == 3, done.stdout + done.stderr
        assert not self.report.exists()
        return done.stdout + done.stderr


@pytest.fixture
def ground(tmp_path):
    return Ground(tmp_path)


def test_pass(ground):
    """A candidate that keeps the clauses is green."""
    judged, printed = ground.run("real")
    assert judged.verdicts() == dict.fromkeys(CLAUSES, "pass")
    assert (judged.status, judged.footer["exit"]) == (0, 0)
    assert "2/2 must · 0/0 should · 0 known · 0 new" in printed.splitlines()[-1]


def test_fail(ground):
    """A wrong answer is a fail, and red; the other clause is not touched by it."""
    judged, printed = ground.run("failing")
    assert judged.verdicts() == dict(zip(CLAUSES, ["fail", "pass"], strict=True))
    assert (judged.status, judged.footer["exit"]) == (1, 1)
    assert "FAIL  read_byte.last (must)" in printed
    assert "read_byte() reads the last byte of the map." in printed
    assert "mmap-spec replay --impl=" in printed


def test_not_applicable(ground):
    """Clauses of another platform, and of a newer API than was claimed, are not judged."""
    clauses = ["windows.granularity", "seek.returns-position", "read_byte.last"]
    arguments = [*ground.arguments("real", clauses=clauses), "--api=3.12"]
    done = mmap_spec_command(*arguments, cwd=ground.folder)
    judged = judgement(done.returncode, ground.report)
    assert judged.verdicts() == dict(zip(clauses, ["not-applicable"] * 2 + ["pass"], strict=True))
    assert judged.status == 0
    assert "2 not applicable" in done.stdout


def test_crash(ground):
    """A signal is a crash, with the operation in which it came; another worker takes over."""
    judged, printed = ground.run("crashing")
    assert judged.verdicts() == dict(zip(CLAUSES, ["crash", "pass"], strict=True))
    assert judged.status == 1
    assert "died by SIGSEGV in: m.read_byte()" in judged.found("read_byte.last")
    assert "CRASH  read_byte.last (must)" in printed
    assert len(set(ground.pids.read_text().split())) == 2


def test_crash_is_shrunk(ground):
    """A crash that a property finds is shrunk like any other failure, and shown as a program."""
    judged, _ = ground.run("crashing", clauses=["read_byte.value"])
    assert judged.verdicts() == {"read_byte.value": "crash"}
    (program,) = judged.programs("read_byte.value")
    assert "m = mmap.mmap(-1, 1)" in program
    assert program.rstrip().endswith("m.read_byte()  # died by SIGSEGV")


def test_hang(ground):
    """No answer within the interpreter's time limit is a hang; another worker takes over."""
    judged, printed = ground.run("hanging", "impatient")
    assert judged.verdicts() == dict(zip(CLAUSES, ["hang", "pass"], strict=True))
    assert judged.status == 1
    assert "no answer within 1 s in: m.read_byte()" in judged.found("read_byte.last")
    assert "HANG  read_byte.last (must)" in printed


def test_vanishing(ground):
    """A process that ends in the middle of an operation is a crash, whatever its exit status."""
    judged, _ = ground.run("vanishing")
    assert judged.verdicts() == dict(zip(CLAUSES, ["crash", "pass"], strict=True))
    assert judged.status == 1
    assert "exited with status 0 in: m.read_byte()" in judged.found("read_byte.last")


def test_hang_is_not_shrunk_for_long(ground):
    """A property that hangs is not tried over and over: each time costs the whole limit."""
    judged, _ = ground.run("hanging", "impatient", clauses=["read_byte.value"])
    assert judged.verdicts() == {"read_byte.value": "hang"}
    assert len(ground.pids.read_text().split()) <= 5


def test_interrupting(ground):
    """An exception that would end the test runner is a fail like any other."""
    judged, _ = ground.run("interrupting")
    assert judged.verdicts() == dict(zip(CLAUSES, ["fail", "pass"], strict=True))
    assert judged.status == 1
    assert "KeyboardInterrupt was raised" in judged.found("read_byte.last")


def test_leak(ground):
    """A leaked descriptor does not reach the next example: that gets a fresh worker."""
    ground.run("real")
    assert len(ground.pids.read_text().split()) == 1  # one worker does where nothing leaks
    ground.pids.unlink()
    judged, _ = ground.run("leaking")
    assert judged.verdicts() == dict.fromkeys(CLAUSES, "pass")
    assert len(ground.pids.read_text().split()) == 2


def test_litter(ground):
    """Processes that an operation leaves behind end with the worker."""
    judged, _ = ground.run("littering")
    assert judged.verdicts() == dict.fromkeys(CLAUSES, "pass")
    assert len(ground.pids.read_text().split()) > 1


def test_printing(ground):
    """What a candidate prints does not reach the protocol."""
    judged, _ = ground.run("printing")
    assert judged.verdicts() == dict.fromkeys(CLAUSES, "pass")
    assert judged.status == 0


def test_reading_input(ground):
    """What a candidate reads from standard input is not the worker's requests."""
    judged, _ = ground.run("reading_input")
    assert judged.verdicts() == dict.fromkeys(CLAUSES, "pass")
    assert judged.status == 0


def test_rubbish_before_hello(ground):
    """An interpreter that prints before the worker greets is refused with what it said."""
    assert "it said 'Welcome to this interpreter!' instead of hello" in ground.refused(
        "real", "chatty"
    )
    assert not ground.pids.exists()


def test_death_at_start(ground):
    """An interpreter that ends before the worker greets is refused with its last words."""
    said = ground.refused("real", "dying")
    assert "exited with status 7" in said
    assert "cannot allocate the heap" in said


def test_other_protocol(ground):
    """A worker that speaks another version of the protocol is refused."""
    assert "worker speaks protocol 1000, not 1" in ground.refused("real", "futuristic")


def test_failing_import(ground):
    """A module that cannot be imported is refused with the reason."""
    said = ground.refused("not_importable")
    assert "import not_importable failed: ImportError: a library of this module is missing" in said


def test_deadly_import(ground):
    """A module that kills its interpreter when it is imported is refused with the signal."""
    said = ground.refused("deadly_import")
    assert "import deadly_import failed" in said
    assert "died by SIGSEGV" in said


def test_absent_module(ground):
    """A module that is not there is refused."""
    said = ground.refused("absent_module")
    assert "import absent_module failed: ModuleNotFoundError" in said


def started(ground: Ground, candidate: str) -> subprocess.Popen:
    """The command on a candidate, in a process group of its own as a terminal makes it."""
    return subprocess.Popen(
        [sys.executable, "-m", "mmap_spec", *ground.arguments(candidate)],
        cwd=ground.folder,
        env=environment(),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=hear,
    )


def test_interrupt(ground):
    """SIGINT in the middle of an operation: exit status 3, no worker, no half-written report."""
    with fifo(ground.folder / "ready") as wait, started(ground, "hanging") as command:
        worker = int(wait())
        os.killpg(command.pid, signal.SIGINT)
        assert command.wait(DEADLINE) == 3
    if not ended(worker, 20):
        os.kill(worker, signal.SIGKILL)
        pytest.fail("the worker goes on after the interrupt")
    assert still_alive(ground.pids) == []
    assert not list(ground.folder.glob(".report*"))
    if ground.report.exists():
        assert judgement(3, ground.report).footer is None


def test_host_killed(ground):
    """A worker that waits for requests ends when its host is gone."""
    source = (
        "import os, sys; from mmap_spec import launcher; "
        "c = launcher.start(launcher.parse(sys.argv[1])); print(c.os.getpid(), flush=True); "
        "sys.stdin.read()"
    )
    impl = ground.arguments("real")[1].removeprefix("--impl=")
    with subprocess.Popen(
        [sys.executable, "-c", source, impl], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as host:
        worker = int(host.stdout.readline())
        host.kill()
    assert ended(worker)
