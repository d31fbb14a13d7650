"""All or nothing: make each system call and each allocation fail, and compare.

    python faults.py [-v]

Builds the module with a table of system calls and with Python's allocators
hooked.  Each operation runs once for each system call and each allocation that
it makes: that one fails; and once more with all that follow it failing too.
If the operation raises, nothing may have changed: length, position, contents,
size and contents of the file, descriptors, address space.  If it does not, the
state is that of success.  Exits non-zero if it ever is neither.
"""

import ctypes
import errno
import os
import subprocess
import sys
import tempfile
from operator import contains, delitem, getitem, setitem

PAGE = os.sysconf("SC_PAGESIZE")

# What a call reports when it fails, where the error matters.
ERRORS = {
    "mmap": errno.ENOMEM,
    "mremap": errno.ENOMEM,
    "ftruncate": errno.EFBIG,
    "fcntl": errno.EMFILE,
    "madvise": errno.ENOMEM,
}
OTHER_ERROR = errno.EIO

# Failures of which nobody is told, since the next step says what is wrong.
HIDDEN = {
    ("construct, to the end", "fstat"): errno.EINVAL,  # mmap(2) of 0 bytes
    ("construct, read-only", "fstat"): errno.EINVAL,
}


class World:
    """A file, a map, and all that a failure must leave alone."""

    def __init__(self, module, make):
        self.module = module
        self.file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self.file.write(bytes(i * 7 % 251 for i in range(3 * PAGE)))
        self.made = None
        self.m = make(module, self.file.fileno()) if make else None
        if self.m is not None and self.m.tell() == 0:
            self.m.seek(100)

    def state(self):
        """As a tuple that can be compared; the map's contents among it."""
        m, of_map = self.m, None
        if m is not None and not m.closed:
            readable = os.fstat(self.file.fileno()).st_size
            of_map = len(m), m.tell(), m[: readable or len(m)], m.closed
        elif m is not None:
            of_map = "closed"
        size = os.fstat(self.file.fileno()).st_size
        content = os.pread(self.file.fileno(), 10 * PAGE, 0)
        made = self.made if isinstance(self.made, (int, bytes, str)) else None
        return of_map, size, content, self.descriptors(), made

    @staticmethod
    def descriptors():
        """How many there are."""
        return len(os.listdir("/proc/self/fd"))

    def end(self):
        """Give everything back."""
        self.made = None
        if self.m is not None:
            self.m.close()
        self.file.close()


def address_space():
    """Bytes of mappings that are not Python's: shared ones, and files."""
    total = 0
    with open("/proc/self/maps") as maps:
        for line in maps:
            bounds, rights, _, _, _, *name = line.split()
            if rights.endswith("s") or "(deleted)" in name:
                begin, end = (int(part, 16) for part in bounds.split("-"))
                total += end - begin
    return total


def shared(module, fd):
    """A map of a whole file."""
    return module.mmap(fd, 0)


def at_offset(module, fd):
    """A map that begins at the second page."""
    return module.mmap(fd, 0, offset=PAGE)


def far(module, fd):
    """A map whose position needs an object of its own."""
    made = module.mmap(fd, 0)
    made.seek(3000)
    return made


def private(module, fd):
    """A private map of the first page."""
    return module.mmap(fd, PAGE, flags=module.MAP_PRIVATE)


def anonymous(module, fd):
    """Shared memory without a file."""
    return module.mmap(-1, 2 * PAGE)


def anonymous_private(module, fd):
    """Private memory without a file."""
    return module.mmap(-1, 2 * PAGE, flags=module.MAP_PRIVATE)


class Call:
    """What is called in a world: the map's arguments stand for themselves."""

    def __init__(self, function, *args, **kwargs):
        self.function = function
        self.args = args
        self.kwargs = kwargs

    def prepare(self, world):
        """Function, arguments and keywords, all made before they are needed."""
        known = {"fd": world.file.fileno(), "m": world.m}
        if "view" in self.args:
            known["view"] = memoryview(world.m)[:1000]
        function = self.function
        if isinstance(function, str):
            function = getattr(world.m or world.module, function)
        args = tuple(known.get(a, a) if isinstance(a, str) else a for a in self.args)
        return function, args, self.kwargs


def construct(*args, **kwargs):
    """An operation that makes a second map in the world."""
    return None, Call("mmap", *args, **kwargs)


def on(make, method, *args):
    """An operation that calls a method of a map."""
    return make, Call(method, *args)


def of(function, *args, make=None):
    """An operation that calls a function with a map."""
    return make or shared, Call(function, "m", *args)


# What is done: how the map is made, and the operation.
OPERATIONS = {
    "construct, to the end": construct("fd", 0),
    "construct": construct("fd", 5000),
    "construct, read-only": construct("fd", 0, access=1),
    "construct, copy": construct("fd", 5000, access=3),
    "construct, offset": construct("fd", PAGE, offset=PAGE),
    "construct, no descriptor": construct("fd", 5000, trackfd=False),
    "construct, anonymous": construct(-1, 5000),
    "close": on(shared, "close"),
    "close, anonymous": on(anonymous, "close"),
    "exit": on(shared, "__exit__", None, None, None),
    "enter": on(shared, "__enter__"),
    "size": on(shared, "size"),
    "size, anonymous": on(anonymous, "size"),
    "flush": on(shared, "flush"),
    "flush, part": on(shared, "flush", PAGE, PAGE),
    "madvise": on(shared, "madvise", 0),
    "set_name": on(anonymous, "set_name", "a name"),
    "repr": of(repr),
    "closed": of(lambda m: m.closed),
    "len": of(len),
    "buffer": of(memoryview),
    "item": of(getitem, 5),
    "item, negative": of(getitem, -5),
    "slice": of(getitem, slice(3, 5000)),
    "slice, steps": of(getitem, slice(9000, 3, -7)),
    "set item": of(setitem, 5, 200),
    "delete item": of(delitem, 5),
    "set slice": of(setitem, slice(3, 6), b"abc"),
    "set slice, steps": of(setitem, slice(3, 12, 3), b"abc"),
    "set slice, itself": of(setitem, slice(3, 3003, 3), "view"),
    "first of the sequence": of(lambda m: next(iter(m))),
    "contains": of(contains, b"\xfa"),
    "read": on(shared, "read"),
    "read 5": on(shared, "read", 5),
    "read 1": on(shared, "read", 1),
    "read_byte": on(shared, "read_byte"),
    "readline": on(shared, "readline"),
    "write": on(shared, "write", b"hello"),
    "write_byte": on(shared, "write_byte", 200),
    "seek": on(shared, "seek", 2000),
    "seek, end": on(shared, "seek", -2000, 2),
    "seekable": on(shared, "seekable"),
    "tell": on(far, "tell"),
    "find": on(shared, "find", b"\x00\x07"),
    "find, range": on(shared, "find", b"\x00\x07", 500, 2000),
    "rfind": on(shared, "rfind", b"\x00\x07"),
    "move": on(shared, "move", 0, 5000, 3000),
}
RESIZES = {
    "grow": 5 * PAGE + 3,
    "grow in the page": 3 * PAGE - 7,
    "shrink": PAGE + 5,
    "shrink in the page": 3 * PAGE - 7,
    "same": 3 * PAGE,
    "to 1": 1,
    "to 0": 0,
    "far": 1 << 50,
}
# Public names that an operation calls without naming them.
INDIRECTLY = {
    "__new__": "construct",
    "__repr__": "repr",
    "__len__": "len",
    "__buffer__": "buffer",
    "__getitem__": "item",
    "__setitem__": "set item",
    "__delitem__": "delete item",
    "closed": "closed",
    "resize": "resize, shared, grow",
}
# Names of the type that run nothing of ours by themselves.
NOT_CALLED = {"__doc__", "__module__", "__release_buffer__", "__weaklistoffset__"}
KINDS = (shared, at_offset, private, anonymous, anonymous_private)


def all_operations(module):
    """The table, with every resize of every kind of map."""
    yield from OPERATIONS.items()
    if hasattr(module.mmap, "resize"):
        for kind in KINDS:
            for how, size in RESIZES.items():
                yield f"resize, {kind.__name__}, {how}", on(kind, "resize", size)


def missing(module):
    """Public names of the type that no operation calls."""
    named = dict(all_operations(module))
    called = {call.function for _, call in named.values() if isinstance(call.function, str)}
    called |= {name for name, operation in INDIRECTLY.items() if operation in named}
    return sorted(set(vars(module.mmap)) - NOT_CALLED - called)


class Bench:
    """Runs operations with a failure armed."""

    def __init__(self, module):
        library = sys.modules["mmap_reference._mmap"].__file__
        self.module = module
        self.calls = ctypes.CDLL(library)
        self.python = ctypes.PyDLL(library)
        self.calls.faults_call_name.restype = ctypes.c_char_p
        self.calls.faults_call_name.argtypes = [ctypes.c_long]
        self.python.faults_watch.restype = ctypes.py_object
        self.python.faults_watch.argtypes = [ctypes.py_object] * 3
        self.python.faults_hook_allocators()
        self.problems = []
        self.counts = {"system calls": 0, "allocations": 0, "operations": 0}

    def attempt(self, operation, call=-1, allocation=-1, forever=False, error=0):
        """Run it in a fresh world: what it raised, states, what it did."""
        make, call_of = operation
        world = World(self.module, make)
        function, args, kwargs = call_of.prepare(world)
        before, space = world.state(), address_space()
        self.calls.faults_arm_call(call, error, forever)
        self.calls.faults_arm_allocation(allocation, forever)
        raised = None
        try:
            world.made = self.python.faults_watch(function, args, kwargs)
        except Exception as caught:
            raised = caught.with_traceback(None)
        made = int(self.calls.faults_calls())
        names = [self.calls.faults_call_name(i).decode() for i in range(min(made, 64))]
        allocations = int(self.calls.faults_allocations())
        self.calls.faults_arm_call(-1, 0, False)
        self.calls.faults_arm_allocation(-1, False)
        after, space = world.state(), address_space() - space
        # To take address space back may fail too; nobody sees it.
        grown = bool(raised) and space > 0 and not forever
        del function, args
        world.end()
        return raised, before, after, grown, names, allocations

    def check(self, name, what, error, usual, result):
        """Compare with the state before, or with that of success."""
        raised, before, after, grown, _names, _ = result
        usual_raised, _, usual_after, *_ = usual
        if raised is None:
            if usual_raised is not None or after != usual_after:
                self.report(name, what, "succeeded, with another result")
            return
        if after != before or grown:
            self.report(name, what, f"raised {raised!r}, and changed the state")
        if not self.is_right(raised, error, usual_raised, name, what):
            self.report(name, what, f"raised {raised!r}")

    @staticmethod
    def is_right(raised, error, usual_raised, name, what):
        """Is it the exception of the failure, or the one of every run?"""
        if usual_raised is not None and type(raised) is type(usual_raised):
            return True
        if error == 0:
            return isinstance(raised, MemoryError)
        hidden = HIDDEN.get((name, what.split()[0]))
        return isinstance(raised, OSError) and raised.errno in (error, hidden)

    def report(self, name, what, text):
        """Note a problem."""
        self.problems.append(f"{name}: {what} failed: {text}")
        print(self.problems[-1])

    def run(self, name, operation, verbose):
        """All failures of one operation."""
        for _ in range(3):  # caches of the interpreter fill up
            usual = self.attempt(operation)
        names, allocations = usual[4:]
        for forever in (False, True):
            for number, called in enumerate(names):
                error = ERRORS.get(called, OTHER_ERROR)
                what = f"{called} ({number})" + " and all after it" * forever
                result = self.attempt(operation, number, -1, forever, error)
                self.check(name, what, error, usual, result)
                self.counts["system calls"] += 1
            for number in range(allocations):
                what = f"allocation {number}" + " and all after it" * forever
                result = self.attempt(operation, -1, number, forever)
                self.check(name, what, 0, usual, result)
                self.counts["allocations"] += 1
        self.counts["operations"] += 1
        if verbose:
            print(f"{name}: {' '.join(names) or 'no system call'}, {allocations} allocations")


def run_all(verbose):
    """In a process that has the test build on sys.path."""
    import mmap_reference

    bench = Bench(mmap_reference)
    for name in missing(mmap_reference):
        bench.report(name, "nothing", "no operation calls it")
    for name, operation in all_operations(mmap_reference):
        bench.run(name, operation, verbose)
    counts = ", ".join(f"{count} {what}" for what, count in bench.counts.items())
    print(f"{counts} made to fail; {len(bench.problems)} problems")
    return 1 if bench.problems or not all(bench.counts.values()) else 0


def main(arguments):
    """Build, and run in a process of its own."""
    if "--built" in arguments:
        return run_all("-v" in arguments)
    from building import build

    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        environment["PYTHONPATH"] = str(build(folder, MMAP_REFERENCE_FAULTS="1"))
        command = [sys.executable, "-X", "dev", __file__, "--built", *arguments]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
