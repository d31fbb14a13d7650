"""The buffer protocol: what a view of a map is, and what an export forbids."""

from __future__ import annotations

import binascii
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.candidate import calls
from mmap_spec.clauses import clause
from mmap_spec.situations import closer, each_access, faulty, of_file, readonly
from mmap_spec.strategies import contents, pattern

DIGITS = b"0123456789"


def view_of(candidate, m):
    """A memoryview of a mapping, in the candidate's world."""
    return candidate.builtins.memoryview(m)


def check_exported(candidate, m, view):
    """The mapping cannot be closed as long as this view is not released."""
    with candidate.raises(BufferError):
        m.close()
    view.release()
    m.close()
    assert m.closed is True


# -- what a view is ---------------------------------------------------------


@clause("buffer.format")
@each_access
def test_format(candidate, access):
    """A view of a map has format 'B' and items of one byte."""
    view = view_of(candidate, of_file(candidate, DIGITS, access))
    assert (view.format, view.itemsize) == ("B", 1)


@clause("buffer.shape")
@pytest.mark.parametrize("size", [1, 10, 4095, 4096, 4097])
def test_shape(candidate, size):
    """A view has one dimension, the map's length as its shape, and is contiguous."""
    view = view_of(candidate, candidate.mmap.mmap(-1, size))
    assert (view.ndim, view.shape, view.strides, view.suboffsets) == (1, (size,), (1,), ())
    assert (view.nbytes, view.c_contiguous, view.f_contiguous) == (size, True, True)


@clause("buffer.object")
def test_object(candidate):
    """The obj of a view is the map itself."""
    m = candidate.anonymous(DIGITS)
    view = view_of(candidate, m)
    assert candidate.run("result = view.obj is m and view[2:5].obj is m", view=view, m=m) is True


@clause("buffer.contents")
@given(data=contents(), draw=st.data())
def test_contents(candidate, data, draw):
    """A view shows all bytes of the map from index 0 on, whatever the position."""
    m = candidate.anonymous(data)
    m.seek(draw.draw(st.integers(0, len(data))))
    assert bytes(view_of(candidate, m)) == data
    assert bytes(m) == data


@clause("buffer.contents")
def test_contents_across_pages(candidate):
    """A view shows all bytes of the map, on every page."""
    data = pattern(3 * candidate.profile.page_size + 5)
    assert bytes(view_of(candidate, candidate.anonymous(data))) == data


@clause("buffer.offset")
def test_view_of_a_map_with_an_offset(candidate):
    """A view of a map with an offset begins at the byte of the file at the offset."""
    offset = candidate.profile.granularity
    data = pattern(offset + 30)
    m = candidate.mmap.mmap(candidate.file(data).fd, 20, offset=offset)
    assert bytes(view_of(candidate, m)) == data[offset : offset + 20]


@clause("buffer.write")
def test_write_through_a_view(candidate):
    """What is written through a view is in the map, and in the file of a shared map."""
    file = candidate.file(DIGITS)
    m = candidate.mmap.mmap(file.fd, 0)
    view = view_of(candidate, m)
    view[2:4] = b"AB"
    view[-1] = 67
    assert m[:] == file.contents() == b"01AB45678C"


@clause("buffer.live")
def test_view_is_live(candidate):
    """A view shows what is written to the map afterwards: it is no copy."""
    m = candidate.anonymous(DIGITS)
    view = view_of(candidate, m)
    m[0] = 65
    m[1:3] = b"BC"
    m.seek(9)
    m.write(b"D")
    m.move(5, 0, 2)
    assert bytes(view) == b"ABC34AB78D"


@clause("buffer.copy-on-write")
def test_write_through_a_view_of_a_copy(candidate):
    """What is written through a view of a map of ACCESS_COPY is in the map and not in the file."""
    file = candidate.file(DIGITS)
    m = candidate.mmap.mmap(file.fd, 0, access=candidate.mmap.ACCESS_COPY)
    view_of(candidate, m)[3] = 88
    assert (m[:], file.contents()) == (b"012X456789", DIGITS)


@clause("buffer.abstract-class")
def test_abstract_class(candidate):
    """A map is an instance of collections.abc.Buffer."""
    m = candidate.anonymous(DIGITS)
    source = "from collections.abc import Buffer\nresult = isinstance(m, Buffer)"
    assert candidate.run(source, m=m) is True


# -- writable requests of read-only maps ------------------------------------


@clause("buffer.readonly-consumers")
@pytest.mark.parametrize(
    "code",
    [
        "io.BytesIO(b'a').readinto(m)",
        "struct.pack_into('B', m, 0, 7)",
        "with open(path, 'rb') as stream: stream.readinto(m)",
    ],
)
def test_readonly_map_for_a_writer(candidate, code):
    """A function that needs a writable buffer refuses a read-only map with TypeError."""
    m = readonly(candidate, DIGITS)
    path = candidate.file(b"xyz").path
    with candidate.raises(TypeError):
        candidate.run(f"import io, struct\n{code}", m=m, path=path)


@clause("buffer.readonly-request")
def test_writable_request(candidate):
    """__buffer__ of a read-only map raises BufferError for a writable request."""
    m = readonly(candidate, DIGITS)
    with candidate.raises(BufferError):
        candidate.run("import inspect\nm.__buffer__(inspect.BufferFlags.WRITABLE)", m=m)


@clause("buffer.request-closes")
@pytest.mark.parametrize("flags", [0, 1])
def test_request_that_closes(candidate, flags):
    """__buffer__ raises ValueError where the conversion of the flags closes the map."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(ValueError, state=False):  # the argument closes it
        m.__buffer__(closer(candidate, m, flags))
    assert m.closed is True


@clause("buffer.readonly-request-refused")
def test_refused_request_leaves_no_export(candidate):
    """A writable request that a read-only map has refused leaves no export behind."""
    m = readonly(candidate, DIGITS)
    for _ in range(3):
        with candidate.raises(TypeError):
            candidate.run("import io\nio.BytesIO(b'a').readinto(m)", m=m)
    m.close()
    assert m.closed is True


# -- exports ----------------------------------------------------------------


@clause("buffer.export-resize-first")
@pytest.mark.parametrize(
    ("access", "size"),
    [("ACCESS_DEFAULT", -1), ("ACCESS_DEFAULT", 10), ("ACCESS_READ", 20), ("ACCESS_COPY", 20)],
)
def test_resize_judges_exports_first(candidate, access, size):
    """While a view is alive resize() raises BufferError even where it would be refused."""
    m = of_file(candidate, DIGITS, access)
    view = view_of(candidate, m)
    for _ in range(3):
        with candidate.raises(BufferError):
            m.resize(size)
    view.release()


@clause("buffer.length-after-resize")
@pytest.mark.parametrize("size", [5, 5000])
def test_view_after_a_resize(candidate, size):
    """A view that is made after a resize has the new length."""
    m = of_file(candidate, DIGITS)
    view_of(candidate, m).release()
    m.resize(size)
    assert bytes(view_of(candidate, m)) == (DIGITS + bytes(size))[:size]


@clause("buffer.export-of-view")
@pytest.mark.parametrize("code", ["memoryview(view)", "view[2:5]", "view[::-1]", "view.cast('H')"])
def test_view_of_a_view(candidate, code):
    """A view made of another view keeps the export when the other is released."""
    m = candidate.anonymous(DIGITS)
    view = view_of(candidate, m)
    other = candidate.run(f"result = {code}", view=view)
    view.release()
    check_exported(candidate, m, other)


@clause("buffer.export-read-only-view")
def test_read_only_view_of_a_view(candidate):
    """The read-only view that toreadonly() makes keeps the export."""
    m = candidate.anonymous(DIGITS)
    view = view_of(candidate, m)
    other = view.toreadonly()
    view.release()
    assert other.readonly is True
    check_exported(candidate, m, other)


@clause("buffer.export-empty-view")
def test_empty_view(candidate):
    """An empty slice of a view is an export as well."""
    m = candidate.anonymous(DIGITS)
    view = view_of(candidate, m)
    empty = view[5:5]
    view.release()
    check_exported(candidate, m, empty)


@clause("buffer.export-ctypes")
def test_ctypes_object(candidate):
    """A ctypes object made by from_buffer() shares the memory of the map and is an export."""
    m = candidate.anonymous(DIGITS)
    array = candidate.run("import ctypes\nresult = (ctypes.c_char * 10).from_buffer(m)", m=m)
    array[3] = b"X"
    assert m[:] == b"012X456789"
    with candidate.raises(BufferError):
        m.close()


@clause("buffer.export-readonly-map")
def test_view_of_a_readonly_map(candidate):
    """Views of a read-only map are exports as well: close() raises BufferError."""
    m = readonly(candidate, DIGITS)
    check_exported(candidate, m, view_of(candidate, m))


@clause("buffer.export-count")
def test_several_hundred_views(candidate):
    """Each of several hundred views counts: the map can be closed only after the last."""
    source = """
        views = [memoryview(m) for _ in range(700)]
        last = views.pop()
        refused = 0
        while views:
            try:
                m.close()
            except BufferError:
                refused += 1
            views.pop().release()
        try:
            m.close()
        except BufferError:
            last.release()
            m.close()
            result = refused, m.closed
        """
    assert candidate.run(source, m=candidate.anonymous(DIGITS)) == (699, True)


@clause("buffer.export-per-map")
def test_views_of_another_map(candidate):
    """An export of one map does not keep another map of the same file from being closed."""
    file = candidate.file(DIGITS)
    first, second = (candidate.mmap.mmap(file.fd, 0) for _ in "12")
    view = view_of(candidate, first)
    second.close()
    assert bytes(view) == DIGITS
    check_exported(candidate, first, view)


@clause("buffer.export-subclass")
def test_view_of_a_subclass(candidate):
    """An instance of a subclass exports its memory, and counts exports, like a map."""
    m = candidate.run("class Own(mmap.mmap): pass\nresult = Own(-1, 3)")
    view = view_of(candidate, m)
    view[1] = 65
    assert (m[:], bytes(m), candidate.run("result = view.obj is m", view=view, m=m)) == (
        b"\0A\0",
        b"\0A\0",
        True,
    )
    check_exported(candidate, m, view)


@clause("buffer.export-allows")
def test_methods_of_an_exported_map(candidate):
    """Every method but close(), __exit__() and resize() works while a view is alive."""
    m = of_file(candidate, b"ab\ncdef")
    view = view_of(candidate, m)
    assert (m.readline(), m.read(1), m.read_byte(), m.tell()) == (b"ab\n", b"c", 100, 5)
    m.write(b"E")
    m.write_byte(70)
    m.seek(0)
    m.move(0, 3, 2)
    m.flush()
    m[2] = 33
    assert (m.find(b"F"), m.rfind(b"c"), m.size(), len(m)) == (6, 3, 7, 7)
    assert bytes(view) == m[:] == b"cd!cdEF"
    assert m.__enter__() is not None
    view.release()


@clause("buffer.refused-close-counts")
def test_refused_close(candidate):
    """A close() that was refused does not change the number of exports."""
    m = candidate.anonymous(DIGITS)
    views = [view_of(candidate, m) for _ in "12"]
    for _ in range(3):
        with candidate.raises(BufferError):
            m.close()
    views.pop().release()
    check_exported(candidate, m, views.pop())


@clause("buffer.refused-resize-counts")
def test_refused_resize(candidate):
    """A resize() that was refused does not change the number of exports."""
    m = of_file(candidate, DIGITS)
    views = [view_of(candidate, m) for _ in "12"]
    for _ in range(3):
        with candidate.raises(BufferError):
            m.resize(20)
    views.pop().release()
    with candidate.raises(BufferError):
        m.resize(20)
    views.pop().release()
    m.resize(20)
    assert len(m) == 20


# -- lifetime ---------------------------------------------------------------


@clause("buffer.keeps-alive")
def test_view_without_its_map(candidate):
    """A view keeps the mapping alive after the last reference to the map is gone."""
    source = """
        import gc
        m = mmap.mmap(-1, 10_000)
        m[:] = data
        view = memoryview(m)
        del m
        gc.collect()
        view[9999] = 65
        result = bytes(view), view.obj[9999], view.obj.closed
        """
    found = candidate.run(source, data=pattern(10_000))
    assert found == (pattern(9999) + b"A", 65, False)


@clause("buffer.slice-keeps-alive")
def test_slice_without_map_and_view(candidate):
    """A slice of a view keeps the mapping alive after the map and the view are gone."""
    source = """
        import gc
        m = mmap.mmap(-1, 10_000)
        m[:] = data
        view = memoryview(m)
        part = view[5000:5003]
        view.release()
        del m, view
        gc.collect()
        part[0] = 65
        result = bytes(part)
        """
    assert candidate.run(source, data=pattern(10_000)) == b"A" + pattern(5003)[5001:]


@clause("buffer.keeps-descriptor")
def test_descriptor_of_a_dropped_map(candidate):
    """The descriptor of a dropped map is released when its last view is."""
    file = candidate.file(DIGITS)
    before = candidate.state()["descriptors"]
    source = "import types\nresult = types.SimpleNamespace(view=memoryview(mmap.mmap(fd, 0)))"
    holder = candidate.run(source, fd=file.fd)
    candidate.collect()
    during = candidate.state()["descriptors"]
    holder.view = None
    candidate.collect()
    assert (during - before, candidate.state()["descriptors"] - before) == (1, 0)


# -- needles and sources are released ---------------------------------------


SEARCHES = pytest.mark.parametrize("search", ["find", "rfind"])


def check_released(candidate, source):
    """A bytearray whose buffer nobody holds can be resized."""
    source.append(1)
    assert candidate.builtins.len(source) == 3


def needle(candidate):
    """A bytearray of two bytes that stays in the candidate's world."""
    return candidate.run("result = type('Source', (bytearray,), {})(b'34')")


@clause("buffer.needle-released")
@SEARCHES
@pytest.mark.parametrize("data", [DIGITS, b"xyz"])
def test_needle_after_a_search(candidate, search, data):
    """find() and rfind() release their needle, found or not."""
    m, source = candidate.anonymous(data), needle(candidate)
    getattr(m, search)(source)
    check_released(candidate, source)


@clause("buffer.needle-released")
@SEARCHES
def test_map_as_needle(candidate, search):
    """A map that was its own needle can be closed."""
    m = candidate.anonymous(DIGITS)
    assert getattr(m, search)(m) == 0
    m.close()
    assert m.closed is True


def check_failed_search(candidate, search, bounds):
    """A search that fails for one of its bounds releases its needle, be it the map."""
    m, source = candidate.anonymous(DIGITS), needle(candidate)
    for what in (source, m):
        candidate.outcome(getattr(m, search), what, *bounds)  # judged in the topics of the methods
    check_released(candidate, source)
    m.close()
    assert m.closed is True


@clause("buffer.needle-released-type")
@SEARCHES
@pytest.mark.parametrize("bounds", [("x",), (0, "x"), (1.5,), (0, 1.5), (0, 1, 2)], ids=repr)
def test_needle_after_a_wrong_type(candidate, search, bounds):
    """find() and rfind() release their needle where a bound has a wrong type."""
    check_failed_search(candidate, search, bounds)


@clause("buffer.needle-released-overflow")
@SEARCHES
@pytest.mark.parametrize("bounds", [(2**64,), (0, 2**64), (-(2**64),)], ids=repr)
def test_needle_after_an_overflow(candidate, search, bounds):
    """find() and rfind() release their needle where a bound is beyond ssize_t."""
    check_failed_search(candidate, search, bounds)


@clause("buffer.needle-released-error")
@SEARCHES
@pytest.mark.parametrize("place", [0, 1])
def test_needle_after_an_error(candidate, search, place):
    """find() and rfind() release their needle where the __index__ of a bound raises."""
    bounds = [0, 5]
    bounds[place] = faulty(candidate)
    check_failed_search(candidate, search, bounds)


@clause("buffer.needle-released-closed")
@SEARCHES
def test_needle_of_a_closed_map(candidate, search):
    """find() and rfind() of a closed map release their needle."""
    m, source = candidate.anonymous(DIGITS), needle(candidate)
    m.close()
    candidate.outcome(getattr(m, search), source)
    check_released(candidate, source)


@clause("buffer.needle-released-closing")
@SEARCHES
@pytest.mark.parametrize("place", [0, 1])
def test_needle_of_a_closing_bound(candidate, search, place):
    """find() and rfind() release their needle where a bound closes the map."""
    m, source = candidate.anonymous(DIGITS), needle(candidate)
    bounds = [0, 5]
    bounds[place] = closing = closer(candidate, m, bounds[place])
    candidate.outcome(getattr(m, search), source, *bounds)
    assert calls(closing) == 1
    check_released(candidate, source)


@clause("buffer.source-released")
def test_source_of_a_slice(candidate):
    """A slice assignment releases its source."""
    m, source = candidate.anonymous(DIGITS), needle(candidate)
    m[2:4] = source
    check_released(candidate, source)


@clause("buffer.source-released-size")
@pytest.mark.parametrize("key", [slice(2, 3), slice(2, 5), slice(2, 2), slice(None)], ids=repr)
def test_source_of_a_wrong_size(candidate, key):
    """A slice assignment of a wrong size releases its source."""
    m, source = candidate.anonymous(DIGITS), needle(candidate)
    with candidate.raises((IndexError, ValueError)):
        m[key] = source
    check_released(candidate, source)


@clause("buffer.source-released-size")
def test_map_as_source_of_a_wrong_size(candidate):
    """A map that was its own source can be closed after the error."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises((IndexError, ValueError)):
        m[2:4] = m
    m.close()
    assert m.closed is True


@clause("buffer.source-released-step")
def test_source_of_a_stepping_slice(candidate):
    """An assignment to a slice with a step releases its source, of the right size or not."""
    m, source = candidate.anonymous(DIGITS), needle(candidate)
    m[2:6:2] = source
    with candidate.raises((IndexError, ValueError)):
        m[2:9:2] = source
    check_released(candidate, source)


STORES = pytest.mark.parametrize("code", ["m.write(data)", "m[0:2] = data", "m[0:4:2] = data"])


@clause("buffer.source-released-readonly")
@STORES
def test_source_of_a_readonly_map(candidate, code):
    """write() and slice assignment release their source where the map is read-only."""
    m, source = readonly(candidate, DIGITS), needle(candidate)
    with candidate.raises(TypeError):
        candidate.run(code, m=m, data=source)
    check_released(candidate, source)


@clause("buffer.source-released-closed")
@STORES
def test_source_of_a_closed_map(candidate, code):
    """write() and slice assignment of a closed map release their source."""
    m, source = candidate.anonymous(DIGITS), needle(candidate)
    m.close()
    with candidate.raises(ValueError):
        candidate.run(code, m=m, data=source)
    check_released(candidate, source)


@clause("buffer.source-released-closing")
@STORES
def test_source_that_closes(candidate, code):
    """A source that closes the map in __buffer__ is released."""
    source = """
        class Closing(bytearray):
            def __buffer__(self, flags):
                m.close()
                return super().__buffer__(flags)
        data = Closing(b"ab")
        try:
            {}
        except ValueError:
            data.append(1)
            result = bytes(data[:])
        """
    m = candidate.anonymous(DIGITS)
    assert candidate.run(source.format(code), m=m) == b"ab\x01"


# -- other consumers of buffers ---------------------------------------------


CONSUMERS = {
    "bytes": ("bytes(m)", bytes),
    "bytearray": ("bytes(bytearray(m))", bytes),
    "int": ("int.from_bytes(m, 'big')", lambda data: int.from_bytes(data, "big")),
    "join": ("b'-'.join([m, m])", lambda data: data + b"-" + data),
    "crc32": ("__import__('zlib').crc32(m)", zlib.crc32),
    "hashlib": (
        "__import__('hashlib').sha256(m).digest()",
        lambda data: hashlib.sha256(data).digest(),
    ),
    "binascii": ("__import__('binascii').hexlify(m)", binascii.hexlify),
    "struct": ("__import__('struct').unpack('10s', m)[0]", bytes),
    "BytesIO": ("__import__('io').BytesIO(m).read()", bytes),
    "array": ("__import__('array').array('B', bytes(m)).tobytes()", bytes),
}


@clause("buffer.consumers")
@pytest.mark.parametrize("name", CONSUMERS)
def test_consumer(candidate, name):
    """Functions that read a buffer take a map, whatever its position."""
    code, expected = CONSUMERS[name]
    m = candidate.anonymous(DIGITS)
    m.seek(4)
    assert candidate.run(f"result = {code}", m=m) == expected(DIGITS)


@clause("buffer.consumers")
def test_files_as_consumers(candidate):
    """os.write() and the write() of a file take a map."""
    source = """
        import os
        with open("copy", "wb", buffering=0) as stream:
            result = os.write(stream.fileno(), m), stream.write(m)
        with open("copy", "ab") as stream:
            stream.write(m)
        with open("copy", "rb") as stream:
            result += (stream.read(),)
        os.unlink("copy")
        """
    m = of_file(candidate, DIGITS)
    assert candidate.run(source, m=m) == (10, 10, 3 * DIGITS)


@clause("buffer.consumers-release")
@pytest.mark.parametrize("name", CONSUMERS)
def test_consumer_lets_go(candidate, name):
    """Functions that read a buffer leave no export behind: the map can be closed at once."""
    m = candidate.anonymous(DIGITS)
    candidate.run(f"kept = {CONSUMERS[name][0]}", m=m)
    m.close()
    assert m.closed is True


@clause("buffer.unpack-from")
@pytest.mark.parametrize("offset", [0, 3, 6])
def test_unpack_from(candidate, offset):
    """struct.unpack_from() reads a map at an offset."""
    m = candidate.anonymous(DIGITS)
    found = candidate.module("struct").unpack_from("<I", m, offset)
    assert found == (int.from_bytes(DIGITS[offset : offset + 4], "little"),)


@clause("buffer.pack-into")
def test_pack_into(candidate):
    """struct.pack_into() writes to a map at an offset."""
    m = candidate.anonymous(DIGITS)
    candidate.module("struct").pack_into("2s", m, 3, b"AB")
    assert m[:] == b"012AB56789"
    m.close()


@clause("buffer.readinto")
@pytest.mark.parametrize(
    "code", ["io.BytesIO(b'abc')", "open(path, 'rb')", "open(path, 'rb', buffering=0)"]
)
def test_readinto(candidate, code):
    """readinto() of a file or of io.BytesIO fills a map from index 0 on."""
    path = candidate.file(b"abc").path
    m = candidate.anonymous(DIGITS)
    m.seek(5)
    source = f"import io\nwith {code} as stream:\n    result = stream.readinto(m)"
    assert candidate.run(source, m=m, path=path) == 3
    assert (m[:], m.tell()) == (b"abc3456789", 5)
    m.close()


# -- the module re ----------------------------------------------------------


@clause("buffer.re-search")
@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("re.search(b'[0-9]+', m).group()", b"1"),
        ("re.search(b'[0-9]+', m).span()", (1, 2)),
        ("re.match(b'.', m).group()", b"a"),
        ("re.findall(b'[0-9]+', m)", [b"1", b"22"]),
        ("re.split(b'[0-9]+', m)", [b"a", b"b", b"c"]),
        ("re.sub(b'[0-9]+', b'-', m)", b"a-b-c"),
        ("[x.start() for x in re.finditer(b'[a-z]', m)]", [0, 2, 5]),
        ("re.search(b'x', m)", None),
    ],
)
def test_regular_expression(candidate, code, found):
    """The module re searches a map from index 0 on and gives bytes."""
    m = candidate.anonymous(b"a1b22c")
    m.seek(3)
    assert candidate.run(f"import re\nresult = {code}", m=m) == found
    assert m.tell() == 3


@clause("buffer.re-match-open")
def test_group_of_an_open_map(candidate):
    """A match object reads its groups from the open map when they are asked for."""
    m = candidate.anonymous(DIGITS)
    match = candidate.module("re").search(b"4.6", m)
    assert match is not None
    m[4] = 65
    assert match.group() == b"A56"


@clause("buffer.re-match-closed")
def test_group_of_a_closed_map(candidate):
    """Asking a match object for a group after the map was closed raises an exception."""
    m = candidate.anonymous(DIGITS)
    match = candidate.module("re").search(b"4.6", m)
    assert match is not None
    m.close()
    assert match.span() == (4, 7)
    with candidate.raises((TypeError, ValueError)):
        match.group()
