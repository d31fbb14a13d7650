"""Outcomes: what an operation did, as values and as the exceptions that end an example."""

from __future__ import annotations

import dataclasses
from typing import Any


class CandidateDied(Exception):
    """The worker ended in the middle of an operation; ``operation`` is its code."""

    outcome = "crash"

    def __init__(self, how: str, operation: str) -> None:
        super().__init__(f"{how} in: {operation}")
        self.how = how
        self.operation = operation


class CandidateHung(CandidateDied):
    """The worker did not answer within the interpreter's time limit."""

    outcome = "hang"


class Untestable(Exception):
    """The clause applies, but could not be tested here."""


@dataclasses.dataclass(frozen=True, eq=False)
class Returned:
    """The operation returned ``value``; equality asks for the same type too."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Returned)
            and type(self.value) is type(other.value)
            and (self.value is other.value or bool(self.value == other.value))
        )

    __hash__ = None  # type: ignore[assignment]


@dataclasses.dataclass(frozen=True, eq=False)
class Raised:
    """The operation raised ``type``; errno symbols are compared where both are known."""

    type: type[BaseException]
    errno: str | None = None
    text: str = ""

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Raised)
            and self.type is other.type
            and (self.errno is None or other.errno is None or self.errno == other.errno)
        )

    __hash__ = None  # type: ignore[assignment]
