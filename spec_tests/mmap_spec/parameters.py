"""Every parameter of every operation of a map: the table behind tests of hostile arguments.

An entry names an operation, arguments with which it succeeds on a map of at least 100 bytes, and
the place of one of them.  ``tests/test_parameters.py`` checks that no method and no parameter
of the class is missing.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

from mmap_spec.remote import Remote, RemoteMethod


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One parameter: of ``operation``, among ``arguments``, at ``place`` (and ``part`` of a slice).

    A ``place`` that is a text is a keyword.  ``closing`` and ``sizing`` are the clauses by which an
    argument is judged that closes, or resizes, the map: where one is a known deviation of a
    candidate, tests of other clauses leave that hazard out.
    """

    operation: str
    arguments: tuple[Any, ...]
    place: int | str
    part: str = ""
    slot: str = "__index__"
    closing: str = ""
    sizing: str = ""

    def __str__(self) -> str:
        """What a test's id shows."""
        return "-".join(str(part) for part in (self.operation, self.place, self.part) if part != "")

    @property
    def value(self) -> Any:
        """The argument as it is where it does nothing else."""
        if isinstance(self.place, str):
            return 0
        given = self.arguments[self.place]
        return getattr(given, self.part) if self.part else given

    def again(self, mapping: Remote) -> partial[Any]:
        """The operation itself on a map, to be done while an argument is converted."""
        return partial(RemoteMethod(mapping, self.operation), *self.arguments)

    def call(self, mapping: Remote, value: Any) -> Any:
        """Perform the operation on a map, with ``value`` for this parameter."""
        method = getattr(mapping, self.operation)
        if isinstance(self.place, str):
            return method(*self.arguments, **{self.place: value})
        arguments = list(self.arguments)
        if self.part:
            bounds = {name: getattr(arguments[self.place], name) for name in BOUNDS}
            bounds[self.part] = value
            value = slice(*bounds.values())
        arguments[self.place] = value
        return method(*arguments)


BOUNDS = ("start", "stop", "step")
SLICE = slice(1, 5, 2)

INTEGERS = [
    Parameter("__getitem__", (5,), 0, closing="sequence.index-closes"),
    *(
        Parameter("__getitem__", (SLICE,), 0, bound, closing="sequence.slice-bound-closes")
        for bound in BOUNDS
    ),
    Parameter("__setitem__", (5, 65), 0, closing="assignment.index-closes"),
    Parameter(
        "__setitem__", (5, 65), 1,
        closing="assignment.value-closes", sizing="assignment.value-shrinks",
    ),
    *(
        Parameter("__setitem__", (SLICE, b"xy"), 0, bound, closing="assignment.slice-bound-closes")
        for bound in BOUNDS
    ),
    Parameter("__delitem__", (5,), 0, closing="reentrancy.close-in-delete-index"),
    *(
        Parameter("__delitem__", (SLICE,), 0, bound, closing="reentrancy.delete-slice-bound")
        for bound in BOUNDS
    ),
    Parameter("read", (5,), 0, closing="read.argument-closes"),
    Parameter("write_byte", (65,), 0, closing="write_byte.argument-closes"),
    Parameter("seek", (5, 1), 0, closing="seek.argument-closes"),
    Parameter("seek", (5, 1), 1, closing="seek.argument-closes"),
    Parameter("find", (b"a", 5, 90), 1, closing="reentrancy.close-in-find"),
    Parameter("find", (b"a", 5, 90), 2, closing="reentrancy.close-in-find"),
    Parameter("rfind", (b"a", 5, 90), 1, closing="reentrancy.close-in-rfind"),
    Parameter("rfind", (b"a", 5, 90), 2, closing="reentrancy.close-in-rfind"),
    Parameter("move", (5, 60, 7), 0, closing="move.argument-closes"),
    Parameter("move", (5, 60, 7), 1, closing="move.argument-closes"),
    Parameter("move", (5, 60, 7), 2, closing="move.argument-closes"),
    Parameter("flush", (0, 9), 0, closing="reentrancy.close-in-flush-offset"),
    Parameter("flush", (0, 9), 1, closing="reentrancy.close-in-flush-size"),
]  # fmt: skip
"""Integers that every candidate's operations take."""

FLAGS = [Parameter("flush", (0, 9), "flags", closing="reentrancy.close-in-flush-flags")]
"""An integer of API 3.15."""

MADVISE = [
    Parameter("madvise", (0, 0, 9), place, closing="reentrancy.close-in-madvise")
    for place in range(3)
]
"""Integers of Unix; the option 0 is MADV_NORMAL everywhere."""

RESIZE = [Parameter("resize", (50,), 0, closing="reentrancy.close-in-resize")]
"""An integer of systems that can resize."""

BUFFERS = [
    Parameter("write", (b"xy",), 0, slot="__buffer__", closing="write.argument-closes"),
    *(
        Parameter(
            "__setitem__", (key, b"xy"), 1, slot="__buffer__",
            closing="assignment.source-closes", sizing="assignment.source-shrinks",
        )
        for key in (slice(1, 3), SLICE)
    ),
    Parameter("find", (b"a", 5, 90), 0, slot="__buffer__", closing="reentrancy.close-in-needle"),
    Parameter("rfind", (b"a", 5, 90), 0, slot="__buffer__", closing="reentrancy.close-in-needle"),
]  # fmt: skip
"""Buffers; that a class can hand out one is of Python 3.12 and later."""

EVERY = [*INTEGERS, *FLAGS, *MADVISE, *RESIZE, *BUFFERS]

WITHOUT = {
    "__buffer__": "gives a view that lasts: topic buffer",
    "__enter__": "no parameter",
    "__exit__": "looks at none of its arguments",
    "__getattribute__": "takes an attribute's name",
    "__len__": "no parameter",
    "__new__": "topic constructor",
    "__release_buffer__": "takes a view of the map alone",
    "__repr__": "no parameter",
    "close": "no parameter",
    "read_byte": "no parameter",
    "readline": "no parameter",
    "seekable": "no parameter",
    "set_name": "takes exactly a str",
    "size": "no parameter",
    "tell": "no parameter",
}
"""The other callables of the class, each with the reason why it is not in the table."""
