"""find(sub[, start[, end]]): the lowest index at which a needle occurs."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmap_spec import model
from mmap_spec.clauses import clause
from mmap_spec.situations import each_access, of_file, past_the_end
from mmap_spec.strategies import haystacks, integers_near, needles_in, pattern, searches_in

TEXT = b"abcabcabc"


@clause("find.lowest")
@pytest.mark.parametrize(
    ("needle", "start", "index"),
    [
        (b"abc", 0, 0),
        (b"abc", 1, 3),
        (b"abc", 4, 6),
        (b"c", 0, 2),
        (b"cab", 0, 2),
        (b"bcabc", 2, 4),
    ],
)
def test_lowest_index(candidate, needle, start, index):
    """find() returns the lowest index, start included."""
    assert candidate.anonymous(TEXT).find(needle, start) == index


@clause("find.absent")
@pytest.mark.parametrize("needle", [b"d", b"ba", b"abcd", b"A", b"abcabcabd", b"\x00"])
def test_absent(candidate, needle):
    """find() returns -1 where the needle does not occur."""
    assert candidate.anonymous(TEXT).find(needle) == -1


@clause("find.returns-int")
@pytest.mark.parametrize("needle", [b"a", b"b", b"d", b"", b"abcabc"])
def test_type_of_the_result(candidate, needle):
    """The result is exactly an int."""
    assert type(candidate.anonymous(TEXT).find(needle)) is int


@clause("find.default-start")
@pytest.mark.parametrize(("position", "index"), [(0, 0), (1, 3), (3, 3), (4, 6), (7, -1), (9, -1)])
def test_starts_at_the_position(candidate, position, index):
    """Without a start, find() searches from the current position."""
    m = candidate.anonymous(TEXT)
    m.seek(position)
    assert m.find(b"a") == index


@clause("find.explicit-start")
@pytest.mark.parametrize(("start", "index"), [(0, 0), (1, 3), (-9, 0), (-4, 6)])
def test_start_overrides_the_position(candidate, start, index):
    """With a start, find() does not look at the position."""
    m = candidate.anonymous(TEXT)
    m.seek(8)
    assert m.find(b"a", start) == index


@clause("find.default-end")
@pytest.mark.parametrize(("needle", "index"), [(b"z", 8999), (b"yz", 8998)])
def test_searches_to_the_end(candidate, needle, index):
    """Without an end, find() searches to the last byte."""
    m = candidate.anonymous(b"x" * 8998 + b"yz")
    assert (m.find(needle), m.find(needle, 1)) == (index, index)


@clause("find.start-inclusive")
def test_start_is_inclusive(candidate):
    """A needle that begins at start is found, one that begins before it is not."""
    m = candidate.anonymous(b"xxabxx")
    assert (m.find(b"ab", 2), m.find(b"ab", 3)) == (2, -1)


@clause("find.end-exclusive")
def test_end_is_exclusive(candidate):
    """A needle is found only where its last byte lies before end."""
    m = candidate.anonymous(b"xxabxx")
    found = [m.find(b"ab", 0, end) for end in range(1, 7)]
    assert found == [-1, -1, -1, 2, 2, 2]


@clause("find.negative-start")
@pytest.mark.parametrize(
    ("start", "index"), [(-1, -1), (-2, -1), (-3, 6), (-4, 6), (-6, 3), (-7, 3), (-9, 0)]
)
def test_negative_start(candidate, start, index):
    """A negative start counts from the end of the map."""
    assert candidate.anonymous(TEXT).find(b"abc", start) == index


@clause("find.negative-end")
@pytest.mark.parametrize(("end", "index"), [(-1, 3), (-3, 3), (-4, -1), (-8, -1), (-9, -1)])
def test_negative_end(candidate, end, index):
    """A negative end counts from the end of the map."""
    assert candidate.anonymous(TEXT).find(b"abc", 2, end) == index


@clause("find.bound-below-start")
@pytest.mark.parametrize("bound", [-10, -11, -19, -4096])
def test_bound_below_the_start(candidate, bound):
    """A bound below minus the length means 0."""
    m = candidate.anonymous(TEXT)
    assert m.find(b"a", bound) == 0
    assert m.find(b"a", 0, bound) == -1
    assert m.find(b"", 0, bound) == 0


@clause("find.end-beyond-length")
@pytest.mark.parametrize("end", [9, 10, 18, 4096, 4097, 2**31])
def test_end_beyond_the_length(candidate, end):
    """An end beyond the length means the length."""
    m = candidate.anonymous(TEXT)
    end = min(end, candidate.profile.ssize_max)
    assert (m.find(b"c", 7, end), m.find(b"\x00", 0, end)) == (8, -1)


@clause("find.start-beyond-length")
@pytest.mark.parametrize("start", [9, 10, 4095, 4096, 4097, 2**30])
def test_start_beyond_the_length(candidate, start):
    """find() returns -1 where start is the length of the map or more."""
    m = candidate.anonymous(TEXT)
    for needle in (b"\x00", b"c", TEXT):
        assert (m.find(needle, start), m.find(needle, start, start + 100)) == (-1, -1)


@clause("find.reversed-bounds")
@pytest.mark.parametrize(
    ("start", "end"), [(1, 0), (5, 3), (9, 8), (-1, 0), (-1, -2), (3, -7), (9, -1)]
)
def test_end_before_start(candidate, start, end):
    """find() returns -1 where end lies before start."""
    m = candidate.anonymous(TEXT)
    assert [m.find(needle, start, end) for needle in (b"", b"a", b"bc")] == [-1] * 3


@clause("find.empty-needle")
@pytest.mark.parametrize(
    ("bounds", "index"),
    [
        ((0,), 0),
        ((3,), 3),
        ((8,), 8),
        ((-2,), 7),
        ((-20,), 0),
        ((4, 4), 4),
        ((4, 9), 4),
        ((0, 0), 0),
        ((2, -1), 2),
    ],
)
def test_empty_needle(candidate, bounds, index):
    """An empty needle is found at start."""
    assert candidate.anonymous(TEXT).find(b"", *bounds) == index


@clause("find.empty-at-end")
@pytest.mark.parametrize("bounds", [(9,), (9, 9), (9, 10), (9, 100)])
def test_empty_needle_at_the_end(candidate, bounds):
    """An empty needle is found at the length of the map."""
    assert candidate.anonymous(TEXT).find(b"", *bounds) == 9


@clause("find.empty-default-start")
@pytest.mark.parametrize("position", [0, 1, 8, 9])
def test_empty_needle_at_the_position(candidate, position):
    """Without a start an empty needle is found at the position."""
    m = candidate.anonymous(TEXT)
    m.seek(position)
    assert m.find(b"") == position


@clause("find.empty-past-end-found")
@pytest.mark.parametrize("bounds", [(10,), (10, 10), (10, 9), (11, 100), (4096,)])
def test_empty_needle_past_the_end_is_found(candidate, bounds):
    """An empty needle is found at the length where start is beyond it."""
    assert candidate.anonymous(TEXT).find(b"", *bounds) == 9


@clause("find.empty-past-end")
@pytest.mark.parametrize("bounds", [(10,), (10, 10), (10, 9), (11, 100), (4096,), (10, 3)])
def test_empty_needle_past_the_end(candidate, bounds):
    """find() returns -1 for an empty needle where start is beyond the length."""
    assert candidate.anonymous(TEXT).find(b"", *bounds) == -1


@clause("find.empty-position-past-end")
@pytest.mark.parametrize("position", [11, 3000])
def test_empty_needle_at_a_position_past_the_end(candidate, position):
    """find() of an empty needle returns -1 where the position is beyond the end."""
    assert past_the_end(candidate, length=10, position=position).find(b"") == -1


@clause("find.position-past-end")
@pytest.mark.parametrize(("length", "position"), [(10, 11), (10, 3000), (100, 9000)])
def test_position_past_the_end(candidate, length, position):
    """find() of a needle returns -1 where the position is beyond the end."""
    m = past_the_end(candidate, length=length, position=position)
    assert (m.find(pattern(1)), m.find(b"\x00"), m.tell()) == (-1, -1, position)


@clause("find.position-kept")
@pytest.mark.parametrize("arguments", [(b"c",), (b"z",), (b"",), (b"a", 0), (b"a", 0, 9)])
def test_position_stays(candidate, arguments):
    """find() leaves the position where it is."""
    m = candidate.anonymous(TEXT)
    m.seek(4)
    m.find(*arguments)
    assert m.tell() == 4


@clause("find.whole-map")
@pytest.mark.parametrize("length", [1, 2, 255, 4096, 9000])
def test_whole_map(candidate, length):
    """A needle that is equal to the contents is found at 0."""
    m = candidate.anonymous(pattern(length))
    assert (m.find(pattern(length)), m.find(pattern(length), 1)) == (0, -1)


@clause("find.needle-longer")
@pytest.mark.parametrize("bounds", [(), (0, 2), (7,), (6, 8), (-2,), (0, -7)])
def test_needle_longer_than_the_range(candidate, bounds):
    """find() returns -1 for a needle that is longer than the range."""
    m = candidate.anonymous(TEXT)
    needle = b"abc" if bounds else TEXT + b"\x00"
    assert m.find(needle, *bounds) == -1


@clause("find.every-byte")
def test_every_byte(candidate):
    """A needle of one byte is found for each of the 256 values."""
    m = candidate.anonymous(bytes(range(256)))
    assert [m.find(bytes([byte])) for byte in range(256)] == list(range(256))


@clause("find.zero-bytes")
@pytest.mark.parametrize(
    ("needle", "index"),
    [(b"\x00", 1), (b"\x00\x00", 4), (b"\x00b", 1), (b"b\x00\x00", 3), (b"c\x00", 6)],
)
def test_zero_bytes(candidate, needle, index):
    """Zero bytes are bytes like any other."""
    assert candidate.anonymous(b"a\x00bb\x00\x00c\x00").find(needle) == index


@clause("find.near-matches")
@pytest.mark.parametrize("length", [2, 3, 8, 33, 200])
@pytest.mark.parametrize("wrong", ["first", "middle", "last"])
def test_near_matches(candidate, length, wrong):
    """find() passes over places at which all but one byte fits."""
    needle = pattern(length)
    near = bytearray(needle)
    near[{"first": 0, "middle": length // 2, "last": length - 1}[wrong]] ^= 1
    data = bytes(near) * 3 + needle
    m = candidate.anonymous(data)
    assert (m.find(needle), m.find(needle, 0, len(data) - 1)) == (
        data.find(needle),
        data.find(needle, 0, len(data) - 1),
    )


@clause("find.page-boundary")
@pytest.mark.parametrize("before", [0, 1, 2, 5])
def test_across_pages(candidate, before):
    """A needle is found across the boundary of two pages."""
    page = candidate.profile.page_size
    data = bytearray(3 * page)
    data[page - before : page - before + 5] = b"hello"
    m = candidate.anonymous(bytes(data))
    assert (m.find(b"hello"), m.find(b"hello", page)) == (
        page - before,
        page if before == 0 else -1,
    )


@clause("find.last-bytes")
@pytest.mark.parametrize("length", [5, 63, 4095, 4096, 4097, 70000])
def test_last_bytes(candidate, length):
    """A needle that ends with the last byte is found."""
    m = candidate.anonymous(b"." * (length - 4) + b"wxyz")
    found = [m.find(needle) for needle in (b"z", b"yz", b"wxyz")]
    assert found == [length - 1, length - 2, length - 4]


@clause("find.stays-in-map")
@pytest.mark.parametrize("needle", [b"de", b"d", b"cd", b"cde"])
def test_file_goes_on_behind_the_map(candidate, needle):
    """find() never finds what lies behind the end of the map in the file."""
    m = candidate.mmap.mmap(candidate.file(b"abcde").fd, 3)
    assert (m.find(needle), m.find(needle, 0, 5), m.find(needle, 3, 5)) == (-1, -1, -1)


@clause("find.stays-in-map")
@pytest.mark.parametrize("needle", [b"\x00", b"c\x00"])
def test_page_goes_on_behind_the_map(candidate, needle):
    """find() never finds what lies behind the end of the map in its page."""
    m = of_file(candidate, b"abc")
    assert (m.find(needle), m.find(needle, 0, 4)) == (-1, -1)


@clause("find.offset")
def test_offset(candidate):
    """On a map with an offset the result counts from the start of the map."""
    start = candidate.profile.granularity
    m = of_file(candidate, b"x" * (start - 1) + b"needle haystack", offset=start)
    assert (m.find(b"needle"), m.find(b"eedle"), m.find(b"x"), m.find(b"stack")) == (-1, 0, -1, 9)


@clause("find.reads-range")
@pytest.mark.parametrize("length", [1, 2, 3, 16, 100, 4096])
def test_pages_behind_the_end(candidate, length):
    """find() touches no page that lies wholly behind end."""
    page = candidate.profile.page_size
    data = pattern(2 * page).replace(b"\x00", b"\x01")
    file = candidate.file(data)
    m = candidate.mmap.mmap(file.fd, 0)
    file.truncate(page)  # from here on a touch of the second page is a signal
    absent = b"\x00" * length
    needle = data[page - length : page]
    assert (m.find(absent, 0, page), m.find(needle, page - length, page)) == (-1, page - length)
    assert (m.find(absent, page - 1, page), m.find(b"", page, page)) == (-1, page)


@clause("find.places")
@given(place=st.integers(0, 70000), length=st.integers(1, 40))
@example(place=8191, length=2)
@example(place=65535, length=2)
@example(place=69999, length=40)
def test_places(candidate, place, length):
    """find() finds a needle in every place of a large map."""
    needle = b"a" * (length - 1) + b"b"
    m = candidate.anonymous(b"a" * place + needle + b"a" * 70000)
    assert (m.find(needle), m.find(needle, place + 1)) == (place, -1)


@clause("find.periodic")
@pytest.mark.parametrize("period", [b"a", b"ab", b"aab", b"abaab", pattern(60)])
@pytest.mark.parametrize("tail", [b"", b"b", b"a", b"\xff"])
def test_periodic(candidate, period, tail):
    """find() is right for needles and contents that are periodic."""
    data = period * (2000 // len(period)) + b"\xff" + period * 50
    m = candidate.anonymous(data)
    for repeats in (1, 2, 7, 40, 51):
        needle = period * repeats + tail
        assert m.find(needle) == data.find(needle)
        assert m.find(needle, 1999) == data.find(needle, 1999)


@clause("find.periodic")
@given(
    unit=haystacks(1, 4),
    repeats=st.integers(1, 80),
    noise=st.lists(st.integers(0, 300), max_size=3),
    draw=st.data(),
)
def test_nearly_periodic(candidate, unit, repeats, noise, draw):
    """find() is right where contents are periodic but for a few bytes."""
    data = bytearray(unit * repeats)
    for place in noise:
        data[place % len(data)] ^= 1
    needle = draw.draw(needles_in(bytes(data)))
    assert candidate.anonymous(bytes(data)).find(needle) == data.find(needle)


@clause("find.as-specified")
@given(data=haystacks(), draw=st.data())
def test_as_specified(candidate, data, draw):
    """find() returns what the rules of this topic give."""
    position = draw.draw(st.integers(0, len(data)))
    anywhere = st.tuples(needles_in(data), st.lists(integers_near(len(data)), max_size=2))
    needle, bounds = draw.draw(searches_in(data) | anywhere)
    expected = model.Mapping.of_memory(candidate.profile, data)
    expected.seek(position)
    m = candidate.anonymous(data)
    m.seek(position)
    assert m.find(needle, *bounds) == expected.find(needle, *bounds)


@clause("find.sees-changes")
def test_sees_changes_of_the_file(candidate):
    """find() searches the contents of the file as they are at the call."""
    file = candidate.file(TEXT)
    m = candidate.mmap.mmap(file.fd, 0)
    found = [m.find(b"xy")]
    candidate.mmap.mmap(file.fd, 0)[4:6] = b"xy"
    found.append(m.find(b"xy"))
    assert found == [-1, 4]


@clause("find.every-access")
@each_access
def test_access(candidate, access):
    """find() works on maps of every access mode, buffers being exported or not."""
    m = of_file(candidate, TEXT, access)
    found = [m.find(b"ca")]
    view = candidate.builtins.memoryview(m)
    found.append(m.find(b"ca", 3))
    assert found == [2, 5]
    view.release()


@clause("find.needle-buffers")
@pytest.mark.parametrize(
    "source",
    [
        "bytearray(b'ca')",
        "memoryview(b'xcax')[1:3]",
        "array.array('B', b'ca')",
        "(ctypes.c_char * 2)(b'c', b'a')",
    ],
)
def test_buffer_as_needle(candidate, source):
    """The needle can be any object with a C-contiguous buffer."""
    m = candidate.anonymous(TEXT)
    program = f"import array, ctypes\nresult = m.find({source}), m.find({source}, 3)"
    assert candidate.run(program, m=m) == (2, 5)


@clause("find.needle-buffers")
@pytest.mark.parametrize("needle", [b"", b"b"])
def test_short_view_as_needle(candidate, needle):
    """The needle can be a memoryview of no byte or of one."""
    m = candidate.anonymous(TEXT)
    assert m.find(candidate.builtins.memoryview(needle)) == len(needle)


@clause("find.needle-buffers")
def test_other_map_as_needle(candidate):
    """The needle can be another map; its position does not matter."""
    needle = candidate.anonymous(b"cab")
    needle.seek(2)
    assert candidate.anonymous(TEXT).find(needle) == 2


@clause("find.needle-itemsize")
@pytest.mark.parametrize(("code", "index"), [("H", 2), ("I", 4), ("Q", 8)])
def test_needle_of_larger_items(candidate, code, index):
    """A needle of larger items is searched as its bytes."""
    m = candidate.anonymous(b"x" * index + b"abcdefgh")
    source = f"import array\nresult = m.find(array.array({code!r}, b'abcdefgh'[:{index}]))"
    assert candidate.run(source, m=m) == index


@clause("find.needle-dimensions")
def test_needle_of_two_dimensions(candidate):
    """A C-contiguous needle of several dimensions is searched as its bytes."""
    m = candidate.anonymous(b"xabcdef")
    source = "result = m.find(memoryview(b'abcdef').cast('B', (2, 3)))"
    assert candidate.run(source, m=m) == 1


@clause("find.needle-strided")
@pytest.mark.parametrize("step", [2, 3, -1])
def test_needle_that_is_not_contiguous(candidate, step):
    """find() raises BufferError for a needle that is not C-contiguous."""
    m = candidate.anonymous(TEXT)
    needle = candidate.builtins.memoryview(b"abcabc")[::step]
    with candidate.raises(BufferError):
        m.find(needle)


@clause("find.needle-released")
def test_released_needle(candidate):
    """find() raises ValueError for a memoryview that was released."""
    m = candidate.anonymous(TEXT)
    needle = candidate.builtins.memoryview(b"abc")
    needle.release()
    with candidate.raises(ValueError):
        m.find(needle)


@clause("find.needle-is-map")
def test_map_in_itself(candidate):
    """The needle can be the map itself or a view of a part of it."""
    m = candidate.anonymous(TEXT)
    view = candidate.builtins.memoryview(m)
    part = view[2:5]
    assert (m.find(m), m.find(m, 1), m.find(part), m.find(part, 3)) == (0, -1, 2, 5)
    part.release()
    view.release()
    m.close()


@clause("find.needle-str")
@pytest.mark.parametrize("needle", ["", "a"])
def test_str(candidate, needle):
    """find() raises TypeError for a str."""
    m = candidate.anonymous(TEXT)
    with candidate.raises(TypeError):
        m.find(needle)


@clause("find.needle-int")
@pytest.mark.parametrize("needle", [0, 97, 255, 256, -1, True])
def test_int(candidate, needle):
    """find() raises TypeError for an int."""
    m = candidate.anonymous(TEXT)
    with candidate.raises(TypeError):
        m.find(needle)


@clause("find.needle-other")
@pytest.mark.parametrize("needle", [None, [97], (97,), 97.0, {}], ids=repr)
def test_no_buffer(candidate, needle):
    """find() raises TypeError for a needle without a buffer."""
    m = candidate.anonymous(TEXT)
    with candidate.raises(TypeError):
        m.find(needle)


@clause("find.arity")
@pytest.mark.parametrize("arguments", [(), (b"a", 0, 9, 9)])
def test_number_of_arguments(candidate, arguments):
    """find() without an argument, and with four, raises TypeError."""
    m = candidate.anonymous(TEXT)
    with candidate.raises(TypeError):
        m.find(*arguments)


@clause("find.positional-only")
@pytest.mark.parametrize("keyword", ["sub", "start", "end", "view"])
def test_keyword(candidate, keyword):
    """find() takes no keyword arguments."""
    m = candidate.anonymous(TEXT)
    arguments = () if keyword in ("sub", "view") else (b"a",)
    with candidate.raises(TypeError):
        m.find(*arguments, **{keyword: 0 if arguments else b"a"})


@clause("find.index-bounds")
def test_index(candidate):
    """find() takes any object with __index__ as start and as end."""
    m = candidate.anonymous(TEXT)
    index = candidate.hostile
    assert (m.find(b"a", index(1)), m.find(b"a", index(-8), index(3))) == (3, -1)
    assert (m.find(b"a", True), m.find(b"a", False, True), m.find(b"b", False, True)) == (3, 0, -1)


@clause("find.bound-type")
@pytest.mark.parametrize("bound", [1.0, "1", b"1", [1], ()], ids=repr)
def test_wrong_type_of_a_bound(candidate, bound):
    """find() raises TypeError for a bound that has no __index__."""
    m = candidate.anonymous(TEXT)
    for bounds in [(bound,), (0, bound), (bound, 9)]:
        with candidate.raises(TypeError):
            m.find(b"a", *bounds)


@clause("find.none-bound-refused")
@pytest.mark.parametrize("bounds", [(None,), (0, None), (None, 9), (None, None)])
def test_none_is_refused(candidate, bounds):
    """find() raises TypeError for a bound that is None."""
    m = candidate.anonymous(TEXT)
    with candidate.raises(TypeError):
        m.find(b"a", *bounds)


@clause("find.none-start")
@pytest.mark.parametrize("bounds", [(None,), (None, None), (None, 9)])
def test_none_as_start(candidate, bounds):
    """A start of None means the current position."""
    m = candidate.anonymous(TEXT)
    m.seek(4)
    assert m.find(b"b", *bounds) == 4


@clause("find.none-end")
@pytest.mark.parametrize(("start", "index"), [(0, 2), (4, 5), (-1, 8), (9, -1)])
def test_none_as_end(candidate, start, index):
    """An end of None means the length of the map."""
    assert candidate.anonymous(TEXT).find(b"c", start, None) == index


@clause("find.none-start-with-end")
@pytest.mark.parametrize(("end", "index"), [(9, 6), (7, 6), (6, -1), (-2, 6), (-3, -1), (0, -1)])
def test_none_as_start_with_an_end(candidate, end, index):
    """With a start of None find() searches from the position and only before end."""
    m = candidate.anonymous(TEXT)
    m.seek(4)
    assert m.find(b"a", None, end) == index


@clause("find.huge-bounds")
def test_largest_and_smallest_bounds(candidate):
    """The largest and the smallest integer of ssize_t are valid bounds."""
    m = candidate.anonymous(TEXT)
    most, least = candidate.profile.ssize_max, -candidate.profile.ssize_max - 1
    assert [m.find(b"a", *bounds) for bounds in [(most,), (most, most), (least, least)]] == [-1] * 3
    assert [m.find(b"bc", *bounds) for bounds in [(least,), (least, most), (0, most)]] == [1] * 3
    assert [m.find(b"a", 0, least), m.find(b"", 0, least), m.find(b"", least, 0)] == [-1, 0, 0]
