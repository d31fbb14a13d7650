"""write(bytes): stores bytes at the position, all of them or none."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import TWO_BYTES, of_file, past_the_end, readonly, with_two_bytes
from mmap_spec.strategies import contents, pattern


def array(candidate, code, values):
    """An array of the candidate's interpreter."""
    return candidate.module("array").array(code, values)


@clause("write.stores")
@given(data=contents(), draw=st.data())
def test_stores(candidate, data, draw):
    """write(b) stores b at the position and leaves every other byte as it was."""
    position = draw.draw(st.integers(0, len(data)))
    new = draw.draw(st.binary(max_size=len(data) - position))
    m = candidate.anonymous(data)
    m.seek(position)
    m.write(new)
    assert m[:] == data[:position] + new + data[position + len(new) :]


@clause("write.stores")
def test_stores_across_pages(candidate):
    """write(b) stores b at the position, wherever pages end."""
    page = candidate.profile.page_size
    new = pattern(page + 2)
    m = candidate.anonymous(bytes(3 * page))
    m.seek(page - 1)
    m.write(new)
    assert m[:] == bytes(page - 1) + new + bytes(page - 1)


@clause("write.returns-count")
@pytest.mark.parametrize("count", [1, 2, 5, 6])
def test_result(candidate, count):
    """write(b) returns the number of bytes written, as an int."""
    result = candidate.anonymous(b"abcdef").write(b"x" * count)
    assert (result, type(result)) == (count, int)


@clause("write.position")
def test_position_follows(candidate):
    """write(b) advances the position by the number of bytes written."""
    m = candidate.anonymous(b"abcdef")
    m.seek(1)
    m.write(b"xy")
    assert m.tell() == 3
    m.write(b"xyz")
    assert m.tell() == 6


@clause("write.empty")
def test_empty(candidate):
    """write(b"") returns 0 and changes nothing."""
    m = candidate.anonymous(b"abc")
    m.seek(1)
    result = m.write(b"")
    assert (result, type(result), m.tell(), m[:]) == (0, int, 1, b"abc")


@clause("write.empty-at-end")
def test_empty_at_the_end(candidate):
    """write(b"") at the end of the map returns 0."""
    m = candidate.anonymous(b"abc")
    m.seek(3)
    assert (m.write(b""), m.tell()) == (0, 3)


@clause("write.empty-past-end")
@pytest.mark.parametrize("length", [10, 2999])
def test_empty_past_the_end(candidate, length):
    """write(b"") raises ValueError where the position is beyond the end."""
    m = past_the_end(candidate, length, position=3000)
    with candidate.raises(ValueError):
        m.write(b"")


@clause("write.past-end")
@pytest.mark.parametrize("length", [10, 2999])
@pytest.mark.parametrize("count", [1, 2, 5000])
def test_past_the_end(candidate, length, count):
    """write(b) raises ValueError where the position is beyond the end."""
    m = past_the_end(candidate, length, position=3000)
    with candidate.raises(ValueError):
        m.write(b"x" * count)


@clause("write.exact-fit")
@pytest.mark.parametrize("position", [0, 1, 5])
def test_exact_fit(candidate, position):
    """write(b) fills the map to its last byte."""
    m = candidate.anonymous(b"abcdef")
    m.seek(position)
    assert m.write(b"UVWXYZ"[position:]) == 6 - position
    assert (m[:], m.tell()) == (b"abcdef"[:position] + b"UVWXYZ"[position:], 6)


@clause("write.too-long")
@pytest.mark.parametrize(("position", "count"), [(0, 7), (1, 6), (5, 2), (6, 1), (0, 5000), (6, 7)])
def test_too_long(candidate, position, count):
    """write(b) raises ValueError where b is longer than what is left."""
    m = candidate.anonymous(b"abcdef")
    m.seek(position)
    with candidate.raises(ValueError, state=False):  # write.all-or-nothing judges the state
        m.write(b"x" * count)


@clause("write.all-or-nothing")
@pytest.mark.parametrize(("position", "count"), [(0, 7), (1, 6), (5, 2), (0, 5000)])
def test_nothing_is_written(candidate, position, count):
    """A write(b) that does not fit writes no byte and leaves the position."""
    m = candidate.anonymous(b"abcdef")
    m.seek(position)
    candidate.outcome(m.write, b"x" * count)
    assert (m[:], m.tell()) == (b"abcdef", position)


@clause("write.buffers")
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_bytes_and_bytearray(candidate, kind):
    """write() takes bytes and bytearray."""
    m = candidate.anonymous(b"abcdef")
    assert (m.write(kind(b"xyz")), m[:]) == (3, b"xyzdef")


@clause("write.buffers")
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_memoryview(candidate, kind):
    """write() takes a memoryview, read-only or writable, and a part of one."""
    m = candidate.anonymous(b"abcdef")
    view = candidate.builtins.memoryview(kind(b"wxyz"))
    assert (m.write(view), m.write(view[1:3]), m[:]) == (4, 2, b"wxyzxy")


@clause("write.buffers")
@pytest.mark.parametrize("kind", TWO_BYTES)
def test_each_kind(candidate, kind):
    """write() takes every bytes-like object."""
    m = candidate.anonymous(b"abcdef")
    result = with_two_bytes(candidate, kind, b"xy", "result = m.write(buffer)", m=m)
    assert (result, m.tell(), m[:]) == (2, 2, b"xycdef")


@clause("write.buffers")
def test_another_map(candidate):
    """write() takes another map."""
    m = candidate.anonymous(b"abcdef")
    assert (m.write(candidate.anonymous(b"xyz")), m[:]) == (3, b"xyzdef")


@clause("write.counts-bytes")
@pytest.mark.parametrize(("code", "size"), [("B", 1), ("H", 2), ("i", 4), ("d", 8)])
def test_items_larger_than_a_byte(candidate, code, size):
    """write() counts bytes, not items."""
    source = array(candidate, code, [1, 2, 3])
    m = candidate.anonymous(pattern(40))
    assert (m.write(source), m.tell()) == (3 * size, 3 * size)
    assert m[:] == source.tobytes() + pattern(40)[3 * size :]


@clause("write.bounds-in-bytes")
@pytest.mark.parametrize("code", ["H", "i", "d"])
def test_items_fit_bytes_do_not(candidate, code):
    """write() raises ValueError where the items would fit by number, the bytes not."""
    m = candidate.mmap.mmap(candidate.file(pattern(100)).fd, 5)
    with candidate.raises(ValueError):
        m.write(array(candidate, code, [1, 2, 3]))


@clause("write.multi-dimensional")
def test_two_dimensions(candidate):
    """write() takes a C-contiguous source of several dimensions as its bytes."""
    m = candidate.anonymous(b"abcdefgh")
    source = candidate.builtins.memoryview(b"UVWXYZ").cast("B", (2, 3))
    assert (m.write(source), m[:]) == (6, b"UVWXYZgh")


@clause("write.non-contiguous")
@pytest.mark.parametrize("step", [2, -1])
def test_not_contiguous(candidate, step):
    """write() raises BufferError for a source that is not C-contiguous."""
    m = candidate.anonymous(b"abcdef")
    source = candidate.builtins.memoryview(b"UVWXYZ")[::step]
    with candidate.raises(BufferError):
        m.write(source)


@clause("write.released-view")
def test_released_view(candidate):
    """write() raises ValueError for a memoryview that was released."""
    m = candidate.anonymous(b"abcdef")
    view = candidate.builtins.memoryview(b"xyz")
    view.release()
    with candidate.raises(ValueError):
        m.write(view)


@clause("write.str")
@pytest.mark.parametrize("text", ["", "x", "\xe4", "x" * 100])
def test_str(candidate, text):
    """write() raises TypeError for a str."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.write(text)


@clause("write.not-a-buffer")
@pytest.mark.parametrize("source", [0, 3, None, [1, 2], (1,), 1.0, True, {}], ids=repr)
def test_not_a_buffer(candidate, source):
    """write() raises TypeError for an object without a buffer."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.write(source)


@clause("write.not-a-buffer")
def test_bytes_method(candidate):
    """write() does not ask an object without a buffer for its __bytes__."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.write(candidate.hostile(b"xy", slot="__bytes__"))


@clause("write.positional-only")
@pytest.mark.parametrize("name", ["bytes", "data", "b"])
def test_keyword(candidate, name):
    """write() takes no keyword arguments."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.write(**{name: b"x"})


@clause("write.arity")
@pytest.mark.parametrize("arguments", [(), (b"x", b"y")])
def test_number_of_arguments(candidate, arguments):
    """write() without an argument, and with two, raises TypeError."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.write(*arguments)


@clause("write.readonly")
@pytest.mark.parametrize("source", [b"x", b"abcdef", bytearray(b"xy")])
def test_readonly(candidate, source):
    """write() on a map of ACCESS_READ raises TypeError."""
    m = readonly(candidate, b"abcdef")
    with candidate.raises(TypeError):
        m.write(source)


@clause("write.readonly")
def test_readonly_anonymous(candidate):
    """write() on an anonymous map of ACCESS_READ raises TypeError."""
    m = candidate.mmap.mmap(-1, 6, access=candidate.mmap.ACCESS_READ)
    with candidate.raises(TypeError):
        m.write(b"x")


@clause("write.readonly-empty")
@pytest.mark.parametrize("position", [0, 6])
def test_readonly_empty(candidate, position):
    """write(b"") on a read-only map raises TypeError too."""
    m = readonly(candidate, b"abcdef")
    m.seek(position)
    with candidate.raises(TypeError):
        m.write(b"")


@clause("write.readonly-first")
@pytest.mark.parametrize("position", [0, 6])
def test_readonly_too_long(candidate, position):
    """write() of more than fits into a read-only map raises TypeError."""
    m = readonly(candidate, b"abcdef")
    m.seek(position)
    with candidate.raises(TypeError):
        m.write(b"x" * 7)


@clause("write.readonly-prot")
@pytest.mark.parametrize("names", [["PROT_READ"], ["PROT_READ", "PROT_EXEC"]])
def test_readonly_by_prot(candidate, names):
    """write() on a map whose prot lacks PROT_WRITE raises TypeError."""
    prot = sum(getattr(candidate.mmap, name) for name in names)
    m = candidate.mmap.mmap(candidate.file(b"abcdef").fd, 0, prot=prot)
    with candidate.raises(TypeError):
        m.write(b"x")


@clause("write.writable-prot")
def test_writable_by_prot(candidate):
    """write() works on a map whose prot is PROT_WRITE alone."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 0, prot=candidate.mmap.PROT_WRITE)
    assert (m.write(b"xy"), file.contents()) == (2, b"xycdef")


@clause("write.reaches-file")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_WRITE"])
def test_reaches_the_file(candidate, access):
    """What is written to a shared map is read from the file at once."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 0, access=getattr(candidate.mmap, access))
    m.seek(2)
    m.write(b"xy")
    assert file.contents() == b"abxyef"


@clause("write.offset")
def test_offset(candidate):
    """With an offset, write() at p changes the byte of the file at offset + p."""
    granularity = candidate.profile.granularity
    file = candidate.file(pattern(granularity + 500))
    m = candidate.mmap.mmap(file.fd, 0, offset=granularity)
    m.seek(3)
    m.write(b"hello")
    start = granularity + 3
    assert file.contents() == pattern(start) + b"hello" + pattern(granularity + 500)[start + 5 :]


@clause("write.copy-on-write")
def test_copy_on_write(candidate):
    """What is written to a map of ACCESS_COPY does not reach the file."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 0, access=candidate.mmap.ACCESS_COPY)
    assert (m.write(b"xy"), m[:], file.contents()) == (2, b"xycdef", b"abcdef")


@clause("write.private")
def test_private(candidate):
    """What is written to a map with MAP_PRIVATE does not reach the file."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 0, flags=candidate.mmap.MAP_PRIVATE)
    assert (m.write(b"xy"), m[:], file.contents()) == (2, b"xycdef", b"abcdef")


@clause("write.behind-length")
def test_file_goes_on_behind_the_map(candidate):
    """write() leaves alone what the file holds behind the length of the map."""
    file = candidate.file(b"abcdefgh")
    m = candidate.mmap.mmap(file.fd, 3)
    m.write(b"xyz")
    with candidate.raises(ValueError):
        m.write(b"!")
    assert (file.contents(), file.size()) == (b"xyzdefgh", 8)


@clause("write.source-is-map")
def test_map_itself(candidate):
    """write() takes the map itself."""
    m = candidate.anonymous(b"abcdef")
    assert (m.write(m), m[:], m.tell()) == (6, b"abcdef", 6)


@clause("write.source-overlaps")
@pytest.mark.parametrize("size", [100, 9000])
@pytest.mark.parametrize("shift", [1, -1, 7, -7, 50, -50])
def test_overlap(candidate, size, shift):
    """A source that overlaps the destination is stored as it was before."""
    data = pattern(size)
    m = candidate.anonymous(data)
    m.seek(max(0, shift))
    view = candidate.builtins.memoryview(m)[max(0, -shift) : size - max(0, shift)]
    m.write(view)
    kept = data[:shift] + data[: size - shift] if shift > 0 else data[-shift:] + data[shift:]
    assert m[:] == kept


@clause("write.source-released")
def test_source_is_released(candidate):
    """After write() the source can be resized again."""
    result = candidate.run(
        """
        m = mmap.mmap(-1, 6)
        source = bytearray(b'xyz')
        m.write(source)
        source.append(1)
        result = len(source)
        """
    )
    assert result == 4


@clause("write.source-released")
def test_map_is_released(candidate):
    """A map that was the source of write() does not count as exported any more."""
    m = candidate.anonymous(b"abcdef")
    m.write(m)
    m.close()
    assert m.closed is True


@clause("write.source-released-on-error")
@pytest.mark.parametrize("reason", ["too long", "read-only", "closed"])
def test_source_is_released_on_error(candidate, reason):
    """After a write() that raised the source can be resized again."""
    result = candidate.run(
        """
        access = mmap.ACCESS_READ if reason == 'read-only' else mmap.ACCESS_WRITE
        m = mmap.mmap(-1, 6, access=access)
        if reason == 'closed':
            m.close()
        source = bytearray(b'x' * 7)
        try:
            m.write(source)
        except (TypeError, ValueError):
            source.append(1)
        result = len(source)
        """,
        reason=reason,
    )
    assert result == 8


@clause("write.source-released-on-error")
@pytest.mark.parametrize("access", ["ACCESS_WRITE", "ACCESS_READ"])
def test_map_is_released_on_error(candidate, access):
    """A map that was the source of a write() that raised can be closed."""
    m = of_file(candidate, b"abcdef", access)
    m.seek(1)
    candidate.outcome(m.write, m)
    m.close()
    assert m.closed is True


@clause("write.argument-error")
def test_error_of_the_source(candidate):
    """An exception of the source comes out of write(), and nothing is written."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ZeroDivisionError):
        m.write(candidate.hostile(slot="__buffer__", raises=ZeroDivisionError))


@clause("write.argument-shrinks")
@pytest.mark.parametrize("length", [100, 3000, 3001])
def test_source_shrinks_the_map(candidate, length):
    """write() is judged by the length after its source was asked for a buffer."""
    m = of_file(candidate, pattern(6000))
    m.seek(3000)
    source = candidate.hostile(b"xy", do=[partial(m.resize, length)], slot="__buffer__")
    with candidate.raises(ValueError, state=False):  # the source resizes it
        m.write(source)
    assert (m[:], m.tell()) == (pattern(length), 3000)


@clause("write.argument-closes")
def test_source_closes_the_map(candidate):
    """write() raises ValueError where its source closes the map."""
    m = candidate.anonymous(b"abcdef")
    source = candidate.hostile(b"xy", do=[m.close], slot="__buffer__")
    with candidate.raises(ValueError, state=False):  # the source closes it
        m.write(source)
    assert m.closed is True


@clause("write.pieces")
@given(pieces=st.lists(st.binary(max_size=3000), max_size=6))
def test_pieces(candidate, pieces):
    """Writing in pieces stores them one after another."""
    whole = b"".join(pieces)
    m = candidate.anonymous(bytes(len(whole) + 1))
    assert [m.write(piece) for piece in pieces] == [len(piece) for piece in pieces]
    assert m[:] == whole + b"\0"
