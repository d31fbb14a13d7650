"""One file, several views: maps, the file itself, forked children, closed and unlinked files."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.candidate import Raised
from mmap_spec.clauses import clause
from mmap_spec.processes import child
from mmap_spec.strategies import pattern

SIZE = 5000  # bytes: two pages, the second not full

# Both ends of the file, and across the page boundary.
EDGES = [(0, b"first"), (4094, b"across"), (SIZE - 1, b"\xff")]


def writes(length=SIZE):
    """Places and what is written there: (start, bytes), within ``length`` bytes."""
    return st.integers(0, length - 10).flatmap(
        lambda start: st.tuples(st.just(start), st.binary(min_size=1, max_size=10))
    )


def put(target, start, data):
    """Assign ``data`` to the bytes from ``start`` on."""
    target[start : start + len(data)] = data


# -- one process ------------------------------------------------------------


@clause("sharing.map-to-file")
@pytest.mark.parametrize(("start", "data"), EDGES)
def test_map_to_file(candidate, start, data):
    """What is assigned to a shared map is read from the file at once."""
    f = candidate.file(pattern(SIZE))
    put(candidate.mmap.mmap(f.fd, 0), start, data)
    expected = bytearray(pattern(SIZE))
    put(expected, start, data)
    assert f.contents() == bytes(expected)


@clause("sharing.file-to-map")
@pytest.mark.parametrize(("start", "data"), EDGES)
def test_file_to_map(candidate, start, data):
    """What is written into the file is seen through a shared map at once."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0)
    f.pwrite(data, start)
    expected = bytearray(pattern(SIZE))
    put(expected, start, data)
    assert m[:] == bytes(expected)


@clause("sharing.two-maps")
@given(changes=st.lists(st.tuples(st.integers(0, 2), writes()), min_size=1, max_size=6))
def test_two_maps(candidate, changes):
    """Two shared maps and the file see each other's assignments at once."""
    f = candidate.file(pattern(SIZE))
    maps = [candidate.mmap.mmap(f.fd, 0) for _ in range(2)]
    expected = bytearray(pattern(SIZE))
    for where, (start, data) in changes:
        put(expected, start, data)
        if where < 2:
            put(maps[where], start, data)
        else:
            f.pwrite(data, start)
        assert [m[:] for m in maps] == [bytes(expected)] * 2
    assert f.contents() == bytes(expected)


@clause("sharing.two-descriptors")
@pytest.mark.parametrize(("start", "data"), EDGES)
def test_two_descriptors(candidate, start, data):
    """Shared maps are coherent although each was made from a descriptor of its own."""
    f = candidate.file(pattern(SIZE))
    first = candidate.mmap.mmap(f.fd, 0)
    second = candidate.mmap.mmap(f.reopen("r+b").fd, 0)
    put(first, start, data)
    assert second[start : start + len(data)] == data
    put(second, start, bytes(len(data)))
    assert first[:] == second[:] == f.contents()


@clause("sharing.overlap")
def test_overlap(candidate):
    """Shared maps with different offsets are coherent where they overlap."""
    unit = candidate.profile.granularity
    f = candidate.file(pattern(2 * unit + 10))
    whole, upper = candidate.mmap.mmap(f.fd, 0), candidate.mmap.mmap(f.fd, 0, offset=unit)
    whole[unit : unit + 3] = b"AAA"
    upper[unit : unit + 3] = b"BBB"
    assert upper[:3] == b"AAA"
    assert whole[2 * unit : 2 * unit + 3] == b"BBB"
    assert whole[unit:] == upper[:]


@clause("sharing.read-map")
@pytest.mark.parametrize(("start", "data"), EDGES)
def test_read_map(candidate, start, data):
    """An ACCESS_READ map shows what is assigned through another map of the file."""
    f = candidate.file(pattern(SIZE))
    reader = candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_READ)
    put(candidate.mmap.mmap(f.fd, 0), start, data)
    assert reader[start : start + len(data)] == data


@clause("sharing.positions")
def test_positions(candidate):
    """Each map has a position of its own."""
    f = candidate.file(pattern(SIZE))
    first, second = candidate.mmap.mmap(f.fd, 0), candidate.mmap.mmap(f.fd, 0)
    first.seek(100)
    assert (second.tell(), second.read(5)) == (0, pattern(SIZE)[:5])
    assert (first.tell(), second.tell()) == (100, 5)


@clause("sharing.close-one")
@pytest.mark.parametrize("closed", [0, 1])
def test_close_one(candidate, closed):
    """Closing one map leaves the other maps of the file usable."""
    f = candidate.file(pattern(SIZE))
    maps = [candidate.mmap.mmap(f.fd, 0) for _ in range(2)]
    maps[closed].close()
    other = maps[1 - closed]
    other[0] = 255
    assert (other[:], other.size()) == (b"\xff" + pattern(SIZE)[1:], SIZE)


@clause("sharing.after-close")
@pytest.mark.parametrize(("start", "data"), EDGES)
def test_after_close(candidate, start, data):
    """What was assigned to a shared map is in the file after close()."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0)
    put(m, start, data)
    m.close()
    assert f.contents()[start : start + len(data)] == data


@clause("sharing.after-dealloc")
def test_after_dealloc(candidate):
    """What was assigned to a shared map is in the file after the map was dropped."""
    f = candidate.file(pattern(SIZE))
    candidate.run("mmap.mmap(fd, 0)[4090:4100] = bytes(10)", fd=int(f.fd))
    candidate.collect()
    assert f.contents() == pattern(SIZE)[:4090] + bytes(10) + pattern(SIZE)[4100:]


@clause("sharing.descriptor-closed")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_WRITE"])
def test_descriptor_closed(candidate, access):
    """A map stays readable and writable after the caller's descriptor was closed."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0, access=getattr(candidate.mmap, access))
    f.close()
    assert m[:] == pattern(SIZE)
    m[0:3] = b"AAA"
    m.flush()
    assert f.contents() == b"AAA" + pattern(SIZE)[3:]


@clause("sharing.descriptor-closed-size")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"])
def test_descriptor_closed_size(candidate, access):
    """size() works after the caller's descriptor was closed."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 10, access=getattr(candidate.mmap, access))
    f.close()
    assert m.size() == SIZE


@clause("sharing.descriptor-reused")
def test_descriptor_reused(candidate):
    """size() goes on speaking of the mapped file after the number was reused."""
    f, other = candidate.file(pattern(SIZE)), candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, 0)
    candidate.os.dup2(other.fd, f.fd)
    assert m.size() == SIZE
    m[0] = 255
    assert other.contents() == pattern(10)


@clause("sharing.caller-descriptor-open")
def test_caller_descriptor_stays_open(candidate):
    """Closing a map does not close the caller's descriptor."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0)
    m.close()
    m.close()
    assert f.size() == SIZE


# -- files without a name ---------------------------------------------------


@clause("sharing.unlinked-after")
def test_unlinked_after(candidate):
    """A map stays usable after its file was unlinked."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0)
    candidate.os.unlink(f.path)
    f.close()
    m[0:3] = b"AAA"
    assert (m[:], m.size()) == (b"AAA" + pattern(SIZE)[3:], SIZE)


@clause("sharing.unlinked-before")
def test_unlinked_before(candidate):
    """A file that is unlinked already can be mapped by its descriptor."""
    f = candidate.file(pattern(SIZE))
    candidate.os.unlink(f.path)
    m = candidate.mmap.mmap(f.fd, 0)
    m[0:3] = b"AAA"
    assert m[:] == b"AAA" + pattern(SIZE)[3:]
    assert candidate.os.pread(f.fd, 4, 0) == b"AAA" + pattern(SIZE)[3:4]


@clause("sharing.tmpfile")
def test_tmpfile(candidate):
    """A file made with O_TMPFILE can be mapped."""
    os = candidate.os
    nameless = os.O_DIRECTORY | 0o20000000  # O_TMPFILE, which some `os` lacks; the generic ABI's
    folder = os.path.dirname(candidate.file().path)
    made = candidate.outcome(os.open, folder, nameless | os.O_RDWR)
    if isinstance(made, Raised):
        candidate.untestable(f"no O_TMPFILE in the temporary folder: {made.text}")
    os.write(made.value, pattern(SIZE))
    m = candidate.mmap.mmap(made.value, 0)
    assert (m[:], m.size()) == (pattern(SIZE), SIZE)
    os.close(made.value)


@clause("sharing.memfd")
def test_memfd(candidate):
    """A memory file can be mapped like a regular file."""
    os = candidate.os
    fd = os.memfd_create("memory")
    with candidate.raises(ValueError):
        candidate.mmap.mmap(fd, 0)
    os.write(fd, pattern(SIZE))
    m = candidate.mmap.mmap(fd, 0)
    m[0:3] = b"AAA"
    assert os.pread(fd, 4, 0) == b"AAA" + pattern(SIZE)[3:4]
    os.close(fd)
    assert (m[:], m.size()) == (b"AAA" + pattern(SIZE)[3:], SIZE)


# -- fork -------------------------------------------------------------------

# The child reports by its exit status: 0 if `body` ran to its end and `check` held.
FORK = """
import os
child = os.fork()
if child == 0:
    try:
        {body}
        status = 0 if {check} else 1
    except BaseException:
        status = 2
    os._exit(status)
status = os.waitpid(child, 0)[1]
assert status == 0, status
"""


def fork(candidate, body, check="True", **names):
    """Run one line and one condition in a forked child."""
    candidate.run(FORK.format(body=body, check=check), **names)


@clause("sharing.fork-file")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_WRITE"])
def test_fork_file(candidate, access):
    """What a forked child assigns to a shared map of a file is seen by the parent."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0, access=getattr(candidate.mmap, access))
    fork(candidate, 'm[4095:4098] = b"AAA"', m=m)
    assert m[:] == f.contents() == pattern(SIZE)[:4095] + b"AAA" + pattern(SIZE)[4098:]


@clause("sharing.fork-parent-to-child")
@pytest.mark.parametrize("anonymous", [False, True])
def test_fork_parent_to_child(candidate, anonymous):
    """What the parent assigns to a shared map after fork() is seen by the child."""
    fileno = -1 if anonymous else candidate.file(bytes(SIZE)).fd
    candidate.run(
        """
        import os
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)  # until the parent has assigned, or is gone
            os._exit(0 if m[10:13] == b"AAA" else 1)
        os.close(reading)
        m[10:13] = b"AAA"
        os.write(writing, b"x")
        os.close(writing)
        status = os.waitpid(child, 0)[1]
        assert status == 0, status
        """,
        m=candidate.mmap.mmap(fileno, SIZE),
    )


@clause("sharing.fork-private")
@pytest.mark.parametrize("how", ["access", "flags"])
def test_fork_private(candidate, how):
    """What a forked child assigns to a private map of a file stays in the child."""
    f, module = candidate.file(pattern(SIZE)), candidate.mmap
    private = {"access": module.ACCESS_COPY} if how == "access" else {"flags": module.MAP_PRIVATE}
    m = module.mmap(f.fd, 0, **private)
    fork(candidate, 'm[0:3] = b"AAA"', 'm[0:3] == b"AAA"', m=m)
    assert m[:] == f.contents() == pattern(SIZE)


@clause("sharing.fork-close")
@pytest.mark.parametrize("anonymous", [False, True])
def test_fork_close(candidate, anonymous):
    """Closing a map in a forked child leaves the parent's map usable."""
    fileno = -1 if anonymous else candidate.file(bytes(SIZE)).fd
    m = candidate.mmap.mmap(fileno, SIZE)
    fork(candidate, "m.close()", "m.closed", m=m)
    m[:] = pattern(SIZE)
    assert (m[:], m.closed) == (pattern(SIZE), False)


@clause("sharing.other-map-as-argument")
def test_other_map_as_argument(candidate):
    """A map of the same file as source or needle is taken as it is."""
    f = candidate.file(pattern(SIZE))
    m, other = candidate.mmap.mmap(f.fd, 0), candidate.mmap.mmap(f.fd, 0)
    m[:] = other
    assert (m.write(other), m.tell(), m.find(other, 0), m.rfind(other, 0)) == (SIZE, SIZE, 0, 0)
    assert m[:] == other[:] == f.contents() == pattern(SIZE)
    view = candidate.builtins.memoryview(other)
    m[:100], m[200:300] = view[200:300], view[4000:4100]
    expected = pattern(300)[200:] + pattern(200)[100:] + pattern(4100)[4000:]
    assert other[:300] == expected
    view.release()


@clause("sharing.fork-resize")
def test_fork_resize(candidate):
    """Where a forked child resizes its map, the parent's keeps its length; the file follows."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0)
    fork(candidate, "m.resize(20_000); m[19_999] = 65", "len(m) == 20_000", m=m)
    assert (len(m), m[:], m.size(), f.size()) == (SIZE, pattern(SIZE), 20_000, 20_000)


@clause("sharing.fork-position")
def test_fork_position(candidate):
    """The position of a map in a forked child is its own."""
    m = candidate.anonymous(pattern(SIZE))
    m.seek(100)
    fork(candidate, "m.read(10)", "m.tell() == 110", m=m)
    assert m.tell() == 100


@clause("sharing.fork-export")
def test_fork_export(candidate):
    """An export that a forked child releases stays in the parent."""
    m = candidate.anonymous(pattern(SIZE))
    view = candidate.builtins.memoryview(m)
    fork(candidate, "view.release(); m.close()", "m.closed", m=m, view=view)
    with candidate.raises(BufferError):
        m.close()
    view.release()


# -- other processes --------------------------------------------------------

OTHER = """
import os
fd = int(sys.argv[1]) if sys.argv[1].isdigit() else os.open(sys.argv[1], os.O_RDWR)
m = mmap.mmap(fd, 0)
print(len(m), m[4090:4093].hex())
m[4094:4100] = b"across"
"""


@clause("sharing.spawned-process")
def test_spawned_process(candidate):
    """A process of its own that maps the file by its name shares it."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0)
    m[4090:4093] = b"abc"
    assert child(candidate, OTHER, f.path) == (0, [str(SIZE), "616263"])
    assert m[4094:4100] == b"across"


@clause("sharing.passed-descriptor")
def test_passed_descriptor(candidate):
    """A process that was started with the descriptor of a memory file shares it."""
    fd = candidate.os.memfd_create("memory")
    candidate.os.write(fd, pattern(SIZE))
    m = candidate.mmap.mmap(fd, 0)
    m[4090:4093] = b"abc"
    found = child(candidate, OTHER, str(fd), pass_fds=[fd])
    candidate.os.close(fd)
    assert (found, m[4094:4100]) == ((0, [str(SIZE), "616263"]), b"across")


@clause("sharing.caller-position")
@pytest.mark.parametrize("position", [0, 7, SIZE])
def test_position_of_the_descriptor(candidate, position):
    """size(), flush(), resize() and close() leave the position of the mapped descriptor alone."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0)
    candidate.os.lseek(f.fd, position, 0)
    seen = []
    for act in (m.size, m.flush, partial(m.resize, 100), partial(m.resize, 9000), m.close):
        act()
        seen.append(candidate.os.lseek(f.fd, 0, 1))
    assert seen == [position] * 5


@clause("sharing.own-descriptor-lost")
def test_own_descriptor_was_closed(candidate):
    """Where the map's own descriptor was closed, what needs it raises OSError EBADF."""
    source = """
        import errno, os
        fd = os.open(sys.argv[1], os.O_RDWR)
        m = mmap.mmap(fd, 0)
        os.closerange(3, 200)
        for act in (m.size, lambda: m.resize(100), lambda: m.resize(9000)):
            try:
                print(act())
            except OSError as error:
                print(errno.errorcode[error.errno])
        m[0:3] = b"abc"
        m.flush()
        print(len(m), m.read(3).decode(), m.close(), m.closed, os.stat(sys.argv[1]).st_size)
        """
    expected = ["EBADF"] * 3 + [str(SIZE), "abc", "None", "True", str(SIZE)]
    assert child(candidate, source, candidate.file(pattern(SIZE)).path) == (0, expected)


@clause("sharing.own-descriptor-not-passed")
def test_own_descriptor_is_not_passed(candidate):
    """A process that inherits all that is inheritable does not get the map's descriptor."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0)
    source = """
        import os
        same = os.stat(sys.argv[1])
        found = 0
        for number in os.listdir("/proc/self/fd"):
            try:
                found += os.path.samestat(os.fstat(int(number)), same)
            except OSError:
                pass
        print(found)
        """
    assert child(candidate, source, f.path, close_fds=False) == (0, ["0"])
    assert m.size() == SIZE


def need_shared_memory(candidate):
    """Where the system has no place for named shared memory, nothing can be said."""
    if not candidate.os.path.isdir("/dev/shm"):
        candidate.untestable("there is no /dev/shm")


@clause("sharing.shared-memory")
def test_shared_memory(candidate):
    """multiprocessing.shared_memory works on top of the module."""
    source = """
        import gc
        from multiprocessing import resource_tracker, shared_memory
        real, shared_memory.mmap = shared_memory.mmap, mmap
        register, resource_tracker.register = resource_tracker.register, lambda *a, **k: None
        unregister, resource_tracker.unregister = resource_tracker.unregister, lambda *a, **k: None
        try:
            block = shared_memory.SharedMemory(create=True, size=9000)
            try:
                other = shared_memory.SharedMemory(name=block.name)
                block.buf[8990:9000] = b"0123456789"
                result = len(block.buf) >= 9000, bytes(other.buf[8990:9000]), type(block._mmap)
                result = result[:2] + (result[2] is mmap.mmap,)
                try:
                    part = other.buf[5:9]
                    other.close()
                except BufferError:
                    result += ("exported",)
                    part.release()
                other.close()
                block.close()
            finally:
                block.unlink()
        finally:
            shared_memory.mmap = real
            resource_tracker.register = register
            resource_tracker.unregister = unregister
        """
    need_shared_memory(candidate)
    assert candidate.run(source) == (True, b"0123456789", True, "exported")


@clause("sharing.shared-array")
def test_shared_array(candidate):
    """multiprocessing.RawArray works on top of the module, over fork()."""
    source = """
        import os
        from multiprocessing import heap, sharedctypes
        real, heap.mmap = heap.mmap, mmap
        old, heap.BufferWrapper._heap = heap.BufferWrapper._heap, heap.Heap()
        try:
            array = sharedctypes.RawArray("i", 5000)
            array[4999] = 7
            child = os.fork()
            if not child:
                array[4998] = array[4999] + 1
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            result = array[4998], len(array)
            del array
        finally:
            heap.mmap, heap.BufferWrapper._heap = real, old
        """
    assert candidate.run(source) == (8, 5000)


@clause("sharing.memory-file-system")
def test_memory_file_system(candidate):
    """A file of the folder for shared memory can be mapped, resized and truncated by resizing."""
    source = """
        import os, tempfile
        fd, path = tempfile.mkstemp(dir="/dev/shm")
        os.unlink(path)
        os.ftruncate(fd, 5000)
        m, other = mmap.mmap(fd, 0), mmap.mmap(fd, 0)
        m[4990:] = b"0123456789"
        m.resize(10_000)
        m[9999] = 65
        result = other[4990:], m.size(), len(m), os.pread(fd, 2, 9998)
        m.close()
        other.close()
        os.close(fd)
        """
    need_shared_memory(candidate)
    assert candidate.run(source) == (b"0123456789", 10_000, 10_000, b"\x00A")
