"""find(sub[, start[, end]]): the lowest index at which a needle occurs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.battery import searches
from mmap_spec.battery.searches import TEXT
from mmap_spec.clauses import clause
from mmap_spec.situations import of_file
from mmap_spec.strategies import haystacks


class TestFind(searches.Searches, search="find"):
    """The rules of both directions."""


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


@clause("find.zero-bytes")
@pytest.mark.parametrize(
    ("needle", "index"),
    [(b"\x00", 1), (b"\x00\x00", 4), (b"\x00b", 1), (b"b\x00\x00", 3), (b"c\x00", 6)],
)
def test_zero_bytes(candidate, needle, index):
    """Zero bytes are bytes like any other."""
    assert candidate.anonymous(b"a\x00bb\x00\x00c\x00").find(needle) == index


@clause("find.last-bytes")
@pytest.mark.parametrize("length", [5, 63, 4095, 4096, 4097, 70000])
def test_last_bytes(candidate, length):
    """A needle that ends with the last byte is found."""
    m = candidate.anonymous(b"." * (length - 4) + b"wxyz")
    found = [m.find(needle) for needle in (b"z", b"yz", b"wxyz")]
    assert found == [length - 1, length - 2, length - 4]


@clause("find.offset")
def test_offset(candidate):
    """On a map with an offset the result counts from the start of the map."""
    start = candidate.profile.granularity
    m = of_file(candidate, b"x" * (start - 1) + b"needle haystack", offset=start)
    assert (m.find(b"needle"), m.find(b"eedle"), m.find(b"x"), m.find(b"stack")) == (-1, 0, -1, 9)


@clause("find.places")
@searches.each_place
def test_places(candidate, place, length):
    """find() finds a needle in every place of a large map."""
    searches.check_place(candidate, "find", place, length)


@clause("find.periodic")
@searches.each_near_period
def test_nearly_periodic(candidate, **drawn):
    """find() is right where contents are periodic but for a few bytes."""
    searches.check_near_period(candidate, "find", **drawn)


@clause("find.as-specified")
@given(data=haystacks(), draw=st.data())
def test_as_specified(candidate, data, draw):
    """find() returns what the rules of this topic give."""
    searches.check_as_specified(candidate, "find", data, draw)


@clause("find.sees-changes")
def test_sees_changes_of_the_file(candidate):
    """find() searches the contents of the file as they are at the call."""
    file = candidate.file(TEXT)
    m = candidate.mmap.mmap(file.fd, 0)
    found = [m.find(b"xy")]
    candidate.mmap.mmap(file.fd, 0)[4:6] = b"xy"
    found.append(m.find(b"xy"))
    assert found == [-1, 4]


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


@clause("find.needle-other")
def test_bytes_method(candidate):
    """find() does not ask a needle without a buffer for its __bytes__."""
    m = candidate.anonymous(TEXT)
    with candidate.raises(TypeError):
        m.find(candidate.hostile(b"ab", slot="__bytes__"))


@clause("find.index-bounds")
def test_index(candidate):
    """find() takes any object with __index__ as start and as end."""
    m = candidate.anonymous(TEXT)
    index = candidate.hostile
    assert (m.find(b"a", index(1)), m.find(b"a", index(-8), index(3))) == (3, -1)
    assert (m.find(b"a", True), m.find(b"a", False, True), m.find(b"b", False, True)) == (3, 0, -1)


@clause("find.none-start")
@pytest.mark.parametrize("bounds", [(None,), (None, None), (None, 9)])
def test_none_as_start(candidate, bounds):
    """A start of None means the current position."""
    m = candidate.anonymous(TEXT)
    m.seek(4)
    assert m.find(b"b", *bounds) == 4


@clause("find.none-start-with-end")
@pytest.mark.parametrize(("end", "index"), [(9, 6), (7, 6), (6, -1), (-2, 6), (-3, -1), (0, -1)])
def test_none_as_start_with_an_end(candidate, end, index):
    """With a start of None find() searches from the position and only before end."""
    m = candidate.anonymous(TEXT)
    m.seek(4)
    assert m.find(b"a", None, end) == index
    assert m.find(b"a", None, candidate.hostile(end)) == index
