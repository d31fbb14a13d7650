"""Where two long values part, in three lines.

pytest's own comparison of long values takes time in the square of their length, which is minutes
for a mapping of 64 KiB, and prints both of them whole where it runs in CI.
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

LONG = 240  # characters of a repr, up to which pytest's own words are better
SHOWN = 72  # characters of a long value
AROUND = 12  # items of a long sequence, on either side of the first difference

short = reprlib.Repr()
short.maxstring = short.maxother = SHOWN
short.maxlist = short.maxtuple = short.maxdict = 8


def explain(op: str, left: Any, right: Any) -> list[str] | None:
    """What a failed comparison of long values prints; None leaves it to pytest."""
    if len(repr(left)) <= LONG and len(repr(right)) <= LONG:
        return None
    return [
        f"{short.repr(left)} {op} {short.repr(right)}",
        *(parts(left, right) if op == "==" else []),
    ]


def parts(left: Any, right: Any) -> list[str]:
    """The first difference of two sequences of a type, however deep it lies."""
    where = ""
    while True:
        if type(left) is not type(right) or not isinstance(left, Sequence):
            return [f"{where or 'the values'}: {short.repr(left)} != {short.repr(right)}"]
        if len(left) != len(right):
            where += f" (lengths {len(left)} and {len(right)})"
        index = first_difference(left, right)
        inner = isinstance(left, (list, tuple)) and index < min(len(left), len(right))
        if not inner:
            near = slice(max(index - AROUND, 0), index + AROUND)
            return [
                f"first difference at{where} index {index}:",
                f"{left[near]!r} != {right[near]!r}",
            ]
        where += f" index {index},"
        left, right = left[index], right[index]


def first_difference(left: Sequence[Any], right: Sequence[Any]) -> int:
    """The first index at which two unequal sequences part."""
    missing = object()
    pairs = zip_longest(left, right, fillvalue=missing)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), len(left))
