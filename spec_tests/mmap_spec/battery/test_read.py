"""read([n]): bytes from the position on, and the position moves past them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import (
    closer,
    each_access,
    faulty,
    of_file,
    past_the_end,
    readonly,
    resizer,
    seeker,
)
from mmap_spec.strategies import contents, integers_near, pattern


@clause("read.default-all")
def test_everything_by_default(candidate):
    """read() without an argument returns every byte from the position to the end."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    assert m.read() == b"cdef"


@clause("read.none-all")
def test_everything_for_none(candidate):
    """read(None) returns every byte from the position to the end."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    assert m.read(None) == b"cdef"


@clause("read.negative-all")
@pytest.mark.parametrize("count", [-1, -2, -6, -7, -4097, -(2**31), -(2**31) - 1])
def test_everything_for_a_negative_count(candidate, count):
    """read(n) with a negative n returns every byte from the position to the end."""
    m = candidate.anonymous(b"abcdef")
    m.seek(3)
    assert m.read(max(count, -candidate.profile.ssize_max - 1)) == b"def"


@clause("read.negative-all")
def test_everything_for_the_smallest_count(candidate):
    """read(n) with the smallest n of the platform returns the rest."""
    m = candidate.anonymous(b"abcdef")
    m.seek(3)
    assert m.read(-candidate.profile.ssize_max - 1) == b"def"


@clause("read.count")
@given(data=contents(2), draw=st.data())
def test_count(candidate, data, draw):
    """read(n) returns the n bytes that begin at the position."""
    position = draw.draw(st.integers(0, len(data)))
    count = draw.draw(st.integers(0, len(data) - position))
    m = candidate.anonymous(data)
    m.seek(position)
    assert m.read(count) == data[position : position + count]


@clause("read.count")
def test_count_across_pages(candidate):
    """read(n) returns the n bytes that begin at the position, wherever pages end."""
    page = candidate.profile.page_size
    data = pattern(3 * page)
    m = candidate.anonymous(data)
    m.seek(page - 1)
    assert m.read(page + 2) == data[page - 1 : 2 * page + 1]


@clause("read.zero")
def test_zero(candidate):
    """read(0) returns an empty bytes object and leaves the position where it is."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    assert (m.read(0), m.tell()) == (b"", 2)


@clause("read.returns-bytes")
@pytest.mark.parametrize("arguments", [(), (None,), (-1,), (0,), (1,), (2,), (9,)])
def test_type(candidate, arguments):
    """read() returns exactly bytes."""
    m = candidate.anonymous(b"abc")
    assert type(m.read(*arguments)) is bytes
    m.seek(3)
    assert type(m.read(*arguments)) is bytes


@clause("read.snapshot")
def test_result_is_a_copy(candidate):
    """What read() returned does not change when the map is written to or closed."""
    result = candidate.run(
        """
        m = mmap.mmap(-1, 5000)
        m[:] = b'a' * 5000
        one, some = m.read(1), m.read(4000)
        m[:] = b'b' * 5000
        m.close()
        result = one + some
        """
    )
    assert result == b"a" * 4001


@clause("read.clamps")
@pytest.mark.parametrize("count", [5, 6, 4096, 4097, 2**31 - 1, 2**31, 2**32, 2**32 + 1])
def test_more_than_is_left(candidate, count):
    """read(n) returns the rest where fewer than n bytes are left."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    assert m.read(min(count, candidate.profile.ssize_max)) == b"cdef"


@clause("read.huge-clamps")
@pytest.mark.parametrize("less", [0, 1, 2, 3, 4096])
@pytest.mark.parametrize("position", [1, 3, 6])
def test_largest_count(candidate, position, less):
    """read(n) with the largest count returns the rest, whatever the position is."""
    m = candidate.anonymous(b"abcdef")
    m.seek(position)
    assert m.read(candidate.profile.ssize_max - less) == b"abcdef"[position:]


@clause("read.overflow")
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("beyond", [1, 2, 2**32, 2**64, 2**100])
def test_count_beyond_ssize(candidate, sign, beyond):
    """read(n) raises OverflowError where n is outside of the range of ssize_t."""
    limit = candidate.profile.ssize_max if sign > 0 else -candidate.profile.ssize_max - 1
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    with candidate.raises(OverflowError):
        m.read(limit + sign * beyond)


@clause("read.position")
@given(data=contents(2), draw=st.data())
def test_position_follows(candidate, data, draw):
    """read() advances the position by the number of bytes that it returned."""
    position = draw.draw(st.integers(0, len(data)))
    m = candidate.anonymous(data)
    m.seek(position)
    got = m.read(draw.draw(st.none() | integers_near(len(data))))
    assert m.tell() == position + len(got)


@clause("read.at-end")
@pytest.mark.parametrize("arguments", [(), (None,), (-1,), (0,), (1,), (4096,)])
def test_at_the_end(candidate, arguments):
    """At the end read() returns an empty bytes object and the position stays."""
    m = candidate.anonymous(b"abc")
    m.seek(3)
    assert (m.read(*arguments), m.tell()) == (b"", 3)


@clause("read.past-end")
@pytest.mark.parametrize("arguments", [(), (None,), (-1,), (0,), (1,), (4096,)])
def test_past_the_end(candidate, arguments):
    """With the position beyond the end read() returns b"" and the position stays."""
    m = past_the_end(candidate, position=3000)
    assert (m.read(*arguments), m.tell()) == (b"", 3000)


@clause("read.stops-at-length")
@pytest.mark.parametrize("arguments", [(), (None,), (-1,), (4,), (100,)])
def test_file_goes_on_behind_the_map(candidate, arguments):
    """read() ends at the length of the map, although the file goes on behind it."""
    m = candidate.mmap.mmap(candidate.file(b"abcdefgh").fd, 3)
    assert m.read(*arguments) == b"abc"


@clause("read.embedded-nul")
def test_zero_bytes(candidate):
    """A zero byte does not end what read() returns."""
    m = candidate.anonymous(b"a\0\0b\0")
    assert (m.read(4), m.read()) == (b"a\0\0b", b"\0")


@clause("read.offset")
def test_offset(candidate):
    """On a map with an offset the first byte read is the one at that offset."""
    granularity = candidate.profile.granularity
    data = pattern(granularity + 500)
    m = of_file(candidate, data, offset=granularity)
    assert (m.read(3), m.read()) == (data[granularity:][:3], data[granularity + 3 :])


@clause("read.every-access")
@each_access
def test_access(candidate, access):
    """read() works on maps of every access mode."""
    m = of_file(candidate, b"abcdef", access)
    assert (m.read(2), m.read()) == (b"ab", b"cdef")


@clause("read.index-argument")
def test_index(candidate):
    """read() takes any object with __index__ as the count, a bool among them."""
    m = candidate.anonymous(b"abcdef")
    assert (m.read(candidate.hostile(2)), m.read(True), m.read(False)) == (b"ab", b"c", b"")


@clause("read.argument-type")
@pytest.mark.parametrize("count", [1.0, "1", b"1", [1], float("nan")], ids=repr)
def test_wrong_type(candidate, count):
    """read() raises TypeError for a count that is neither None nor has __index__."""
    m = candidate.anonymous(b"abcdef")
    for position in (0, 6):
        m.seek(position)
        with candidate.raises(TypeError):
            m.read(count)


@clause("read.int-only-argument")
def test_int_only(candidate):
    """read() raises TypeError for a count that has __int__ but no __index__."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.read(candidate.hostile(1, slot="__int__"))


@clause("read.positional-only")
@pytest.mark.parametrize("name", ["n", "num", "size", "count"])
def test_keyword(candidate, name):
    """read() takes no keyword arguments."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.read(**{name: 1})


@clause("read.arity")
def test_two_arguments(candidate):
    """read() with two arguments raises TypeError."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.read(1, 2)


@clause("read.argument-error")
def test_error_of_the_argument(candidate):
    """An exception raised while the count is converted leaves read() unchanged."""
    m = candidate.anonymous(b"abcdef")
    m.seek(1)
    with candidate.raises(ZeroDivisionError):
        m.read(faulty(candidate))


@clause("read.argument-seeks")
def test_argument_moves_the_position(candidate):
    """read(n) begins at the position as it is after n was converted."""
    m = candidate.anonymous(b"abcdef")
    assert (m.read(seeker(candidate, m, 2, answer=3)), m.tell()) == (b"cde", 5)


@clause("read.argument-shrinks")
@pytest.mark.parametrize(("position", "rest"), [(3000, 2), (3002, 0), (3003, 0), (5999, 0)])
def test_argument_shrinks_the_map(candidate, position, rest):
    """read(n) ends at the length that the map has after n was converted."""
    data = pattern(6000)
    m = of_file(candidate, data)
    m.seek(position)
    got = m.read(resizer(candidate, m, 3002, answer=1000))
    assert (got, m.tell()) == (data[position : position + rest], position + rest)


@clause("read.argument-closes")
@pytest.mark.parametrize("position", [0, 2, 6])
def test_argument_closes_the_map(candidate, position):
    """read(n) raises ValueError where the conversion of n closes the map."""
    m = candidate.anonymous(b"abcdef")
    m.seek(position)
    with candidate.raises(ValueError, state=False):  # the argument closes it
        m.read(closer(candidate, m, answer=2))
    assert m.closed is True


@clause("read.pieces")
@given(data=contents(1, 9000), sizes=st.lists(st.integers(0, 5000), max_size=8))
def test_pieces(candidate, data, sizes):
    """Reading in pieces gives the contents from the first byte to the last."""
    m = readonly(candidate, data)
    assert b"".join([*map(m.read, sizes), m.read()]) == data
