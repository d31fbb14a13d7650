"""Alphabets: the operations of one mapping, each with a strategy for its arguments.

What a known deviation of the candidate covers, its hazard, is left out, so that it does
not hide the rest.  They are kept: to build and check a strategy costs more than to draw
from it.
"""

from __future__ import annotations

import functools
from typing import Any, Protocol

from hypothesis import strategies as st

from mmap_spec.model import Facts
from mmap_spec.strategies import ALPHABET, integers_near, needles_in, pattern, slices

Alphabet = dict[str, st.SearchStrategy[tuple[Any, ...]]]
Programs = st.SearchStrategy[list[tuple[str, tuple[Any, ...]]]]
BYTE = st.sampled_from([bytes([value]) for value in ALPHABET]) | st.binary(min_size=1, max_size=1)
SOURCES = st.binary(max_size=40) | st.integers(0, 300).map(pattern)


class Avoiding(Protocol):
    """What alphabets have to know of a candidate."""

    @property
    def profile(self) -> Facts: ...
    def __hash__(self) -> int: ...
    def avoids(self, clauses: str) -> bool: ...


class Reckless:
    """Stands for a candidate whose known deviations are not to be avoided."""

    def __init__(self, profile: Facts) -> None:
        self.profile = profile

    def avoids(self, clauses: str) -> bool:
        return False


def programs(*alphabets: Alphabet) -> Programs:
    """Sequences of steps, each the name of an operation and its arguments."""
    names = {name: args for alphabet in alphabets for name, args in alphabet.items()}
    step = st.one_of([st.tuples(st.just(name), args) for name, args in names.items()])
    return st.lists(step, max_size=12)


def unless(
    candidate: Avoiding, hazards: str, extra: st.SearchStrategy[Any]
) -> list[st.SearchStrategy[Any]]:
    """``extra``, as a list for one_of, where no hazard is a known deviation."""
    return [] if candidate.avoids(hazards) else [extra]


@functools.cache
def numbers(candidate: Avoiding, length: int, hazards: str) -> st.SearchStrategy[int]:
    """Integers near the length, and at both ends of ssize_t."""
    limit = candidate.profile.ssize_max
    ends = st.sampled_from([limit, limit + 1, -limit - 1, -limit - 2])
    return st.one_of(integers_near(length), *unless(candidate, hazards, ends))


@functools.cache
def reading(candidate: Avoiding, length: int) -> Alphabet:
    """read(), read_byte(), readline(), seek() and tell()."""
    count = numbers(candidate, length, "read.huge-clamps read.overflow")
    distance = numbers(candidate, length, "seek.huge seek.overflow")
    return {
        "read": st.tuples() | st.tuples(st.none() | count),
        "read_byte": st.tuples(),
        "readline": st.tuples(),
        "seek": st.tuples(distance) | st.tuples(distance, st.integers(-1, 3)),
        "tell": st.tuples(),
    }


@functools.cache
def writing(candidate: Avoiding, sources: st.SearchStrategy[bytes] = SOURCES) -> Alphabet:
    """write() and write_byte()."""
    value = st.one_of(
        st.sampled_from([0, 1, 127, 128, 255]),
        *unless(candidate, "write_byte.negative write_byte.conversion-first", st.just(-1)),
        *unless(candidate, "write_byte.too-large write_byte.conversion-first", st.just(256)),
    )
    return {"write": st.tuples(sources), "write_byte": st.tuples(value)}


@functools.cache
def items(candidate: Avoiding, length: int) -> Alphabet:
    """Getting and setting items and slices, and len()."""
    above = "assignment.item-above assignment.readonly-before-index"
    below = "assignment.item-below assignment.readonly-before-index"
    key = st.one_of(
        st.integers(-length, length - 1),
        *unless(candidate, above, st.integers(length, length + 1)),
        *unless(candidate, below, st.integers(-length - 2, -length - 1)),
    )
    value = st.one_of(
        st.integers(0, 255),
        *unless(candidate, "assignment.value-range", st.sampled_from([-1, 256])),
    )
    wrong = "slice-too-short slice-too-long slice-step-wrong-size slice-empty-wrong-size"
    hazards = " ".join(f"assignment.{name}" for name in wrong.split())
    lapse = st.one_of(st.just(0), *unless(candidate, hazards, st.sampled_from([-1, 0, 1])))
    contained = st.one_of(
        st.just(b"ab"),
        *unless(candidate, "iteration.contains", BYTE),
        *unless(candidate, "iteration.contains-int", BYTE.map(ord)),
    )
    return {
        "__getitem__": st.tuples(key | slices(length)),
        "__setitem__": st.tuples(key, value) | slice_assignments(length, lapse),
        "__len__": st.tuples(),
        "__delitem__": st.tuples(key),
        "__contains__": st.tuples(contained),
    }


@st.composite
def slice_assignments(
    draw: st.DrawFn, length: int, lapse: st.SearchStrategy[int]
) -> tuple[slice, bytes]:
    """A slice and a source for it, ``lapse`` bytes too long."""
    key = draw(slices(length))
    return key, pattern(max(0, len(range(length)[key]) + draw(lapse)))


@functools.cache
def moving(candidate: Avoiding, length: int) -> Alphabet:
    """move(), more often inside the mapping than not."""
    hazards = "move.huge-destination move.huge-source move.huge-count move.overflow"
    inside, number = st.integers(0, length), numbers(candidate, length, hazards)
    return {"move": st.tuples(inside, inside, inside) | st.tuples(number, number, number)}


@functools.cache
def controlling(candidate: Avoiding, length: int) -> Alphabet:
    """flush(), madvise() without its advice, resize(), and size()."""
    page = candidate.profile.page_size
    most = candidate.profile.ssize_max  # no size that can be had, except with 32 bits
    place = st.sampled_from([0, page, 2 * page]) | numbers(candidate, length, "flush.past-end")
    size = st.one_of(
        st.sampled_from([1, 100, page - 1, page, page + 1, 2 * page, 9000, -1]),
        *unless(candidate, "resize.zero-leaves-file", st.just(0)),
        *(unless(candidate, "resize.failure-leaves-file", st.just(most)) if most > 1 << 32 else []),
    )
    return {
        "flush": st.tuples() | st.tuples(place) | st.tuples(place, place),
        "madvise": st.tuples() | st.tuples(place) | st.tuples(place, place),
        "resize": st.tuples(size),
        "size": st.tuples(),
        "seekable": st.tuples(),
    }


@functools.cache
def every(candidate: Avoiding, length: int) -> Alphabet:
    """All operations but find() and rfind(), whose arguments depend on the contents."""
    alphabets = (reading, items, moving, controlling)
    given = [alphabet(candidate, length) for alphabet in alphabets]
    return {name: args for part in [*given, writing(candidate)] for name, args in part.items()}


def searching(candidate: Avoiding, haystack: bytes) -> Alphabet:
    """find() and rfind() with up to two bounds."""
    beyond = "find.empty-past-end find.empty-past-end-found find.start-beyond-length"
    hazards = f"{beyond} {beyond.replace('find', 'rfind')}"
    length, needle = len(haystack), needles_in(haystack)
    bound = st.one_of(
        st.integers(-length - 2, length), *unless(candidate, hazards, integers_near(length))
    )
    between = st.tuples(needle, bound, bound)
    if candidate.avoids("find.reversed-bounds rfind.reversed-bounds"):
        between = between.map(functools.partial(in_order, length))
    arguments = st.tuples(needle) | st.tuples(needle, bound) | between
    return {"find": arguments, "rfind": arguments}


def in_order(length: int, arguments: tuple[bytes, int, int]) -> tuple[bytes, int, int]:
    """A search from the first to the last of its bounds."""
    needle, *bounds = arguments
    start, stop = sorted(bounds, key=lambda bound: max(0, bound + length * (bound < 0)))
    return needle, start, stop
