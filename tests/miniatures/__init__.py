"""Miniatures: implementations that are wrong in one thing, to test the battery with.

Each is a class of a ``wrong_*`` module, a subclass of ``faithful.Faithful``, and
says by ``caught_by`` which clause it breaks.  The worker imports ``judged``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

Class = TypeVar("Class", bound=type)


@dataclasses.dataclass(frozen=True)
class Miniature:
    """A wrong class, the clause that catches it, and the telling part of what the run finds."""

    name: str  # module.Class, as the environment variable MINIATURE names it
    clause: str
    found: str
    outcome: str = "fail"
    on: str = "this"  # the interpreter that it needs; this one, unless the mistake needs another
    control: str = "faithful.Faithful"  # or stdlib, where any class written in Python is wrong


MINIATURES: list[Miniature] = []


def caught_by(clause: str, found: str, **details: str) -> Callable[[Class], Class]:
    """Enter a class into the list of miniatures; ``details`` are the further fields."""

    def enter(wrong: Class) -> Class:
        name = f"{wrong.__module__.rpartition('.')[2]}.{wrong.__name__}"
        MINIATURES.append(Miniature(name, clause, found, **details))
        return wrong

    return enter
