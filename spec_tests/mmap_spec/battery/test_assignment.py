"""Assignment to items and slices, and deletion."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.candidate import Raised, Returned, calls
from mmap_spec.clauses import clause
from mmap_spec.situations import (
    TWO_BYTES,
    c_call,
    closer,
    of_file,
    readonly,
    resizer,
    with_two_bytes,
)
from mmap_spec.strategies import contents, indices, integers_near, pattern

DIGITS = b"0123456789"
HUGE = [2**63, 2**64, 2**64 + 1, 2**100, -(2**63) - 1, -(2**64)]
NO_KEYS = [1.0, "1", None, b"1", (1, 2), (None, None), ..., [0]]
NO_BUFFERS = ["ab", [97, 98], (97, 98), None, 7, 1.5, {"a": 1}]
WRONG_SIZE = IndexError, ValueError  # which of them: assignment.slice-size-error


def expected(data, key, source):
    """What ``data`` is after the assignment of ``source``, whose size is right."""
    copy = bytearray(data)
    copy[key] = source
    return bytes(copy)


def sources(size):
    """Bytes of this size."""
    return st.binary(min_size=size, max_size=size)


def check_slice(candidate, draw, data, key):
    """Draw a source of the right size, assign it, compare the whole map."""
    source = draw.draw(sources(len(data[key])))
    m = candidate.anonymous(data)
    m[key] = source
    assert m[:] == expected(data, key, source)


# -- items: the index -------------------------------------------------------


@clause("assignment.item")
@given(data=contents(), value=st.integers(0, 255), draw=st.data())
def test_item(candidate, data, value, draw):
    """m[i] = v stores the byte v at index i and changes no other byte."""
    m = candidate.anonymous(data)
    index = draw.draw(indices(len(data)))
    m[index] = value
    index %= len(data)
    assert m[:] == data[:index] + bytes([value]) + data[index + 1 :]


@clause("assignment.item")
def test_items_across_pages(candidate):
    """m[i] = v stores the byte v at index i, on every page."""
    page = candidate.profile.page_size
    m = candidate.mmap.mmap(-1, 2 * page + 5)
    for i in (0, page - 1, page, 2 * page, 2 * page + 4):
        m[i] = 1 + i % 255
    data = m[:]
    assert [i for i, byte in enumerate(data) if byte] == [0, page - 1, page, 2 * page, 2 * page + 4]


@clause("assignment.item-negative")
@pytest.mark.parametrize("index", [-1, -2, -9, -10])
def test_negative_item(candidate, index):
    """A negative index of an item assignment counts from the end of the map."""
    m = candidate.anonymous(DIGITS)
    m[index] = 88
    assert m[:] == expected(DIGITS, index, 88)


@clause("assignment.item-above")
@pytest.mark.parametrize("index", [10, 11, 20, 4095, 2**63 - 1])
def test_item_above(candidate, index):
    """Assigning to an item at len(m) or above raises IndexError, also inside the last page."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(IndexError):
        m[index] = 1


@clause("assignment.item-above")
def test_item_above_but_inside_the_file(candidate):
    """Assigning to an item at len(m) raises IndexError, and the file stays, where it goes on."""
    m = candidate.mmap.mmap(candidate.file(pattern(100)).fd, 10)
    with candidate.raises(IndexError):
        m[10] = 1


@clause("assignment.item-below")
@pytest.mark.parametrize("index", [-11, -12, -20, -5000, -(2**63)])
def test_item_below(candidate, index):
    """Assigning to an item below -len(m) raises IndexError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(IndexError):
        m[index] = 1


@clause("assignment.key-type")
@pytest.mark.parametrize("key", NO_KEYS, ids=repr)
def test_item_with_a_bad_key(candidate, key):
    """Assigning with a key that is neither an integer nor a slice raises TypeError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(TypeError):
        m[key] = 1


@clause("assignment.key-type")
def test_int_is_not_enough_for_a_key(candidate):
    """A key that has __int__ but no __index__ raises TypeError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(TypeError):
        m[candidate.hostile(3, slot="__int__")] = 1


@clause("assignment.key-index-protocol")
def test_objects_as_keys(candidate):
    """Any object with __index__ is an index or a slice bound of an assignment."""
    m = candidate.anonymous(DIGITS)
    three = candidate.hostile(3)
    m[three] = 65
    m[True] = 66
    m[:three:three] = b"C"
    m[candidate.hostile(7) : candidate.hostile(9)] = b"DE"
    assert m[:] == b"CB2A456DE9"


# -- items: the value -------------------------------------------------------


@clause("assignment.value-range")
@pytest.mark.parametrize("value", [0, 1, 127, 128, 254, 255])
def test_value_in_range(candidate, value):
    """0...255 are item values."""
    m = candidate.anonymous(b"xyz")
    m[1] = value
    assert m[:] == b"x" + bytes([value]) + b"z"


@clause("assignment.value-range")
@pytest.mark.parametrize(
    "value", [-1, 256, 257, -255, -256, 2**16 + 65, 2**31 + 65, 2**32 + 65, 2**63 - 1, -(2**63)]
)
def test_value_out_of_range(candidate, value):
    """An item value outside 0...255 raises ValueError; it is not reduced modulo 256."""
    if not -candidate.profile.ssize_max <= value <= candidate.profile.ssize_max:
        value = candidate.profile.ssize_max if value > 0 else -candidate.profile.ssize_max - 1
    m = candidate.anonymous(DIGITS)
    with candidate.raises(ValueError):
        m[0] = value


@clause("assignment.value-type")
@pytest.mark.parametrize("value", [b"a", "a", 1.0, None, bytearray(b"a"), [1], (1,), ...], ids=repr)
def test_value_of_a_wrong_type(candidate, value):
    """An item value that is not an integer, bytes of length 1 among them, raises TypeError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(TypeError):
        m[0] = value


@clause("assignment.value-index-protocol")
def test_objects_as_values(candidate):
    """Any object with __index__ is an item value, True and instances of user classes among them."""
    m = candidate.anonymous(DIGITS)
    m[0], m[1], m[2] = True, candidate.hostile(65), candidate.hostile(255)
    assert m[:] == b"\x01A\xff3456789"


@clause("assignment.index-and-value-bad")
@pytest.mark.parametrize("index", [10, -11])
@pytest.mark.parametrize(
    ("value", "error"), [(256, ValueError), ("a", TypeError), (2**64, TypeError)]
)
def test_index_and_value_bad(candidate, index, value, error):
    """Where both the index and the value are bad, the error of one of them is raised."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises((IndexError, error)):
        m[index] = value


@clause("assignment.index-and-value-bad")
@pytest.mark.parametrize("index", [10, -11])
@pytest.mark.parametrize("deed", ["close", "resize"])
def test_index_bad_and_value_refused(candidate, index, deed):
    """Where the index is bad and the value's conversion raises, one of the errors is raised."""
    m = candidate.anonymous(DIGITS)
    view = candidate.builtins.memoryview(m)
    value = candidate.hostile(65, do=[m.close if deed == "close" else partial(m.resize, 1)])
    with candidate.raises((IndexError, BufferError)):
        m[index] = value
    view.release()


# -- where the bytes go -----------------------------------------------------


@clause("assignment.index-bad-conversion")
@pytest.mark.parametrize("index", [3, -4, 2**70])
def test_conversion_for_a_bad_index(candidate, index):
    """A value is converted once or not at all where the index is outside of the map."""
    m = candidate.anonymous(b"abc")
    value = candidate.hostile(65)
    with candidate.raises(IndexError):
        m[index] = value
    assert calls(value) in (0, 1)


@clause("assignment.item-file")
def test_item_reaches_the_file(candidate):
    """An item assignment to a shared file map changes the byte of the file at offset + i."""
    offset = candidate.profile.granularity
    data = pattern(offset + 20)
    file = candidate.file(data)
    m = candidate.mmap.mmap(file.fd, 10, offset=offset)
    m[3] = data[offset + 3] ^ 255
    m[-1] = data[offset + 9] ^ 255
    changed = [
        i for i, pair in enumerate(zip(data, file.contents(), strict=False)) if pair[0] != pair[1]
    ]
    assert changed == [offset + 3, offset + 9]


@clause("assignment.slice-file")
def test_slice_reaches_the_file(candidate):
    """A slice assignment to a shared file map changes the file from offset + start on."""
    offset = candidate.profile.granularity
    data = pattern(offset + 20)
    file = candidate.file(data)
    m = candidate.mmap.mmap(file.fd, 10, offset=offset)
    m[2:4] = b"AB"
    m[5::4] = b"CD"
    head, tail = data[:offset], data[offset:]
    tail = expected(expected(tail, slice(2, 4), b"AB"), slice(5, 10, 4), b"CD")
    assert file.contents() == head + tail


@clause("assignment.position")
def test_assignment_ignores_the_position(candidate):
    """Assignment neither uses nor moves the position."""
    m = candidate.anonymous(DIGITS)
    m.seek(4)
    m[0] = 65
    m[1:3] = b"BC"
    m[9:5:-2] = b"DE"
    assert (m[:], m.tell()) == (b"ABC3456E8D", 4)


# -- slices -----------------------------------------------------------------


@clause("assignment.slice")
@given(data=contents(), draw=st.data())
def test_slice(candidate, data, draw):
    """m[a:b] = data stores data there and changes no other byte."""
    start, stop = sorted(
        (draw.draw(st.integers(0, len(data))), draw.draw(st.integers(0, len(data))))
    )
    check_slice(candidate, draw, data, slice(start, stop))


@clause("assignment.slice")
def test_slice_across_pages(candidate):
    """m[a:b] = data stores data there, on every page."""
    page = candidate.profile.page_size
    data = pattern(3 * page + 5)
    m = candidate.mmap.mmap(-1, len(data))
    m[:] = data
    m[page - 3 : 2 * page + 3] = data[: page + 6]
    assert m[:] == expected(data, slice(page - 3, 2 * page + 3), data[: page + 6])


@clause("assignment.slice-step")
@given(
    start=st.none() | integers_near(9),
    stop=st.none() | integers_near(9),
    step=st.sampled_from([2, 3, 8, 9, 4096]),
    draw=st.data(),
)
def test_slice_with_a_step(candidate, start, stop, step, draw):
    """m[a:b:c] = data with a step above 1 stores data at every c-th index."""
    check_slice(candidate, draw, pattern(9), slice(start, stop, step))


@clause("assignment.slice-step")
@pytest.mark.parametrize("key", [slice(0, 9, 8), slice(8, None, 2), slice(None, None, 9)], ids=repr)
def test_slice_with_a_step_at_the_end(candidate, key):
    """m[a:b:c] = data with a step above 1 stores data at every c-th index, the last among them."""
    m = candidate.anonymous(DIGITS[:9])
    m[key] = b"xy"[: len(DIGITS[:9][key])]
    assert m[:] == expected(DIGITS[:9], key, b"xy"[: len(DIGITS[:9][key])])


@clause("assignment.slice-negative-step")
@given(
    start=st.none() | integers_near(9),
    stop=st.none() | integers_near(9),
    step=st.sampled_from([-1, -2, -3, -8, -9, -4096]),
    draw=st.data(),
)
def test_slice_backwards(candidate, start, stop, step, draw):
    """m[a:b:c] = data with a negative step stores data backwards."""
    check_slice(candidate, draw, pattern(9), slice(start, stop, step))


@clause("assignment.slice-negative-step")
def test_whole_slice_backwards(candidate):
    """m[a:b:c] = data with a negative step stores data backwards, down to the first byte."""
    m = candidate.anonymous(bytes(10))
    m[::-1] = DIGITS
    assert m[:] == b"9876543210"


@clause("assignment.slice-clamped")
@pytest.mark.parametrize("huge", [20, 5000, 2**63 - 1, 2**63, 2**64 + 3, 2**100])
def test_slice_is_clamped(candidate, huge):
    """The bounds and the step of a slice assignment are clamped, beyond ssize_t too."""
    m = candidate.anonymous(DIGITS)
    m[8:huge] = b"AB"
    m[-huge:2] = b"CD"
    m[3::huge] = b"E"
    m[5::-huge] = b"F"
    m[huge:] = b""
    assert m[:] == b"CD2E4F67AB"


@clause("assignment.slice-too-short")
@pytest.mark.parametrize("source", [b"", b"a", b"abcd"])
def test_source_too_short(candidate, source):
    """A slice assignment with fewer bytes than the slice has is refused and writes nothing."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(WRONG_SIZE):
        m[2:7] = source


@clause("assignment.slice-too-long")
@pytest.mark.parametrize("source", [b"abcdef", bytes(5000)], ids=len)
def test_source_too_long(candidate, source):
    """A slice assignment with more bytes than the slice has is refused and writes nothing."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(WRONG_SIZE):
        m[2:7] = source


@clause("assignment.slice-too-long")
def test_source_longer_than_the_clamped_slice(candidate):
    """The size that counts is the one of the clamped slice."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(WRONG_SIZE):
        m[8:12] = b"abcd"


@clause("assignment.slice-step-wrong-size")
@pytest.mark.parametrize(
    "key", [slice(None, None, 2), slice(None, None, -2), slice(0, 9, 2)], ids=repr
)
@pytest.mark.parametrize("source", [b"", b"abcd", b"abcdef", b"abcdefghij"])
def test_step_and_wrong_size(candidate, key, source):
    """An assignment to a slice with a step is refused where the number of bytes differs."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(WRONG_SIZE):
        m[key] = source


EMPTY = [
    slice(2, 2),
    slice(5, 2),
    slice(20, None),
    slice(10, None),
    slice(2, 5, -1),
    slice(5, 2, 2),
]


STATEMENTS = [
    pytest.param("m[1] = 65", b"0A2345", marks=clause("assignment.item")),
    pytest.param("m[1:3] = b'AB'", b"0AB345", marks=clause("assignment.slice")),
    pytest.param("m[1:6:3] = b'AB'", b"0A23B5", marks=clause("assignment.slice-step")),
    pytest.param("m[2:2] = b''", b"012345", marks=clause("assignment.slice-empty")),
    pytest.param("m[2:2:2] = b''", b"012345", marks=clause("assignment.slice-empty")),
]


@pytest.mark.parametrize(("statement", "left"), STATEMENTS)
def test_assignment_statement(candidate, statement, left):
    """An assignment statement stores its bytes and raises nothing."""
    m = candidate.anonymous(DIGITS[:6])
    candidate.run(statement, m=m)
    assert m[:] == left


@clause("assignment.slice-empty")
@pytest.mark.parametrize("key", EMPTY, ids=repr)
def test_empty_slice(candidate, key):
    """A slice without indices takes an empty source and changes nothing."""
    m = candidate.anonymous(DIGITS)
    m[key] = b""
    assert m[:] == DIGITS


@clause("assignment.slice-empty-wrong-size")
@pytest.mark.parametrize("key", EMPTY, ids=repr)
def test_something_into_an_empty_slice(candidate, key):
    """A slice without indices refuses a source that is not empty."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(WRONG_SIZE):
        m[key] = b"a"


@clause("assignment.slice-size-error")
@pytest.mark.parametrize(
    "key", [slice(2, 4), slice(2, 6, 2), slice(4, 2, -1), slice(2, 2)], ids=repr
)
def test_type_of_the_size_error(candidate, key):
    """The error for a source of a wrong size is IndexError, whatever the step."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(IndexError):
        m[key] = b"abc"


@clause("assignment.slice-zero-step")
@pytest.mark.parametrize("source", [b"", DIGITS])
def test_step_zero(candidate, source):
    """An assignment to a slice with step 0 raises ValueError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(ValueError):
        m[::0] = source


@clause("assignment.slice-bound-type")
@pytest.mark.parametrize("bound", [1.0, "1", b"1", (1,)], ids=repr)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_slice_with_a_bad_bound(candidate, bound, place):
    """A slice assignment with a bound that is neither None nor an integer raises TypeError."""
    m = candidate.anonymous(DIGITS)
    parts = [None, None, None]
    parts[place] = bound
    with candidate.raises(TypeError):
        m[slice(*parts)] = DIGITS


# -- sources ----------------------------------------------------------------


@clause("assignment.source-type")
@pytest.mark.parametrize("source", NO_BUFFERS, ids=repr)
@pytest.mark.parametrize("step", [1, 2])
def test_source_without_a_buffer(candidate, source, step):
    """A source of a slice assignment that has no buffer raises TypeError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(TypeError):
        m[2 : 2 + 2 * step : step] = source


@clause("assignment.source-type")
@pytest.mark.parametrize("step", [1, 2])
def test_source_with_a_bytes_method(candidate, step):
    """A source that has no buffer is not asked for its __bytes__."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(TypeError):
        m[2 : 2 + 2 * step : step] = candidate.hostile(b"ab", slot="__bytes__")


@clause("assignment.source-type")
def test_int_as_source_of_one_byte(candidate):
    """A slice of one byte takes no int."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(TypeError):
        m[2:3] = 65


@clause("assignment.source-kinds")
@pytest.mark.parametrize("key", [slice(2, 4), slice(2, 9, 4), slice(3, 1, -1)], ids=repr)
@pytest.mark.parametrize("kind", TWO_BYTES)
def test_source_of_each_kind(candidate, kind, key):
    """Any object with a C-contiguous buffer is a source of a slice assignment."""
    m = candidate.anonymous(DIGITS)
    with_two_bytes(candidate, kind, b"ab", "m[key] = buffer\nresult = None", m=m, key=key)
    assert m[:] == expected(DIGITS, key, b"ab")


@clause("assignment.source-itemsize")
@pytest.mark.parametrize("key", [slice(2, 6), slice(0, 8, 2), slice(4, 0, -1)], ids=repr)
def test_source_of_wide_items(candidate, key):
    """A source with items wider than a byte is taken as its bytes."""
    wide = candidate.module("array").array("H", [0x4141, 0x4343])
    m = candidate.anonymous(DIGITS)
    m[key] = wide
    assert m[:] == expected(DIGITS, key, b"AACC")


@clause("assignment.source-itemsize")
@pytest.mark.parametrize("key", [slice(2, 4), slice(0, 4, 2)], ids=repr)
def test_size_of_wide_items(candidate, key):
    """The size of a source counts in bytes, not in items."""
    wide = candidate.module("array").array("H", [0x4141, 0x4343])
    m = candidate.anonymous(DIGITS)
    with candidate.raises(WRONG_SIZE):
        m[key] = wide


@clause("assignment.source-dimensions")
@pytest.mark.parametrize("key", [slice(2, 8), slice(None, None, -1)], ids=repr)
def test_source_of_two_dimensions(candidate, key):
    """A C-contiguous source of several dimensions is taken as its bytes in C order."""
    data = DIGITS[:6] if key.step else DIGITS
    m = candidate.anonymous(data)
    m[key] = candidate.builtins.memoryview(b"abcdef").cast("B", (2, 3))
    assert m[:] == expected(data, key, b"abcdef")


@clause("assignment.source-not-contiguous")
@pytest.mark.parametrize("part", ["[::2]", "[3::-1][:2]"])
@pytest.mark.parametrize("step", [1, 2])
def test_source_with_gaps(candidate, part, step):
    """A source that is not C-contiguous raises BufferError."""
    m = candidate.anonymous(DIGITS)
    source = candidate.run(f"result = memoryview(b'abcd'){part}")
    with candidate.raises(BufferError):
        m[2 : 2 + 2 * step : step] = source


@clause("assignment.source-released")
def test_released_source(candidate):
    """A released memoryview as a source raises ValueError."""
    m = candidate.anonymous(DIGITS)
    source = candidate.builtins.memoryview(b"ab")
    source.release()
    with candidate.raises(ValueError):
        m[2:4] = source


@clause("assignment.source-map")
@pytest.mark.parametrize("key", [slice(2, 5), slice(0, 9, 3)], ids=repr)
def test_map_as_source(candidate, key):
    """Another map is a source of a slice assignment, whatever its position."""
    source = readonly(candidate, b"abc")
    source.seek(2)
    m = candidate.anonymous(DIGITS)
    m[key] = source
    assert (m[:], source.tell()) == (expected(DIGITS, key, b"abc"), 2)


@clause("assignment.source-closed-map")
def test_closed_map_as_source(candidate):
    """A closed map as a source raises ValueError."""
    m = candidate.anonymous(DIGITS)
    source = candidate.anonymous(b"ab")
    source.close()
    with candidate.raises(ValueError):
        m[2:4] = source


@clause("assignment.source-itself")
def test_map_into_itself(candidate):
    """m[:] = m changes nothing."""
    data = pattern(10_000)
    m = candidate.anonymous(data)
    m[:] = m
    assert m[:] == data


def check_alias(candidate, data, key, part):
    """Assign a part of a map's own view to a slice of the map."""
    m = candidate.anonymous(data)
    m[key] = candidate.builtins.memoryview(m)[part]
    assert m[:] == expected(data, key, data[part])


@clause("assignment.alias-upwards")
@pytest.mark.parametrize("size", [2, 9, 33, 300, 5000, 70_000])
@pytest.mark.parametrize("distance", [1, 8])
def test_source_below_the_slice(candidate, size, distance):
    """A source that overlaps the slice and lies below it is stored as if copied first."""
    data = pattern(size + distance)
    check_alias(candidate, data, slice(distance, None), slice(None, size))


@clause("assignment.alias-downwards")
@pytest.mark.parametrize("size", [2, 9, 33, 300, 5000, 70_000])
@pytest.mark.parametrize("distance", [1, 8])
def test_source_above_the_slice(candidate, size, distance):
    """A source that overlaps the slice and lies above it is stored as if copied first."""
    data = pattern(size + distance)
    check_alias(candidate, data, slice(None, size), slice(distance, None))


@clause("assignment.alias-step")
@pytest.mark.parametrize(
    ("key", "part"),
    [
        (slice(None, None, -1), slice(None)),
        (slice(None, None, 2), slice(0, 5)),
        (slice(None, None, -2), slice(5, None)),
        (slice(8, 2, -1), slice(3, 9)),
    ],
)
def test_source_overlaps_a_stepping_slice(candidate, key, part):
    """A source that overlaps a slice with a step is stored as if it had been copied first."""
    check_alias(candidate, DIGITS, key, part)


# -- read-only maps ---------------------------------------------------------


@clause("assignment.readonly-item")
@pytest.mark.parametrize("index", [0, -1])
def test_readonly_item(candidate, index):
    """An item assignment to a read-only map raises TypeError."""
    m = readonly(candidate, DIGITS)
    with candidate.raises(TypeError):
        m[index] = 65


@clause("assignment.readonly-slice")
@pytest.mark.parametrize("key", [slice(2, 4), slice(0, 4, 2), slice(3, 1, -1)], ids=repr)
def test_readonly_slice(candidate, key):
    """A slice assignment to a read-only map raises TypeError."""
    m = readonly(candidate, DIGITS)
    with candidate.raises(TypeError):
        m[key] = b"ab"


@clause("assignment.readonly-empty-slice")
@pytest.mark.parametrize("key", [slice(2, 2), slice(20, None), slice(5, 2, 2)], ids=repr)
def test_readonly_empty_slice(candidate, key):
    """An assignment of nothing to an empty slice of a read-only map raises TypeError too."""
    m = readonly(candidate, DIGITS)
    with candidate.raises(TypeError):
        m[key] = b""


@clause("assignment.readonly-before-index")
@pytest.mark.parametrize("index", [10, -11, 2**64])
def test_readonly_before_index(candidate, index):
    """For a read-only map the TypeError comes before any judgement of the index."""
    m = readonly(candidate, DIGITS)
    with candidate.raises(TypeError):
        m[index] = 65


@clause("assignment.readonly-before-index")
def test_readonly_before_step(candidate):
    """For a read-only map the TypeError comes before any judgement of the slice's step."""
    m = readonly(candidate, DIGITS)
    with candidate.raises(TypeError):
        m[::0] = b""


@clause("assignment.readonly-before-value")
@pytest.mark.parametrize(
    ("key", "value"), [(0, 256), (0, -1), (slice(0, 4), b"abc"), (slice(0, 9, 2), b"abc")]
)
def test_readonly_before_value(candidate, key, value):
    """For a read-only map the TypeError comes before any judgement of the value or the size."""
    m = readonly(candidate, DIGITS)
    with candidate.raises(TypeError):
        m[key] = value


@clause("assignment.readonly-closed")
@pytest.mark.parametrize(("key", "value"), [(0, 65), (slice(0, 2), b"ab")])
def test_readonly_closed(candidate, key, value):
    """An assignment to a closed read-only map raises ValueError or TypeError."""
    m = readonly(candidate, DIGITS)
    m.close()
    with candidate.raises((ValueError, TypeError)):
        m[key] = value


# -- deletion ---------------------------------------------------------------


@clause("assignment.delete-item")
@pytest.mark.parametrize("index", [0, 9, -1])
def test_delete_item(candidate, index):
    """del m[i] raises TypeError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(TypeError):
        del m[index]


@clause("assignment.delete-slice")
@pytest.mark.parametrize(
    "key", [slice(2, 4), slice(None), slice(2, 2), slice(None, None, 2)], ids=repr
)
def test_delete_slice(candidate, key):
    """del m[a:b] raises TypeError, for an empty slice too."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(TypeError):
        del m[key]


@clause("assignment.delete-out-of-range")
@pytest.mark.parametrize("index", [10, -11, 2**64])
def test_delete_out_of_range(candidate, index):
    """Deleting an item outside the map raises TypeError or IndexError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises((TypeError, IndexError)):
        del m[index]


@clause("assignment.delete-readonly")
@pytest.mark.parametrize("key", [0, slice(2, 4), slice(2, 2)], ids=repr)
def test_delete_readonly(candidate, key):
    """Deleting an item or a slice of a read-only map raises TypeError."""
    m = readonly(candidate, DIGITS)
    with candidate.raises(TypeError):
        del m[key]


# -- the C API --------------------------------------------------------------


def store(candidate, m, index, value):
    """PySequence_SetItem() of the C API."""
    return c_call(candidate, "PySequence_SetItem", "c_int", m, index, value)


@clause("assignment.c-item")
@pytest.mark.parametrize("index", [0, 1, 9, -1, -10])
def test_c_item(candidate, index):
    """PySequence_SetItem() of the C API stores a bytes object of length 1."""
    m = candidate.anonymous(DIGITS)
    assert store(candidate, m, index, b"x") == 0
    assert m[:] == expected(DIGITS, index, 120)


@clause("assignment.c-item-value")
@pytest.mark.parametrize("value", [b"", b"ab", 65, "a", bytearray(b"a"), [65], 1.0], ids=repr)
def test_c_item_value(candidate, value):
    """PySequence_SetItem() of the C API refuses any value but bytes of length 1: IndexError."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(IndexError):
        store(candidate, m, 0, value)


@clause("assignment.c-item-range")
@pytest.mark.parametrize("index", [10, 11, 4095, -11, -21, 2**31])
def test_c_item_out_of_range(candidate, index):
    """PySequence_SetItem() of the C API raises IndexError for an index outside of the map."""
    m = candidate.anonymous(DIGITS)
    with candidate.raises(IndexError):
        store(candidate, m, index, b"x")


@clause("assignment.c-item-readonly")
def test_c_item_readonly(candidate):
    """PySequence_SetItem() of the C API raises TypeError for a read-only map."""
    m = readonly(candidate, DIGITS)
    with candidate.raises(TypeError):
        store(candidate, m, 0, b"x")


@clause("assignment.c-item-closed")
def test_c_item_closed(candidate):
    """PySequence_SetItem() of the C API raises ValueError for a closed map."""
    m = candidate.anonymous(DIGITS)
    m.close()
    with candidate.raises(ValueError):
        store(candidate, m, 0, b"x")


@clause("assignment.c-delete")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_READ"])
def test_c_delete(candidate, access):
    """PySequence_DelItem() of the C API raises TypeError, for a read-only map too."""
    m = of_file(candidate, DIGITS, access)
    with candidate.raises(TypeError):
        c_call(candidate, "PySequence_DelItem", "c_int", m, 0)


# -- arguments whose conversion acts on the map --------------------------------


@clause("assignment.item-huge")
@pytest.mark.parametrize("huge", [2**63, 2**64, -(2**63) - 1])
def test_huge_index(candidate, huge):
    """m[i] = v raises IndexError for an index beyond the largest ssize_t."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(IndexError):
        m[huge] = 65


@clause("assignment.index-closes")
@pytest.mark.parametrize("index", [0, 5, -1])
def test_index_closes(candidate, index):
    """m[i] = v raises ValueError and stores nothing where the conversion of i closes the map."""
    file = candidate.file(b"0123456789")
    m = candidate.mmap.mmap(file.fd, 0)
    with candidate.raises(ValueError, state=False):  # it is closed
        m[closer(candidate, m, index)] = 65
    assert file.contents() == b"0123456789"


@clause("assignment.value-closes")
@pytest.mark.parametrize("index", [0, 9])
def test_value_closes(candidate, index):
    """m[i] = v raises ValueError where the conversion of v closes the map."""
    m = candidate.anonymous(b"0123456789")
    with candidate.raises(ValueError, state=False):  # it is closed
        m[index] = closer(candidate, m, 65)


@clause("assignment.slice-bound-closes")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_bound_closes(candidate, place):
    """m[a:b:c] = v raises ValueError where the conversion of a, b or c closes the map."""
    m = candidate.anonymous(b"0123456789")
    parts = [1, 4, 1]
    parts[place] = closer(candidate, m, parts[place])
    with candidate.raises(ValueError, state=False):  # it is closed
        m[slice(*parts)] = b"abc"


@clause("assignment.source-closes")
def test_source_closes(candidate):
    """m[a:b] = v raises ValueError where v closes the map when its buffer is asked for."""
    m = candidate.anonymous(b"0123456789")
    source = candidate.hostile(b"abc", do=[m.close], slot="__buffer__")
    with candidate.raises(ValueError, state=False):  # it is closed
        m[1:4] = source


@clause("assignment.index-shrinks")
@pytest.mark.parametrize("index", [100, 8999])
def test_index_shrinks(candidate, index):
    """m[i] = v raises IndexError where the conversion of i resizes the map to less than i."""
    m = of_file(candidate, pattern(9000))
    with candidate.raises(IndexError, state=False):  # it is shorter
        m[resizer(candidate, m, 100, index)] = 65
    assert m[:] == pattern(9000)[:100]


@clause("assignment.value-shrinks")
@pytest.mark.parametrize("index", [100, 8999])
def test_value_shrinks(candidate, index):
    """m[i] = v raises IndexError where the conversion of v resizes the map to less than i."""
    m = of_file(candidate, pattern(9000))
    with candidate.raises(IndexError, state=False):  # it is shorter
        m[index] = resizer(candidate, m, 100, 65)
    assert m[:] == pattern(9000)[:100]


@clause("assignment.value-shrinks-negative")
@pytest.mark.parametrize("index", [-1, -100])
def test_value_shrinks_from_the_end(candidate, index):
    """m[-i] = v stores at the end of the map as it then is, or raises IndexError."""
    m = of_file(candidate, pattern(9000))
    stored = candidate.outcome(m.__setitem__, index, resizer(candidate, m, 100, 65))
    left = bytearray(pattern(9000)[:100])
    if stored == Returned(None):
        left[index] = 65
    else:
        assert isinstance(stored, Raised), stored
        assert stored.type is IndexError, stored
    assert m[:] == left


@clause("assignment.source-shrinks")
def test_source_shrinks(candidate):
    """m[a:b] = v raises IndexError where v shrinks the map to less than b."""
    m = of_file(candidate, pattern(9000))
    shrink = partial(m.resize, 100)
    source = candidate.hostile(b"abc", do=[shrink], slot="__buffer__")
    with candidate.raises(IndexError, state=False):  # it is shorter
        m[8000:8003] = source
    assert m[:] == pattern(9000)[:100]
