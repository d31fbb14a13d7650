"""Threads that meet on one map, and what they do there: what several tests share.

Where an operation has to be caught in the middle, a page of its memory stops
it until it is told to go on (stalling.py).  A thread that must wait is given
a moment in which it must not end; one that must not wait is given a minute.
"""

import contextlib
import os
import sys
import threading

import pytest

import mmap_reference
from mmap_reference import mmap

try:
    import stalling
except ImportError:  # fcntl, select.poll
    stalling = None

PAGE = mmap_reference.PAGESIZE
LONG = 1 << 20
STALL_AT = 600 << 10  # behind what a search looks at before others may run
MOMENT = 0.1
MINUTE = 60
HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


# Of functions and the operating system: what not every platform has.
ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="not run there yet")
WITH_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")


def guarantee(number):
    """Mark a test with the number of the sentence that it tests."""

    def mark(test):
        test.guarantees = [*getattr(test, "guarantees", []), number]
        return test

    return mark


class Worker(threading.Thread):
    """A thread that keeps what its function returned or raised."""

    def __init__(self, function, *args):
        super().__init__(daemon=True)
        self.call = function, args
        self.result = self.error = None
        self.start()

    def run(self):
        function, args = self.call
        try:
            self.result = function(*args)
        except Exception as error:
            self.error = error

    def ends(self):
        """Its result, or what it raised, raised again."""
        self.join(MINUTE)
        assert not self.is_alive(), "hangs"
        if self.error is not None:
            raise self.error
        return self.result

    def waits(self):
        """Has it not ended for a moment?"""
        self.join(MOMENT)
        return self.is_alive()


def together(*functions):
    """Run functions in threads that begin at once; their results."""
    barrier = threading.Barrier(len(functions))

    def work(function):
        barrier.wait(MINUTE)
        return function()

    workers = [Worker(work, function) for function in functions]
    return [worker.ends() for worker in workers]


class Stallable(mmap):
    """With a place for the stall."""


def private(size=LONG):
    """Private memory, not 0."""
    made = Stallable(-1, size, flags=mmap_reference.MAP_PRIVATE)
    made[:] = b"x" * size
    return made


@contextlib.contextmanager
def stalling_map(m):
    """A map that stops whoever touches its 150th page: ``m.stall``."""
    if stalling is None:
        pytest.skip("no userfaultfd")
    try:
        m.stall = stalling.Stall(m, STALL_AT)
    except stalling.NotHere as reason:
        pytest.skip(f"no userfaultfd: {reason}")
    yield m
    with contextlib.suppress(OSError):  # the memory may have gone
        m.stall.resume()
    m.stall.close()


def stalled_map():
    """One of private memory."""
    m = private()
    m.madvise(mmap_reference.MADV_DONTNEED, STALL_AT, PAGE)
    return stalling_map(m)


def sparse_map():
    """A private map of a file in memory of which no page exists; the 150th
    stops whoever touches it, resize() among them, which copies what grows."""
    if not hasattr(os, "memfd_create"):
        pytest.skip("no files in memory")
    fd = os.memfd_create("sparse")
    os.ftruncate(fd, LONG)
    m = Stallable(fd, 0, flags=mmap_reference.MAP_PRIVATE)
    m.shared = mmap(fd, 0)
    os.close(fd)
    return stalling_map(m)


def put(m, key, value):
    """m[key] = value, as an expression."""
    m[key] = value


READS = {
    "find": lambda m: m.find(b"y"),
    "rfind": lambda m: m.rfind(b"y"),
    "slice": lambda m: m[:] and None,
    "steps": lambda m: m[::3] and None,
}


CHANGES = {
    "set slice": lambda m: put(m, slice(None), b"a" * LONG),
    "set steps": lambda m: put(m, slice(None, None, 2), b"a" * (LONG // 2)),
    "write": lambda m: m.write(b"a" * LONG),
    "move": lambda m: m.move(0, 300 << 10, 700 << 10),
    "read": lambda m: m.read() and None,
}


SMALL_READS = {
    "item": lambda m: m[0],
    "small slice": lambda m: m[:10],
    "small find": lambda m: m.find(b"x"),
    "iteration": lambda m: next(iter(m)),
    "tell": lambda m: m.tell(),
    "seek": lambda m: m.seek(0),
    "read_byte": lambda m: m.read_byte(),
    "readline": lambda m: m.seek(0) or m.read(1),
    "repr": repr,
}


SMALL_CHANGES = {
    "set item": lambda m: put(m, 0, 1),
    "set small slice": lambda m: put(m, slice(0, 3), b"abc"),
    "write_byte": lambda m: m.write_byte(1),
    "write": lambda m: m.write(b"abc"),
    "small move": lambda m: m.move(0, 10, 5),
}


REPLACES = {
    "close": lambda m: m.close(),
    "exit": lambda m: m.__exit__(None, None, None),
    "resize": lambda m: m.resize(LONG // 2),
}


FREE = {
    "len": len,
    "closed": lambda m: m.closed,
    "size": lambda m: m.size(),
    "buffer": lambda m: memoryview(m).release(),
    "flush": lambda m: m.flush(0, PAGE),
    "madvise": lambda m: m.madvise(0),
}


GROW = {"resize": lambda m: m.resize(2 * LONG)}


def pairs(first, second):
    """Every operation of one table under way, with each of another."""
    return pytest.mark.parametrize(
        ("under_way", "other"),
        [
            pytest.param(one, two, id=f"{name}-{other}")
            for name, one in first.items()
            for other, two in second.items()
        ],
    )


def first_of(table):
    """A table with its first entry only."""
    return dict(list(table.items())[:1])


def check_waits(m, under_way, other):
    """The other operation waits for the one under way; both work."""
    first = Worker(under_way, m)
    m.stall.wait()
    second = Worker(other, m)
    assert second.waits()
    assert first.is_alive()
    m.stall.resume()
    first.ends()
    second.ends()


def check_goes_on(m, under_way, other):
    """The other operation does not wait for the one under way."""
    first = Worker(under_way, m)
    m.stall.wait()
    Worker(other, m).ends()
    assert first.is_alive()
    m.stall.resume()
    first.ends()
