"""A program of map operations, read from bytes, on a map and on its contents.

Each operation may raise what maps raise; then nothing may have changed.  What
it returns is compared with the same operation on a bytearray.  Once the file
has been truncated under the map, nothing is compared any more: then all that
counts is that the process lives.
"""

import contextlib
import os
import tempfile

import _mmap

PAGE = _mmap.PAGESIZE
MOST = 64 * PAGE  # bytes that are worth looking at
STEPS = 40  # operations in a program, at most
EXPECTED = (ValueError, TypeError, IndexError, OverflowError, OSError, BufferError, MemoryError)
EXTREMES = (-(2**63), 2**63 - 1, 2**63, -(2**31), 2**31, 2**32, -(2**64), PAGE, -PAGE)
FILE = tempfile.TemporaryFile()  # noqa: SIM115 - of all programs


class Bytes:
    """What is left of the input; zeros when it is used up."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def __bool__(self):
        return self.at < len(self.data)

    def byte(self):
        """The next byte."""
        self.at += 1
        return self.data[self.at - 1] if self.at <= len(self.data) else 0

    def below(self, limit):
        """A number from 0 up to and without the limit."""
        return (self.byte() << 8 | self.byte()) % limit if limit > 256 else self.byte() % limit

    def chunk(self):
        """A few bytes, or a run of one byte."""
        size = self.byte()
        if size < 128:
            chunk = bytes(self.data[self.at : self.at + size % 16])
            self.at += size % 16
            return chunk
        return bytes([self.byte()]) * (size - 127)


class Hostile:
    """An integer that runs an operation on the map before it answers."""

    def __init__(self, machine, value):
        self.machine = machine
        self.value = value

    def __index__(self):
        self.machine.step(nested=True)
        return self.value


def plain(value):
    """What an argument stands for."""
    return value.value if isinstance(value, Hostile) else value


class Machine:
    """The map, and what it should contain."""

    def __init__(self, source):
        self.source = source
        self.views = []
        self.nested = False
        self.known = True
        size = source.below(3 * PAGE) + 1
        kind = source.byte() % 5
        FILE.truncate(0)
        FILE.truncate(size)
        fd = FILE.fileno()
        self.m = (
            lambda: _mmap.mmap(-1, size),
            lambda: _mmap.mmap(-1, size, flags=_mmap.MAP_PRIVATE),
            lambda: _mmap.mmap(fd, 0),
            lambda: _mmap.mmap(fd, size, access=_mmap.ACCESS_COPY),
            lambda: _mmap.mmap(fd, 0, access=_mmap.ACCESS_READ),
        )[kind]()
        self.content = bytearray(size)
        self.pos = 0

    def number(self):
        """An integer, mostly one that fits the map; seldom a hostile one."""
        choice = self.source.byte()
        if choice < 200:
            value = self.source.below(len(self.content) + 2)
            value = value - len(self.content) - 1 if choice % 2 else value
        elif choice < 240:
            value = choice - 220
        else:
            value = EXTREMES[choice % len(EXTREMES)]
        if choice % 16 == 3 and not self.nested:
            return Hostile(self, value)
        return value

    def data(self):
        """Bytes to write or to look for, or a part of the map itself."""
        if self.source.byte() % 4 or self.m.closed:
            return self.source.chunk()
        start = self.source.below(len(self.content) + 1)
        with memoryview(self.m) as whole:
            return whole[start : start + self.source.byte()]

    def slice(self):
        """Any slice."""
        bounds = [self.number() if self.source.byte() % 4 else None for _ in range(2)]
        step = (None, None, None, self.number())[self.source.byte() % 4]
        return slice(*bounds, step)

    def check(self):
        """The map is what it should be."""
        if self.m.closed or not self.known:
            return
        assert len(self.m) == len(self.content)
        assert self.m.tell() == self.pos
        assert self.m[:] == self.content

    def step(self, nested=False):
        """One operation."""
        before, self.nested = self.nested, self.nested or nested
        operation = OPERATIONS[self.source.byte() % len(OPERATIONS)]
        with contextlib.suppress(EXPECTED):
            operation(self)
        self.nested = before
        self.check()

    def agree(self, ours, theirs):
        """Compare a result with that of the model."""
        assert not self.known or ours == theirs, (ours, theirs)

    def byte_at(self, index):
        """A byte of the model; that there is one is the map's word for it."""
        assert not self.known or -len(self.content) <= index < len(self.content), index
        return self.content[index]

    def end(self):
        """Give everything back."""
        self.release()
        self.m.close()

    # -- operations ---------------------------------------------------------

    def read(self):
        """Also to the end."""
        count = self.number() if self.source.byte() % 4 else None
        ours = self.m.read(count)
        count = plain(count)
        end = len(self.content) if count is None or count < 0 else self.pos + count
        self.agree(ours, self.content[self.pos : end])
        self.pos += len(ours)

    def read_byte(self):
        """One byte as an int."""
        self.agree(self.m.read_byte(), self.byte_at(self.pos))
        self.pos += 1

    def readline(self):
        """Up to the next line feed."""
        ours = self.m.readline()
        end = self.content.find(b"\n", self.pos) + 1 or len(self.content)
        self.agree(ours, self.content[self.pos : end])
        self.pos += len(ours)

    def write(self):
        """Perhaps of the map itself."""
        data = self.data()
        copy = bytes(data) if self.known else b""
        count = self.m.write(data)
        self.content[self.pos : self.pos + count] = copy
        self.agree(count, len(copy))
        self.pos += count

    def write_byte(self):
        """One byte."""
        value = self.number()
        self.m.write_byte(value)
        self.byte_at(self.pos)
        self.content[self.pos] = plain(value)
        self.pos += 1

    def seek(self):
        """From each origin."""
        distance, whence = self.number(), self.source.byte() % 4
        ours = self.m.seek(distance, whence)
        self.agree(ours, (0, self.pos, len(self.content))[whence] + plain(distance))
        self.pos = ours

    def search(self):
        """Forward or backward, with bounds or without."""
        name = ("find", "rfind")[self.source.byte() % 2]
        needle, bounds = self.data(), ()
        if self.source.byte() % 2:
            bounds = self.number(), self.number()
        copy = bytes(needle) if self.known else b""
        ours = getattr(self.m, name)(needle, *bounds)
        if not any(isinstance(bound, Hostile) for bound in bounds):
            self.agree(ours, getattr(self.content, name)(copy, *bounds or (self.pos,)))

    def get_item(self):
        """An index."""
        index = self.number()
        self.agree(self.m[index], self.byte_at(plain(index)))

    def set_item(self):
        """An index."""
        index, value = self.number(), self.source.byte() + self.source.byte() % 2
        self.m[index] = value
        self.byte_at(plain(index))
        self.content[plain(index)] = value

    def get_slice(self):
        """Any slice."""
        key = self.slice()
        ours = self.m[key]
        self.agree(ours, self.content[self.plain_slice(key)])

    def set_slice(self):
        """Any slice: of another size, mostly."""
        key, data = self.slice(), self.data()
        if self.source.byte() % 4:
            size = len(range(len(self.content))[self.plain_slice(key)])
            data = bytes([self.source.byte()]) * size
        copy = bytes(data) if self.known else b""
        self.m[key] = data
        if self.known:
            self.content[self.plain_slice(key)] = copy

    @staticmethod
    def plain_slice(key):
        """The slice that it stands for."""
        return slice(plain(key.start), plain(key.stop), plain(key.step))

    def move(self):
        """Overlapping or not."""
        to, start, count = self.number(), self.number(), self.number()
        self.m.move(to, start, count)
        to, start, count = plain(to), plain(start), plain(count)
        self.content[to : to + count] = self.content[start : start + count]

    def iterate(self):
        """Some elements."""
        ours = [byte for byte, _ in zip(self.m, range(self.source.byte()))]
        self.agree(b"".join(ours), self.content[: len(ours)])

    def resize(self):
        """What was there stays."""
        size = self.number()
        self.m.resize(size)
        if plain(size) > MOST:
            self.m.resize(len(self.content))
            return
        kept = min(plain(size), len(self.content))
        if self.known:
            ours = bytearray(self.m[:])
            assert len(ours) == plain(size)
            assert ours[:kept] == self.content[:kept]
            self.content = ours

    def truncate(self):
        """The file, under the map."""
        os.ftruncate(FILE.fileno(), self.source.below(2 * PAGE))
        self.known = False

    def system(self):
        """What the operating system does."""
        kind, start, size = self.source.byte() % 4, self.number(), self.number()
        if kind == 0:
            self.m.flush(start, size)
        elif kind == 1:
            self.m.flush()
        elif kind == 2:
            self.m.madvise(_mmap.MADV_WILLNEED, start, size)
        else:
            self.m.set_name("fuzz")

    def ask(self):
        """What it says of itself."""
        assert repr(self.m).startswith("<")
        self.m.size()
        assert self.m.seekable()

    def hold(self):
        """A buffer, which forbids closing and resizing."""
        self.views.append(memoryview(self.m))

    def release(self):
        """All buffers."""
        for view in self.views:
            view.release()
        self.views.clear()

    def close(self):
        """Seldom, for there is little to do afterwards."""
        if self.source.byte() % 8 == 0:
            self.m.close()


OPERATIONS = [
    *(Machine.read, Machine.read_byte, Machine.readline, Machine.write, Machine.write_byte),
    *(Machine.seek, Machine.search, Machine.get_item, Machine.set_item, Machine.get_slice),
    *(Machine.set_slice, Machine.move, Machine.iterate, Machine.resize, Machine.truncate),
    *(Machine.system, Machine.ask, Machine.hold, Machine.release, Machine.close),
]


def run(data):
    """One program; an exception is a finding."""
    machine = Machine(Bytes(data))
    try:
        for _ in range(STEPS):
            if not machine.source:
                break
            machine.step()
    finally:
        machine.end()
