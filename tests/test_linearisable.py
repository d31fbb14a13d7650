"""The search for an order that explains what threads saw: on registers, queues, and the model."""

from __future__ import annotations

import itertools
import random

import pytest
from mmap_spec import threaded
from mmap_spec.linearisable import Call, explain
from mmap_spec.model import File, Mapping
from samples import profile

# -- registers ----------------------------------------------------------------
# A history is written as one line a thread: each call is begin, end, and `w1` (write 1)
# or `r1` (a read that returned 1).


def history(*lines: str) -> list[list[Call]]:
    """The calls that lines such as ``0-3 w1, 4-6 r1`` describe."""
    threads = []
    for number, line in enumerate(lines):
        calls = []
        for call in line.split(","):
            span, what = call.split()
            begin, end = map(int, span.split("-"))
            calls.append(Call(number, begin, end, what[0], (), int(what[1:])))
        threads.append(calls)
    return threads


def register(state: int, call: Call) -> int | None:
    """A cell that holds what was written last; it must hold what is read."""
    if call.name == "w":
        return int(call.outcome)
    return state if state == call.outcome else None


EXPLAINED = {
    "nothing": (),
    "one after another": ("0-1 w1, 2-3 r1",),
    "either order": ("0-3 w1", "1-2 r0"),
    "overlapping read sees the write": ("0-3 w1", "1-2 r1"),
    "two readers around a write": ("0-9 w1", "1-2 r0, 3-4 r1", "5-6 r1"),
    "a later write comes first": ("0-9 w1, 10-11 r1", "1-2 w2, 3-4 r2"),
    "only the second choice leads to the end": ("0-5 w1", "1-6 w2", "2-7 w3", "8-9 r1, 10-11 r1"),
    "a chain of three": ("0-4 w1, 5-9 r2", "2-7 r1, 8-12 w3", "3-6 w2, 10-11 r3"),
}
UNEXPLAINED = {
    "a value nobody wrote": ("0-1 w1, 2-3 r2",),
    "an old value": ("0-1 w1", "2-3 r0"),
    "back to the old value": ("0-9 w1", "1-2 r1, 3-4 r0"),
    "two readers disagree": ("0-9 w1", "1-2 r1", "3-4 r0"),
    "writes in two orders": ("0-9 w1", "0-9 w2", "10-11 r1, 12-13 r2"),
    "a write that is lost": ("0-1 w1, 2-3 w2", "4-5 r1"),
}


@pytest.mark.parametrize("lines", EXPLAINED.values(), ids=EXPLAINED)
def test_explained(lines):
    found = explain(history(*lines), 0, register)
    assert found
    assert str(found) == "explained"


@pytest.mark.parametrize("lines", EXPLAINED.values(), ids=EXPLAINED)
def test_the_order_is_one(lines):
    """Every call is in it once, none before one that ended before it began, and it is allowed."""
    threads = history(*lines)
    order = explain(threads, 0, register).order
    assert sorted(order, key=str) == sorted(itertools.chain(*threads), key=str)
    for earlier, later in itertools.combinations(order, 2):
        assert not later.end < earlier.begin
    state = 0
    for call in order:
        state = register(state, call)
        assert state is not None


@pytest.mark.parametrize("lines", UNEXPLAINED.values(), ids=UNEXPLAINED)
def test_unexplained(lines):
    assert not explain(history(*lines), 0, register)


def by_brute_force(threads: list[list[Call]]) -> bool:
    """The same question, by every permutation."""
    calls = list(itertools.chain(*threads))
    for order in itertools.permutations(calls):
        state: int | None = 0
        for place, call in enumerate(order):
            if any(later.end < call.begin for later in order[place + 1 :]):
                break
            state = register(state, call)
            if state is None:
                break
        else:
            return True
    return False


def drawn(chance: random.Random) -> list[list[Call]]:
    """A history of six calls of three threads, with outcomes by chance."""
    places = list(range(12))
    chance.shuffle(places)
    threads = []
    for number in range(3):
        times = sorted(places[4 * number : 4 * number + 4])
        spans = [times[:2], times[2:]]
        calls = [(chance.choice("wr"), chance.randrange(3)) for _ in spans]
        threads.append([Call(number, *s, n, (), v) for s, (n, v) in zip(spans, calls, strict=True)])
    return threads


def test_like_brute_force():
    """Histories drawn by chance are explained where some permutation explains them."""
    chance = random.Random(0)
    histories = [drawn(chance) for _ in range(300)]
    expected = [by_brute_force(threads) for threads in histories]
    assert [bool(explain(threads, 0, register)) for threads in histories] == expected
    assert {True, False} == set(expected)


def test_never_twice_from_the_same_state():
    """Ten calls of each of four threads, all at once, that nothing explains: 11**4 rests."""
    threads = [[Call(number, i, 100 + i, "w", (), 0) for i in range(10)] for number in range(4)]
    threads[0].append(Call(0, 98, 99, "r", (), 1))
    steps = itertools.count()

    def counted(state: int, call: Call) -> int | None:
        next(steps)
        return register(state, call)

    assert not explain(threads, 0, counted)
    assert next(steps) < 4 * 11**4


def test_what_it_says():
    """The longest explanation, and what could have come next."""
    said = str(explain(history("0-1 w1, 2-3 w2", "4-5 r1"), 0, register))
    assert said.splitlines() == [
        "no order explains what the threads saw:",
        "      0-1  thread 0: w() -> 1",
        "      2-3  thread 0: w() -> 2",
        "after which none of these fits:",
        "      4-5  thread 1: r() -> 1",
    ]


def test_what_it_says_of_a_long_history():
    line = ", ".join(f"{2 * i}-{2 * i + 1} w{i}" for i in range(20))
    said = str(explain(history(f"{line}, 40-41 r0"), 0, register)).splitlines()
    assert said[1] == "... 8 calls before"
    assert len(said) == 2 + 12 + 2


# -- maps ---------------------------------------------------------------------


def calls_of(*threads: list[tuple]) -> list[list[Call]]:
    """Threads whose calls overlap one another, in the order of each thread."""
    return [
        [
            Call(number, 10 * place + number, 10 * place + 9, name, args, outcome)
            for place, (name, args, outcome) in enumerate(calls)
        ]
        for number, calls in enumerate(threads)
    ]


def explained(*threads: list[tuple]) -> bool:
    model = Mapping.of_file(profile(), File(b"abcdef"))
    return bool(threaded.explained(calls_of(*threads), model))


DONE = (None, None)
BYTE = [("read_byte", (), (None, 97))]


def test_map_each_byte_once():
    assert explained(BYTE, [("read_byte", (), (None, 98))])
    assert not explained(BYTE, BYTE)


def test_map_torn_slice():
    new = [("__setitem__", (slice(0, 2), b"xy"), DONE)]
    for seen, allowed in [(b"ab", True), (b"xy", True), (b"xb", False), (b"ay", False)]:
        assert explained(new, [("__getitem__", (slice(0, 2),), (None, seen))]) is allowed


def test_map_close():
    closing = [("close", (), DONE), ("closed", (), (None, True))]
    refused = ("read", (1,), (ValueError, None))
    assert explained(closing, [refused])
    assert explained(closing, [("read", (1,), (None, b"a")), refused])
    assert not explained(closing, [refused, ("read", (1,), (None, b"a"))])
    assert not explained(closing, [("read", (1,), (OSError, "EFAULT"))])


def test_map_exports():
    held, gone = ("export", (), DONE), ("release", (), DONE)
    refused = ("resize", (3,), (BufferError, None))
    assert explained([held, gone], [refused, ("resize", (3,), DONE)])
    assert not explained([gone], [refused])
    assert not explained([held], [("tell", (), (None, 0)), ("resize", (3,), DONE)])


def test_map_iteration():
    first, end = ("next", (), (None, b"a")), ("next", (), (None, None))
    cut = [("resize", (1,), DONE)]
    assert explained([first, end], cut)
    assert not explained([first, end])
    assert not explained([end, first], cut)
    closed = ("next", (), (ValueError, None))
    assert explained([first, closed, end, closed], [("close", (), DONE)])
    assert not explained([end, closed], [("close", (), DONE)])


def test_drawn_programs():
    """The same seed gives the same program; each thread has as many steps as are asked for."""
    alphabet = {"tell": lambda chance: (), "seek": lambda chance: (chance.randrange(9),)}
    program = threaded.draw(1, alphabet, {"tell": alphabet["tell"]}, steps=20)
    assert program == threaded.draw(1, alphabet, {"tell": alphabet["tell"]}, steps=20)
    assert program != threaded.draw(2, alphabet, {"tell": alphabet["tell"]}, steps=20)
    assert [len(steps) for steps in program] == [20, 20]
    assert {name for name, _ in program[0]} == {"tell", "seek"}
