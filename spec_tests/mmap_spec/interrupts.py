"""An interrupt that does not get lost.

Python drops an exception that is raised in a destructor or in a callback of the garbage collector,
of which Hypothesis has one; KeyboardInterrupt is no exception.  So a signal is noted as well, and
who is about to do the next thing asks.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any


class Interrupts:
    """SIGINT and SIGTERM raise KeyboardInterrupt, from ``install`` to ``restore``."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.seen = False
        self._former: dict[signal.Signals, Any] = {}

    def install(self) -> None:
        self._former = {number: signal.signal(number, self._interrupt) for number in self.SIGNALS}

    def restore(self) -> None:
        while self._former:
            signal.signal(*self._former.popitem())

    def check(self) -> None:
        """Raise KeyboardInterrupt if there was a signal, wherever its exception went."""
        if self.seen:
            raise KeyboardInterrupt

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.seen = True
        raise KeyboardInterrupt
