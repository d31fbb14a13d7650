"""Faults, processes, signals, the end: guarantees of docs/concurrency.md, each under its number."""

import contextlib
import os
import signal
import subprocess
import sys

import pytest
from meeting import (
    CHANGES,
    GROW,
    LONG,
    MINUTE,
    ON_POSIX,
    PAGE,
    READS,
    WITH_FORK,
    Worker,
    guarantee,
    private,
)

from mmap_reference import mmap

pytestmark = ON_POSIX


FAULT = """
import faulthandler, os, signal, sys, tempfile, threading
import mmap_reference
from mmap_reference import mmap
file = tempfile.TemporaryFile()
def lost(size=8192):
    os.ftruncate(file.fileno(), size)
    m = mmap(file.fileno(), 0)
    len(m)      # the first operation looks after our handlers
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
lost()
assert fails(m.read)
os.kill(os.getpid(), signal.SIGBUS)
assert called == [signal.SIGBUS] * 2
"""
    run_python(FAULT + program)


# Operations that touch memory; each is the first one of a map.
FIRST = [
    "m[0]",
    "m[:3]",
    "m[::2]",
    "m.__setitem__(0, 1)",
    "m.__setitem__(slice(3), b'abc')",
    "next(iter(m))",
    "b'a' in m",
    "m.read()",
    "m.read_byte()",
    "m.readline()",
    "m.write(b'abc')",
    "m.write_byte(1)",
    "m.find(b'abc')",
    "m.rfind(b'abc')",
    "m.move(0, 1, 3)",
]


@guarantee(14)
def test_handler_that_was_replaced_before_the_first_operation(run_python):
    """Whatever touches a map first puts our handler back."""
    program = f"""
called = []
def replaced():
    os.ftruncate(file.fileno(), 8192)
    m = mmap(file.fileno(), 0)
    signal.signal(signal.SIGBUS, lambda *args: called.append(args[0]))
    os.ftruncate(file.fileno(), 0)
    return m
for first in {FIRST}:
    m = replaced()
    assert fails(lambda: eval(first)) and not called, first
os.kill(os.getpid(), signal.SIGBUS)
assert called == [signal.SIGBUS]
"""
    run_python(FAULT + program)


@guarantee(14)
def test_handler_of_memory_that_is_forbidden(run_python):
    """The handler of SIGSEGV is put back when a map is made that may not be read."""
    program = """
m = mmap(-1, 8192, prot=0)
called = []
signal.signal(signal.SIGSEGV, lambda *args: called.append(args[0]))
mmap(-1, 1, prot=0)
assert fails(m.read) and not called
os.kill(os.getpid(), signal.SIGSEGV)
assert called == [signal.SIGSEGV]
"""
    run_python(FAULT + program)


@guarantee(14)
def test_handler_of_guard_pages(run_python):
    """The handler of SIGSEGV is put back when pages are guarded."""
    program = f"""
GUARD_INSTALL = 102     # of Linux 6.13
m = mmap(-1, {2 * PAGE}, flags=mmap_reference.MAP_PRIVATE)
called = []
signal.signal(signal.SIGSEGV, lambda *args: called.append(args[0]))
try:
    m.madvise(GUARD_INSTALL, 0, {PAGE})
except (AttributeError, OSError):
    print('none')
    sys.exit()
assert fails(m.read) and not called
"""
    if run_python(FAULT + program) == "none\n":
        pytest.skip("there are no guard pages here")


@guarantee(14)
@pytest.mark.skipif(sys.platform != "linux", reason="each map puts both handlers back there")
def test_handlers_are_put_back_together(run_python):
    """A map of a file puts the handler of SIGSEGV back where that of SIGBUS was replaced too."""
    program = """
m, n = lost(), mmap(-1, 8192, prot=0)
for number in (signal.SIGBUS, signal.SIGSEGV):
    signal.signal(number, lambda *args: None)
lost()
assert fails(m.read) and fails(n.read)
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
@WITH_FORK
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
    # fork() waits with the GIL in its hands: another process must resume us.
    helper = sparse.stall.resumer()
    worker = Worker(GROW["resize"], sparse)
    sparse.stall.wait()
    helper.stdin.close()
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
@WITH_FORK
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
