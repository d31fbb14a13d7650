"""No growth: 100,000 calls of every public method, well and badly called.

    python leaks.py [CALLS]

Runs on the installed module.  For each operation: references (of the
arguments, the results' types and the map), allocated blocks of the
interpreter, resident memory, descriptors and mappings of the process, before
and after.  Exits with status 1 if one of them grew, or if a public method has
no operation here.
"""

import contextlib
import gc
import os
import sys
import tempfile
from operator import contains, setitem

import mmap_reference
from mmap_reference import mmap

PAGE = mmap_reference.PAGESIZE
FIRST = 2000  # calls until caches are full
CALLS = 100_000
# What the interpreter itself may take for its bookkeeping meanwhile.
BLOCKS = 50
RESIDENT = 2 << 20  # bytes; 21 a call would show


class World:
    """The map and the arguments of all operations."""

    def __init__(self):
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        self.file.write(bytes(range(250)) * 100)
        self.file.flush()
        self.fd = self.file.fileno()
        self.m = mmap(self.fd, 0)
        self.lost = mmap(-1, 3 * PAGE, prot=0)
        self.closed = mmap(-1, 1)
        self.closed.close()
        self.private = mmap(-1, PAGE, flags=mmap_reference.MAP_PRIVATE)
        self.needle = b"\xf9\xf8"
        self.argument = bytearray(b"hello")
        self.slice = slice(10, 5000, 3)
        self.data = bytes(len(range(25000)[self.slice]))

    def counts(self):
        """References to what operations take."""
        objects = self.m, self.lost, self.needle, self.argument, self.slice, self.data, mmap
        return [sys.getrefcount(each) for each in objects]


def close(w):
    """A map that is closed, and one that is dropped."""
    mmap(w.fd, 0).close()
    mmap(w.fd, 0)


def enter(w):
    """A with statement."""
    with mmap(-1, 5) as m:
        m[0] = 1


def resize(w):
    """Up and down."""
    w.private.resize(3 * PAGE)
    w.private.resize(PAGE)


def iterate(w):
    """The first elements."""
    iterator = iter(w.m)
    next(iterator)
    next(iterator)


def view(w):
    """A buffer."""
    memoryview(w.m).release()
    bytes(memoryview(w.m)[:5])


# Public name -> what is done, well; badly, so that it raises.
OPERATIONS = {
    "__new__": [
        lambda w: mmap(w.fd, 0, access=mmap_reference.ACCESS_READ, offset=0),
        lambda w: mmap(w.fd, 10**9),
        lambda w: mmap(w.fd, 0, offset=1),
        lambda w: mmap(999, 1),
        lambda w: mmap(w.fd, "x"),
    ],
    "__enter__": [enter, lambda w: w.closed.__enter__()],
    "__exit__": [lambda w: mmap(-1, 5).__exit__(None, None, None), lambda w: w.m.__exit__(1)],
    "__len__": [lambda w: len(w.m), lambda w: len(w.closed)],
    "__getitem__": [
        lambda w: w.m[7],
        lambda w: w.m[:10],
        lambda w: w.m[w.slice],
        lambda w: w.m[10**6],
        lambda w: w.m["x"],
        lambda w: w.lost[0],
        lambda w: w.lost[:],
        lambda w: w.lost[w.slice],
    ],
    "__setitem__": [
        lambda w: setitem(w.m, 0, 0),
        lambda w: setitem(w.m, slice(0, 5), w.argument),
        lambda w: setitem(w.m, w.slice, w.data),
        lambda w: setitem(w.m, slice(0, 9, 3), memoryview(w.m)[:3]),
        lambda w: setitem(w.m, 0, 256),
        lambda w: setitem(w.m, slice(0, 4), w.argument),
        lambda w: setitem(w.lost, 0, 1),
    ],
    "__delitem__": [lambda w: w.m.__delitem__(0)],
    "__iter__": [iterate, lambda w: contains(w.m, b"\x00"), lambda w: contains(w.lost, b"x")],
    "__repr__": [lambda w: repr(w.m), lambda w: repr(w.closed)],
    "__buffer__": [view, lambda w: memoryview(w.closed)],
    "close": [close],
    "closed": [lambda w: w.m.closed],
    "find": [
        lambda w: w.m.find(w.needle, 0, 20000),
        lambda w: w.m.find(w.argument),
        lambda w: w.m.find("x"),
        lambda w: w.lost.find(w.needle),
        lambda w: w.m.find(w.needle, "x"),
    ],
    "rfind": [lambda w: w.m.rfind(w.needle, 0), lambda w: w.lost.rfind(w.needle)],
    "flush": [
        lambda w: w.m.flush(0, PAGE, flags=mmap_reference.MS_ASYNC),
        lambda w: w.m.flush(-1),
        lambda w: w.m.flush(flags=-1),
        lambda w: w.m.flush(x=1),
    ],
    "madvise": [lambda w: w.m.madvise(0, 0, PAGE), lambda w: w.m.madvise(-1)],
    "move": [lambda w: w.m.move(0, 10, 100), lambda w: w.m.move(-1, 0, 0)],
    "read": [
        lambda w: w.m.seek(0) or w.m.read(3000),
        lambda w: w.m.read("x"),
        lambda w: w.lost.read(),
    ],
    "read_byte": [lambda w: w.m.seek(0) or w.m.read_byte(), lambda w: w.lost.read_byte()],
    "readline": [lambda w: w.m.seek(0) or w.m.readline(), lambda w: w.lost.readline()],
    "resize": [resize, lambda w: w.m.resize(0), lambda w: w.m.resize(1 << 60)],
    "seek": [lambda w: w.m.seek(1000), lambda w: w.m.seek(-1)],
    "seekable": [lambda w: w.m.seekable()],
    "set_name": [
        lambda w: w.private.set_name("a name"),
        lambda w: w.private.set_name("x" * 100),
        lambda w: w.m.set_name("x"),
    ],
    "size": [lambda w: w.m.size(), lambda w: w.closed.size()],
    "tell": [lambda w: w.m.seek(900) or w.m.tell(), lambda w: w.closed.tell()],
    "write": [
        lambda w: w.m.seek(0) or w.m.write(w.argument),
        lambda w: w.m.seek(0, 2) and w.m.write(w.argument),
        lambda w: w.m.write("x"),
        lambda w: w.private.write(w.lost),
    ],
    "write_byte": [
        lambda w: w.m.seek(0) or w.m.write_byte(1),
        lambda w: w.m.write_byte(256),
        lambda w: w.m.seek(0, 2) and w.m.write_byte(1),
    ],
}
# Names that are not the type's own business, or have no operation by nature.
INHERITED = set(dir(object)) | {"__module__", "__release_buffer__", "__weaklistoffset__"}


def repeat(operation, world, calls):
    """Call it, whatever it raises."""
    for _ in range(calls):
        with contextlib.suppress(Exception):
            operation(world)


def lines_of(path):
    """How many there are."""
    with open(path) as file:
        return sum(1 for _ in file)


def measure(world):
    """What must not grow, by name."""
    gc.collect()
    with open("/proc/self/statm") as statm:
        resident = int(statm.read().split()[1]) * PAGE
    return {
        "references": sum(world.counts()),
        "blocks": sys.getallocatedblocks(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "mappings": lines_of("/proc/self/maps"),
        "resident bytes": resident,
    }


ALLOWED = {"references": 0, "blocks": BLOCKS, "descriptors": 0, "mappings": 3}
ALLOWED["resident bytes"] = RESIDENT


def growth_once(operation, world, calls):
    """What grew by more than is allowed."""
    before = measure(world)
    repeat(operation, world, calls)
    after = measure(world)
    grown = {name: after[name] - before[name] for name in after}
    return {name: more for name, more in grown.items() if more > ALLOWED[name]}


def growth(operation, world, calls):
    """What grew three times in a row: a leak does, a cache does not."""
    repeat(operation, world, FIRST)
    for _ in range(3):
        grown = growth_once(operation, world, calls)
        if not grown:
            break
    return grown


def missing():
    """Public names of the type that nothing here calls."""
    own = {name for name in dir(mmap) if not name.startswith("_")}
    own |= {name for name in vars(mmap) if name not in INHERITED}
    return sorted(own - set(OPERATIONS))


def main(calls):
    """All operations; 1 if one of them leaks."""
    world = World()
    problems = [f"no operation for {name}" for name in missing()]
    count = 0
    for name, operations in OPERATIONS.items():
        if name not in ("__iter__", "__new__", "__buffer__") and not hasattr(mmap, name):
            continue  # this system, or this Python, does not have it
        for number, operation in enumerate(operations):
            grown = growth(operation, world, calls)
            count += 1
            if grown:
                problems.append(f"{name}, operation {number}: {grown} in {calls} calls")
                print(problems[-1], flush=True)
    print(f"{count} operations, {calls} calls of each; {len(problems)} problems")
    print("\n".join(problems))
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else CALLS))
