"""A run on a CPython for Windows, ended half-way: Wine's processes end, too.

`nox -s windows` runs it; by itself: python -m pytest tests/wine/orphans.py, after
`mmap-spec fetch wine-3.13`.  Wine's services stay as long as anybody uses them: no other run on a
CPython for Windows may be under way.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from mmap_spec import launcher

sys.path.insert(0, str(Path(__file__).parents[1]))

from processes import DEADLINE, ended

CANDIDATE = "stdlib@wine-3.13"
MARK = "MMAP_SPEC_ORPHANS"  # in the environment of the run, and so of all that it starts


def marked(mark: str) -> dict[int, str]:
    """The processes that a run has started, itself included: number -> command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            said = (folder / "cmdline").read_bytes()
        except OSError:  # it has ended, or is somebody else's
            continue
        if f"{MARK}={mark}".encode() in environment:
            found[int(folder.name)] = said.replace(b"\0", b" ").decode("utf-8", "replace")
    return found


def start(mark: str, processes: int) -> subprocess.Popen[str]:
    """A run in a process group of its own; it returns when the first worker has answered."""
    command = [sys.executable, "-m", "mmap_spec", "run", f"--impl={CANDIDATE}", f"-n{processes}"]
    run = subprocess.Popen(
        [*command, "--topic=reentrancy", "--topic=find", "--topic=resize"],
        env={**os.environ, MARK: mark}, start_new_session=True, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    said = []
    for line in run.stdout:
        said.append(line)
        if line.startswith("profile:"):
            return run
    raise AssertionError("".join(said))


@pytest.mark.parametrize("processes", [0, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_wine_ends_with_the_run(number, processes):
    """No worker is left, and a little later none of Wine's services that were started for it."""
    launcher.parse(CANDIDATE)  # an error with the remedy, where it is absent
    mark = uuid.uuid4().hex
    run = start(mark, processes)
    try:
        assert [said for said in marked(mark).values() if "python.exe" in said]
        os.killpg(run.pid, number)  # as a terminal does
        said, _ = run.communicate(timeout=DEADLINE)
        for _ in range(3):  # an ending process may still have started another
            assert [said for pid, said in marked(mark).items() if not ended(pid)] == []
        assert marked(mark) == {}
        assert run.returncode == (-number if number == signal.SIGKILL else 3), said
    finally:
        for pid in marked(mark):
            os.kill(pid, signal.SIGKILL)
