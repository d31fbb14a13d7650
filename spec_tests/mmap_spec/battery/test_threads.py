"""Several threads on one map: some order of their operations explains every observed history."""

import textwrap

import pytest

from mmap_spec import threaded
from mmap_spec.battery.thread_programs import (
    BESIDE,
    BUFFERS,
    BYTES,
    CLOSES,
    ITEMS,
    NEXT,
    POSITION,
    RESIZES,
    SEARCHES,
    SIZES,
    SLICES,
    WRITES,
    check,
    check_closing,
    check_two_sizes,
    seeds,
    the_map,
)
from mmap_spec.candidate import Returned
from mmap_spec.clauses import clause
from mmap_spec.parameters import INTEGERS

# -- small operations -----------------------------------------------------------


@clause("threads.file-like")
@seeds
def test_file_like(candidate, seed):
    """Reads, writes and seeks of several threads are explained by some order of them."""
    check(candidate, seed, POSITION | BYTES, POSITION | BYTES, POSITION | BYTES)


@clause("threads.sequence")
@seeds
def test_sequence(candidate, seed):
    """Items, slices, their assignment and move() are explained by some order of them."""
    check(candidate, seed, SLICES, ITEMS | SLICES, ITEMS)


@clause("threads.search")
@seeds
def test_search(candidate, seed):
    """A search begins at a position, and finds bytes, that the map had at one moment."""
    check(candidate, seed, SEARCHES, SEARCHES | WRITES, SLICES)


@clause("threads.resize")
@seeds
def test_resize(candidate, seed):
    """Accesses beside resize() see the map as it is before it or as it is after it."""
    check(candidate, seed, RESIZES, SLICES | ITEMS, POSITION | SEARCHES)


@clause("threads.resize")
def test_two_sizes(candidate):
    """Accesses beside resize() see one of its two sizes, and the contents that both have."""
    check_two_sizes(candidate, (5000, 50000), rounds=2000)


@clause("threads.resize-size")
@seeds
def test_resize_size(candidate, seed):
    """The length of the map and size() change together as other threads see them."""
    check(candidate, seed, RESIZES, SIZES, SIZES | RESIZES)


@clause("threads.resize-size")
def test_resize_often(candidate):
    """While a map only grows, neither its length nor size() is ever seen to fall."""
    source = """
        import time
        end = time.monotonic() + 0.5  # seconds; ten rounds take less where resize() is quick
        def grow():
            try:
                for size in range(101, 1600):
                    if time.monotonic() > end:
                        break
                    m.resize(size)
            finally:
                done.append(True)
        def look():
            seen = []
            while not done:
                seen += [m.size(), len(m)]
            return seen
        fallen = 0
        for _ in range(10):
            m.resize(100)
            done = []
            seen = together(grow, look)[1]
            fallen += sum([later < earlier for earlier, later in zip(seen, seen[1:])])
        result = fallen
        """
    assert threaded.together(candidate, source, m=the_map(candidate)) == 0


@clause("threads.close")
def test_close(candidate):
    """Before close() returns every operation works; afterwards it is a ValueError."""
    check_closing(candidate, SLICES | ITEMS, POSITION | SEARCHES)


@clause("threads.exports")
@seeds
def test_exports(candidate, seed):
    """close() and resize() raise BufferError exactly while some thread has a buffer."""
    check(candidate, seed, BUFFERS, BUFFERS | {"__len__": SIZES["__len__"]}, RESIZES)
    check(candidate, seed, BUFFERS, BUFFERS, CLOSES, steps=12)


@clause("threads.iteration")
@seeds
def test_iteration(candidate, seed):
    """Iterators yield the bytes of their moment, and end at the length of their moment."""
    check(candidate, seed, NEXT, NEXT | RESIZES, ITEMS)


@clause("threads.iteration-close")
def test_iteration_close(candidate):
    """An iterator raises ValueError as soon as another thread has closed the map."""
    check_closing(candidate, NEXT, NEXT)


# -- what threads share out -----------------------------------------------------


@clause("threads.read-once")
@pytest.mark.parametrize("step", ["read_byte()", "read(7)", "readline()", "read(300000)"])
def test_read_once(candidate, step):
    """Each byte is given to exactly one of the threads that read the map to its end."""
    source = """
        content = bytes([i * 167 % 251 for i in range(5000)]) * times
        m = mmap.mmap(-1, len(content))
        m[:] = content
        def take():
            taken = []
            while True:
                try:
                    piece = STEP
                except ValueError:  # read_byte() at the end
                    return taken
                if piece == b"":
                    return taken
                taken.append(piece)
        taken = sorted(sum(together(take, take, take), []))
        m.seek(0)
        result = taken == sorted(take()), m.tell() == len(content)
        """
    source = source.replace("STEP", f"m.{step}")
    times = 600 if step == "read(300000)" else 1
    assert threaded.together(candidate, source, times=times) == (True, True)


@clause("threads.written-once")
@pytest.mark.parametrize("size", [1, 5, 300_000])
def test_written_once(candidate, size):
    """What threads write lies piece behind piece, nothing lost and nothing torn."""
    source = """
        times = 300 if size < 300 else 6
        m = mmap.mmap(-1, 3 * times * size)
        def write(letter):
            for _ in range(times):
                if size == 1:
                    m.write_byte(letter[0])
                else:
                    m.write(letter * size)
        together(lambda: write(b"a"), lambda: write(b"b"), lambda: write(b"c"))
        pieces = sorted([m[i:i + size] for i in range(0, len(m), size)])
        written = sorted([b"a" * size, b"b" * size, b"c" * size] * times)
        result = m.tell() == len(m), pieces == written
        """
    assert threaded.together(candidate, source, size=size) == (True, True)


@clause("threads.close-together")
def test_close_together(candidate):
    """Threads that close one map at the same time all succeed, and give back one descriptor."""
    file = candidate.file(b"abc")
    source = """
        import os
        result = []
        def close_and_open():
            m.close()
            return os.open(path, os.O_RDONLY)
        for _ in range(20):
            m = mmap.mmap(fd, 0)
            opened = together(*[close_and_open] * 4)
            result.append((m.closed, [os.read(number, 9) for number in opened]))
            for number in opened:
                os.close(number)
        """
    before = candidate.state()["descriptors"]
    seen = threaded.together(candidate, source, fd=file.fd, path=file.path)
    assert seen == [(True, [b"abc"] * 4)] * 20
    assert candidate.state()["descriptors"] == before


@clause("threads.maps-of-their-own")
def test_maps_of_their_own(candidate):
    """Threads that make, use and close maps of one file leave nothing behind."""
    file = candidate.file(bytes(8192))
    source = """
        def use(number):
            for i in range(40):
                m = mmap.mmap(fd, 0)
                m[number] = i
                found = m.find(bytes([i]), number)
                assert (m[number], found) == (i, number), "not what this thread has written"
                if i % 2:
                    m.close()
        together(*[lambda number=number: use(number) for number in range(4)])
        """
    before = candidate.state()["descriptors"]
    threaded.together(candidate, source, fd=file.fd)
    candidate.collect()
    assert candidate.state()["descriptors"] == before
    assert file.contents() == bytes([39] * 4).ljust(8192, b"\0")


# -- in the middle of a conversion ----------------------------------------------

# An integer whose conversion lets another thread act and waits until it has.
ELSEWHERE = """
class Elsewhere:
    def __init__(self, answer, action):
        self.answer, self.action, self.calls = answer, action, 0

    def __index__(self):
        self.calls += 1
        failed = []
        def act():
            try:
                self.action()
            except BaseException as error:
                failed.append(error)
        thread = threading.Thread(target=act, daemon=True)
        thread.start()
        thread.join(DEADLINE)
        assert not thread.is_alive(), "the other thread hangs"
        if failed:
            raise RuntimeError(repr(failed))
        return self.answer
"""


def elsewhere(candidate, mapping, answer, action):
    """An integer during whose conversion another thread does something with the map."""
    source = textwrap.dedent(ELSEWHERE) + f"result = Elsewhere(answer, lambda: {action})"
    return threaded.together(candidate, source, m=mapping, answer=answer)


@clause("threads.conversion-closes")
def test_conversion_closes(candidate):
    """An operation finds the map closed where another thread closes it during a conversion."""
    for parameter in INTEGERS:
        if candidate.avoids(parameter.closing):
            continue
        m = the_map(candidate)
        argument = elsewhere(candidate, m, parameter.value, "m.close()")
        with candidate.raises((ValueError, TypeError), state=False):  # it is closed meanwhile
            parameter.call(m, argument)
        assert m.closed or not argument.calls


@clause("threads.conversion-shrinks")
def test_conversion_shrinks(candidate):
    """An operation acts on the map as it is, or is refused, where another thread shrinks it."""
    for parameter in INTEGERS:
        if candidate.avoids(parameter.sizing):
            continue
        m = the_map(candidate)
        argument = elsewhere(candidate, m, parameter.value, "m.resize(1)")
        outcome = candidate.outcome(parameter.call, m, argument)
        assert isinstance(outcome, Returned) or outcome.type in (ValueError, IndexError, TypeError)
        if argument.calls:
            assert (len(m), m[:] in (b"\0", b"x", b"A")) == (1, True)


@clause("threads.conversion-exports")
def test_conversion_exports(candidate):
    """resize() raises BufferError where another thread takes a buffer during its conversion."""
    m = the_map(candidate)
    argument = elsewhere(candidate, m, 10, "globals().update(kept=memoryview(m))")
    with candidate.raises(BufferError):
        m.resize(argument)
    assert (argument.calls, len(m)) == (1, 9000)


# -- signals, the end of the process, fork --------------------------------------

# Operations go on until a handler has run as often as is wanted.
INTERRUPTED = """
import signal
m = mmap.mmap(-1, 300000)
seen = []
def handler(number, frame):
    seen.append(m.closed)
    if not m.closed:
        HANDLE
before = signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
refused = 0
try:
    while len(seen) < 20:
        try:
            m.seek(0), m.write(b"y" * 300000), m[::2], m.find(b"z", 0), m.move(0, 9, 99999)
        except ValueError:
            refused += 1
finally:
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
result = seen, refused
"""


@clause("threads.signal-handler")
@pytest.mark.parametrize("use", ["m[0] = 1", "m.find(b'z', 0)", "m.read(5), m.seek(0)"])
def test_signal_handler(candidate, use):
    """A signal handler may use the map whose use it interrupts."""
    # A handler that leaves the position elsewhere makes a write find no room: that is all.
    seen, _ = candidate.run(INTERRUPTED.replace("HANDLE", use))
    assert set(seen) == {False}


@clause("threads.signal-handler-closes")
def test_signal_handler_closes(candidate):
    """After a signal handler has closed the map the operations are a ValueError."""
    seen, refused = candidate.run(INTERRUPTED.replace("HANDLE", "m.close()"))
    assert (seen[0], set(seen[1:]), refused > 0) == (False, {True}, True)


# Many threads and several processes at once: where the end of one can hang, not each of them does.
ENDING = """
import importlib, sys, threading
sys.path[:] = PATH
mmap = importlib.import_module(NAME)
m = mmap.mmap(-1, 300000)
started = threading.Barrier(17)
def use():
    started.wait(60)
    while True:
        m[:], m.find(b"y", 0), m.seek(0), m.write(bytes(300000))
for _ in range(16):
    threading.Thread(target=use, daemon=True).start()
started.wait(60)
print("end")
"""
END_PROCESSES = """
import subprocess, sys
text = text.replace("PATH", repr(sys.path)).replace("NAME", repr(mmap.__name__))
quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
children = [subprocess.Popen([sys.executable, "-c", text], **quiet) for _ in range(8)]
result = []
for child in children:
    try:
        output, _ = child.communicate(timeout=20 if all(result) else 0.1)
        result.append((child.returncode, output.split()))
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        result.append(None)
"""


@clause("threads.end-of-process")
def test_end_of_process(candidate):
    """A process ends with status 0 while daemon threads use a map."""
    for _ in range(3):
        ends = candidate.run(END_PROCESSES, text=ENDING)
        assert ends == [(0, [b"end"])] * 8


@clause("threads.fork")
@pytest.mark.parametrize("size", [10, 1_500_000])
def test_fork(candidate, size):
    """A child forked while other threads use a map can use and close it."""
    source = """
        import os, warnings
        stop = threading.Event()
        m = mmap.mmap(-1, size, mmap.MAP_PRIVATE)
        def use():
            while not stop.is_set():
                m[:] = b"y" * size
                m.find(b"z", 0)
        def fork():
            try:
                return [child() for _ in range(3)]
            finally:
                stop.set()
        def child():
            number = os.fork()
            if number == 0:
                status = 1
                try:
                    m[:] = b"a" * size
                    if (m[:], m.find(b"a", 0), m.rfind(b"a", 0)) == (b"a" * size, 0, size - 1):
                        found = beside(lambda: m.find(b"z", 0), m.close)
                        status = 0 if found in ([-1, None], [ValueError, None]) else 2
                finally:
                    os._exit(status)
            return os.waitpid(number, 0)[1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            statuses = together(fork, use, use)[0]
        result = statuses, m[:] == b"y" * size
        """
    source = f"{BESIDE}size = {size}\n" + textwrap.dedent(source)
    assert threaded.together(candidate, source) == ([0] * 3, True)
