"""The progress bar on a terminal; in a pipe there is none."""

from __future__ import annotations

import os
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
