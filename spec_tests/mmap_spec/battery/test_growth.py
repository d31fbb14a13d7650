"""Nothing grows: what is done ten thousand times leaves no object, descriptor or mapping behind."""

from __future__ import annotations

import textwrap

import pytest

from mmap_spec.clauses import clause
from mmap_spec.parameters import INTEGERS
from mmap_spec.situations import of_file
from mmap_spec.strategies import pattern

# Counts before and after; the first rounds fill caches.  Blocks of the interpreter's allocator
# are exact where they can be had; resident pages show the rest, from 210 bytes a round on.
COUNTED = """
import gc, os, sys

def once():
{body}

def rounds(count):
    for _ in range(count):
        once()
    for _ in range(3):
        gc.collect()

def counts():
    with open("/proc/self/maps") as stream:
        mappings = len(stream.readlines())
    with open("/proc/self/statm") as stream:
        resident = int(stream.read().split()[1]) * page
    blocks = getattr(sys, "getallocatedblocks", int)()
    return {{
        "descriptors": len(os.listdir("/proc/self/fd")), "mappings": mappings,
        "blocks": blocks, "bytes": resident,
    }}

rounds(1000)
before = counts()
rounds(10_000)
result = {{name: count - before[name] for name, count in counts().items()}}
"""
LIMITS = {"descriptors": 0, "mappings": 5, "blocks": 500, "bytes": 2 << 20}


def check(candidate, body, **names):
    """What a line or more leaves behind in 10,000 rounds is none, or not one for each."""
    body = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    grown = candidate.run(COUNTED.format(body=body), page=candidate.profile.page_size, **names)
    assert {name: count for name, count in grown.items() if count > LIMITS[name]} == {}


def check_refused(candidate, code, **names):
    """The same for a line that raises."""
    lines = f"try:\n    {code}\nexcept Exception:\n    return\nraise AssertionError('no exception')"
    check(candidate, lines, **names)


@clause("growth.construction")
@pytest.mark.parametrize(
    "code",
    [
        "mmap.mmap(fd, 0).close()",
        "mmap.mmap(-1, 5000)[0] = 1",
    ],
)
def test_construction(candidate, code):
    """Maps that were made and closed, or dropped, leave nothing behind."""
    check(candidate, code, fd=candidate.file(pattern(5000)).fd)


@clause("growth.refused-construction")
@pytest.mark.parametrize(
    "arguments",
    ["fd, 5001", "fd, 0, offset=1", "-2, 10", "fd, 10, access=9", "fd, 's'"],
)
def test_refused_construction(candidate, arguments):
    """Constructions that were refused leave nothing behind."""
    check_refused(candidate, f"mmap.mmap({arguments})", fd=candidate.file(pattern(5000)).fd)


@clause("growth.refused-construction")
def test_construction_without_memory(candidate):
    """A construction that the kernel refuses, after the descriptor was duplicated, leaves none."""
    file = candidate.file(pattern(5000), "rb")
    check_refused(candidate, "mmap.mmap(fd, 0)", fd=file.fd)


@clause("growth.reading")
def test_reading(candidate):
    """Reading by every way leaves nothing behind."""
    body = """
        m.seek(0)
        m.read(300), m.readline(), m.read_byte(), m[5], m[5:400], m[1:900:3], m.find(b"zz", 0)
        m.rfind(b"zz", 0), m.tell(), m.size(), m.closed, len(m), b"a" in m, repr(m), hash(m)
        """
    check(candidate, body, m=of_file(candidate, b"\xffa" + pattern(1000)))


@clause("growth.writing")
def test_writing(candidate):
    """Writing by every way leaves nothing behind."""
    body = """
        m.seek(0)
        m.write(b"x" * 300), m.write_byte(5), m.move(0, 50, 500), m.flush()
        m[7] = 300 - 50
        m[5:305] = bytes(300)
        m[1:900:3] = b"y" * 300
        with memoryview(m) as view:
            m[0:900:3] = view[:300]
        """
    check(candidate, body, m=candidate.anonymous(pattern(1000)))


REFUSED = [
    "m[1000]",
    "m['x']",
    "m[::0]",
    "m[1000] = 1",
    "m[0] = 256",
    "m[0] = big",
    "m[0:3] = text",
    "m[0:9:3] = text",
    "m[0:4] = strided",
    "m[0:4] = 'text'",
    "del m[0]",
    "del m[0:3]",
    "m.read('x')",
    "m.write(text * 100)",
    "m.write(strided)",
    "m.write_byte(256)",
    "m.seek(1001)",
    "m.seek(0, 9)",
    "m.find(strided)",
    "m.find(text, 'x')",
    "m.rfind(text, 0, big)",
    "m.move(0, 0, 1001)",
    "m.flush(0, 1001)",
    "m.resize(-1)",
    "memoryview(m).release(); readonly.write(text)",
    "readonly[0:4] = text",
    "closed.read(1)",
    "closed.find(text)",
    "closed[0:4] = text",
    "memoryview(closed)",
]


@clause("growth.refused-operations")
def test_refused_operations(candidate):
    """Operations that were refused leave nothing behind."""
    body = """
        for attempt in attempts:
            try:
                attempt()
            except Exception:
                continue
            raise AssertionError("no exception")
        """
    source = """
        text, big, strided = bytearray(b"0123456789abc"), 2**70, memoryview(b"01234567")[::2]
        readonly, closed = mmap.mmap(-1, 1000, access=mmap.ACCESS_READ), mmap.mmap(-1, 1000)
        closed.close()
        names = dict(m=m, text=text, big=big, strided=strided, readonly=readonly, closed=closed)
        result = []
        for code in codes:
            space = dict(names)
            exec("def attempt():\\n    " + code, space)
            result.append(space["attempt"])
        class Attempts:
            def __iter__(self):
                return iter(self.all)
        attempts, Attempts.all = Attempts(), result
        result = attempts
        """
    m = candidate.anonymous(pattern(1000))
    check(candidate, body, attempts=candidate.run(source, m=m, codes=REFUSED))


@clause("growth.exports")
def test_exports(candidate):
    """Views that were made and released, and exports that were refused, leave nothing behind."""
    body = """
        view = memoryview(m)
        part = view[10:500:2]
        try:
            m.close()
        except BufferError:
            part.release()
            view.release()
        bytes(m), bytearray(m), m.find(m, 0)
        """
    check(candidate, body, m=candidate.anonymous(pattern(1000)))


@clause("growth.resizing")
def test_resizing(candidate):
    """Resizing there and back leaves nothing behind."""
    m = candidate.mmap.mmap(-1, 5000, flags=candidate.mmap.MAP_PRIVATE)
    check(candidate, "m.resize(20_000)\nm[19_999] = 1\nm.resize(5000)", m=m)


@clause("growth.iteration")
def test_iteration(candidate):
    """Iterators that were used up or left alone leave nothing behind."""
    m = candidate.anonymous(pattern(10))
    check(candidate, "list(m), next(iter(m)), list(reversed(m)), sorted(m)", m=m)


@clause("growth.subclasses")
def test_cycles(candidate):
    """Instances of subclasses in cycles, weakly referenced, leave nothing behind."""
    source = """
        class Own(mmap.mmap):
            pass
        result = Own
        """
    body = """
        import weakref
        with Own(-1, 100) as m:
            m.me, reference = m, weakref.ref(m)
        own = Own(-1, 10)
        own.me = own
        """
    check(candidate, body, Own=candidate.run(source))


CLOSED = [p for p in INTEGERS if p.operation not in ("seek", "flush")]


@clause("growth.hostile-arguments")
def test_hostile_arguments(candidate):
    """Operations whose arguments raise, or close the map, leave nothing behind."""
    source = """
        import itertools
        class Closing:
            def __index__(self):
                self.m.close()
                return 1
        class Raising:
            def __index__(self):
                raise KeyError
        calls = [
            "m.find(bytearray(b'text'), x)", "m.rfind(bytearray(b'text'), 0, x)", "m.read(x)",
            "m.move(0, x, 1)", "m[x]", "m[x:9]", "m.write_byte(x)",
        ]
        things = [Raising(), Closing()] if closing else [Raising()]
        calls = [eval("lambda m, x: " + call) for call in calls]
        result = itertools.cycle([(call, x) for call in calls for x in things])
        """
    body = """
        call, argument = next(calls)
        argument.m = m = mmap.mmap(-1, 100)
        try:
            call(m, argument)
        except (KeyError, ValueError):
            m.close()
        """
    closing = not any(candidate.avoids(parameter.closing) for parameter in CLOSED)
    check(candidate, body, calls=candidate.run(source, closing=closing))


@clause("growth.faults")
def test_faults(candidate):
    """Accesses to a file that was truncated under its map leave nothing behind."""
    file = candidate.file(pattern(5000))
    m = candidate.mmap.mmap(file.fd, 0)
    file.truncate(0)
    source = """
        import itertools
        steps = [
            lambda: m[5], lambda: m[5:90], lambda: m[5:90:2], lambda: m.find(bytearray(b"x")),
            lambda: m.rfind(bytearray(b"x")), m.read, m.readline, m.read_byte,
            lambda: m.write(bytearray(9)), lambda: m.move(0, 9, 9), lambda: next(iter(m)),
            lambda: m.__setitem__(slice(0, 9), bytearray(9)), lambda: other.write(m),
        ]
        other = mmap.mmap(-1, 5000)
        result = itertools.cycle(steps)
        """
    check_refused(candidate, "next(steps)()", steps=candidate.run(source, m=m))


TRACED = """
import gc, tracemalloc
def rounds(count):
    for _ in range(count):
        m = mmap.mmap(-1, 300_000)
        m.find(b"x"), m[:], m[::2], m.readline(), m.seek(0), m.read(), m.seek(0)
        m.write(source), m.close()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
source = bytes(300_000)
tracemalloc.start()
try:
    before = rounds(20)
    result = rounds(300) - before
finally:
    tracemalloc.stop()
"""


@clause("growth.large")
def test_large(candidate):
    """Maps of which hundreds of kilobytes were read and written leave no memory behind."""
    assert candidate.run(TRACED) < 300 * 16
