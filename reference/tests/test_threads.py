"""Threads that use one map at once: guarantees of docs/concurrency.md, each under its number.

That operations are atomic, which of them let other threads run, and that any
mixture works.  Who waits for whom is in test_holds.py.
"""

import contextlib
import functools
import operator
import os
import re
import sys
import tempfile
import threading

import pytest
from meeting import (
    FREE,
    GROW,
    HAS_GIL,
    LONG,
    MINUTE,
    ON_POSIX,
    PAGE,
    READS,
    REPLACES,
    SMALL_CHANGES,
    SMALL_READS,
    STALL_AT,
    Worker,
    guarantee,
    private,
    put,
    together,
)

from mmap_reference import mmap

pytestmark = ON_POSIX


@guarantee(1)
@pytest.mark.parametrize("size", [PAGE, LONG // 2])
@pytest.mark.parametrize("how", ["slice", "steps", "write", "move"])
def test_atomic_changes(size, how):
    """Whoever reads sees all of a change, or nothing of it."""
    m = mmap(-1, 3 * size)
    m[size:] = b"a" * size + b"b" * size
    shown = slice(0, size, 2 if how == "steps" else 1)

    def fill(number):
        letters = b"ab"[number : number + 1] * len(range(size)[shown])
        for _ in range(30):
            if how == "write":
                with lock:  # seek() and write() are two operations
                    m.seek(0)
                    m.write(letters)
            elif how == "move":
                m.move(0, size * (number + 1), size)
            else:
                m[shown] = letters

    def look():
        return all(len(set(m[shown])) == 1 for _ in range(30))

    lock = threading.Lock()
    fill(0)
    *_, first, second = together(lambda: fill(0), lambda: fill(1), look, look)
    assert first
    assert second


@guarantee(2)
@pytest.mark.parametrize("method", ["read", "read_byte", "readline"])
def test_position(method):
    """Each byte is taken once."""
    content = os.urandom(1000) * 40
    m = mmap(-1, len(content))
    m[:] = content
    arguments = (7,) if method == "read" else ()
    wanted = {
        "read": [content[i : i + 7] for i in range(0, len(content), 7)],
        "read_byte": list(content),
        "readline": re.findall(rb"[^\n]*\n|[^\n]+$", content),
    }

    def take():
        taken = []
        with contextlib.suppress(ValueError):  # read_byte() at the end
            while (piece := getattr(m, method)(*arguments)) != b"":
                taken.append(piece)
        return taken

    taken = functools.reduce(operator.iadd, together(take, take, take, take), [])
    assert sorted(taken) == sorted(wanted[method])
    assert m.tell() == len(m)


@guarantee(2)
@pytest.mark.parametrize("size", [3, 300 << 10])
def test_position_of_writes(size):
    """Pieces that threads write lie one behind the other, whole."""
    m = mmap(-1, 4 * 10 * size)
    letters = [b"a", b"b", b"c", b"d"]

    def write(letter):
        for _ in range(10):
            assert m.write(letter * size) == size

    together(*[lambda letter=letter: write(letter) for letter in letters])
    assert m.tell() == len(m)
    pieces = [m[i : i + size] for i in range(0, len(m), size)]
    assert sorted(pieces) == sorted(letter * size for letter in letters * 10)


@guarantee(2)
def test_position_of_long_reads():
    """Long reads of several threads take everything once."""
    size = 300 << 10
    m = mmap(-1, 40 * size)
    for i in range(40):
        m[i * size : (i + 1) * size] = bytes([i]) * size
    taken = together(*[lambda: [m.read(size) for _ in range(10)]] * 4)
    assert sorted(functools.reduce(operator.iadd, taken, [])) == [
        bytes([i]) * size for i in range(40)
    ]


LINES = {
    "an end before": (0, b"\n", 1),
    "an end behind the first part": (300 << 10, b"\n", (300 << 10) + 1),
    "nothing": (LONG - 1, b"x", LONG),
}


@guarantee(1)
@guarantee(2)
@pytest.mark.parametrize(("place", "new", "size"), LINES.values(), ids=LINES)
def test_line_that_becomes_another(stalled, place, new, size):
    """A line end is looked for; meanwhile one is written before what is found."""
    worker = Worker(stalled.readline)
    stalled.stall.wait()
    writer = Worker(put, stalled, slice(place, place + 1), new)
    assert writer.waits()
    stalled.stall.resume()
    line = worker.ends()
    writer.ends()
    # The line from before the write, or the one from after it.
    assert len(line) in {LONG, size}
    assert line.find(b"\n") in {-1, len(line) - 1}
    assert stalled.tell() == len(line)


@guarantee(11)
@pytest.mark.parametrize("end", ["close", "seek", "resize"])
def test_line_that_is_gone(stalled, end):
    """A line end is looked for; meanwhile the map is closed, cut, or read by others."""
    ends = {
        "close": lambda m: m.close(),
        "seek": lambda m: m.seek(LONG - 5),
        "resize": lambda m: m.resize(LONG // 2),
    }
    worker = Worker(stalled.readline)
    stalled.stall.wait()
    other = Worker(ends[end], stalled)
    stalled.stall.resume()
    other.ends()
    with contextlib.suppress(ValueError):
        assert len(worker.ends()) in {LONG, LONG // 2, 5}
        assert not stalled.closed or end == "close"


@guarantee(1)
def test_resize_is_seen_at_once(sparse):
    """Whoever asked in the middle is told the new length, and sees the new memory."""
    worker = Worker(GROW["resize"], sparse)
    sparse.stall.wait()
    asked = [Worker(ask, sparse) for ask in (len, lambda m: m[:], lambda m: memoryview(m).nbytes)]
    assert all(one.waits() for one in asked)
    sparse.stall.resume()
    worker.ends()
    assert [one.ends() for one in asked] == [2 * LONG, bytes(2 * LONG), 2 * LONG]


@pytest.fixture
def no_switches():
    """Threads change only where one lets the others run."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(before)


def others_run(operation, times=100_000):
    """Does another thread run before an operation, repeated, has ended?"""
    started = threading.Event()
    ran = []
    ended = []

    def repeat():
        started.set()
        for _ in range(times):
            operation()
            if ran:
                break
        ended.append(True)

    worker = Worker(repeat)
    started.wait(MINUTE)
    if not ended:
        ran.append(True)
    worker.ends()
    return bool(ran)


LETS_OTHERS_RUN = {
    "find": lambda m: m.find(b"y", 0),
    "rfind": lambda m: m.rfind(b"y", 0),
    "slice": lambda m: m[:],
    "steps": lambda m: m[::2],
    "set slice": lambda m: put(m, slice(None), m.content),
    "set steps": lambda m: put(m, slice(None, None, 2), m.content[::2]),
    "move": lambda m: m.move(0, 5, 600 << 10),
    "read": lambda m: m.seek(0) or m.read(),
    "write": lambda m: m.seek(0) or m.write(m.content),
    "readline": lambda m: m.seek(0) or m.readline(),
    "flush": lambda m: m.flush(),
    "madvise": lambda m: m.madvise(0),
    "close": lambda m: m.spare.pop().close(),
}


@guarantee(3)
@pytest.mark.parametrize("name", LETS_OTHERS_RUN)
@pytest.mark.usefixtures("no_switches")
def test_long_operations_let_others_run(name):
    """While one thread is in it, another one runs."""
    m = private()
    m.content = b"x" * LONG
    times = 100_000 if name in {"flush", "madvise"} else 1000
    m.spare = [private() for _ in range(times)] if name == "close" else []
    assert others_run(lambda: LETS_OTHERS_RUN[name](m), times)


@guarantee(3)
def test_resize_lets_others_run(sparse):
    """While resize() copies, this thread goes on."""
    worker = Worker(GROW["resize"], sparse)
    sparse.stall.wait()
    assert worker.is_alive()
    sparse.stall.resume()
    worker.ends()
    assert (len(sparse), sparse[:] == bytes(2 * LONG)) == (2 * LONG, True)


@guarantee(4)
@pytest.mark.skipif(not HAS_GIL, reason="without a GIL all threads run always")
@pytest.mark.parametrize(
    "operation",
    [*SMALL_READS.values(), *list(SMALL_CHANGES.values())[:2]],
    ids=[*SMALL_READS, *list(SMALL_CHANGES)[:2]],
)
@pytest.mark.usefixtures("no_switches")
def test_small_operations_do_not(operation):
    """Nobody else runs while a thread makes small accesses."""
    m = private(100_000)
    assert not others_run(lambda: operation(m))


@guarantee(4)
@pytest.mark.skipif(not HAS_GIL, reason="without a GIL all threads run always")
@pytest.mark.usefixtures("no_switches")
def test_search_that_ends_soon_does_not():
    """A search of a large range that finds something soon is a small one."""
    m = private()
    assert not others_run(lambda: m.find(b"x", 0))
    assert not others_run(lambda: m.rfind(b"x", 0))


@guarantee(4)
@pytest.mark.skipif(not HAS_GIL, reason="without a GIL all threads run always")
@pytest.mark.usefixtures("no_switches")
def test_resize_of_little_memory_does_not():
    """Nobody else runs while small anonymous maps are resized and closed."""
    m = private(PAGE)
    spare = [private(PAGE) for _ in range(1000)]

    def replace():
        m.resize(2 * PAGE)
        m.resize(PAGE)
        spare.pop().close()

    assert not others_run(replace, len(spare))


@guarantee(9)
@pytest.mark.parametrize("end", ["close", "change"])
def test_no_starvation(end):
    """Four threads search without a pause; a fifth one gets its turn."""
    m = private()

    def search():
        count = 0
        with contextlib.suppress(ValueError):
            while m.find(b"y", 0) == -1:
                count += 1
        return count

    def finish():
        if end == "close":
            m.close()
        else:
            m[-1:] = b"y"

    counts = together(search, search, search, search, finish)
    assert all(count is not None for count in counts[:4])


@guarantee(9)
@pytest.mark.skipif(not HAS_GIL, reason="what is asked for is who lets others run")
@pytest.mark.usefixtures("no_switches")
def test_who_waits_has_precedence(stalled):
    """While a thread waits to close the map, no further long operation is
    begun beside it: a search holds up everybody, and is soon over."""
    before_the_stall = 0, STALL_AT - PAGE
    assert others_run(lambda: stalled.find(b"y", *before_the_stall))
    searcher = Worker(READS["find"], stalled)
    stalled.stall.wait()
    assert others_run(lambda: stalled.find(b"y", *before_the_stall))
    closer = Worker(stalled.close)
    assert closer.waits()
    assert not others_run(lambda: stalled.find(b"y", *before_the_stall), 100)
    stalled.stall.resume()
    searcher.ends()
    closer.ends()


@guarantee(11)
def test_any_mixture(tmp_path):
    """Threads that do everything at random, on maps that are closed, resized
    and made anew under their hands."""
    import random

    table = {**READS, **SMALL_READS, **SMALL_CHANGES, **FREE}
    table["close"] = REPLACES["close"]
    table["grow"] = lambda m: m.resize(len(m) + PAGE)
    table["shrink"] = lambda m: m.resize(max(1, len(m) // 2))
    table["fill"] = lambda m: put(m, slice(None), b"z" * len(m))
    table["hold"] = lambda m: memoryview(m)[:10].release()  # and no read: see the page
    box = [private()]

    def renew(number):
        if number == 0:
            box[0] = private(2 * LONG)
            return
        # A file of its own: no other map's resize() cuts it off.
        with tempfile.TemporaryFile(dir=tmp_path) as file:
            os.ftruncate(file.fileno(), 2 * LONG)
            box[0] = mmap(file.fileno(), 0)

    def work(seed):
        rng = random.Random(seed)
        for _ in range(300):
            m = box[0]
            if m.closed:
                renew(rng.randrange(2))
                continue
            name = rng.choice([*table, *table, "renew"])
            if name == "renew":
                renew(rng.randrange(2))
                continue
            with contextlib.suppress(ValueError, BufferError, IndexError):
                if name != "close" or rng.randrange(10) == 0:
                    table[name](m)

    together(*[lambda seed=seed: work(seed) for seed in range(4)])
