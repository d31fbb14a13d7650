"""Processes that hear an interrupt, and waiting for those that are not our children (Linux)."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from pathlib import Path

DEADLINE = 60  # seconds; for hangs only


def hear() -> None:
    """A shell's background job ignores SIGINT, and so do its children unless they are told."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ended(pid: int, seconds: float = DEADLINE) -> bool:
    """Whether a process ends within some seconds; True too if it has ended before."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def still_alive(pids: Path) -> list[int]:
    """Which of the processes noted in a file, a number a line, do not end."""
    return [int(line) for line in pids.read_text().split() if not ended(int(line), 10)]


@contextlib.contextmanager
def fifo(path: Path):
    """A named pipe; yields a function that waits for what somebody writes into it."""
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read() -> bytes:
        assert select.select([descriptor], [], [], DEADLINE)[0], f"nobody wrote into {path.name}"
        return os.read(descriptor, 4096)

    try:
        yield read
    finally:
        os.close(descriptor)
