"""rfind(sub[, start[, end]]): the highest index at which a needle occurs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.battery import searches
from mmap_spec.battery.searches import TEXT
from mmap_spec.clauses import clause
from mmap_spec.strategies import haystacks


class TestRfind(searches.Searches, search="rfind"):
    """The rules of both directions."""


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


@clause("rfind.first-bytes")
@pytest.mark.parametrize("length", [5, 63, 4095, 4096, 4097, 70000])
def test_first_bytes(candidate, length):
    """rfind() finds a needle that occurs at index 0 only."""
    m = candidate.anonymous(b"abcd" + b"." * (length - 4))
    for needle in (b"a", b"ab", b"abcd"):
        assert (m.rfind(needle), m.rfind(needle, 1)) == (0, -1)


@clause("rfind.overlapping")
@pytest.mark.parametrize(("needle", "index"), [(b"aa", 3), (b"aaa", 2), (b"aaaa", 1), (b"a", 4)])
def test_overlapping(candidate, needle, index):
    """Of occurrences that overlap rfind() returns the last."""
    assert candidate.anonymous(b"aaaaab").rfind(needle) == index


@clause("rfind.places")
@searches.each_place
def test_places(candidate, place, length):
    """rfind() finds a needle in every place of a large map."""
    searches.check_place(candidate, "rfind", place, length)


@clause("rfind.periodic")
@searches.each_near_period
def test_nearly_periodic(candidate, **drawn):
    """rfind() is right where contents are periodic but for a few bytes."""
    searches.check_near_period(candidate, "rfind", **drawn)


@clause("rfind.as-specified")
@given(data=haystacks(), draw=st.data())
def test_as_specified(candidate, data, draw):
    """rfind() returns what the rules of this topic give."""
    searches.check_as_specified(candidate, "rfind", data, draw)


@clause("rfind.needle-type")
@pytest.mark.parametrize("needle", ["", "a", 97, 0, True, None, [97], 97.0], ids=repr)
def test_no_buffer(candidate, needle):
    """rfind() raises TypeError for a needle without a buffer."""
    m = candidate.anonymous(TEXT)
    with candidate.raises(TypeError):
        m.rfind(needle)


@clause("rfind.needle-type")
def test_bytes_method(candidate):
    """rfind() does not ask a needle without a buffer for its __bytes__."""
    m = candidate.anonymous(TEXT)
    with candidate.raises(TypeError):
        m.rfind(candidate.hostile(b"ab", slot="__bytes__"))


@clause("rfind.index-bounds")
def test_index(candidate):
    """rfind() takes any object with __index__ as start and as end."""
    m = candidate.anonymous(TEXT)
    index = candidate.hostile
    assert (m.rfind(b"a", index(7)), m.rfind(b"a", index(-8), index(6))) == (-1, 3)
    assert (m.rfind(b"a", False, True), m.rfind(b"b", False, True)) == (0, -1)


@clause("rfind.none-start")
@pytest.mark.parametrize(("position", "index"), [(0, 6), (6, 6), (7, -1)])
def test_none_as_start(candidate, position, index):
    """A start of None means the current position."""
    m = candidate.anonymous(TEXT)
    m.seek(position)
    assert (m.rfind(b"a", None), m.rfind(b"a", None, None), m.rfind(b"a", None, 9)) == (index,) * 3


@clause("rfind.none-start-with-end")
@pytest.mark.parametrize(("end", "index"), [(8, 6), (7, 6), (6, 3), (-3, 3), (3, -1), (0, -1)])
def test_none_as_start_with_an_end(candidate, end, index):
    """With a start of None rfind() searches from the position and only before end."""
    m = candidate.anonymous(TEXT)
    m.seek(2)
    assert m.rfind(b"a", None, end) == index
    assert m.rfind(b"a", None, candidate.hostile(end)) == index
