"""Memory that cannot be touched is OSError, and nobody else's signal is ours.

The details of the handler are tested in C, in ctests/test_guard_posix.c.
"""

import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="faults are not signals there")

# What every program below begins with.
START = """
import errno, faulthandler, os, resource, signal, sys, tempfile, threading
import mmap as standard
import mmap_reference
from mmap_reference import mmap
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
page = standard.PAGESIZE
file = tempfile.TemporaryFile()

def lost(module=mmap_reference):
    'A map of three pages without a file behind them.'
    os.ftruncate(file.fileno(), 3 * page)
    made = module.mmap(file.fileno(), 0)
    len(made)      # the first operation looks after our handlers
    os.ftruncate(file.fileno(), 0)
    return made

def fails(call, *args):
    try:
        call(*args)
    except OSError as error:
        return error.errno == errno.EFAULT
    return False

def ends_by(action):
    'The signal by which a child that does it ends, or None.'
    child = os.fork()
    if child == 0:
        with open(os.devnull, 'w') as null:
            os.dup2(null.fileno(), 2)
        action()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
"""


@pytest.fixture
def run(run_python):
    """Run a program after START; its output."""
    return lambda program, *options: run_python(START + program, *options)


def test_line_before_what_is_lost(run):
    """A line is read although the memory behind it is not there, however short it is."""
    program = """
os.ftruncate(file.fileno(), 3 * page)
m = mmap(file.fileno(), 0)
m[page - 200:page] = (b'x' * 7 + b'\\n') * 25
os.ftruncate(file.fileno(), page)
for start in range(page - 200, page, 8):
    m.seek(start)
    assert m.readline() == b'x' * 7 + b'\\n' and m.tell() == start + 8
assert fails(m.readline) and m.tell() == page
m.seek(page - 8)
m[page - 1] = 0
assert fails(m.readline) and m.tell() == page - 8
"""
    run(program)


def test_every_touch(run):
    """Each operation that touches memory fails, twice, and changes nothing."""
    program = """
def store(m, key, value):
    m[key] = value
m = lost()
m.seek(7)
other = mmap(-1, 3 * page)
calls = {
    'item': lambda: m[0],
    'slice': lambda: m[:],
    'one byte': lambda: m[page:page + 1],
    'step': lambda: m[::-3],
    'set item': lambda: store(m, -1, 1),
    'set slice': lambda: store(m, slice(0, 3), b'abc'),
    'set step': lambda: store(m, slice(0, 9, 3), b'abc'),
    'set step, itself': lambda: store(m, slice(0, 9, 3), memoryview(m)[:3]),
    'iteration': lambda: next(iter(m)),
    'containment': lambda: b'x' in m,
    'read': lambda: m.read(),
    'read 1': lambda: m.read(1),
    'read_byte': m.read_byte,
    'readline': m.readline,
    'write': lambda: m.write(b'abc'),
    'write_byte': lambda: m.write_byte(1),
    'find': lambda: m.find(b'abc'),
    'find byte': lambda: m.find(b'a'),
    'rfind': lambda: m.rfind(b'abc'),
    'rfind byte': lambda: m.rfind(b'a'),
    'move': lambda: m.move(0, page, 10),
    'argument': lambda: other.write(m),
    'argument of a slice': lambda: store(other, slice(None), m),
    'argument of a step': lambda: store(other, slice(None, None, -1), m),
    'needle': lambda: mmap(-1, 4 * page).find(m),
    'needle, backward': lambda: mmap(-1, 4 * page).rfind(m),
}
for name, call in calls.items():
    assert fails(call) and fails(call), name
    assert (m.tell(), len(m), m.closed, other.tell()) == (7, 3 * page, False, 0), name
os.ftruncate(file.fileno(), 3 * page)
assert m[:] == bytes(3 * page)
m.close()
"""
    run(program)


def test_resize_of_a_private_map(run):
    """A private map that cannot be copied stays as it was."""
    program = """
if not hasattr(mmap, 'resize'):
    sys.exit()
os.ftruncate(file.fileno(), 3 * page)
m = mmap(file.fileno(), 0, flags=mmap_reference.MAP_PRIVATE)
os.ftruncate(file.fileno(), page)
before = open('/proc/self/maps').read().count('\\n')
for i in range(10):
    assert fails(m.resize, 10 * page)
    assert len(m) == 3 * page
assert open('/proc/self/maps').read().count('\\n') <= before + 1
assert m[:page] == bytes(page)
"""
    run(program)


def test_foreign_faults_are_not_ours(run):
    """The standard library's map and a NULL pointer end the process as ever."""
    program = """
import ctypes
assert fails(lost().read)
assert ends_by(lambda: lost(standard)[0]) == signal.SIGBUS
assert ends_by(lambda: ctypes.string_at(0)) == signal.SIGSEGV
assert ends_by(lambda: os.kill(os.getpid(), signal.SIGBUS)) == signal.SIGBUS
assert ends_by(lambda: bytes(memoryview(lost()))) == signal.SIGBUS
"""
    run(program)


@pytest.mark.parametrize("when", ["before", "between", "after", "after two"])
def test_beside_faulthandler(run, when):
    """faulthandler, enabled before or after us, reports what is not ours."""
    program = f"""
when = {when!r}
log = tempfile.TemporaryFile()
def enable():
    faulthandler.enable(log)
def enable_if(now):
    if when == now:
        enable()
enable_if('before')
first = mmap(-1, page)
enable_if('between')
m = lost()
enable_if('after')
if when == 'after two':
    lost().close()
    enable()
    faulthandler.disable()
    enable()
assert fails(m.read_byte) and fails(m.read_byte)
log.seek(0)
# Where it stands above us, it reports the first fault, before it gives way.
assert (b'Bus error' in log.read()) == when.startswith('after')
log.seek(0)
log.truncate()
if when.startswith('after'):
    faulthandler.disable()      # else it thinks that it is enabled still
    enable()
assert ends_by(lambda: lost(standard)[0]) == signal.SIGBUS
log.seek(0)
assert log.read().count(b'Fatal Python error: Bus error') == 1
"""
    run(program)


def test_faulthandler_of_the_command_line(run):
    """python -X faulthandler."""
    program = """
assert faulthandler.is_enabled()
m = lost()
assert fails(m.read)
assert ends_by(lambda: lost(standard)[0]) == signal.SIGBUS
"""
    run(program, "-X", "faulthandler")


def test_disabled_faulthandler(run):
    """After faulthandler.disable() the next map is guarded again, and so are
    those from before."""
    program = """
faulthandler.enable()
m = lost()
faulthandler.disable()
n = lost()
assert fails(m.read) and fails(n.read)
assert ends_by(lambda: lost(standard)[0]) == signal.SIGBUS
"""
    run(program)


def test_handler_of_the_signal_module(run):
    """signal.signal() replaces our handler: the next map is guarded again,
    and the program's handler is still called."""
    program = """
m = lost()
called = []
old = signal.signal(signal.SIGBUS, lambda *args: called.append(args[0]))
n = lost()
assert fails(m.read) and fails(n.read) and not called
os.kill(os.getpid(), signal.SIGBUS)
assert called == [signal.SIGBUS]
assert signal.getsignal(signal.SIGBUS) is not None
signal.signal(signal.SIGBUS, old)
n = lost()
assert fails(m.read) and fails(n.read)
"""
    run(program)


def test_mask_is_unchanged(run):
    """The signals that a thread blocks are those from before."""
    program = """
blocked = {signal.SIGUSR1, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
assert fails(lost().read) and fails(mmap(-1, 5, prot=0).read)
assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == blocked
"""
    run(program)


def test_threads(run):
    """Threads that fault at the same time, beside one that does not."""
    program = """
m, n = lost(), mmap(-1, 10 * page, prot=0)
good = mmap(-1, 100 * page)
results = []
def fault(map):
    results.append(all(fails(map.read) for i in range(500)))
def work():
    results.append(all(good.find(b'x') == -1 for i in range(500)))
threads = [threading.Thread(target=fault, args=(map,)) for map in (m, n, m, n)]
threads.append(threading.Thread(target=work))
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert results == [True] * 5
"""
    run(program)


def test_child(run):
    """A child is guarded like its parent, and so is its parent after it."""
    program = """
m = lost()
def child():
    assert fails(m.read) and fails(lost().read)
    os.kill(os.getpid(), signal.SIGKILL)
assert ends_by(child) == signal.SIGKILL
assert fails(m.read)
"""
    run(program)


def test_subinterpreter(run):
    """A fault in one interpreter is an exception there."""
    program = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
code = '''
import os, tempfile
from mmap_reference import mmap
file = tempfile.TemporaryFile()
os.ftruncate(file.fileno(), 5)
m = mmap(file.fileno(), 0)
os.ftruncate(file.fileno(), 0)
try:
    m[0]
except OSError:
    os.write(%d, b'+')
''' % os.dup(1)
m = lost()
for i in range(3):
    one = interpreters.create()
    interpreters.run_string(one, code)
    interpreters.destroy(one)
    assert fails(m.read)
"""
    assert run(program) == "+++"


def test_signal_handler_that_uses_the_map(run):
    """A Python handler may fault too, also where it interrupted the map's use."""
    program = """
m, good = lost(), mmap(-1, 1 << 20)
seen = []
def handler(*args):
    seen.append(fails(m.read) and good.find(b'x') == -1)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while len(seen) < 20:
    assert fails(m.find, b'x') and good.rfind(b'x') == -1
signal.setitimer(signal.ITIMER_REAL, 0)
assert all(seen)
"""
    run(program)


def test_file_system_that_is_full(run):
    """A page that there is no room for is OSError; a small limit stands in
    for the full file system where none can be made."""
    program = """
def small():
    'A sparse file in a file system without room.'
    import ctypes
    libc = ctypes.CDLL(None)
    if libc.unshare(0x20000) and libc.unshare(0x10020000):
        return None
    folder = tempfile.mkdtemp()
    libc.mount(b'none', b'/', None, 0x44000, None)
    if libc.mount(b'tmpfs', folder.encode(), b'tmpfs', 0, b'size=65536'):
        return None
    return open(folder + '/file', 'w+b')
file = small()
if file is None:
    print('none')
    sys.exit()
os.ftruncate(file.fileno(), 1 << 20)
m = mmap(file.fileno(), 0)
assert fails(m.write, b'x' * (1 << 20)) and m.tell() == 0
assert any(fails(m.__setitem__, at, 1) for at in range(0, len(m), page))
"""
    if run(program) == "none\n":
        pytest.skip("no file system can be mounted here")
