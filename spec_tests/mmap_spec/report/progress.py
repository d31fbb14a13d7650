"""The progress bar on a terminal, or the numbers for somebody else's; in a pipe there is none."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


def terminal() -> TextIO | None:
    """The terminal on standard output, by a descriptor that nobody's capturing redirects."""
    if not os.isatty(1):
        return None
    return os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")


class Bar:
    """Tests done of all, and how many of them failed unexpectedly."""

    def __init__(self, stream: TextIO) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=stream, force_terminal=True),
            transient=True,
        )
        self._failed = 0
        self._task = self._progress.add_task("tests", total=None)
        self._progress.start()

    def expect(self, tests: int) -> None:
        """How many tests there are."""
        self._progress.update(self._task, total=tests)

    def count(self, failed: bool) -> None:
        """One more test is done."""
        self._failed += failed
        text = f"tests, {self._failed} failed" if self._failed else "tests"
        self._progress.update(self._task, advance=1, description=text)

    def stop(self) -> None:
        """Take the bar away."""
        self._progress.stop()


class Tally:
    """The same numbers in a small file: tests done, failed, and how many there are."""

    FORM = "{:>9} {:>9} {:>9}\n"  # of one length, so that a reader never sees half of it

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        self._done = self._failed = self._total = 0

    def expect(self, tests: int) -> None:
        """How many tests there are."""
        self._total = tests
        self._write()

    def count(self, failed: bool) -> None:
        """One more test is done."""
        self._done += 1
        self._failed += failed
        self._write()

    def stop(self) -> None:
        """The last numbers stay."""
        os.close(self._descriptor)

    def _write(self) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        text = self.FORM.format(self._done, self._failed, self._total)
        os.write(self._descriptor, text.encode("ascii"))


def tally(path: Path) -> tuple[int, int, int]:
    """What a ``Tally`` holds now: tests done, failed, all; zeros before its first word."""
    with contextlib.suppress(OSError, ValueError):
        done, failed, total = map(int, path.read_text(encoding="ascii").split())
        return done, failed, total
    return 0, 0, 0
