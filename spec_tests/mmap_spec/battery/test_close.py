"""close() and closed: what a closed map refuses, what it still allows, what closing releases."""

import pytest

from mmap_spec.candidate import calls
from mmap_spec.clauses import clause
from mmap_spec.processes import child
from mmap_spec.situations import each_access, faulty, of_file
from mmap_spec.strategies import pattern

MAP_AND_DROP = """
import gc
m = mmap.mmap(fd, 0)
del m
for _ in range(3):
    gc.collect()
"""
# One byte less or more of the first three is another number of pages.
each_length = pytest.mark.parametrize("length", [1, 4097, 8192, 10_000])


def view_of(candidate, m):
    """An exported buffer."""
    return candidate.builtins.memoryview(m)


# -- close() and closed -------------------------------------------------------


@clause("close.returns-none")
def test_result(candidate):
    """close() returns None."""
    assert candidate.anonymous(b"abc").close() is None


@clause("close.again")
@each_access
def test_again(candidate, access):
    """close() of a closed map does nothing and returns None."""
    m = of_file(candidate, b"abc", access)
    m.close()
    assert [m.close(), m.close(), m.closed] == [None, None, True]


@clause("close.again-foreign-descriptor")
def test_number_of_the_descriptor_is_used_again(candidate):
    """Closing again, or dropping, does not close what got the number since."""
    file = candidate.file(b"abc")
    result = candidate.run(
        """
        import gc, os
        m = mmap.mmap(fd, 0)
        m.close()
        others = [os.open(path, os.O_RDONLY) for _ in range(4)]
        m.close()
        del m
        for _ in range(3):
            gc.collect()
        result = [os.fstat(other).st_size for other in others]
        for other in others:
            os.close(other)
        """,
        fd=file.fd,
        path=file.path,
    )
    assert result == [3, 3, 3, 3]


@clause("close.again-foreign-mapping")
def test_address_is_used_again(candidate):
    """Closing again, or dropping, does not unmap what was mapped there since."""
    result = candidate.run(
        """
        import gc
        m = mmap.mmap(-1, 100_000)
        m.close()
        others = [mmap.mmap(-1, 100_000) for _ in range(4)]
        for other in others:
            other[:] = b'x' * 100_000
        m.close()
        del m
        for _ in range(3):
            gc.collect()
        result = [other[:] == b'x' * 100_000 for other in others]
        """
    )
    assert result == [True, True, True, True]


@clause("close.arity")
def test_argument(candidate):
    """close() with an argument raises TypeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        m.close(1)
    with candidate.raises(TypeError):
        m.close(fd=1)


@clause("close.closed-false")
@each_access
def test_open(candidate, access):
    """closed is exactly False as long as the map is open."""
    m = of_file(candidate, b"abc", access)
    assert m.closed is False
    m.read()
    assert m.closed is False


@clause("close.closed-true")
@each_access
def test_closed(candidate, access):
    """closed is exactly True after close()."""
    m = of_file(candidate, b"abc", access)
    m.close()
    assert m.closed is True


@clause("close.closed-readonly")
def test_closed_cannot_be_assigned(candidate):
    """closed can be neither assigned nor deleted: AttributeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(AttributeError):
        m.closed = True
    with candidate.raises(AttributeError):
        candidate.builtins.delattr(m, "closed")


# -- what closing releases ----------------------------------------------------


@clause("close.file-stays-open")
def test_descriptor_of_the_caller(candidate):
    """close() leaves the descriptor that was mapped open."""
    file = candidate.file(b"abc")
    candidate.mmap.mmap(file.fd, 0).close()
    assert file.size() == 3


@clause("close.contents-stay")
def test_contents_reach_the_file(candidate):
    """What was written is in the file after close(), flushed or not."""
    page = candidate.profile.page_size
    file = candidate.file(bytes(3 * page))
    m = candidate.mmap.mmap(file.fd, 0)
    m[:] = pattern(3 * page)
    m.close()
    assert file.contents() == pattern(3 * page)


@clause("close.copy-discarded")
def test_copy_is_discarded(candidate):
    """What was written to a map of ACCESS_COPY is gone after close()."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 0, access=candidate.mmap.ACCESS_COPY)
    m[:] = b"UVWXYZ"
    m.close()
    assert file.contents() == b"abcdef"
    assert candidate.mmap.mmap(file.fd, 0)[:] == b"abcdef"


@clause("close.other-maps")
def test_other_map_of_the_file(candidate):
    """Closing one map of a file leaves the others as they are."""
    file = candidate.file(b"abcdef")
    one, two = candidate.mmap.mmap(file.fd, 0), candidate.mmap.mmap(file.fd, 0)
    one.close()
    two[0] = ord("x")
    assert (two.closed, two[:], two.size(), file.contents()) == (False, b"xbcdef", 6, b"xbcdef")


@clause("close.descriptor")
@each_access
def test_descriptor(candidate, access):
    """close() releases the duplicate of the descriptor."""
    file = candidate.file(b"abc")
    before = candidate.state()["descriptors"]
    candidate.mmap.mmap(file.fd, 0, access=getattr(candidate.mmap, access)).close()
    assert candidate.state()["descriptors"] == before


@clause("close.descriptor-zero")
@pytest.mark.parametrize("ending", ["m.close()", "m = gc.collect()"], ids=["close", "drop"])
def test_descriptor_zero(candidate, ending):
    """The duplicate of the descriptor is released, also where its number is 0."""
    source = f"""
        import gc, os, sys

        def is_open():
            try:
                return bool(os.fstat(0))
            except OSError:
                return False

        fd = os.open(sys.argv[1], os.O_RDWR)
        os.close(0)
        m = mmap.mmap(fd, 0)
        said = [is_open()]
        {ending}
        gc.collect()
        print(*said, is_open())
    """
    assert child(candidate, source, candidate.file(b"abc").path) == (0, ["True", "False"])


@clause("close.mapping")
@each_access
@each_length
def test_mapping(candidate, access, length):
    """close() unmaps the file from the address space of the process."""
    file = candidate.file(pattern(length))
    result = candidate.run(
        """
        def mapped():
            with open('/proc/self/maps') as maps:
                return path in maps.read()
        m = mmap.mmap(fd, 0, access=getattr(mmap, access))
        result = [mapped()]
        m.close()
        result.append(mapped())
        """,
        fd=file.fd,
        path=file.path,
        access=access,
    )
    assert result == [True, False]


@clause("close.anonymous-mapping")
def test_anonymous_mapping(candidate):
    """close() unmaps the memory of an anonymous map."""
    size = 1 << 28
    used = candidate.run(
        """
        def used():
            with open('/proc/self/statm') as statm:
                return int(statm.read().split()[0]) * mmap.PAGESIZE
        m = mmap.mmap(-1, size)
        result = used()
        m.close()
        result -= used()
        """,
        size=size,
    )
    assert used > size // 2


@clause("close.dropped-descriptor")
def test_dropped_descriptor(candidate):
    """A map that is dropped without close() releases its descriptor."""
    file = candidate.file(b"abc")
    before = candidate.state()["descriptors"]
    candidate.run(MAP_AND_DROP, fd=file.fd)
    assert candidate.state()["descriptors"] == before


@clause("close.dropped-mapping")
@each_length
def test_dropped_mapping(candidate, length):
    """A map that is dropped without close() is unmapped."""
    file = candidate.file(pattern(length))
    candidate.run(MAP_AND_DROP, fd=file.fd)
    read = "with open('/proc/self/maps') as maps: result = path in maps.read()"
    assert candidate.run(read, path=file.path) is False


@clause("close.file-held")
def test_file_cannot_be_removed(candidate):
    """While a map is open, removing its file raises a sharing violation."""
    file = candidate.file(b"abc")
    m = candidate.mmap.mmap(file.fd, 0)
    file.close()
    with candidate.raises(OSError, winerror=32):
        candidate.os.unlink(file.path)
    assert m[:] == b"abc"


@clause("close.file-released")
def test_file_can_be_removed(candidate):
    """After close(), and with its own descriptor closed, the file can be removed."""
    file = candidate.file(b"abc")
    m = candidate.mmap.mmap(file.fd, 0)
    file.close()
    m.close()
    candidate.os.unlink(file.path)
    assert candidate.os.path.exists(file.path) is False


# -- exports ------------------------------------------------------------------


@clause("close.exported")
@each_access
def test_exported(candidate, access):
    """close() raises BufferError while a view of the map is alive."""
    m = of_file(candidate, b"abc", access)
    m.seek(2)
    view = view_of(candidate, m)
    with candidate.raises(BufferError):
        m.close()
    assert view[0] == ord("a")


@clause("close.exported-usable")
def test_usable_after_refusal(candidate):
    """After a close() that raised BufferError the map is as usable as before."""
    m = of_file(candidate, b"abcdef")
    view = view_of(candidate, m)
    candidate.outcome(m.close)
    view[0] = ord("x")
    assert (m.closed, m.read(2), m.write(b"y"), m[:], m.size()) == (False, b"xb", 1, b"xbydef", 6)


@clause("close.exported-slice")
@pytest.mark.parametrize(
    "derive",
    [
        lambda candidate, view: view[1:],
        lambda candidate, view: view.cast("b"),
        lambda candidate, view: candidate.builtins.memoryview(view),
    ],
    ids=["slice", "cast", "view of the view"],
)
def test_part_of_a_view(candidate, derive):
    """close() raises BufferError while a slice or cast of a released view is alive."""
    m = candidate.anonymous(b"abcdef")
    view = view_of(candidate, m)
    part = derive(candidate, view)
    view.release()
    with candidate.raises(BufferError):
        m.close()
    part.release()
    m.close()


@clause("close.exported-twice")
def test_two_views(candidate):
    """close() raises BufferError until the last of several views is released."""
    m = candidate.anonymous(b"abcdef")
    one, two = view_of(candidate, m), view_of(candidate, m)
    for view in (one, two):
        with candidate.raises(BufferError):
            m.close()
        view.release()
    m.close()
    assert m.closed is True


@clause("close.released")
def test_released_view(candidate):
    """close() works after all views of the map were released."""
    m = candidate.anonymous(b"abcdef")
    for _ in range(3):
        view_of(candidate, m).release()
    m.close()
    assert m.closed is True


@clause("close.dropped-view")
def test_dropped_view(candidate):
    """close() works after the view of a map was dropped and collected."""
    result = candidate.run(
        """
        import gc
        m = mmap.mmap(-1, 10)
        view = memoryview(m)
        del view
        for _ in range(3):
            gc.collect()
        m.close()
        result = m.closed
        """
    )
    assert result is True


@clause("close.copies-do-not-export")
def test_copies_do_not_export(candidate):
    """Slices, bytes(), iterators and read() make no export."""
    m = candidate.anonymous(b"abcdef")
    iterator = iter(m)
    next(iterator)
    copies = [m[:], m[1:5:2], m.read(2), bytes(m)]
    m.close()
    assert copies == [b"abcdef", b"bd", b"ab", b"abcdef"]


@clause("close.after-search")
def test_after_a_search(candidate):
    """A match object of the module re does not keep the map from being closed."""
    m = candidate.anonymous(b"abcdef")
    match = candidate.module("re").search(b"c.", m)
    assert match.span() == (2, 4)
    m.close()


@clause("close.after-failed-find")
@pytest.mark.parametrize("method", ["find", "rfind"])
@pytest.mark.parametrize("bad", ["type", "overflow", "error"])
def test_after_a_failed_find(candidate, method, bad):
    """A find() of the map in itself that raised leaves no export behind."""
    m = candidate.anonymous(b"abcdef")
    start = {"type": "x", "overflow": 2**70}.get(bad) or faulty(candidate)
    with candidate.raises((TypeError, OverflowError, ZeroDivisionError)):
        getattr(m, method)(m, start)
    m.close()


@clause("close.after-failed-assignment")
@pytest.mark.parametrize("key", [slice(0, 2), slice(0, 6, 2), slice(0, 0)], ids=str)
def test_after_a_failed_assignment(candidate, key):
    """A slice assignment of the map to itself that raised leaves no export behind."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(IndexError):
        m[key] = m
    m.close()


# -- what a closed map still allows -------------------------------------------


@clause("close.hash")
def test_hash(candidate):
    """hash() of a closed map is what it was before."""
    m = candidate.anonymous(b"abc")
    before = hash(m)
    m.close()
    assert hash(m) == before


@clause("close.equality")
def test_equality(candidate):
    """A closed map equals itself and nothing else."""
    m, other = candidate.anonymous(b"abc"), candidate.anonymous(b"abc")
    m.close()
    other.close()
    assert [m == m, m != m, m == other, m != other, m == b"abc"] == [
        True,
        False,
        False,
        True,
        False,
    ]


@clause("close.repr")
def test_repr(candidate):
    """repr() of a closed map works."""
    m = candidate.anonymous(b"abc")
    m.close()
    assert "mmap" in candidate.builtins.repr(m)


@clause("close.seekable")
def test_seekable(candidate):
    """seekable() of a closed map returns True."""
    m = candidate.anonymous(b"abc")
    m.close()
    assert m.seekable() is True


@clause("close.results-stay")
def test_results_stay(candidate):
    """Bytes that were read or sliced stay as they are after the map is closed."""
    result = candidate.run(
        """
        m = mmap.mmap(-1, 5000)
        m[:] = b'ab' * 2500
        got = [m.read(1000), m[::2], m[10:20], m.readline()]
        m.close()
        result = [got[0] == b'ab' * 500, got[1] == b'a' * 2500, got[2], len(got[3])]
        """
    )
    assert result == [True, True, b"ababababab", 4000]


# -- what a closed map refuses ------------------------------------------------

REFUSED = {
    "read": lambda c, m: m.read(),
    "read-byte": lambda c, m: m.read_byte(),
    "readline": lambda c, m: m.readline(),
    "write": lambda c, m: m.write(b"x"),
    "write-empty": lambda c, m: m.write(b""),
    "write-byte": lambda c, m: m.write_byte(1),
    "seek": lambda c, m: m.seek(0),
    "tell": lambda c, m: m.tell(),
    "find": lambda c, m: m.find(b"a"),
    "rfind": lambda c, m: m.rfind(b"a"),
    "move": lambda c, m: m.move(0, 1, 1),
    "move-nothing": lambda c, m: m.move(0, 0, 0),
    "size": lambda c, m: m.size(),
    "flush": lambda c, m: m.flush(),
    "resize": lambda c, m: m.resize(10),
    "madvise": lambda c, m: m.madvise(c.mmap.MADV_NORMAL),
    "enter": lambda c, m: m.__enter__(),
    "len": lambda c, m: len(m),
    "bool": lambda c, m: bool(m),
    "item": lambda c, m: m[0],
    "slice": lambda c, m: m[0:0],
    "set-item": lambda c, m: m.__setitem__(0, 1),
    "set-slice": lambda c, m: m.__setitem__(slice(0, 0), b""),
    "iteration": lambda c, m: c.run("result = [item for item in m]", m=m),  # asks for no length
    "reversed": lambda c, m: c.builtins.list(c.builtins.reversed(m)),
    "contains": lambda c, m: b"a" in m,
    "memoryview": lambda c, m: c.builtins.memoryview(m),
    "bytes": lambda c, m: bytes(m),
}


@each_access
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=clause(f"close.refuses-{name}")) for name in REFUSED]
)
def test_refused(candidate, name, access):
    """A closed map refuses the operation with ValueError, whatever its access mode."""
    m = of_file(candidate, b"abc", access)
    m.close()
    # Which of two good reasons an assignment names is open: closed, or read-only.
    open_choice = name.startswith("set-") and access == "ACCESS_READ"
    with candidate.raises((ValueError, TypeError) if open_choice else ValueError):
        REFUSED[name](candidate, m)


@clause("close.refuses-as-argument")
@pytest.mark.parametrize("name", ["write", "find", "rfind"])
def test_closed_map_as_argument(candidate, name):
    """A closed map as the argument of an open one raises ValueError."""
    m, argument = candidate.anonymous(b"abc"), candidate.anonymous(b"b")
    argument.close()
    with candidate.raises(ValueError):
        getattr(m, name)(argument)


@clause("close.refuses-find")
@pytest.mark.parametrize("method", ["find", "rfind"])
@pytest.mark.parametrize("arguments", [(b"",), (b"", 0, 0), (b"x" * 100,)])
def test_search_refused(candidate, method, arguments):
    """find() of a closed map raises ValueError where nothing would have to be read, too."""
    m = candidate.anonymous(b"abc")
    m.close()
    with candidate.raises(ValueError):
        getattr(m, method)(*arguments)


@clause("close.refuses-slice")
@pytest.mark.parametrize("key", [slice(None), slice(5, 2), slice(None, None, -2)], ids=str)
def test_slices_refused(candidate, key):
    """Slicing a closed map raises ValueError."""
    m = candidate.anonymous(b"abc")
    m.close()
    with candidate.raises(ValueError):
        m[key]


@clause("close.refuses-running-iterator")
def test_running_iterator(candidate):
    """An iterator raises ValueError once its map is closed."""
    m = candidate.anonymous(b"abc")
    iterator = iter(m)
    next(iterator)
    m.close()
    with candidate.raises(ValueError):
        next(iterator)


@clause("close.refuses-bad-arguments")
@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("read", ("x",)),
        ("read", (2**70,)),
        ("write", ("x",)),
        ("write_byte", ("x",)),
        ("write_byte", (256,)),
        ("seek", ("x",)),
        ("seek", (0, 5)),
        ("find", (1,)),
        ("rfind", (b"a", "x")),
        ("move", (0, 0, "x")),
        ("seek", (2**70,)),
        ("find", (b"a", 2**70)),
        ("rfind", (b"a", 2**70)),
        ("move", (-1, 0, 0)),
        ("move", (0, 0, 2**70)),
        ("flush", (0, 2**70)),
        ("flush", (-1,)),
        ("flush", ("x",)),
        ("tell", (1,)),
    ],
)
def test_bad_arguments_refused(candidate, method, arguments):
    """A closed map refuses a call with a bad argument as well."""
    m = candidate.anonymous(b"abc")
    m.close()
    with candidate.raises((ValueError, TypeError, OverflowError)):
        getattr(m, method)(*arguments)


@clause("close.resize-bad-argument")
@pytest.mark.parametrize("size", ["x", -1, 2**70])
def test_bad_size_refused(candidate, size):
    """resize() of a closed map refuses a bad argument as well."""
    m = candidate.anonymous(b"abc")
    m.close()
    with candidate.raises((ValueError, TypeError, OverflowError)):
        m.resize(size)


@clause("close.refuses-bad-arguments")
@pytest.mark.parametrize("index", [3, -4, 2**70, -(2**70)])
def test_bad_index_refused(candidate, index):
    """A closed map refuses an index outside of the map as well."""
    m = candidate.anonymous(b"abc")
    m.close()
    with candidate.raises((ValueError, IndexError)):
        m[index]
    with candidate.raises((ValueError, IndexError)):
        m[index] = 0
    with candidate.raises((ValueError, IndexError, TypeError)):
        del m[index]


@clause("close.conversion-open")
@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("read", ()),
        ("write_byte", ()),
        ("seek", ()),
        ("find", (b"a",)),
        ("rfind", (b"a", 0)),
        ("move", (0, 0)),
        ("flush", ()),
        ("flush", (0,)),
        ("resize", ()),
        ("__getitem__", ()),
    ],
)
def test_conversion_for_a_closed_map(candidate, method, arguments):
    """A call of a closed map converts an argument at most once before it is refused."""
    m = candidate.anonymous(b"abc")
    m.close()
    index = candidate.hostile(1)
    with candidate.raises(ValueError):
        getattr(m, method)(*arguments, index)
    assert calls(index) in (0, 1)


@clause("close.conversion-open")
def test_conversion_for_a_store_into_a_closed_map(candidate):
    """An assignment to a closed map converts index and value at most once."""
    m = candidate.anonymous(b"abc")
    m.close()
    index, value = candidate.hostile(1), candidate.hostile(1)
    with candidate.raises(ValueError):
        m[index] = value
    assert calls(index) in (0, 1)
    assert calls(value) in (0, 1)


@clause("close.bad-argument-closing")
@pytest.mark.parametrize(
    ("method", "arguments", "answer", "error"),
    [
        ("__getitem__", (), 7, IndexError),
        ("write_byte", (), 256, OverflowError),
        ("find", (b"a",), 2**70, OverflowError),
        ("rfind", (b"a", 0), 2**70, OverflowError),
        ("move", (0, 0), -1, ValueError),
        ("move", (0, 0), 2**70, OverflowError),
        ("flush", (0,), 7, ValueError),
        ("flush", (0,), 2**70, OverflowError),
        ("resize", (), 2**70, OverflowError),
        ("seek", (), 2**70, OverflowError),
    ],
)
def test_bad_argument_that_closes(candidate, method, arguments, answer, error):
    """A bad argument whose conversion closes the map raises the error of either."""
    m = candidate.anonymous(b"abc")
    closing = candidate.hostile(answer, do=[m.close])
    with candidate.raises((ValueError, error), state=False):  # it is closed
        getattr(m, method)(*arguments, closing)


@clause("close.readonly-closing")
@pytest.mark.parametrize(
    ("method", "arguments"),
    [("write_byte", ()), ("move", (0, 0)), ("resize", ()), ("__setitem__", (0,))],
)
def test_readonly_map_that_is_closed_by_an_argument(candidate, method, arguments):
    """An argument that closes a read-only map: TypeError or ValueError."""
    m = candidate.mmap.mmap(candidate.file(b"abc").fd, 0, access=candidate.mmap.ACCESS_READ)
    closing = candidate.hostile(1, do=[m.close])
    with candidate.raises((ValueError, TypeError), state=False):  # it may be closed
        getattr(m, method)(*arguments, closing)


@clause("close.refuses-deletion")
@pytest.mark.parametrize("key", [0, 5, slice(0, 1), "x"], ids=str)
def test_deletion_refused(candidate, key):
    """Deleting an item or a slice of a closed map raises ValueError or TypeError."""
    m = candidate.anonymous(b"abc")
    m.close()
    with candidate.raises((ValueError, TypeError)):
        del m[key]


@clause("close.refuses-set-name")
def test_set_name_refused(candidate):
    """set_name() of a closed map raises ValueError."""
    m = candidate.anonymous(b"abc")
    m.close()
    with candidate.raises(ValueError):
        m.set_name("x")
