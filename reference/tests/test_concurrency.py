"""The guarantees of docs/concurrency.md, each under its number.

Where an operation has to be caught in the middle, a page of its memory stops
it until it is told to go on (stalling.py).  A thread that must wait is given
a moment in which it must not end; one that must not wait is given a minute.
"""

import contextlib
import functools
import importlib.util
import operator
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
from pathlib import Path

import pytest

import mmap_reference
from mmap_reference import mmap

HERE = Path(__file__).resolve().parent
PAGE = mmap_reference.PAGESIZE
LONG = 1 << 20
STALL_AT = 600 << 10  # behind what a search looks at before others may run
MOMENT = 0.1
MINUTE = 60
HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()

spec = importlib.util.spec_from_file_location("stalling", HERE / "stalling.py")
stalling = importlib.util.module_from_spec(spec)
try:
    spec.loader.exec_module(stalling)
except ImportError:  # fcntl, select.poll
    stalling = None

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not run there yet")


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


def private(size=LONG):
    """Private memory, not 0."""
    made = mmap(-1, size, flags=mmap_reference.MAP_PRIVATE)
    made[:] = b"x" * size
    return made


@pytest.fixture
def stalled():
    """A map that stops whoever touches its 150th page."""
    if stalling is None:
        pytest.skip("no userfaultfd")
    m = private()
    m.madvise(mmap_reference.MADV_DONTNEED, STALL_AT, PAGE)
    try:
        stall = stalling.Stall(m, STALL_AT)
    except stalling.NotHere as reason:
        pytest.skip(f"no userfaultfd: {reason}")
    m.stall = stall
    yield m
    with contextlib.suppress(OSError):  # the memory may have gone
        stall.resume()
    stall.close()


@pytest.fixture
def sparse():
    """A private map of a file in memory of which no page exists; the 150th
    stops whoever touches it, resize() among them, which copies what grows."""
    if stalling is None or not hasattr(os, "memfd_create"):
        pytest.skip("no userfaultfd")
    fd = os.memfd_create("sparse")
    os.ftruncate(fd, LONG)
    m = mmap(fd, 0, flags=mmap_reference.MAP_PRIVATE)
    m.shared = mmap(fd, 0)
    os.close(fd)
    try:
        m.stall = stalling.Stall(m, STALL_AT)
    except stalling.NotHere as reason:
        pytest.skip(f"no userfaultfd: {reason}")
    yield m
    with contextlib.suppress(OSError):  # the memory may have gone
        m.stall.resume()
    m.stall.close()


class Stallable(mmap):
    """With a place for the stall."""


@pytest.fixture(autouse=True)
def _subclass(monkeypatch):
    monkeypatch.setitem(globals(), "mmap", Stallable)


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


GROW = {"resize": lambda m: m.resize(2 * LONG)}


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


@guarantee(5)
@pytest.mark.parametrize("other", READS.values(), ids=READS)
def test_reads_run_at_the_same_time(stalled, other):
    """Two long reads are stopped by the same page at the same time."""
    readers = [Worker(READS["find"], stalled)]
    stalled.stall.wait()
    readers += [Worker(other, stalled), Worker(other, stalled)]
    for name in SMALL_READS:
        Worker(SMALL_READS[name], stalled).ends()
    assert all(reader.waits() for reader in readers)
    stalled.stall.resume()
    for reader in readers:
        reader.ends()


@guarantee(6)
@pairs(READS, first_of(SMALL_CHANGES))
def test_changes_wait_for_reads(stalled, under_way, other):
    """A search sees the memory as it was when it began."""
    check_waits(stalled, under_way, other)


@guarantee(6)
@pairs(first_of(READS), SMALL_CHANGES)
def test_every_change_waits_for_a_read(stalled, under_way, other):
    """All that changes the memory waits."""
    check_waits(stalled, under_way, other)


@guarantee(6)
@pairs(CHANGES, first_of(SMALL_READS))
def test_reads_wait_for_changes(stalled, under_way, other):
    """Nobody reads what is half written."""
    check_waits(stalled, under_way, other)


@guarantee(6)
@pairs(first_of(CHANGES), {**SMALL_READS, **SMALL_CHANGES})
def test_everything_waits_for_a_change(stalled, under_way, other):
    """Nor changes it further."""
    check_waits(stalled, under_way, other)


@guarantee(7)
@pairs({**READS, **CHANGES}, REPLACES)
def test_closing_waits(stalled, under_way, other):
    """The memory is there until the last one has done with it."""
    if not hasattr(stalled, "resize") and other is REPLACES["resize"]:
        pytest.skip("no resize")
    check_waits(stalled, under_way, other)


@guarantee(6)
@guarantee(8)
@pairs(GROW, {**SMALL_READS, **SMALL_CHANGES, **REPLACES, **FREE})
def test_everything_waits_for_a_resize(sparse, under_way, other):
    """Nobody sees the map while its memory is replaced, nor its length."""
    check_waits(sparse, under_way, other)


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


@guarantee(8)
@pairs({"find": READS["find"], "set slice": CHANGES["set slice"]}, FREE)
def test_what_waits_for_nothing(stalled, under_way, other):
    """It looks at the map, and at none of its bytes."""
    check_goes_on(stalled, under_way, other)


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


@guarantee(10)
def test_exports(stalled):
    """A buffer that was handed out is in the way, and nothing else is."""
    view = memoryview(stalled)
    searcher = Worker(READS["find"], stalled)
    stalled.stall.wait()
    closer = Worker(stalled.close)
    assert closer.waits()
    stalled.stall.resume()
    searcher.ends()
    with pytest.raises(BufferError):
        closer.ends()
    with pytest.raises(BufferError):
        stalled.resize(5)
    view.release()
    stalled.close()


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


FAULT = """
import faulthandler, os, signal, sys, tempfile, threading
import mmap_reference
from mmap_reference import mmap
file = tempfile.TemporaryFile()
def lost(size=8192):
    os.ftruncate(file.fileno(), size)
    m = mmap(file.fileno(), 0)
    os.ftruncate(file.fileno(), 0)
    return m
def fails(call, *args):
    try:
        call(*args)
    except OSError:
        return True
"""


@guarantee(12)
def test_fault_in_a_long_operation(run_python):
    """Faults while others run, and beside an access that is good."""
    program = """
m, good = lost(1 << 20), mmap(-1, 1 << 20)
results = []
def work(function):
    results.append(all(function() for _ in range(200)))
jobs = [lambda: fails(m.read), lambda: fails(m.find, b'xy'), lambda: fails(good.write, m),
        lambda: good.find(b'x') == -1, lambda: len(good[:]) == 1 << 20]
threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert results == [True] * 5, results
assert m.tell() == 0 and good.tell() == 0
m.close()
"""
    run_python(FAULT + program)


@guarantee(13)
@guarantee(14)
def test_handlers_of_others(run_python):
    """More of this is in test_guard.py and ctests/test_guard_posix.c."""
    program = """
m = lost()
called = []
signal.signal(signal.SIGBUS, lambda *args: called.append(args[0]))
os.kill(os.getpid(), signal.SIGBUS)
assert called == [signal.SIGBUS]
mmap(-1, 1)
assert fails(m.read)
os.kill(os.getpid(), signal.SIGBUS)
assert called == [signal.SIGBUS] * 2
"""
    run_python(FAULT + program)


@guarantee(15)
def test_faulthandler_above_us(run_python):
    """It says that there was a bus error, and the program goes on."""
    program = """
m = lost()
log = tempfile.TemporaryFile()
faulthandler.enable(log)
assert fails(m.read) and fails(m.read)
log.seek(0)
assert log.read().count(b'Bus error') == 1
"""
    run_python(FAULT + program)


@guarantee(16)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("under_way", [READS["find"], CHANGES["write"]], ids=["find", "write"])
def test_fork_in_the_middle(stalled, under_way):
    """The child's map is free, although nobody there will let go of it."""
    worker = Worker(under_way, stalled)
    stalled.stall.wait()
    # A third thread waits for the worker when the child is made.
    waiting = Worker(stalled.close)
    assert waiting.waits()
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            stalled[0] = 65
            assert stalled.find(b"A", 0) == 0
            assert len(stalled[: LONG // 2]) == LONG // 2
            stalled[:] = b"b" * LONG
            assert stalled.find(b"c", 0) == -1
            stalled.close()
            assert stalled.closed
            status = 0
        os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    stalled.stall.resume()
    worker.ends()
    waiting.ends()
    assert stalled.closed


@guarantee(16)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork_waits_for_a_resize(sparse):
    """The child's map is the old one or the new one, never neither."""
    worker = Worker(GROW["resize"], sparse)
    sparse.stall.wait()
    # fork() waits with the GIL in its hands: another process must resume us.
    helper = sparse.stall.resume_from_elsewhere()
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            assert len(sparse) == 2 * LONG
            sparse[:] = b"b" * (2 * LONG)
            assert sparse.find(b"c", 0) == -1
            sparse.resize(LONG)
            sparse.close()
            status = 0
        os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert helper.wait(MINUTE) == 0
    worker.ends()
    assert (len(sparse), sparse[:] == bytes(2 * LONG)) == (2 * LONG, True)


@guarantee(17)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_exit_of_a_child():
    """A child that ends at once takes nothing with it."""
    m, own = mmap(-1, PAGE), private(PAGE)
    child = os.fork()
    if child == 0:
        m[0], own[0] = 65, 65
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert (m[0], own[0]) == (65, 120)
    m.close()
    own.close()


@guarantee(18)
@pytest.mark.parametrize(
    "operation", ["m.find(b'y', 0)", "m[:]", "m.seek(0); m.read()", "m.resize(1 << 20)"]
)
@pytest.mark.parametrize("last", ["pass", "m.find(b'y')", "m[0] = 1", "m.close()"])
def test_end_of_the_interpreter(run_python, operation, last):
    """Daemon threads are in the middle of it, and a function registered with
    atexit uses the map."""
    program = f"""
import atexit, threading
from mmap_reference import mmap
m = mmap(-1, 1 << 20)
started = threading.Barrier(3)
def work():
    {operation}
    started.wait(60)
    while True:
        {operation}
def last():
    {last}
atexit.register(last)
for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
started.wait(60)
print('end')
"""
    # The threads see a closed map: what they print of it is their business.
    assert run_python(program).startswith("end\n")


@guarantee(19)
@pytest.mark.parametrize(
    "inside",
    ["m.find(b'y', 0)", "m[0] = 1", "m.read(5), m.seek(0)", "m.resize(1 << 20)", "m.close()"],
)
def test_signal_handler(run_python, inside):
    """A handler runs between two operations, never within one."""
    program = f"""
import signal
from mmap_reference import mmap
m = mmap(-1, 1 << 20)
seen = []
def handler(*args):
    seen.append(m.closed)
    if not m.closed:
        {inside}
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while len(seen) < 20:
    try:
        m[:], m.find(b'y', 0), m.seek(0), m.write(bytes(1 << 20)), m.move(0, 1, 1 << 19)
        m.seek(0), m.readline(), m.resize(1 << 20)
    except ValueError:
        assert m.closed
signal.setitimer(signal.ITIMER_REAL, 0)
"""
    run_python(program)


@guarantee(20)
def test_interpreters_share_a_file(run_python, tmp_path):
    """What one writes the other reads."""
    program = f"""
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
from mmap_reference import mmap
file = open({str(tmp_path / "file")!r}, 'w+b')
file.write(bytes(5)); file.flush()
m = mmap(file.fileno(), 0)
one = interpreters.create()
interpreters.run_string(one, '''
from mmap_reference import mmap
file = open({str(tmp_path / "file")!r}, 'r+b')
m = mmap(file.fileno(), 0)
m[:] = b'hello'
m.close()
file.close()
''')
assert m[:] == b'hello'
interpreters.destroy(one)
assert m[:] == b'hello'
"""
    run_python(program)


@guarantee(21)
@pytest.mark.parametrize("under_way", CHANGES.values(), ids=CHANGES)
def test_buffers_are_plain_memory(stalled, under_way):
    """Who has one waits for nobody."""
    view = memoryview(stalled)
    first = Worker(under_way, stalled)
    stalled.stall.wait()
    view[-1] = 65
    assert view[-1] == 65
    stalled.stall.resume()
    first.ends()
    view.release()


@guarantee(22)
def test_arguments_are_read_as_they_are(stalled):
    """What is written is changed in the middle, and was not copied before."""
    source = bytearray(b"a" * LONG)
    worker = Worker(put, stalled, slice(None), source)
    stalled.stall.wait()
    source[PAGE] = source[-PAGE] = ord("b")
    stalled.stall.resume()
    worker.ends()
    assert ord("b") in {stalled[PAGE], stalled[-PAGE]}  # copied from either end


@guarantee(23)
def test_two_maps_are_two(sparse):
    """A map of the same file does not wait for this one."""
    check_goes_on(sparse, READS["find"], lambda m: put(m.shared, 0, 1))


@guarantee(24)
def test_advice_that_throws_away(stalled):
    """The end of what is being copied."""
    worker = Worker(stalled.__getitem__, slice(None))
    stalled.stall.wait()
    stalled.madvise(mmap_reference.MADV_DONTNEED, LONG - PAGE, PAGE)
    stalled.stall.resume()
    copied = worker.ends()
    assert copied[-2 * PAGE : -PAGE] == b"x" * PAGE
    assert bytes(PAGE // 2) in copied[-PAGE:]  # a C library may read the very end before the rest


# How a program ends that faults where nobody can help it.
FATAL = {
    25: ("signal.signal(signal.SIGBUS, print); m = lost(); signal.signal(signal.SIGBUS, print)", 0),
    26: ("m = lost(); signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGBUS])", -signal.SIGBUS),
    27: ("m = memoryview(lost())", -signal.SIGBUS),
}


@guarantee(25)
@guarantee(26)
@guarantee(27)
@pytest.mark.parametrize("number", FATAL)
def test_faults_that_nobody_can_help(number):
    """It dies of SIGBUS, or hangs: nothing else says so than that it does not end."""
    program, status = FATAL[number]
    program = f"{FAULT}\n{program}\nprint('now', flush=True)\nm[0]\nprint('alive', flush=True)"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "now\n"
        if status:
            assert process.wait(MINUTE) == status
        else:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)
            process.kill()
        assert process.stdout.read() == ""


@pytest.mark.skipif(sys.version_info < (3, 13), reason="there is no free-threaded build of it")
def test_sources_fit_a_build_without_a_gil(sources):
    """Its macros for locks are others: this interpreter's headers, read as one would."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    include = sysconfig.get_path("include")
    if compiler is None or not Path(include, "Python.h").exists():
        pytest.skip("no compiler, or no headers of Python")
    files = [path for path in sources.glob("*.c") if '"mmap_object.h"' in path.read_text()]
    assert len(files) > 5
    command = [compiler, "-fsyntax-only", "-std=c11", "-Wall", "-Wextra", "-Werror"]
    command += ["-DPy_GIL_DISABLED=1", f"-I{include}", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=MINUTE, check=False)
    assert done.returncode == 0, done.stderr


def test_each_guarantee_is_tested():
    """The page and this file name the same numbers."""
    page = HERE.parent.parent / "docs" / "concurrency.md"
    if not page.exists():
        pytest.skip("the page is in the repository only")
    text = page.read_text()
    promised = {int(number) for number in re.findall(r"\*\*C(\d+)\.\*\*", text)}
    assert len(re.findall(r"^- ", text, re.M)) == len(promised)
    tested = {
        number for value in list(globals().values()) for number in getattr(value, "guarantees", [])
    }
    assert promised == tested != set()
