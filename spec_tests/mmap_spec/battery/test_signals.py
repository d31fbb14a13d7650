"""The program's own handlers of SIGBUS and SIGSEGV, which a map's faults could touch."""

import pytest

from mmap_spec.clauses import clause
from mmap_spec.situations import in_new_interpreter

each_signal = pytest.mark.parametrize("name", ["SIGBUS", "SIGSEGV"])
each_order = pytest.mark.parametrize("when", ["before", "after"])
USE = """
m = mmap.mmap(-1, 9000)
m[5], m.find(b"x"), m.read(), m.move(0, 10, 10)
"""
NO_CORE = """
import resource
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
"""


def play(candidate, when, prelude, program):
    """A new process in which ``prelude`` runs before the module's import, or after its use."""
    first, then = (prelude, "") if when == "before" else ("", prelude)
    return in_new_interpreter(candidate, USE + then + program, before=NO_CORE + first)


def number_of(candidate, name):
    """The signal's number in the candidate's world."""
    return candidate.run(f"import signal\nresult = int(signal.{name})")


@clause("signals.sent")
@each_signal
@each_order
def test_sent(candidate, name, when):
    """A handler that the program has set is called with the signals that are sent."""
    prelude = f"""
import os, signal
called = []
signal.signal(signal.{name}, lambda number, frame: called.append(number))
"""
    program = f"""
os.kill(os.getpid(), signal.{name})
assert called == [signal.{name}], called
print("end")
"""
    assert play(candidate, when, prelude, program) == (0, b"end\n", b"")


@clause("signals.each-time")
@each_signal
@each_order
def test_each_time(candidate, name, when):
    """A handler stays in force when it has been called, and when more maps are made."""
    prelude = f"""
import os, signal
called = []
signal.signal(signal.{name}, lambda number, frame: called.append(number))
"""
    program = f"""
for _ in range(20):
    m, unreadable = mmap.mmap(-1, 9000), mmap.mmap(-1, 9000, prot=0)
    assert m[7] == 0
    os.kill(os.getpid(), signal.{name})
assert called == 20 * [signal.{name}], called
print("end")
"""
    assert play(candidate, when, prelude, program) == (0, b"end\n", b"")


@clause("signals.ignored")
@each_signal
@each_order
def test_ignored(candidate, name, when):
    """A signal that is sent to a program that ignores it does nothing."""
    prelude = f"""
import os, signal
signal.signal(signal.{name}, signal.SIG_IGN)
"""
    program = f"""
for _ in range(3):
    os.kill(os.getpid(), signal.{name})
    assert mmap.mmap(-1, 10)[9] == 0
print("end")
"""
    assert play(candidate, when, prelude, program) == (0, b"end\n", b"")


@clause("signals.default")
@each_signal
@each_order
def test_default(candidate, name, when):
    """A signal that is sent to a program without a handler ends it by that signal."""
    prelude = f"""
import os, signal
signal.signal(signal.{name}, signal.SIG_DFL)
"""
    program = f"os.kill(os.getpid(), signal.{name})\nprint('survived')"
    status, output, _ = play(candidate, when, prelude, program)
    assert (status, output) == (-number_of(candidate, name), b"")


@clause("signals.foreign-fault")
@pytest.mark.parametrize("step", ["m[5]", "m.find(b'x')", "m.close()"])
def test_foreign_fault(candidate, step):
    """An access to memory that is no map's ends the program by SIGSEGV."""
    program = f"import ctypes\n{step}\nctypes.string_at(8)"
    status, output, _ = play(candidate, "before", "", program)
    assert (status, output) == (-number_of(candidate, "SIGSEGV"), b"")


@clause("signals.faulthandler")
@each_order
def test_faulthandler(candidate, when):
    """With faulthandler enabled such an access is reported once, and ends the program."""
    prelude = "import faulthandler\nfaulthandler.enable()\n"
    program = "import ctypes\nmmap.mmap(-1, 10)[5]\nctypes.string_at(8)"
    status, output, errors = play(candidate, when, prelude, program)
    assert (status, output) == (-number_of(candidate, "SIGSEGV"), b"")
    assert errors.count(b"Segmentation fault") == 1


@clause("signals.faulthandler")
def test_faulthandler_again(candidate):
    """With faulthandler enabled once more such an access is reported once, too."""
    program = """
import ctypes, faulthandler
for _ in range(2):
    faulthandler.enable()
    m = mmap.mmap(-1, 10, prot=0)
    faulthandler.disable()
faulthandler.enable()
ctypes.string_at(8)
"""
    for more in ("", "m = mmap.mmap(-1, 10, prot=0)\n"):
        status, _, errors = play(
            candidate, "after", "", program.replace("ctypes.s", more + "ctypes.s")
        )
        assert status == -number_of(candidate, "SIGSEGV")
        assert errors.count(b"Segmentation fault") == 1


@clause("signals.blocked-meanwhile")
def test_mask(candidate):
    """No signal stays blocked when a handler has run."""
    prelude = """
import os, signal
signal.signal(signal.SIGSEGV, lambda number, frame: None)
"""
    program = """
before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
os.kill(os.getpid(), signal.SIGSEGV)
assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
print("end")
"""
    assert play(candidate, "before", prelude, program) == (0, b"end\n", b"")


# -- handlers that were set through sigaction(2) --------------------------------

# Handlers in Python that the system calls at once, on the faulting thread.
IN_C = """
import ctypes, os, signal, tempfile
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + 3 * [ctypes.c_int] + [ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
ADDRESS = 16 if ctypes.sizeof(ctypes.c_void_p) == 8 else 12  # of the address in a siginfo_t
SIGINFO, ONSTACK, RESTART, NODEFER, RESETHAND = 4, 1 << 27, 1 << 28, 1 << 30, 1 << 31
Handler = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
functions = {}

class Action(ctypes.Structure):
    _fields_ = [
        ("handler", ctypes.c_void_p), ("mask", ctypes.c_uint64 * 16), ("flags", ctypes.c_uint),
        ("restorer", ctypes.c_void_p),
    ]

def handle(number, function, flags=0, mask=()):
    action, before = Action(), Action()
    functions.setdefault(function, Handler(function))
    action.handler = ctypes.cast(functions[function], ctypes.c_void_p).value
    action.flags = flags
    action.mask[0] = sum(1 << (blocked - 1) for blocked in mask)
    assert libc.sigaction(number, ctypes.byref(action), ctypes.byref(before)) == 0
    return before

def word_at(address, kind=ctypes.c_void_p):
    return kind.from_address(address).value

def blocked():
    return sorted(int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, []))

class Page:
    # Memory that cannot be accessed until it is repaired: SIGSEGV or SIGBUS.
    def __init__(self, number):
        self.number = number
        self.file = tempfile.TemporaryFile()
        access = 0 if number == signal.SIGSEGV else 3
        self.address = libc.mmap(None, 4096, access, 1, self.file.fileno(), 0)

    def repair(self):
        self.file.truncate(4096)
        libc.mprotect(self.address, 4096, 3)

    def fill(self):
        ctypes.memset(self.address + 100, 7, 1)
        assert ctypes.string_at(self.address + 100, 1) == bytes([7])
        self.file.close()
"""


def play_in_c(candidate, prelude, program):
    """A new process that sees IN_C, in which ``prelude`` runs before the module's import."""
    return play(candidate, "before", IN_C + prelude, program)


@clause("signals.fault-handler")
@each_signal
@pytest.mark.parametrize("flags", ["0", "SIGINFO"])
def test_fault_handler(candidate, name, flags):
    """A handler gets the fault's number and address, and can repair the memory."""
    prelude = f"""
page, seen = Page(signal.{name}), []
def repair(number, information, context):
    address = word_at(information + ADDRESS) if {flags} else page.address + 100
    seen.append((number, address, bool(context) or not {flags}))
    page.repair()
handle(signal.{name}, repair, {flags})
"""
    program = f"""
page.fill()
assert seen == [(signal.{name}, page.address + 100, True)], (seen, page.address)
print("end")
"""
    assert play_in_c(candidate, prelude, program) == (0, b"end\n", b"")


@clause("signals.fault-handler-mask")
@pytest.mark.parametrize("flags", ["0", "NODEFER", "SIGINFO", "SIGINFO | NODEFER"])
def test_fault_handler_mask(candidate, flags):
    """The signals of a handler's mask are blocked while it runs, its own unless SA_NODEFER."""
    prelude = f"""
page, seen = Page(signal.SIGSEGV), []
def repair(number, information, context):
    seen.append(blocked())
    page.repair()
handle(signal.SIGSEGV, repair, {flags}, [signal.SIGUSR1])
"""
    program = f"""
page.fill()
own = [] if ({flags}) & NODEFER else [signal.SIGSEGV]
assert seen == [sorted(own + [signal.SIGUSR1])], seen
assert blocked() == []
print("end")
"""
    assert play_in_c(candidate, prelude, program) == (0, b"end\n", b"")


@clause("signals.fault-handler-once")
@each_signal
def test_fault_handler_once(candidate, name):
    """A handler with SA_RESETHAND is called for the first fault; the second ends the program."""
    prelude = f"""
pages = [Page(signal.{name}), Page(signal.{name})]
def repair(number, information, context):
    os.write(1, b"called")
    pages[0].repair()
handle(signal.{name}, repair, RESETHAND)
"""
    program = "pages[0].fill()\npages[1].fill()\n"
    status, output, _ = play_in_c(candidate, prelude, program)
    assert (status, output) == (-number_of(candidate, name), b"called")


@clause("signals.ignored-fault")
@each_signal
def test_ignored_fault(candidate, name):
    """A fault outside of the maps ends a program that ignores its signal."""
    prelude = f"signal.signal(signal.{name}, signal.SIG_IGN)\n"
    program = f"Page(signal.{name}).fill()\nprint('survived')"
    status, output, _ = play_in_c(candidate, prelude, program)
    assert (status, output) == (-number_of(candidate, name), b"")


@clause("signals.handed-down")
@each_signal
def test_handed_down(candidate, name):
    """Handlers that put back what they replaced and raise the signal again are called in turn."""
    prelude = f"""
def report(name):
    def reporter(number, information, context):
        os.write(1, name)
        libc.sigaction(number, ctypes.byref(before), None)
        getattr(libc, "raise")(number)
    before = handle(signal.{name}, reporter, NODEFER)
    used, unreadable = mmap.mmap(-1, 9000), mmap.mmap(-1, 9000, prot=0)
    used.find(b"x"), used[5]
"""
    program = f"""
for name in [b"a", b"b", b"c", b"d", b"e"]:
    report(name)
Page(signal.{name}).fill()
print("survived")
"""
    status, output, _ = play_in_c(candidate, prelude, program)
    assert (status, output) == (-number_of(candidate, name), b"edcba")


@clause("signals.handed-down")
def test_handed_down_to_itself(candidate):
    """A handler that was set twice, with and without SA_SIGINFO, is called twice."""
    prelude = """
below = []
def reporter(number, information, context):
    os.write(1, b"called ")
    libc.sigaction(number, ctypes.byref(below.pop()), None)
    getattr(libc, "raise")(number)
"""
    program = """
for flags in (NODEFER, NODEFER | SIGINFO):
    below.append(handle(signal.SIGSEGV, reporter, flags))
    unreadable = mmap.mmap(-1, 9000, prot=0)
Page(signal.SIGSEGV).fill()
"""
    status, output, _ = play_in_c(candidate, prelude, program)
    assert (status, output) == (-number_of(candidate, "SIGSEGV"), b"called called ")


@clause("signals.restart")
@pytest.mark.parametrize("restarts", [False, True])
def test_restart(candidate, restarts):
    """A signal interrupts a system call, or does not, as the handler's SA_RESTART says."""
    prelude = f"""
import errno, threading, time
handle(signal.SIGSEGV, lambda number, information, context: None, {"RESTART" if restarts else "0"})
"""
    program = """
libc = ctypes.CDLL(None, use_errno=True)
here, there = os.pipe()
main, over = threading.get_ident(), threading.Event()
end = time.monotonic() + 15
def disturb():
    count = 0
    while not over.wait(0.001) and time.monotonic() < end and count < most:
        signal.pthread_kill(main, signal.SIGSEGV)
        count += 1
    if not over.is_set():
        os.write(there, b"x")
thread = threading.Thread(target=disturb)
thread.start()
done = libc.read(here, ctypes.create_string_buffer(1), 1)
error = ctypes.get_errno()
over.set()
thread.join()
print(done, error == errno.EINTR)
"""
    program = f"most = {20 if restarts else 9999}\n" + program
    expected = b"1 False\n" if restarts else b"-1 True\n"
    assert play_in_c(candidate, prelude, program) == (0, expected, b"")


@clause("signals.stack-overflow")
def test_stack_overflow(candidate):
    """With faulthandler enabled an overflow of the stack is reported."""
    prelude = "import faulthandler\nfaulthandler.enable()\n"
    # The C library parses nested brackets by recursion.
    program = "libc.regcomp(ctypes.create_string_buffer(1000), 2000000 * b'(', 1)"
    status, _, errors = play_in_c(candidate, prelude, program)
    assert (status, errors.count(b"Segmentation fault")) == (-number_of(candidate, "SIGSEGV"), 1)


@clause("signals.sent-to-thread")
@each_signal
def test_sent_to_thread(candidate, name):
    """A signal that is sent to a thread in the middle of a search is handled each time."""
    prelude = f"""
import os, signal, sys, threading, time
sys.setswitchinterval(1e-5)  # older releases look for signals only when they switch
called, over = [], threading.Event()
signal.signal(signal.{name}, lambda number, frame: called.append(number))
m = mmap.mmap(-1, 4 << 20)
def search():
    while not over.is_set():
        m.find(b"x")
        os.stat(".")  # where any interpreter lets others run
thread = threading.Thread(target=search)
thread.start()
end = time.monotonic() + 15
for count in range(1, 11):
    signal.pthread_kill(thread.ident, signal.{name})
    while len(called) < count and time.monotonic() < end:
        over.wait(0.001)
over.set()
thread.join()
print(len(called))
"""
    assert play(candidate, "after", prelude, "") == (0, b"10\n", b"")


# -- faults of the maps themselves ----------------------------------------------

# Accesses to maps whose file has gone; "few" and "many" bytes.
LOST = """
import os, tempfile
def lost(size=9000):
    with tempfile.TemporaryFile() as file:
        file.truncate(size)
        m = mmap.mmap(file.fileno(), size)
        file.truncate(0)
    return m
def fails(access, *arguments):
    try:
        access(*arguments)
    except OSError:
        return True
def both_fail(m):
    return fails(m.__getitem__, 5) and fails(m.find, b"x")
"""
HANDLERS = {
    "faulthandler": "faulthandler.enable()",
    "python": "signal.signal(number, called)",
    "ignored": "signal.signal(number, signal.SIG_IGN)",
    "C": "handle(number, called)",
    "C-information": "handle(number, called, SIGINFO)",
    "default": "signal.signal(number, signal.SIG_DFL)",
}
# Ends what would repeat a fault for ever, as a handler in Python does, or wait for ever.
SECONDS = """
import resource, signal
resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
signal.alarm(10)
"""


def assert_guarded(candidate):
    """An access that fails is an OSError where no handler was set: else it ends the program.

    Handlers that are called would only end it after seconds: one in Python repeats the fault, one
    in C may wait for the lock of an interpreter that the faulting access holds.
    """
    program = LOST + "print(both_fail(lost()))"
    assert play_in_c(candidate, "", program) == (0, b"True\n", b"")


@clause("signals.own-fault")
@pytest.mark.parametrize("handler", HANDLERS)
def test_own_fault(candidate, handler):
    """An access that fails is an OSError, and calls no handler that was there before the map."""
    program = SECONDS + LOST + "m = lost()\nprint(both_fail(m) and both_fail(m))"
    assert_guarded(candidate)
    prelude = f"""
import faulthandler
def called(*arguments):
    os._exit(3)
for number in (signal.SIGBUS, signal.SIGSEGV):
    {HANDLERS[handler]}
"""
    assert play_in_c(candidate, prelude, program) == (0, b"True\n", b"")


@clause("signals.own-fault-often")
@pytest.mark.parametrize(
    "handlers",
    [
        ["default", "ignored"],
        ["faulthandler", "python", "C"],
        ["faulthandler", "python", "C", "C-information"],
    ],
)
def test_own_fault_often(candidate, handlers):
    """An access that fails is an OSError, however often handlers were set before the map."""
    setting = "".join(
        f"    for number in numbers:\n        {HANDLERS[handler]}\n"
        "    maps.append(lost())\n    assert both_fail(maps[-1])\n"
        for handler in handlers
    )
    program = f"""
{SECONDS}
import faulthandler
def called(*arguments):
    os._exit(3)
many = [mmap.mmap(-1, 10, prot=0) for _ in range(20)]
numbers, maps = (signal.SIGBUS, signal.SIGSEGV), []
for _ in range(20):
{setting}    faulthandler.disable()
print("end")
"""
    assert play_in_c(candidate, LOST, program) == (0, b"end\n", b"")


@clause("signals.own-fault-often")
@pytest.mark.parametrize("second", ["default", "ignored"])
def test_own_fault_after_many(candidate, second):
    """An access that fails is an OSError after many handlers of the program's own, and none."""
    assert_guarded(candidate)
    prelude = """
def another():
    return lambda *arguments: os._exit(3)
numbers = (signal.SIGBUS, signal.SIGSEGV)
for number in numbers:
    handle(number, another())
"""
    program = f"""
for number in numbers:
    {HANDLERS[second]}
maps = [lost()]
for _ in range(7):
    for number in numbers:
        handle(number, another())
    maps.append(lost())
    assert both_fail(maps[-1])
print("end")
"""
    assert play_in_c(candidate, prelude, LOST + program) == (0, b"end\n", b"")


@clause("signals.own-fault-modes")
def test_own_fault_modes(candidate):
    """After an access that failed the rounding of floats and the blocked signals are as before."""
    program = """
import ctypes, signal
libc = ctypes.CDLL(None)
upward = 0x800 if os.uname().machine == "x86_64" else 0x400000
assert libc.fesetround(upward) == 0
def modes():
    one, three = float("1"), float("3")
    return libc.fegetround(), one / three, signal.pthread_sigmask(signal.SIG_BLOCK, [])
before = modes()
assert before[0] == upward
m = lost()
for _ in range(2):
    assert both_fail(m)
    assert modes() == before
print("end")
"""
    assert play(candidate, "after", "", LOST + program) == (0, b"end\n", b"")
