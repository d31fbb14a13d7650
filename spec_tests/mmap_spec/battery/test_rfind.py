"""rfind(sub[, start[, end]]): the highest index at which a needle occurs."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmap_spec import model
from mmap_spec.clauses import clause
from mmap_spec.situations import each_access, of_file, past_the_end
from mmap_spec.strategies import haystacks, integers_near, needles_in, pattern, searches_in

TEXT = b"abcabcabc"


@clause("rfind.highest")
@pytest.mark.parametrize(
    ("needle", "bounds", "index"),
    [
        (b"abc", (), 6),
        (b"abc", (0, 8), 3),
        (b"a", (0, 6), 3),
        (b"cab", (), 5),
        (b"cab", (0, 7), 2),
        (b"b", (2, 9), 7),
    ],
)
def test_highest_index(candidate, needle, bounds, index):
    """rfind() returns the highest index within the bounds."""
    assert candidate.anonymous(TEXT).rfind(needle, *bounds) == index


@clause("rfind.absent")
@pytest.mark.parametrize("needle", [b"d", b"ba", b"abcd", b"A", b"abcabcabd", b"\x00"])
def test_absent(candidate, needle):
    """rfind() returns -1 where the needle does not occur."""
    assert candidate.anonymous(TEXT).rfind(needle) == -1


@clause("rfind.returns-int")
@pytest.mark.parametrize("needle", [b"a", b"b", b"c", b"d", b"", b"ab"])
def test_type_of_the_result(candidate, needle):
    """The result is exactly an int, also where it is 0 or 1."""
    assert type(candidate.anonymous(b"abc").rfind(needle)) is int


@clause("rfind.default-start")
@pytest.mark.parametrize(("position", "index"), [(0, 6), (6, 6), (7, -1), (9, -1)])
def test_ends_at_the_position(candidate, position, index):
    """Without a start, rfind() finds nothing before the position."""
    m = candidate.anonymous(TEXT)
    m.seek(position)
    assert m.rfind(b"a") == index


@clause("rfind.explicit-start")
@pytest.mark.parametrize(("start", "index"), [(0, 6), (6, 6), (-9, 6), (-2, -1)])
def test_start_overrides_the_position(candidate, start, index):
    """With a start, rfind() does not look at the position."""
    m = candidate.anonymous(TEXT)
    m.seek(8)
    assert m.rfind(b"a", start) == index


@clause("rfind.default-end")
@pytest.mark.parametrize("position", [0, 1, 4097, 8999])
def test_begins_at_the_end(candidate, position):
    """Without an end, rfind() begins at the last byte."""
    m = candidate.anonymous(b"x" * 8999 + b"z")
    m.seek(position)
    assert (m.rfind(b"z"), m.rfind(b"z", 1)) == (8999, 8999)


@clause("rfind.start-inclusive")
def test_start_is_inclusive(candidate):
    """A needle that begins at start is found, one that begins before it is not."""
    m = candidate.anonymous(b"xxabxx")
    assert (m.rfind(b"ab", 2), m.rfind(b"ab", 3)) == (2, -1)


@clause("rfind.end-exclusive")
def test_end_is_exclusive(candidate):
    """A needle is found only where its last byte lies before end."""
    m = candidate.anonymous(b"xxabxx")
    found = [m.rfind(b"ab", 0, end) for end in range(1, 7)]
    assert found == [-1, -1, -1, 2, 2, 2]


@clause("rfind.negative-bounds")
@pytest.mark.parametrize(
    ("bounds", "index"),
    [
        ((-3,), 6),
        ((-2,), -1),
        ((-9, -1), 3),
        ((-9, -3), 3),
        ((0, -4), 0),
        ((0, -7), -1),
        ((-6, -4), -1),
    ],
)
def test_negative_bounds(candidate, bounds, index):
    """Negative bounds count from the end of the map."""
    assert candidate.anonymous(TEXT).rfind(b"abc", *bounds) == index


@clause("rfind.clamped-bounds")
@pytest.mark.parametrize("beyond", [1, 2, 9, 4096, 2**30])
def test_clamped_bounds(candidate, beyond):
    """A bound below minus the length means 0, an end beyond the length the length."""
    m = candidate.anonymous(TEXT)
    assert m.rfind(b"a", -9 - beyond) == 6
    assert m.rfind(b"a", 0, -9 - beyond) == -1
    assert m.rfind(b"", 0, -9 - beyond) == 0
    assert (m.rfind(b"c", 0, 9 + beyond), m.rfind(b"\x00", 0, 9 + beyond)) == (8, -1)


@clause("rfind.start-beyond-length")
@pytest.mark.parametrize("start", [9, 10, 4095, 4096, 4097, 2**30])
def test_start_beyond_the_length(candidate, start):
    """rfind() returns -1 where start is the length of the map or more."""
    m = candidate.anonymous(TEXT)
    for needle in (b"\x00", b"c", TEXT):
        assert (m.rfind(needle, start), m.rfind(needle, start, start + 100)) == (-1, -1)


@clause("rfind.reversed-bounds")
@pytest.mark.parametrize(
    ("start", "end"), [(1, 0), (5, 3), (9, 8), (-1, 0), (-1, -2), (3, -7), (9, -1)]
)
def test_end_before_start(candidate, start, end):
    """rfind() returns -1 where end lies before start."""
    m = candidate.anonymous(TEXT)
    assert [m.rfind(needle, start, end) for needle in (b"", b"a", b"bc")] == [-1] * 3


@clause("rfind.empty-needle")
@pytest.mark.parametrize(
    ("bounds", "index"),
    [
        ((), 9),
        ((3,), 9),
        ((9,), 9),
        ((-20,), 9),
        ((0, 4), 4),
        ((4, 4), 4),
        ((0, 0), 0),
        ((2, -1), 8),
        ((9, 9), 9),
    ],
)
def test_empty_needle(candidate, bounds, index):
    """An empty needle is found at end."""
    m = candidate.anonymous(TEXT)
    m.seek(2)
    assert m.rfind(b"", *bounds) == index


@clause("rfind.empty-past-end-found")
@pytest.mark.parametrize("bounds", [(10,), (10, 10), (10, 9), (11, 100), (4096,)])
def test_empty_needle_past_the_end_is_found(candidate, bounds):
    """An empty needle is found at the length where start is beyond it."""
    assert candidate.anonymous(TEXT).rfind(b"", *bounds) == 9


@clause("rfind.empty-past-end")
@pytest.mark.parametrize("bounds", [(10,), (10, 10), (10, 9), (11, 100), (4096,), (10, 3)])
def test_empty_needle_past_the_end(candidate, bounds):
    """rfind() returns -1 for an empty needle where start is beyond the length."""
    assert candidate.anonymous(TEXT).rfind(b"", *bounds) == -1


@clause("rfind.empty-position-past-end")
@pytest.mark.parametrize("position", [11, 3000])
def test_empty_needle_at_a_position_past_the_end(candidate, position):
    """rfind() of an empty needle returns -1 where the position is beyond the end."""
    assert past_the_end(candidate, length=10, position=position).rfind(b"") == -1


@clause("rfind.position-past-end")
@pytest.mark.parametrize(("length", "position"), [(10, 11), (10, 3000), (100, 9000)])
def test_position_past_the_end(candidate, length, position):
    """rfind() of a needle returns -1 where the position is beyond the end."""
    m = past_the_end(candidate, length=length, position=position)
    assert (m.rfind(pattern(1)), m.rfind(b"\x00"), m.tell()) == (-1, -1, position)


@clause("rfind.position-kept")
@pytest.mark.parametrize("arguments", [(b"c",), (b"z",), (b"",), (b"a", 0), (b"a", 0, 9)])
def test_position_stays(candidate, arguments):
    """rfind() leaves the position where it is."""
    m = candidate.anonymous(TEXT)
    m.seek(4)
    m.rfind(*arguments)
    assert m.tell() == 4


@clause("rfind.first-bytes")
@pytest.mark.parametrize("length", [5, 63, 4095, 4096, 4097, 70000])
def test_first_bytes(candidate, length):
    """rfind() finds a needle that occurs at index 0 only."""
    m = candidate.anonymous(b"abcd" + b"." * (length - 4))
    for needle in (b"a", b"ab", b"abcd"):
        assert (m.rfind(needle), m.rfind(needle, 1)) == (0, -1)


@clause("rfind.whole-map")
@pytest.mark.parametrize("length", [1, 2, 255, 4096, 9000])
def test_whole_map(candidate, length):
    """rfind() finds a needle that is equal to the whole map."""
    m = candidate.anonymous(pattern(length))
    assert (m.rfind(pattern(length)), m.rfind(pattern(length), 1)) == (0, -1)


@clause("rfind.needle-longer")
@pytest.mark.parametrize("bounds", [(), (0, 2), (7,), (6, 8), (-2,), (0, -7)])
def test_needle_longer_than_the_range(candidate, bounds):
    """rfind() returns -1 for a needle that is longer than the range."""
    m = candidate.anonymous(TEXT)
    needle = b"abc" if bounds else b"\x00" + TEXT
    assert m.rfind(needle, *bounds) == -1


@clause("rfind.every-byte")
def test_every_byte(candidate):
    """rfind() finds each of the 256 values."""
    m = candidate.anonymous(bytes(range(256)))
    assert [m.rfind(bytes([byte])) for byte in range(256)] == list(range(256))


@clause("rfind.overlapping")
@pytest.mark.parametrize(("needle", "index"), [(b"aa", 3), (b"aaa", 2), (b"aaaa", 1), (b"a", 4)])
def test_overlapping(candidate, needle, index):
    """Of occurrences that overlap rfind() returns the last."""
    assert candidate.anonymous(b"aaaaab").rfind(needle) == index


@clause("rfind.near-matches")
@pytest.mark.parametrize("length", [2, 3, 8, 33, 200])
@pytest.mark.parametrize("wrong", ["first", "middle", "last"])
def test_near_matches(candidate, length, wrong):
    """rfind() passes over places at which all but one byte fits."""
    needle = pattern(length)
    near = bytearray(needle)
    near[{"first": 0, "middle": length // 2, "last": length - 1}[wrong]] ^= 1
    data = needle + bytes(near) * 3
    m = candidate.anonymous(data)
    assert (m.rfind(needle), m.rfind(needle, 1)) == (data.rfind(needle), data.rfind(needle, 1))


@clause("rfind.page-boundary")
@pytest.mark.parametrize("before", [0, 1, 2, 5])
def test_across_pages(candidate, before):
    """rfind() finds a needle across the boundary of two pages."""
    page = candidate.profile.page_size
    data = bytearray(3 * page)
    data[page - before : page - before + 5] = b"hello"
    m = candidate.anonymous(bytes(data))
    assert (m.rfind(b"hello"), m.rfind(b"hello", 0, page)) == (
        page - before,
        page - 5 if before == 5 else -1,
    )


@clause("rfind.stays-in-map")
@pytest.mark.parametrize("needle", [b"de", b"d", b"cd", b"e"])
def test_file_goes_on_behind_the_map(candidate, needle):
    """rfind() never finds what lies behind the end of the map in the file."""
    m = candidate.mmap.mmap(candidate.file(b"abcde").fd, 3)
    assert (m.rfind(needle), m.rfind(needle, 0, 5), m.rfind(needle, 3, 5)) == (-1, -1, -1)


@clause("rfind.stays-in-map")
@pytest.mark.parametrize("needle", [b"\x00", b"c\x00"])
def test_page_goes_on_behind_the_map(candidate, needle):
    """rfind() never finds what lies behind the end of the map in its page."""
    m = of_file(candidate, b"abc")
    assert (m.rfind(needle), m.rfind(needle, 0, 4)) == (-1, -1)


@clause("rfind.stays-in-map")
def test_offset(candidate):
    """rfind() never finds what lies before the offset of the map."""
    start = candidate.profile.granularity
    m = of_file(candidate, b"x" * (start - 1) + b"needle haystack", offset=start)
    assert (m.rfind(b"needle"), m.rfind(b"eedle"), m.rfind(b"x"), m.rfind(b"stack")) == (
        -1,
        0,
        -1,
        9,
    )


@clause("rfind.reads-range")
@pytest.mark.parametrize("length", [1, 2, 3, 16, 100, 4096])
def test_pages_behind_the_end(candidate, length):
    """rfind() touches no page that lies wholly behind end."""
    page = candidate.profile.page_size
    data = pattern(2 * page).replace(b"\x00", b"\x01")
    file = candidate.file(data)
    m = candidate.mmap.mmap(file.fd, 0)
    file.truncate(page)  # from here on a touch of the second page is a signal
    absent = b"\x00" * length
    needle = data[page - length : page]
    assert (m.rfind(absent, 0, page), m.rfind(needle, page - length, page)) == (-1, page - length)
    assert (m.rfind(absent, page - 1, page), m.rfind(b"", page, page)) == (-1, page)


@clause("rfind.places")
@given(place=st.integers(0, 70000), length=st.integers(1, 40))
@example(place=8191, length=2)
@example(place=65535, length=2)
@example(place=69999, length=40)
def test_places(candidate, place, length):
    """rfind() finds a needle in every place of a large map."""
    needle = b"a" * (length - 1) + b"b"
    m = candidate.anonymous(b"a" * place + needle + b"a" * 70000)
    assert (m.rfind(needle), m.rfind(needle, place + 1)) == (place, -1)


@clause("rfind.periodic")
@pytest.mark.parametrize("period", [b"a", b"ab", b"aab", b"abaab", pattern(60)])
@pytest.mark.parametrize("head", [b"", b"b", b"a", b"\xff"])
def test_periodic(candidate, period, head):
    """rfind() is right for needles and contents that are periodic."""
    data = period * 50 + b"\xff" + period * (2000 // len(period))
    m = candidate.anonymous(data)
    for repeats in (1, 2, 7, 40, 51):
        needle = head + period * repeats
        assert m.rfind(needle) == data.rfind(needle)
        assert m.rfind(needle, 0, 1000) == data.rfind(needle, 0, 1000)


@clause("rfind.periodic")
@given(
    unit=haystacks(1, 4),
    repeats=st.integers(1, 80),
    noise=st.lists(st.integers(0, 300), max_size=3),
    draw=st.data(),
)
def test_nearly_periodic(candidate, unit, repeats, noise, draw):
    """rfind() is right where contents are periodic but for a few bytes."""
    data = bytearray(unit * repeats)
    for place in noise:
        data[place % len(data)] ^= 1
    needle = draw.draw(needles_in(bytes(data)))
    assert candidate.anonymous(bytes(data)).rfind(needle) == data.rfind(needle)


@clause("rfind.as-specified")
@given(data=haystacks(), draw=st.data())
def test_as_specified(candidate, data, draw):
    """rfind() returns what the rules of this topic give."""
    position = draw.draw(st.integers(0, len(data)))
    anywhere = st.tuples(needles_in(data), st.lists(integers_near(len(data)), max_size=2))
    needle, bounds = draw.draw(searches_in(data) | anywhere)
    expected = model.Mapping.of_memory(candidate.profile, data)
    expected.seek(position)
    m = candidate.anonymous(data)
    m.seek(position)
    assert m.rfind(needle, *bounds) == expected.rfind(needle, *bounds)


@clause("rfind.every-access")
@each_access
def test_access(candidate, access):
    """rfind() works on maps of every access mode, buffers being exported or not."""
    m = of_file(candidate, TEXT, access)
    found = [m.rfind(b"ca")]
    view = candidate.builtins.memoryview(m)
    found.append(m.rfind(b"ca", 0, 6))
    assert found == [5, 2]
    view.release()


@clause("rfind.needle-buffers")
@pytest.mark.parametrize(
    "source",
    [
        "bytearray(b'ca')",
        "memoryview(b'xcax')[1:3]",
        "array.array('B', b'ca')",
        "array.array('H', b'ca')",
        "memoryview(m)[2:4]",
    ],
)
def test_buffer_as_needle(candidate, source):
    """The needle can be any object with a C-contiguous buffer."""
    m = candidate.anonymous(TEXT)
    program = f"import array\nresult = m.rfind({source}), m.rfind({source}, 0, 6)"
    assert candidate.run(program, m=m) == (5, 2)


@clause("rfind.needle-buffers")
def test_map_as_needle(candidate):
    """The needle can be the map itself."""
    m = candidate.anonymous(TEXT)
    assert (m.rfind(m), m.rfind(m, 1)) == (0, -1)


@clause("rfind.needle-strided")
@pytest.mark.parametrize("step", [2, 3, -1])
def test_needle_that_is_not_contiguous(candidate, step):
    """rfind() raises BufferError for a needle that is not C-contiguous."""
    m = candidate.anonymous(TEXT)
    needle = candidate.builtins.memoryview(b"abcabc")[::step]
    with candidate.raises(BufferError):
        m.rfind(needle)


@clause("rfind.needle-type")
@pytest.mark.parametrize("needle", ["", "a", 97, 0, True, None, [97], 97.0], ids=repr)
def test_no_buffer(candidate, needle):
    """rfind() raises TypeError for a needle without a buffer."""
    m = candidate.anonymous(TEXT)
    with candidate.raises(TypeError):
        m.rfind(needle)


@clause("rfind.arity")
@pytest.mark.parametrize("arguments", [(), (b"a", 0, 9, 9)])
def test_number_of_arguments(candidate, arguments):
    """rfind() without an argument, and with four, raises TypeError."""
    m = candidate.anonymous(TEXT)
    with candidate.raises(TypeError):
        m.rfind(*arguments)


@clause("rfind.positional-only")
@pytest.mark.parametrize("keyword", ["sub", "start", "end", "view"])
def test_keyword(candidate, keyword):
    """rfind() takes no keyword arguments."""
    m = candidate.anonymous(TEXT)
    arguments = () if keyword in ("sub", "view") else (b"a",)
    with candidate.raises(TypeError):
        m.rfind(*arguments, **{keyword: 0 if arguments else b"a"})


@clause("rfind.index-bounds")
def test_index(candidate):
    """rfind() takes any object with __index__ as start and as end."""
    m = candidate.anonymous(TEXT)
    index = candidate.hostile
    assert (m.rfind(b"a", index(7)), m.rfind(b"a", index(-8), index(6))) == (-1, 3)
    assert (m.rfind(b"a", False, True), m.rfind(b"b", False, True)) == (0, -1)


@clause("rfind.bound-type")
@pytest.mark.parametrize("bound", [1.0, "1", b"1", [1], ()], ids=repr)
def test_wrong_type_of_a_bound(candidate, bound):
    """rfind() raises TypeError for a bound that has no __index__."""
    m = candidate.anonymous(TEXT)
    for bounds in [(bound,), (0, bound), (bound, 9)]:
        with candidate.raises(TypeError):
            m.rfind(b"a", *bounds)


@clause("rfind.none-bound-refused")
@pytest.mark.parametrize("bounds", [(None,), (0, None), (None, 9), (None, None)])
def test_none_is_refused(candidate, bounds):
    """rfind() raises TypeError for a bound that is None."""
    m = candidate.anonymous(TEXT)
    with candidate.raises(TypeError):
        m.rfind(b"a", *bounds)


@clause("rfind.none-start")
@pytest.mark.parametrize(("position", "index"), [(0, 6), (6, 6), (7, -1)])
def test_none_as_start(candidate, position, index):
    """A start of None means the current position."""
    m = candidate.anonymous(TEXT)
    m.seek(position)
    assert (m.rfind(b"a", None), m.rfind(b"a", None, None), m.rfind(b"a", None, 9)) == (index,) * 3


@clause("rfind.none-end")
@pytest.mark.parametrize(("start", "index"), [(0, 8), (4, 8), (-1, 8), (9, -1)])
def test_none_as_end(candidate, start, index):
    """An end of None means the length of the map."""
    assert candidate.anonymous(TEXT).rfind(b"c", start, None) == index


@clause("rfind.none-start-with-end")
@pytest.mark.parametrize(("end", "index"), [(8, 6), (7, 6), (6, 3), (-3, 3), (3, -1), (0, -1)])
def test_none_as_start_with_an_end(candidate, end, index):
    """With a start of None rfind() searches from the position and only before end."""
    m = candidate.anonymous(TEXT)
    m.seek(2)
    assert m.rfind(b"a", None, end) == index


@clause("rfind.huge-bounds")
def test_largest_and_smallest_bounds(candidate):
    """The largest and the smallest integer of ssize_t are valid bounds."""
    m = candidate.anonymous(TEXT)
    most, least = candidate.profile.ssize_max, -candidate.profile.ssize_max - 1
    assert [m.rfind(b"a", *bounds) for bounds in [(most,), (most, most), (least, least)]] == [
        -1
    ] * 3
    assert [m.rfind(b"bc", *bounds) for bounds in [(least,), (least, most), (0, most)]] == [7] * 3
    assert [m.rfind(b"a", 0, least), m.rfind(b"", 0, least), m.rfind(b"", least, 0)] == [-1, 0, 0]
