"""move(dest, src, count): copies bytes within the map."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import closer, faulty, of_file, readonly, resizer
from mmap_spec.strategies import contents, pattern

REFUSED_BY_READONLY = [(-1, 0, 1), (0, -1, 1), (0, 0, -1), (7, 0, 0), (0, 7, 0), (0, 0, 7)]


@clause("move.copies")
@pytest.mark.parametrize(
    ("arguments", "moved"),
    [
        ((0, 4, 2), b"efcdefgh"),
        ((4, 0, 2), b"abcdabgh"),
        ((3, 7, 1), b"abchefgh"),
        ((4, 0, 4), b"abcdabcd"),
    ],
)
def test_copies(candidate, arguments, moved):
    """move(dest, src, count) copies and leaves every other byte as it was."""
    m = candidate.anonymous(b"abcdefgh")
    m.move(*arguments)
    assert m[:] == moved


@clause("move.overlap-down")
@pytest.mark.parametrize("distance", [1, 2, 7, 500, 4095, 4097])
def test_overlap_down(candidate, distance):
    """A move downwards stores the bytes that the source held before."""
    data = pattern(9000)
    m = candidate.anonymous(data)
    m.move(0, distance, 9000 - distance)
    assert m[:] == data[distance:] + data[9000 - distance :]


@clause("move.overlap-up")
@pytest.mark.parametrize("distance", [1, 2, 7, 500, 4095, 4097])
def test_overlap_up(candidate, distance):
    """A move upwards stores the bytes that the source held before."""
    data = pattern(9000)
    m = candidate.anonymous(data)
    m.move(distance, 0, 9000 - distance)
    assert m[:] == data[:distance] + data[: 9000 - distance]


@clause("move.returns-none")
@pytest.mark.parametrize("count", [0, 3])
def test_result(candidate, count):
    """move() returns None."""
    assert candidate.anonymous(b"abcdef").move(0, 3, count) is None


@clause("move.last-byte")
def test_last_byte(candidate):
    """move() reads and writes up to the last byte of the map."""
    m = candidate.anonymous(b"abcdef")
    m.move(0, 5, 1)
    m.move(4, 1, 2)
    assert m[:] == b"fbcdbc"


@clause("move.whole")
def test_whole_map(candidate):
    """move(0, 0, len(m)) is allowed and changes nothing."""
    m = candidate.anonymous(b"abcdef")
    m.move(0, 0, 6)
    assert m[:] == b"abcdef"


@clause("move.zero-count")
@pytest.mark.parametrize(("dest", "src"), [(0, 0), (2, 4), (6, 0), (0, 6), (6, 6)])
def test_no_byte(candidate, dest, src):
    """move() of no byte changes nothing, at the end of the map too."""
    m = candidate.anonymous(b"abcdef")
    m.move(dest, src, 0)
    assert m[:] == b"abcdef"


@clause("move.source-range")
@pytest.mark.parametrize(("src", "count"), [(6, 1), (5, 2), (3, 4), (1, 6), (7, 1), (4096, 1)])
def test_source_out_of_range(candidate, src, count):
    """move() raises ValueError where the source reaches beyond the end."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError):
        m.move(0, src, count)


@clause("move.destination-range")
@pytest.mark.parametrize(("dest", "count"), [(6, 1), (5, 2), (3, 4), (1, 6), (7, 1), (4096, 1)])
def test_destination_out_of_range(candidate, dest, count):
    """move() raises ValueError where the destination reaches beyond the end."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError):
        m.move(dest, 0, count)


@clause("move.zero-count-range")
@pytest.mark.parametrize(("dest", "src"), [(7, 0), (0, 7), (7, 7), (4097, 0), (0, 4097)])
def test_no_byte_out_of_range(candidate, dest, src):
    """move() of no byte raises ValueError where dest or src is beyond the length."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError):
        m.move(dest, src, 0)


@clause("move.negative-destination")
@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("dest", [-1, -2, -6, -(2**31), -(2**32)])
def test_negative_destination(candidate, dest, count):
    """move() raises ValueError for a negative dest."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError):
        m.move(max(dest, -candidate.profile.ssize_max - 1), 0, count)


@clause("move.negative-source")
@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("src", [-1, -2, -6, -(2**31), -(2**32)])
def test_negative_source(candidate, src, count):
    """move() raises ValueError for a negative src."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError):
        m.move(0, max(src, -candidate.profile.ssize_max - 1), count)


@clause("move.negative-count")
@pytest.mark.parametrize("place", [0, 3, 6])
@pytest.mark.parametrize("count", [-1, -3, -6, -(2**31)])
def test_negative_count(candidate, place, count):
    """move() raises ValueError for a negative count."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError):
        m.move(place, place, count)


@clause("move.huge-destination")
@pytest.mark.parametrize("count", [0, 1, 2, 5, 6])
@pytest.mark.parametrize("less", [0, 1, 4])
def test_huge_destination(candidate, less, count):
    """move() raises ValueError where dest + count overflows."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError):
        m.move(candidate.profile.ssize_max - less, 0, count)


@clause("move.huge-source")
@pytest.mark.parametrize("count", [0, 1, 2, 5, 6])
@pytest.mark.parametrize("less", [0, 1, 4])
def test_huge_source(candidate, less, count):
    """move() raises ValueError where src + count overflows."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError):
        m.move(0, candidate.profile.ssize_max - less, count)


@clause("move.huge-count")
@pytest.mark.parametrize(("dest", "src"), [(0, 0), (1, 0), (0, 1), (5, 5), (6, 6)])
@pytest.mark.parametrize("less", [0, 1, 5])
def test_huge_count(candidate, dest, src, less):
    """move() raises ValueError where count is the largest integer."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError):
        m.move(dest, src, candidate.profile.ssize_max - less)


@clause("move.overflow")
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("beyond", [1, 2, 2**64])
def test_beyond_ssize(candidate, place, beyond):
    """move() raises OverflowError for an argument outside of ssize_t."""
    m = candidate.anonymous(b"abcdef")
    limit = candidate.profile.ssize_max
    for number in (limit + beyond, -limit - 1 - beyond):
        arguments = [0, 1, 1]
        arguments[place] = number
        with candidate.raises(OverflowError):
            m.move(*arguments)


@clause("move.within-length")
@pytest.mark.parametrize("arguments", [(3, 0, 1), (0, 3, 1), (0, 0, 4), (2, 0, 2), (0, 2, 2)])
def test_file_goes_on_behind_the_map(candidate, arguments):
    """move() is bounded by the length of the map, not of the file."""
    m = candidate.mmap.mmap(candidate.file(b"abcdefgh").fd, 3)
    with candidate.raises(ValueError):
        m.move(*arguments)


@clause("move.all-or-nothing")
@pytest.mark.parametrize("arguments", [(0, 3, 4), (3, 0, 4), (0, 5, 2), (5, 0, 2), (0, 1, 6)])
def test_nothing_is_copied(candidate, arguments):
    """A move() that raised has copied no byte."""
    m = candidate.anonymous(b"abcdef")
    candidate.outcome(m.move, *arguments)
    assert m[:] == b"abcdef"


@clause("move.position")
def test_position_stays(candidate):
    """move() neither uses nor changes the position."""
    m = candidate.anonymous(b"abcdef")
    m.seek(5)
    m.move(0, 2, 2)
    assert (m.tell(), m[:]) == (5, b"cdcdef")


@clause("move.readonly")
def test_readonly(candidate):
    """move() on a map of ACCESS_READ raises TypeError."""
    m = readonly(candidate, b"abcdef")
    with candidate.raises(TypeError):
        m.move(0, 1, 2)


@clause("move.readonly-zero")
@pytest.mark.parametrize("place", [0, 6])
def test_readonly_no_byte(candidate, place):
    """move(0, 0, 0) on a read-only map raises TypeError too."""
    m = readonly(candidate, b"abcdef")
    with candidate.raises(TypeError):
        m.move(place, place, 0)


@clause("move.readonly-first")
@pytest.mark.parametrize("arguments", REFUSED_BY_READONLY)
def test_readonly_out_of_range(candidate, arguments):
    """move() out of range on a read-only map raises TypeError."""
    m = readonly(candidate, b"abcdef")
    with candidate.raises(TypeError):
        m.move(*arguments)


@clause("move.readonly-prot")
@pytest.mark.parametrize("names", [["PROT_READ"], ["PROT_READ", "PROT_EXEC"]])
def test_readonly_by_prot(candidate, names):
    """move() on a map whose prot lacks PROT_WRITE raises TypeError."""
    prot = sum(getattr(candidate.mmap, name) for name in names)
    m = candidate.mmap.mmap(candidate.file(b"abcdef").fd, 0, prot=prot)
    with candidate.raises(TypeError):
        m.move(0, 1, 2)


@clause("move.reaches-file")
def test_reaches_the_file(candidate):
    """What move() changes in a shared map is read from the file at once."""
    granularity = candidate.profile.granularity
    file = candidate.file(pattern(granularity) + b"abcdef")
    candidate.mmap.mmap(file.fd, 0, offset=granularity).move(0, 3, 2)
    assert file.contents() == pattern(granularity) + b"decdef"


@clause("move.copy-on-write")
def test_copy_on_write(candidate):
    """What move() changes in a map of ACCESS_COPY does not reach the file."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 0, access=candidate.mmap.ACCESS_COPY)
    m.move(0, 3, 2)
    assert (m[:], file.contents()) == (b"decdef", b"abcdef")


@clause("move.index-arguments")
def test_index(candidate):
    """move() takes objects with __index__ for all three arguments."""
    m = candidate.anonymous(b"abcdef")
    m.move(*map(candidate.hostile, (1, 3, 2)))
    m.move(True, False, True)
    assert m[:] == b"aaedef"


@clause("move.argument-types")
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("value", [1.0, "1", None, b"1"], ids=repr)
def test_wrong_type(candidate, place, value):
    """move() raises TypeError for an argument that has no __index__."""
    m = candidate.anonymous(b"abcdef")
    arguments = [0, 1, 1]
    arguments[place] = value
    with candidate.raises(TypeError):
        m.move(*arguments)


@clause("move.argument-types")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_int_only(candidate, place):
    """move() raises TypeError for an argument with __int__ but no __index__."""
    m = candidate.anonymous(b"abcdef")
    arguments = [0, 1, 1]
    arguments[place] = candidate.hostile(1, slot="__int__")
    with candidate.raises(TypeError):
        m.move(*arguments)


@clause("move.positional-only")
def test_keywords(candidate):
    """move() takes no keyword arguments."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.move(dest=0, src=1, count=1)
    with candidate.raises(TypeError):
        m.move(0, 1, count=1)


@clause("move.arity")
@pytest.mark.parametrize("arguments", [(), (0,), (0, 1), (0, 1, 1, 1)])
def test_number_of_arguments(candidate, arguments):
    """move() with two arguments, and with four, raises TypeError."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.move(*arguments)


@clause("move.argument-order")
def test_order_of_arguments(candidate):
    """The first argument is the destination, the second the source."""
    m = candidate.anonymous(b"ab")
    m.move(0, 1, 1)
    assert m[:] == b"bb"


@clause("move.argument-error")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_error_of_an_argument(candidate, place):
    """An exception of an argument comes out of move(), and nothing is copied."""
    m = candidate.anonymous(b"abcdef")
    arguments = [0, 1, 1]
    arguments[place] = faulty(candidate)
    with candidate.raises(ZeroDivisionError):
        m.move(*arguments)


@clause("move.argument-shrinks")
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("arguments", [(0, 5000, 5), (5000, 0, 5), (0, 98, 3), (98, 0, 3)])
def test_argument_shrinks_the_map(candidate, place, arguments):
    """move() raises ValueError where an argument shrinks the map too far."""
    m = of_file(candidate, pattern(6000))
    arguments = list(arguments)
    arguments[place] = resizer(candidate, m, 100, answer=arguments[place])
    with candidate.raises(ValueError, state=False):  # the argument resizes it
        m.move(*arguments)
    assert m[:] == pattern(100)


@clause("move.argument-closes")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_argument_closes_the_map(candidate, place):
    """move() raises ValueError where an argument closes the map."""
    m = candidate.anonymous(b"abcdef")
    arguments = [0, 1, 1]
    arguments[place] = closer(candidate, m, answer=1)
    with candidate.raises(ValueError, state=False):  # the argument closes it
        m.move(*arguments)
    assert m.closed is True


@clause("move.like-slices")
@given(data=contents(1, 9000), draw=st.data())
def test_like_slices(candidate, data, draw):
    """move() gives what assigning a copy of the source slice gives."""
    src, dest = (draw.draw(st.integers(0, len(data))) for _ in range(2))
    count = draw.draw(st.integers(0, len(data) - max(src, dest)))
    expected = bytearray(data)
    expected[dest : dest + count] = data[src : src + count]
    m = candidate.anonymous(data)
    m.move(dest, src, count)
    assert m[:] == expected
