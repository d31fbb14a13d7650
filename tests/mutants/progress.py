"""A bar for each stage of a run, on a terminal; in a pipe, nothing."""

from __future__ import annotations

import rich.progress
from rich.console import Console


class Progress:
    """One bar at a time: ``expect`` begins a stage, ``count`` takes a step of it."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self.bars = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.task: rich.progress.TaskID | None = None
        self.what = ""
        self.marked = 0

    def __enter__(self) -> Progress:
        self.bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.bars.stop()

    def expect(self, what: str, number: int) -> None:
        if self.task is not None:
            self.bars.remove_task(self.task)
        self.what, self.marked = what, 0
        self.task = self.bars.add_task(what, total=number)

    def count(self, marked: bool = False) -> None:
        """One more is done; a marked one has survived."""
        assert self.task is not None
        self.marked += marked
        text = f"{self.what}, {self.marked} survive" if self.marked else self.what
        self.bars.update(self.task, advance=1, description=text)
