"""Length, truth, items and slices that are read."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import c_call, closer, each_access, of_file, resizer
from mmap_spec.strategies import contents, integers_near, pattern, slices

DIGITS = b"0123456789"
NO_INDICES = [1.0, "1", None, b"1", (1, 2), (None, None), ..., [0]]
NO_BOUNDS = [1.0, "1", b"1", (1,), ...]
GIB = 1 << 30


def stepping(steps):
    """Slices of nine bytes with any bounds and one of these steps."""
    bound = st.none() | integers_near(9)
    return st.builds(slice, bound, bound, st.sampled_from(steps))


# -- length and truth -------------------------------------------------------


@clause("sequence.length")
@pytest.mark.parametrize(("pages", "more"), [(0, 1), (0, 10), (1, -1), (1, 0), (1, 1), (3, 7)])
def test_length_is_not_rounded(candidate, pages, more):
    """len(m) is the number of bytes that were asked for, not rounded to pages."""
    size = pages * candidate.profile.page_size + more
    assert len(candidate.mmap.mmap(-1, size)) == size


@clause("sequence.length")
def test_length_can_be_shorter_than_the_file(candidate):
    """len(m) is the number of bytes that were asked for, not the size of the file."""
    m = candidate.mmap.mmap(candidate.file(pattern(100)).fd, 7)
    assert len(m) == 7


@clause("sequence.true")
@pytest.mark.parametrize("data", [b"\0", b"\0" * 5000, b"0"])
def test_map_is_true(candidate, data):
    """A map is true in a boolean context, whatever its bytes are."""
    assert candidate.builtins.bool(candidate.anonymous(data)) is True


# -- items ------------------------------------------------------------------


@clause("sequence.item")
@pytest.mark.parametrize("byte", [0, 1, 10, 127, 128, 254, 255])
def test_item_is_an_unsigned_int(candidate, byte):
    """m[i] is the int 0...255 of the byte at index i, without sign."""
    m = candidate.anonymous(bytes([7, byte, 9]))
    assert type(m[1]) is int
    assert m[1] == byte


@clause("sequence.item")
@given(data=contents(), draw=st.data())
def test_item_reads_its_byte(candidate, data, draw):
    """m[i] is the int 0...255 of the byte at index i."""
    m = candidate.anonymous(data)
    index = draw.draw(st.integers(0, len(data) - 1))
    assert m[index] == data[index]


@clause("sequence.item")
def test_items_across_pages(candidate):
    """m[i] is the byte at index i, on every page."""
    page = candidate.profile.page_size
    data = pattern(3 * page + 5)
    m = candidate.anonymous(data)
    places = [0, page - 1, page, page + 1, 2 * page, 3 * page, 3 * page + 4]
    assert [m[i] for i in places] == [data[i] for i in places]


@clause("sequence.item-negative")
@pytest.mark.parametrize("size", [1, 10, 5000])
def test_negative_items(candidate, size):
    """A negative index counts from the end of the map; -len(m) is the first byte."""
    data = pattern(size)
    m = candidate.anonymous(data)
    places = [-1, -(size + 1) // 2, -size]
    assert [m[i] for i in places] == [data[i] for i in places]


@clause("sequence.item-above")
@pytest.mark.parametrize("index", [10, 11, 20, 4095])
def test_item_above(candidate, index):
    """Reading an item at len(m) or above raises IndexError, also inside the last page."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(IndexError):
        m[index]


@clause("sequence.item-above")
@pytest.mark.parametrize("more", [0, 1])
def test_item_above_a_whole_page(candidate, more):
    """Reading an item at len(m) or above raises IndexError, also behind the last page."""
    page = candidate.profile.page_size
    m = candidate.mmap.mmap(-1, page)
    with candidate.raises(IndexError):
        m[page + more]


@clause("sequence.item-above")
def test_item_above_but_inside_the_file(candidate):
    """Reading an item at len(m) raises IndexError, also where the file goes on."""
    m = candidate.mmap.mmap(candidate.file(pattern(100)).fd, 10)
    with candidate.raises(IndexError):
        m[10]


@clause("sequence.item-below")
@pytest.mark.parametrize("index", [-11, -12, -20, -4096, -5000])
def test_item_below(candidate, index):
    """Reading an item below -len(m) raises IndexError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(IndexError):
        m[index]


@clause("sequence.item-above", "sequence.item-below")
def test_item_at_the_limits_of_ssize(candidate):
    """An index at the limits of ssize_t is out of range like any other."""
    m = candidate.anonymous(DIGITS)
    limit = candidate.profile.ssize_max
    for index in (limit, limit - 9, -limit - 1, -limit, -limit + 8):
        with candidate.raises(IndexError):
            m[index]


@clause("sequence.item-index-protocol")
@pytest.mark.parametrize(("index", "byte"), [(True, 49), (False, 48)])
def test_bool_is_an_index(candidate, index, byte):
    """Any object with __index__ is an index, True among them."""
    assert candidate.anonymous(DIGITS)[index] == byte


@clause("sequence.item-index-protocol")
@pytest.mark.parametrize(("index", "byte"), [(3, 51), (-1, 57)])
def test_object_as_index(candidate, index, byte):
    """Any object with __index__ is an index, instances of user classes among them."""
    assert candidate.anonymous(DIGITS)[candidate.hostile(index)] == byte


@clause("sequence.item-type")
@pytest.mark.parametrize("key", NO_INDICES, ids=repr)
def test_item_with_a_bad_key(candidate, key):
    """Reading with a key that is neither an integer nor a slice raises TypeError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(TypeError):
        m[key]


# The attributes of a slice, at the places in memory where a slice has them.
LOOKS_LIKE_A_SLICE = """
class Lookalike:
    __slots__ = "start", "stop", "step"
result = Lookalike()
result.start = result.stop = result.step = None
"""


@clause("sequence.item-type")
def test_item_with_a_slices_attributes(candidate):
    """Reading with a key that is no slice raises TypeError, whatever its attributes."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(TypeError):
        m[candidate.run(LOOKS_LIKE_A_SLICE)]


@clause("sequence.item-offset")
@pytest.mark.parametrize("length", [0, 9])
def test_item_of_a_map_with_an_offset(candidate, length):
    """In a map with an offset, m[i] is the byte of the file at offset + i."""
    offset = candidate.profile.granularity
    data = pattern(offset + 9)
    m = candidate.mmap.mmap(candidate.file(data).fd, length, offset=offset)
    assert [m[0], m[8], m[-1], m[-9]] == [data[offset], data[offset + 8], data[-1], data[offset]]


@clause("sequence.position")
def test_items_and_slices_ignore_the_position(candidate):
    """Reading items and slices neither uses nor moves the position."""
    m = candidate.anonymous(DIGITS)
    m.seek(4)
    assert (m[0], m[:3], m[::-4], m[-1]) == (48, b"012", b"951", 57)
    assert m.tell() == 4


@clause("sequence.readable-modes")
@each_access
def test_readable_with_each_access(candidate, access):
    """Items and slices can be read with every access mode."""
    m = of_file(candidate, DIGITS, access)
    assert (m[3], m[2:4], m[::5]) == (51, b"23", b"05")


# -- slices -----------------------------------------------------------------


@clause("sequence.slice")
@given(data=contents(), draw=st.data())
def test_slice(candidate, data, draw):
    """m[a:b] is the bytes from index a up to, but not including, index b."""
    bound = st.none() | integers_near(len(data))
    start, stop = draw.draw(bound), draw.draw(bound)
    assert candidate.anonymous(data)[start:stop] == data[start:stop]


@clause("sequence.slice")
def test_slice_across_pages(candidate):
    """m[a:b] is the bytes from index a up to, but not including, index b, on every page."""
    page = candidate.profile.page_size
    data = pattern(3 * page + 5)
    m = candidate.anonymous(data)
    assert m[:] == data
    assert m[page - 1 : 2 * page + 1] == data[page - 1 : 2 * page + 1]
    assert m[-page:] == data[-page:]


@clause("sequence.slice-type")
@pytest.mark.parametrize(
    "key", [slice(None), slice(3), slice(0, 9, 2), slice(None, None, -1), slice(5, 5)]
)
def test_slice_is_bytes(candidate, key):
    """A slice of a map is a bytes object, whatever the step."""
    assert type(candidate.anonymous(DIGITS)[key]) is bytes


@clause("sequence.slice-copy")
def test_slice_is_a_copy(candidate):
    """A slice is a copy: writing to the map later does not change it."""
    result = candidate.run(
        """
        m = mmap.mmap(-1, 10000)
        whole, part, single = m[:], m[5000:5003], m[7:8]
        m[:] = b"x" * 10000
        result = whole == bytes(10000), part, single
        """
    )
    assert result == (True, b"\0\0\0", b"\0")


@clause("sequence.slice-step")
@given(key=stepping([2, 3, 4, 8, 9, 10, 4096]))
@example(key=slice(0, 9, 8))
@example(key=slice(None, None, 9))
def test_slice_with_a_step(candidate, key):
    """m[a:b:c] with a step above 1 takes every c-th byte."""
    data = pattern(9)
    assert candidate.anonymous(data)[key] == data[key]


@clause("sequence.slice-negative-step")
@given(key=stepping([-1, -2, -3, -8, -9, -10, -4096]))
@example(key=slice(None, None, -1))
@example(key=slice(8, None, -8))
def test_slice_backwards(candidate, key):
    """m[a:b:c] with a negative step goes backwards from index a down to, but not including, b."""
    data = pattern(9)
    assert candidate.anonymous(data)[key] == data[key]


@clause("sequence.slice-step", "sequence.slice-negative-step")
@given(draw=st.data())
def test_slice_with_a_step_across_pages(candidate, draw):
    """m[a:b:c] takes every c-th byte, whatever the size of the map."""
    data = pattern(candidate.profile.page_size + 300)
    key = draw.draw(slices(len(data)))
    assert candidate.anonymous(data)[key] == data[key]


@clause("sequence.slice-clamped")
@pytest.mark.parametrize(
    "key",
    [
        slice(5, 11),
        slice(5, 5000),
        slice(-11, 3),
        slice(-5000, 5000),
        slice(0, 11, 3),
        slice(20, None, -1),
        slice(None, -20, -1),
        slice(10, None, -10),
    ],
)
def test_slice_is_clamped(candidate, key):
    """Slice bounds outside the map are clamped to it and raise nothing."""
    assert candidate.anonymous(DIGITS)[key] == DIGITS[key]


@clause("sequence.slice-empty")
@pytest.mark.parametrize(
    "key",
    [
        slice(3, 3),
        slice(5, 2),
        slice(10, None),
        slice(0, 0),
        slice(None, -10),
        slice(2, 5, -1),
        slice(5, 2, 3),
    ],
)
def test_empty_slice(candidate, key):
    """A slice that contains no index is b''."""
    assert candidate.anonymous(DIGITS)[key] == b""


@clause("sequence.slice-zero-step")
@pytest.mark.parametrize("key", [slice(None, None, 0), slice(5, 5, 0), slice(None, None, False)])
def test_step_zero(candidate, key):
    """A slice with step 0 raises ValueError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(ValueError):
        m[key]


@clause("sequence.slice-index-protocol")
def test_objects_as_slice_bounds(candidate):
    """Any object with __index__ is a slice bound or step."""
    m = candidate.anonymous(DIGITS)
    three = candidate.hostile(3)
    assert (m[three:], m[:three], m[::three]) == (b"3456789", b"012", b"0369")
    assert (m[True:], m[:True]) == (b"123456789", b"0")


@clause("sequence.slice-bound-type")
@pytest.mark.parametrize("bound", NO_BOUNDS, ids=repr)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_slice_with_a_bad_bound(candidate, bound, place):
    """A slice bound or step that is neither None nor an integer raises TypeError."""
    m = candidate.anonymous(DIGITS)
    parts = [None, None, None]
    parts[place] = bound
    with candidate.raises(TypeError):
        m[slice(*parts)]


@clause("sequence.slice-offset")
@given(draw=st.data())
def test_slice_of_a_map_with_an_offset(candidate, draw):
    """In a map with an offset, slices count from the offset and end with the map."""
    offset = candidate.profile.granularity
    data = pattern(offset + 30)
    m = candidate.mmap.mmap(candidate.file(data).fd, 20, offset=offset)
    key = draw.draw(slices(20))
    assert m[key] == data[offset : offset + 20][key]


# -- the C API --------------------------------------------------------------


@clause("sequence.c-item")
@pytest.mark.parametrize("index", [0, 1, 9, -1, -10])
def test_c_item(candidate, index):
    """PySequence_GetItem() of the C API gives a bytes object of length 1, not an int."""
    m = candidate.anonymous(DIGITS)
    found = c_call(candidate, "PySequence_GetItem", "py_object", m, index)
    assert (type(found), found) == (bytes, bytes([DIGITS[index]]))


@clause("sequence.c-item-range")
@pytest.mark.parametrize("index", [10, 11, 4095, -11, -21, 2**31])
def test_c_item_out_of_range(candidate, index):
    """PySequence_GetItem() of the C API raises IndexError for an index outside of the map."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(IndexError):
        c_call(candidate, "PySequence_GetItem", "py_object", m, index)


@clause("sequence.c-item-closed")
def test_c_item_closed(candidate):
    """PySequence_GetItem() of the C API raises ValueError for a closed map."""
    m = candidate.anonymous(DIGITS)
    m.close()
    with candidate.raises(ValueError):
        c_call(candidate, "PySequence_GetItem", "py_object", m, 0)


@clause("sequence.c-size")
@pytest.mark.parametrize("name", ["PySequence_Size", "PyMapping_Size", "PyObject_Size"])
def test_c_size(candidate, name):
    """PySequence_Size() and PyMapping_Size() give the length, and ValueError if closed."""
    m = candidate.anonymous(DIGITS)
    assert c_call(candidate, name, "c_ssize_t", m) == 10
    m.close()
    with candidate.raises(ValueError):
        c_call(candidate, name, "c_ssize_t", m)


# -- huge bounds, and bounds whose conversion acts on the map ------------------

HUGE = [2**63 - 1, 2**63, 2**64, 2**70]


@clause("sequence.slice-huge-bounds")
@pytest.mark.parametrize("huge", HUGE)
def test_huge_bounds(candidate, huge):
    """Slice bounds and steps beyond the largest ssize_t are clamped."""
    contents = pattern(300)
    m = candidate.anonymous(contents)
    for key in (slice(-huge, huge), slice(3, huge), slice(huge, None, -1), slice(7, None, huge)):
        assert m[key] == contents[key]


@clause("sequence.item-huge")
@pytest.mark.parametrize("huge", HUGE)
def test_huge_index(candidate, huge):
    """m[i] raises IndexError for an index beyond the largest ssize_t."""
    m = candidate.anonymous(b"abcdef")
    for index in (huge, -huge - 1):
        with candidate.raises(IndexError):
            m[index]


@clause("sequence.index-closes")
@pytest.mark.parametrize("index", [0, 9, -1])
def test_index_closes(candidate, index):
    """m[i] raises ValueError where the conversion of i closes the map."""
    m = candidate.anonymous(b"0123456789")
    with candidate.raises(ValueError, state=False):  # it is closed
        m[closer(candidate, m, index)]


@clause("sequence.slice-bound-closes")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_bound_closes(candidate, place):
    """m[a:b:c] raises ValueError where the conversion of a, b or c closes the map."""
    m = candidate.anonymous(b"0123456789")
    parts = [1, 8, 2]
    parts[place] = closer(candidate, m, parts[place])
    with candidate.raises(ValueError, state=False):  # it is closed
        m[slice(*parts)]


@clause("sequence.index-shrinks")
@pytest.mark.parametrize("index", [100, 4096, 8999])
def test_index_shrinks(candidate, index):
    """m[i] raises IndexError where the conversion of i resizes the map to less than i."""
    m = of_file(candidate, pattern(9000))
    with candidate.raises(IndexError, state=False):  # it is shorter
        m[resizer(candidate, m, 100, index)]
    assert (len(m), m[:]) == (100, pattern(9000)[:100])


@clause("sequence.slice-bound-shrinks")
@pytest.mark.parametrize("place", [0, 1])
def test_bound_shrinks(candidate, place):
    """m[a:b] gives what the map still holds where a conversion resizes the map."""
    m = of_file(candidate, pattern(9000))
    parts = [50, 8999]
    parts[place] = resizer(candidate, m, 100, parts[place])
    assert m[slice(*parts)] == pattern(9000)[50:100]
